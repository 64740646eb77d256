/*
 * From records to what the picture shows: processes with their states, what ran on each hart, the run queues over
 * time, who woke whom, and the textbook's numbers. Pure: no page, no drawing, no words (words.js). Times are ticks of
 * the trace's clock.
 *
 * A process's life is a list of segments, without gaps unless records were lost, each {process, state, from, to, level, hart, index} with state
 *   running   cause (why it left: a name of KINGLET_SWITCH_CAUSES, or boost, policy, lost, end), reason and waitsFor
 *             (block, handoff), slice {process, us, level, to} when one was used up, preemptedBy, handedTo, continued (the one
 *             before had no switch at its end: a boost, or it was at the tail and the first again)
 *   ready     why (new, wake, slice, preempted, yield, boost, policy, steal, moved), by
 *   blocked   reason, waitsFor, wokenBy (a process, or 0: an interrupt or a timer)
 */

import { FROM_SIMULATOR, LOST, characters } from "./trace_file.js";

export const RUNNING = "running", READY = "ready", BLOCKED = "blocked";
const MAX_LEVELS = 8;
const INIT = 1;
const SHELL = "sh";

class Process {
    constructor(index, pid, name) {
        this.index = index;
        this.pid = pid;
        this.name = name;     // the last one
        this.names = [];      // [tick, name]
        this.parent = null;
        this.born = null;     // tick of its fork, of a simulator's job of its arrival; null when the trace begins later
        this.seen = null;     // tick of the first record about it
        this.firstRun = null;
        this.ended = null;
        this.code = 0;
        this.signal = 0;
        this.system = false;  // init, a server, or what these started
        this.segments = [];
        this.children = 0;
        this.replied = false;
        this.hart = 0;
        // while building:
        this.open = null;     // the segment that has no end yet
        this.queued = null;   // how it entered a run queue while it still had the hart
        this.blockReason = null;
    }
}

class Builder {
    constructor(trace, tables) {
        this.trace = trace;
        this.tables = tables;
        this.live = new Map();
        this.processes = [];
        this.wakes = [];
        this.boosts = [];
        this.policies = [];
        this.lost = [];
        this.ends = [];
        this.switches = 0;
        this.levels = 0;
        this.order = 0; // of segments that begin at the same tick
        this.migrations = 0;
        this.harts = Array.from({ length: Math.max(trace.harts, 1) }, () => this.newHart());
        this.now = 0;
        this.handlers = {};
        for (const [number, { name }] of Object.entries(tables.events))
            if (this[`on_${name}`]) this.handlers[number] = this[`on_${name}`].bind(this);
        this.number = tables.number;
    }

    newHart() {
        return { running: null, left: null, again: null, handoff: null, parts: [], known: false, idle: [], idleFrom: null, runs: [] };
    }

    build() {
        const { trace } = this;
        for (let i = 0; i < trace.count; i++) {
            this.now = trace.ticks[i];
            const index = trace.hart[i], event = trace.event[i];
            while (index >= this.harts.length) this.harts.push(this.newHart());
            const hart = this.harts[index];
            if (event === LOST) {
                this.forget(index, trace.arg[i]);
                continue;
            }
            // It put itself at the tail and nobody came before it: it runs on.
            if (hart.again && event !== this.number.switch_out) this.runAgain(index, hart);
            this.handlers[event]?.(trace.pid[i], trace.small[i], trace.arg[i], index, hart);
            hart.last = this.now;
        }
        return this.finish();
    }

    /* ---- processes and their segments ---- */

    process(pid) {
        let p = this.live.get(pid);
        if (!p) {
            p = new Process(this.processes.length, pid, "-");
            p.seen = this.now;
            this.processes.push(p);
            this.live.set(pid, p);
        }
        return p;
    }

    processOrNull(pid) {
        return pid === 0 ? null : this.process(pid);
    }

    open(p, segment) {
        this.close(p);
        if (segment.level >= this.levels) this.levels = segment.level + 1;
        p.open = { process: p, from: this.now, to: null, index: p.segments.length, order: this.order++, hart: p.hart, ...segment };
        p.segments.push(p.open);
        if (segment.state === RUNNING) this.harts[p.hart].runs.push(p.open);
    }

    close(p) {
        const { open } = p;
        if (!open) return;
        p.open = null;
        open.to = this.now;
        // What lasted no tick at all was not; but a run has happened.
        if (open.to === open.from && open.state !== RUNNING) {
            p.segments.pop();
        }
    }

    ready(p, level, why, by = null) {
        if (p.open?.state === BLOCKED) p.open.wokenBy = by ?? 0;
        this.open(p, { state: READY, level, why, by });
    }

    setHart(p, hart) {
        if (hart < this.harts.length || hart < this.trace.harts) p.hart = hart;
    }

    /* ---- the events ---- */

    on_fork(pid, small, child) {
        const parent = this.processOrNull(pid);
        const before = this.live.get(child);
        if (before) {
            this.close(before);
            this.live.delete(child); // the number is used anew
        }
        const p = this.process(child);
        p.born = this.now;
        p.parent = parent;
        p.name = parent ? parent.name : "-";
        if (parent) {
            parent.children++;
            p.hart = parent.hart;
            this.wakes.push({ kind: "fork", at: this.now, from: parent, to: p });
        }
    }

    on_name(pid, part, chars, index, hart) {
        if (part === 0) hart.parts = [];
        if (part !== hart.parts.length) return;
        hart.parts.push(characters(chars));
        if (hart.parts.length < 4) return;
        const p = this.process(pid);
        p.name = hart.parts.join("") || "-";
        p.names.push([this.now, p.name]);
    }

    on_switch_in(pid, level, arg, index, hart) {
        if (hart.idleFrom !== null) {
            hart.idle.push([hart.idleFrom, this.now]);
            hart.idleFrom = null;
        }
        hart.running = null;
        if (pid === 0) {
            hart.idleFrom = this.now;
            return;
        }
        const p = this.process(pid);
        p.hart = index;
        p.firstRun ??= this.now;
        p.queued = null;
        hart.running = p;
        if (hart.handoff?.to === p) {
            if (p.open?.state === BLOCKED) p.open.wokenBy = hart.handoff.from;
            this.wakes.push({ kind: "handoff", at: this.now, from: hart.handoff.from, to: p });
        }
        hart.handoff = null;
        // No record says for whom it was preempted (the order had changed in an interrupt): for who is here now.
        const { left } = hart;
        if (left?.cause === "preempted" && !left.preemptedBy && left.process !== p) {
            left.preemptedBy = p;
            if (left.process.open?.why === "preempted") left.process.open.by = p;
        }
        hart.left = null;
        this.open(p, { state: RUNNING, level, cause: "end" });
    }

    on_switch_out(pid, number, waitsFor, index, hart) {
        this.switches++;
        hart.again = null;
        if (pid === 0) return;
        const p = this.process(pid);
        const cause = this.tables.causes[number] ?? `cause ${number}`;
        if (p.open?.state !== RUNNING) { // the trace began while it ran
            p.hart = index;
            this.openAt(p, this.startOf(index));
        }
        const run = p.open;
        run.cause = cause;
        hart.running = null;
        hart.left = run;
        const queued = p.queued;
        p.queued = null;
        if (cause === "exit") {
            this.close(p);
            return;
        }
        if (cause === "block" || cause === "handoff") {
            run.reason = p.blockReason;
            run.waitsFor = this.processOrNull(waitsFor);
            if (cause === "handoff") run.handedTo = hart.handoff?.to ?? null;
            else hart.handoff = null;
            p.blockReason = null;
            if (!queued) {
                this.open(p, { state: BLOCKED, level: run.level, reason: run.reason, waitsFor: run.waitsFor, wokenBy: null });
                return;
            }
        }
        // A wake-up that came before it had left counts; so does its place at the tail.
        const why = queued?.why === "wake" ? "wake" : cause;
        this.open(p, { state: READY, level: queued ? queued.level : run.level, why, by: queued?.by ?? run.preemptedBy ?? null });
    }

    /** The beginning of what is known of this hart: for who ran already. */
    startOf(index) {
        return this.harts[index].since ?? this.trace.ticks[0];
    }

    openAt(p, from) {
        const now = this.now;
        this.now = Math.max(from, p.segments.at(-1)?.to ?? from);
        this.open(p, { state: RUNNING, level: 0, cause: "end" });
        this.now = now;
    }

    on_enqueue(pid, level, arg, index, hart) {
        const p = this.process(pid);
        if (p.open?.state === RUNNING) {
            p.queued = { level, why: "enqueue", by: null };
            if (hart.running === p) hart.again = { process: p, level, at: this.now };
            return;
        }
        let why = "moved";
        this.arrives(p);
        if (p.open === null) {
            why = p.segments.length ? "moved" : "new";
            p.hart = index;
        } else if (p.stolen) {
            why = "steal";
        }
        p.stolen = false;
        // A handed-over processor that somebody better got, or whose slice was over: it queues after all.
        const by = hart.handoff?.to === p ? hart.handoff.from : null;
        if (by) {
            why = "wake";
            this.wakes.push({ kind: "wake", at: this.now, from: by, to: p });
            hart.handoff = null;
        }
        this.ready(p, level, why, by);
    }

    /** Nobody makes a simulator's jobs: they arrive when they are first ready. */
    arrives(p) {
        if (this.trace.source === FROM_SIMULATOR && p.born === null && p.segments.length === 0) p.born = this.now;
    }

    on_wake(pid, level, byPid, index, hart) {
        const p = this.process(pid);
        const by = this.processOrNull(byPid);
        this.arrives(p);
        this.wakes.push({ kind: "wake", at: this.now, from: by, to: p, hart: index });
        if (hart.handoff?.to === p) hart.handoff = null;
        if (p.open?.state === RUNNING) p.queued = { level, why: "wake", by };
        else this.ready(p, level, "wake", by);
    }

    on_block(pid, small, reason) {
        this.process(pid).blockReason = this.tables.reasons
            ? this.tables.reasons[reason] ?? `reason ${reason}` : characters(reason);
    }

    on_handoff(pid, level, to, index, hart) {
        hart.handoff = { from: this.process(pid), to: this.process(to) };
    }

    on_slice(pid, level, us, index, hart) {
        const run = hart.running?.open;
        if (run) run.slice = { process: this.process(pid), us, level, to: level };
    }

    on_demote(pid, level, arg, index, hart) {
        const slice = hart.running?.open?.slice;
        if (slice?.process.pid === pid) slice.to = level;
    }

    on_preempt(pid, level, byPid) {
        const p = this.process(pid);
        if (p.open?.state === RUNNING) p.open.preemptedBy = this.processOrNull(byPid);
    }

    on_boost(pid, small, arg, index) {
        this.boosts.push({ at: this.now, hart: index });
        this.toTop("boost", p => p.hart === index);
    }

    on_policy(pid, levels, name) {
        this.policies.push({ at: this.now, levels, name: characters(name), slices: [], boost: null });
        this.levels = Math.max(this.levels, Math.min(levels, MAX_LEVELS));
        if (this.policies.length > 1 || this.processes.length) this.toTop("policy", () => true);
    }

    /** What it did before was getting ready for the experiment. */
    on_arrive(pid) {
        const p = this.process(pid);
        p.born = this.now;
        p.firstRun = null;
    }

    on_quantum(pid, level, us) {
        const policy = this.policies.at(-1);
        if (policy) policy.slices[level] = us;
    }

    on_boost_period(pid, small, us) {
        const policy = this.policies.at(-1);
        if (policy) policy.boost = us;
    }

    on_predict(pid, small, us) {
        this.process(pid).predicted = us;
    }

    on_exit(pid, signal, code) {
        const p = this.process(pid);
        p.ended = this.now;
        p.signal = signal;
        p.code = code | 0;
        // One that is ended where it stands (it may never run again) has no more states.
        if (p.open && p.open.state !== RUNNING) this.close(p);
    }

    on_reply(pid) {
        this.process(pid).replied = true;
    }

    on_steal(pid, to) {
        const p = this.process(pid);
        p.stolen = true;
        this.migrations++;
        this.setHart(p, to);
    }

    on_migrate(pid, to) {
        this.migrations++;
        this.setHart(this.process(pid), to);
    }

    /** All that are queued or running go on at the top level, in the order they had. */
    toTop(why, which) {
        const ready = [];
        for (const p of this.live.values()) {
            if (!p.open || p.open.level === 0 || !which(p)) continue;
            if (p.open.state === READY) ready.push(p);
            else if (p.open.state === RUNNING) {
                p.open.cause = why;
                this.open(p, { state: RUNNING, level: 0, cause: "end", continued: true });
            }
        }
        ready.sort((a, b) => a.open.level - b.open.level || a.open.order - b.open.order);
        for (const p of ready) this.open(p, { state: READY, level: 0, why, by: null });
    }

    runAgain(index, hart) {
        const { process: p, level, at } = hart.again, now = this.now;
        hart.again = null;
        p.queued = null;
        if (hart.running !== p || p.open?.state !== RUNNING) return;
        p.open.cause = p.open.slice ? "slice" : "yield";
        this.now = at; /* the next event may be long after */
        this.open(p, { state: RUNNING, level, cause: "end", continued: true });
        this.now = now;
    }

    /** Records of this hart are missing here: what is known of who was on it is no more. */
    forget(index, count) {
        const hart = this.harts[index];
        this.lost.push({ at: this.now, hart: index, count });
        for (const p of this.live.values()) {
            if (!p.open || p.hart !== index) continue;
            if (p.open.state === RUNNING) p.open.cause = "lost";
            const since = hart.last ?? p.open.from;
            this.close(p);
            const last = p.segments.at(-1);
            if (last) last.to = Math.max(last.from, Math.min(last.to, since));
        }
        Object.assign(hart, { running: null, left: null, again: null, handoff: null, parts: [], idleFrom: null, since: this.now });
    }

    /* ---- the whole ---- */

    finish() {
        const { trace } = this;
        const start = trace.count ? trace.ticks[0] : 0;
        const end = trace.count ? trace.ticks[trace.count - 1] : 0;
        this.now = end;
        for (const p of this.processes) this.close(p);
        for (const hart of this.harts) if (hart.idleFrom !== null) hart.idle.push([hart.idleFrom, end]);
        this.markSystem();
        const policy = this.policies.at(-1) ?? { name: "", levels: this.levels, slices: [], boost: null };
        const model = {
            hz: trace.hz, source: trace.source, start, end,
            levels: Math.max(1, Math.min(this.levels, MAX_LEVELS)),
            policy, policies: this.policies,
            harts: this.harts.map((hart, index) => ({ index, runs: hart.runs, idle: hart.idle })),
            processes: this.processes, wakes: this.wakes, boosts: this.boosts,
            lost: this.lost, switches: this.switches, migrations: this.migrations,
            records: trace.count,
        };
        model.queues = queues(model);
        Object.assign(model, workload(model));
        return model;
    }

    /** Servers and init, and what these started: everything but the shell with its descendants. */
    markSystem() {
        if (this.trace.source === FROM_SIMULATOR) return;
        const memo = new Map();
        const system = p => {
            if (memo.has(p)) return memo.get(p);
            memo.set(p, false);
            let answer;
            if (p.pid === INIT) answer = true;
            else if (p.parent && p.parent.pid !== INIT) answer = system(p.parent);
            else if (isShell(p)) answer = false;
            // A child of init that is no shell; or of unknown descent, and it answers requests as a server does.
            else answer = p.parent ? true : p.replied;
            memo.set(p, answer);
            return answer;
        };
        for (const p of this.processes) p.system = system(p);
    }
}

function isShell(p) {
    return p.name === SHELL || p.names.some(([, name]) => name === SHELL);
}

/** Per level, how many are ready: {times, lengths}, lengths[i] from times[i] on. */
function queues(model) {
    const changes = Array.from({ length: model.levels }, () => []);
    for (const p of model.processes)
        for (const s of p.segments)
            if (s.state === READY && s.level < model.levels) changes[s.level].push([s.from, 1], [s.to, -1]);
    return changes.map(list => {
        list.sort((a, b) => a[0] - b[0]);
        const times = [model.start], lengths = [0];
        let length = 0;
        for (const [at, step] of list) {
            length += step;
            if (times.at(-1) === at) lengths[lengths.length - 1] = length;
            else if (lengths.at(-1) !== length) {
                times.push(at);
                lengths.push(length);
            }
        }
        return { times, lengths, longest: lengths.reduce((a, b) => Math.max(a, b), 0) };
    });
}

/** When the work begins and ends that the trace is about: the first process that the shell made, to the last end. */
function workload(model) {
    let from = Infinity, to = -Infinity;
    for (const p of model.processes) {
        if (p.system || p.segments.length === 0) continue;
        if (model.source !== FROM_SIMULATOR && isShell(p) && (!p.parent || p.parent.pid === INIT)) continue;
        from = Math.min(from, p.born ?? p.segments[0].from);
        to = Math.max(to, p.ended ?? p.segments.at(-1).to);
    }
    return to > from ? { workFrom: from, workTo: to } : { workFrom: model.start, workTo: model.end };
}

/** The trace in the file `bytes` as a model. */
export function buildModel(trace, tables) {
    return new Builder(trace, tables).build();
}

/* ---- questions to a model ---- */

/** The index of the first element whose `to` lies behind `at`; segments are in order of time. */
export function firstAfter(segments, at) {
    let low = 0, high = segments.length;
    while (low < high) {
        const middle = low + high >> 1;
        if (segments[middle].to <= at) low = middle + 1;
        else high = middle;
    }
    return low;
}

/** The segment at a time, or null. */
export function segmentAt(segments, at) {
    const s = segments[firstAfter(segments, at)];
    return s && s.from <= at ? s : null;
}

/** Who is queued at a level at a time, the first first. */
export function queuedAt(model, level, at) {
    const found = [];
    for (const p of model.processes) {
        const s = segmentAt(p.segments, at);
        if (s?.state === READY && s.level === level) found.push(s);
    }
    return found.sort((a, b) => a.from - b.from || a.order - b.order).map(s => s.process);
}

/** The length of a level's queue at a time. */
export function lengthAt(queue, at) {
    let low = 0, high = queue.times.length;
    while (low < high) {
        const middle = low + high >> 1;
        if (queue.times[middle] <= at) low = middle + 1;
        else high = middle;
    }
    return low ? queue.lengths[low - 1] : 0;
}

/** The textbook's numbers of one process, in microseconds; null where the trace does not tell. */
export function metrics(model, p) {
    const us = ticks => ticks * 1e6 / model.hz;
    const sum = { [RUNNING]: 0, [READY]: 0, [BLOCKED]: 0 };
    const born = p.born ?? -Infinity; /* what it did before it arrived does not count */
    for (const s of p.segments) sum[s.state] += Math.max(0, s.to - Math.max(s.from, born));
    const since = (later, earlier) => later === null || earlier === null ? null : us(later - earlier);
    return {
        arrival: p.born === null ? null : us(p.born),
        firstRun: p.firstRun === null ? null : us(p.firstRun),
        end: p.ended === null ? null : us(p.ended),
        turnaround: since(p.ended, p.born),
        response: since(p.firstRun, p.born),
        waiting: us(sum[READY]),
        running: us(sum[RUNNING]),
        blocked: us(sum[BLOCKED]),
        runs: p.segments.reduce((n, s) => n + (s.state === RUNNING && !s.continued && s.from >= born ? 1 : 0), 0),
    };
}

/** Means over the jobs among `processes`: those that were made and ended within the trace and started no others (who
 * starts the jobs and waits for them is none). null when there is none. */
export function means(model, processes) {
    const ended = processes.filter(p => p.born !== null && p.ended !== null && p.firstRun !== null && p.children === 0);
    if (ended.length === 0) return { count: 0, turnaround: null, response: null, waiting: null, running: null };
    const all = ended.map(p => metrics(model, p));
    const mean = key => all.reduce((sum, m) => sum + m[key], 0) / all.length;
    return { count: ended.length, turnaround: mean("turnaround"), response: mean("response"),
        waiting: mean("waiting"), running: mean("running") };
}

/** The processes that a page shows: with or without init and the servers. */
export function shownProcesses(model, withSystem) {
    return model.processes.filter(p => p.segments.length > 0 && (withSystem || !p.system));
}
