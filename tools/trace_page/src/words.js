/*
 * Every word that the pages show, in one place. Sentences are functions, so that another language can order them in
 * its own way: a second object like `english` is all that it needs.
 */

import { BLOCKED, READY, RUNNING } from "./model.js";

const who = p => p ? `${p.name} (${p.pid})` : "";

/** A length of time with three digits or so, and its unit; `us` in microseconds. */
export function duration(us) {
    if (us === null || us === undefined || Number.isNaN(us)) return "–";
    const [value, unit] = Math.abs(us) >= 1e6 ? [us / 1e6, "s"] : Math.abs(us) >= 1e3 ? [us / 1e3, "ms"] : [us, "µs"];
    const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
    return `${trim(value.toFixed(digits))} ${unit}`;
}

function trim(number) {
    return number.includes(".") ? number.replace(/\.?0+$/, "") : number;
}

/** A time in milliseconds, to the microsecond, to be compared with others of its column. */
export function milliseconds(us) {
    return us === null ? "–" : (us / 1e3).toFixed(3);
}

/** Why it left the processor: what follows "ran 10 ms at level 1, ". */
function left(run) {
    const slice = run.slice;
    const server = slice && slice.process !== run.process ? ` of ${who(slice.process)}, for whom it worked` : "";
    const moved = slice && slice.to !== slice.level
        ? `, ${server ? `${who(slice.process)} ` : ""}moved to level ${slice.to}`
        : "";
    const used = server ? `used the slice${server}` : "used its slice";
    switch (run.cause) {
    case "slice":
        return slice ? used + moved : "its turn ended";
    case "preempted": {
        const by = run.preemptedBy ? `preempted by ${who(run.preemptedBy)}` : "had to make room for a better one";
        return slice ? `${used}${moved}` : by;
    }
    case "yield": return slice ? `${used}${moved}` : "gave way by itself (yield)";
    case "block": return `then blocked${waits(run)}`;
    case "handoff": return `then blocked${waits(run)} and handed the processor to ${who(run.handedTo)}`;
    case "exit": return "then ended";
    case "boost": return "then the boost moved it to level 0";
    case "policy": return "then the policy was changed";
    case "lost": return "then records are missing";
    case "end": return "then the trace ends";
    default: return `left: ${run.cause}`;
    }
}

function waits(s) {
    const reason = s.reason && s.reason !== "-" ? `: ${s.reason}` : "";
    return reason + (s.waitsFor ? `, for ${who(s.waitsFor)}` : "");
}

const ENTERED = {
    new: () => "new",
    wake: s => `woken by ${s.by ? who(s.by) : "an interrupt or a timer"}`,
    slice: () => "its slice or turn had ended",
    preempted: s => s.by ? `preempted by ${who(s.by)}` : "preempted",
    yield: () => "gave way (yield)",
    boost: () => "moved up by the boost",
    policy: () => "the policy was changed",
    steal: s => `taken over by hart ${s.hart}`,
    moved: () => "moved to another level",
    block: () => "woken before it had left",
    handoff: () => "woken before it had left",
};

export const english = {
    language: "en",
    who,
    lane: { hart: n => `Hart ${n}`, queue: n => `Queue ${n}` },
    groups: { harts: "Harts", queues: "Queues (ready, by level)", processes: "Processes",
        some: (n, all) => `Processes: ${n} of ${all} live in this time` },
    idle: "idle",
    state: { [RUNNING]: "running", [READY]: "ready", [BLOCKED]: "blocked" },

    /** One sentence about a segment; `us` is how long it lasted. */
    segment(s, us) {
        const time = duration(us);
        switch (s.state) {
        case RUNNING: return `ran ${time} at level ${s.level}, ${left(s)}`;
        case READY: return `ready for ${time} at level ${s.level} (${(ENTERED[s.why] ?? (() => s.why))(s)})`;
        default: {
            const end = s.wokenBy === null ? "" : `; woken by ${s.wokenBy ? who(s.wokenBy) : "an interrupt or a timer"}`;
            return `blocked for ${time}${waits(s)}${end}`;
        }
        }
    },
    at: us => `at ${milliseconds(us)} ms`,
    onHart: (hart, level) => `hart ${hart}, level ${level}`,
    queue(level, processes, slice) {
        const of = slice ? `, slice ${duration(slice)}` : "";
        if (processes.length === 0) return [`Queue ${level}${of}`, "nobody is ready here"];
        const names = processes.slice(0, 12).map(who).join(", ");
        const more = processes.length > 12 ? ` and ${processes.length - 12} more` : "";
        return [`Queue ${level}${of}: ${processes.length} ready`, `${names}${more}`];
    },
    idleFor: us => `idle for ${duration(us)}`,

    summary(model, us) {
        const parts = [`${model.harts.length} ${model.harts.length === 1 ? "hart" : "harts"}`];
        if (model.policy.name) parts.push(`policy ${model.policy.name}`);
        parts.push(`${model.switches.toLocaleString("en")} switches`, `${model.processes.length} processes`, duration(us));
        return parts.join(" · ");
    },
    source: ["recorded in the guest", "made by the simulator"],
    policyChanges: names => `policy: ${names.join(", then ")}`,
    lost: (count, hart) => `${count.toLocaleString("en")} records of hart ${hart} were lost; there the picture has gaps.`,
    arrows: count => `${count.toLocaleString("en")} wake-ups in view: zoom in, or select a process, to see their arrows`,
    empty: "There is no trace in this page.",
    broken: message => `The trace cannot be shown: ${message}.`,

    metrics: {
        title: "Times per process",
        columns: {
            name: ["process", "its name and number"],
            arrival: ["arrival", "when it was made (fork)"],
            firstRun: ["first run", "when it first had a processor"],
            end: ["end", "when it ended"],
            turnaround: ["turnaround", "end − arrival"],
            response: ["response", "first run − arrival"],
            waiting: ["waiting", "time spent ready, in a run queue"],
            running: ["running", "time on a processor"],
            blocked: ["blocked", "time spent waiting for something else"],
            runs: ["runs", "how often it got a processor"],
        },
        unit: "ms",
        mean: n => n === 0 ? "mean (no job ended)" : n === 1 ? "the one job" : `mean of the ${n} jobs`,
        meanShort: n => `mean of ${n}`,
        note: "Times are milliseconds of the machine's clock. Means are over the jobs: the processes that were made and ended within the trace and started no others.",
    },
    search: {
        label: "Search", placeholder: "name, pid, cause …", none: "nothing found",
        count: (n, all) => `${n} of ${all}`,
    },
    controls: {
        zoomIn: "Zoom in", zoomOut: "Zoom out", all: "Show all", help: "Help", theme: "Light or dark",
        system: "servers and init", arrows: "arrows", next: "Next", previous: "Previous", close: "Close",
        chart: name => `Gantt chart${name ? ` of ${name}` : ""}. Keys: comma and full stop go from slice to slice.`,
    },
    legend: {
        level: n => `level ${n}`, ready: "ready", blocked: "blocked", idle: "idle", wake: "wakes", fork: "makes (fork)",
        handoff: "hands the processor to", boost: "boost",
        low: "The lower the level, the lower the bar.",
    },
    compare: {
        title: "Policies compared", policy: "policy", makespan: ["all done", "from the first process to the last end"],
        switches: ["switches", "of processes, on all harts"], best: "the least",
        note: "Means over the jobs: processes of the command that ended and started no others. Time counts from the first of them.",
        command: "command",
        time: "time since the command began",
    },
    help: {
        title: "Reading this page",
        text: [
            "A hart's lane shows which process had it: the colour, and the height of the bar, are the level.",
            "A process's lane shows a full bar while it runs, a pale one while it is ready, a thin line while it is blocked.",
            "Of more than forty processes, only those that live in the time in view have a lane.",
            "The queues show how many were ready at each level. Where there is no room for single slices, a column shows how its time was divided.",
        ],
        keys: [
            ["← →", "pan"], ["↑ ↓", "previous, next lane"], ["+ −", "zoom"], ["Home", "show all"],
            [", .", "previous, next slice of the lane"], ["Enter", "zoom to the slice"], ["Esc", "let go"],
            ["/", "search"], ["n N", "next, previous hit"], ["s", "servers and init"], ["a", "arrows"], ["t", "light or dark"], ["?", "this help"],
            ["Ctrl + wheel", "zoom; drag pans, Shift + wheel too"],
        ],
    },
};
