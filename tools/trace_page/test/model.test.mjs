/* The model, on small traces made by hand. Run by tests/test_trace_page.py, or: node --test tools/trace_page/test/model.test.mjs */

import assert from "node:assert/strict";
import fs from "node:fs";
import test from "node:test";

import { buildModel, lengthAt, means, metrics, queuedAt, shownProcesses } from "../src/model.js";
import { readTables } from "../src/tables.js";
import { BadTrace, decode, unpack } from "../src/trace_file.js";
import { duration, english as words } from "../src/words.js";
import { search } from "../src/search.js";

const header = fs.readFileSync(new URL("../../../lib/common/include/kinglet/trace.h", import.meta.url), "utf8");
const tables = readTables(header);
const MS = 10_000; // ticks at 10 MHz

function name(pid, text) {
    return [0, 1, 2, 3].map(part => ["name", part, pid, chars(text.slice(part * 4, part * 4 + 4))]);
}

function chars(text) {
    return [...text].reduce((value, c, i) => value | c.charCodeAt(0) << 8 * i, 0) >>> 0;
}

const cause = wanted => Number(Object.keys(tables.causes).find(n => tables.causes[n] === wanted));
const reason = wanted => tables.reasons
    ? Number(Object.keys(tables.reasons).find(n => tables.reasons[n] === wanted)) : chars(wanted.slice(0, 4));

/** trace.bin of blocks {hart, first, records: [[ms, event, small, pid, arg]]}. */
function file(blocks, { hz = 10_000_000, harts = 1, source = 0 } = {}) {
    const size = 32 + blocks.reduce((sum, b) => sum + 16 + 16 * b.records.length, 0);
    const view = new DataView(new ArrayBuffer(size));
    view.setBigUint64(0, 0x324543415254474bn, true);
    view.setBigUint64(8, BigInt(hz), true);
    view.setUint32(16, harts, true);
    view.setUint32(20, source, true);
    let at = 32;
    for (const { hart, first, records } of blocks) {
        view.setUint32(at, hart, true);
        view.setUint32(at + 4, records.length, true);
        view.setBigUint64(at + 8, BigInt(first), true);
        at += 16;
        for (const [ms, event, small = 0, pid = 0, arg = 0] of records) {
            view.setBigUint64(at, BigInt(Math.round(ms * MS)) << 16n | BigInt(tables.number[event] << 8 | small), true);
            view.setUint32(at + 8, pid, true);
            view.setUint32(at + 12, arg >>> 0, true);
            at += 16;
        }
    }
    return new Uint8Array(view.buffer);
}

const model = (records, options) => buildModel(decode(file([{ hart: 0, first: 0, records }], options)), tables);
const named = (m, pid) => m.processes.find(p => p.pid === pid);
const say = (m, s) => words.segment(s, (s.to - s.from) * 1e6 / m.hz);

/* init 1 makes a server 2 and a shell 3; the shell makes 4, which uses two slices, sleeps, and ends. */
const life = [
    [0, "switch_in", 0, 1],
    [1, "fork", 0, 1, 2], [1, "enqueue", 0, 2],
    [2, "fork", 0, 1, 3], ...name(3, "sh").map(r => [2, ...r]), [2, "enqueue", 0, 3],
    [3, "block", 0, 1, reason("poll")], [3, "switch_out", cause("block"), 1, 0], [3, "switch_in", 0, 2],
    [4, "reply", 0, 2, 3], [4, "block", 0, 2, reason("receive")], [4, "switch_out", cause("block"), 2, 0], [4, "switch_in", 0, 3],
    [5, "fork", 0, 3, 4], ...name(4, "hog").map(r => [5, ...r]), [5, "enqueue", 0, 4],
    [6, "block", 0, 3, reason("child")], [6, "switch_out", cause("block"), 3, 0], [6, "switch_in", 0, 4],
    [11, "slice", 0, 4, 5000], [11, "demote", 1, 4], [11, "enqueue", 1, 4], [14, "interrupt", 0, 0, 0], // goes on
    [21, "slice", 1, 4, 10000], [21, "demote", 2, 4], [21, "wake", 0, 2, 0], [21, "preempt", 2, 4, 2], [21, "enqueue", 2, 4],
    [21, "switch_out", cause("slice"), 4, 0], [21, "switch_in", 0, 2],
    [23, "block", 0, 2, reason("receive")], [23, "switch_out", cause("block"), 2, 0], [23, "switch_in", 2, 4],
    [25, "block", 0, 4, reason("sleep")], [25, "switch_out", cause("block"), 4, 0], [25, "switch_in", 0, 0],
    [35, "wake", 2, 4, 0], [35, "switch_out", cause("block"), 0, 0], [35, "switch_in", 2, 4],
    [36, "exit", 0, 4, 7], [36, "wake", 0, 3, 4], [36, "switch_out", cause("exit"), 4, 0], [36, "switch_in", 0, 3],
    [37, "boost", 0, 0, 0], [38, "interrupt", 0, 0, 0],
];

test("states follow one another without a gap and hold what the records said", () => {
    const m = model(life), hog = named(m, 4);
    const states = hog.segments.map(s => [s.state, s.level, s.from / MS, s.to / MS]);
    assert.deepEqual(states, [
        ["ready", 0, 5, 6], ["running", 0, 6, 11], ["running", 1, 11, 21], ["ready", 2, 21, 23],
        ["running", 2, 23, 25], ["blocked", 2, 25, 35], ["running", 2, 35, 36]]);
    assert.equal(hog.name, "hog");
    assert.equal(hog.parent.name, "sh");
    assert.equal(hog.code, 7);
    assert.equal(m.levels, 3);
    assert.deepEqual(m.harts[0].idle.map(([from, to]) => [from / MS, to / MS]), [[25, 35]]);
});

test("what a job did before it arrived does not count", () => {
    const m = model([
        [1, "fork", 0, 1, 3], ...name(3, "sh").map(r => [1, ...r]), [1, "enqueue", 0, 3], [1, "switch_in", 0, 3],
        [2, "fork", 0, 3, 4], ...name(4, "job").map(r => [2, ...r]), [2, "enqueue", 0, 4],
        [3, "block", 0, 3, reason("child")], [3, "switch_out", cause("block"), 3, 0], [3, "switch_in", 0, 4],
        [5, "block", 0, 4, reason("sleep")], [5, "switch_out", cause("block"), 4, 0], [5, "switch_in", 0, 0],
        [20, "arrive", 0, 4, 0], [20, "enqueue", 0, 4], [22, "switch_out", cause("block"), 0, 0], [22, "switch_in", 0, 4],
        [29, "exit", 0, 4, 0], [29, "switch_out", cause("exit"), 4, 0], [29, "switch_in", 0, 0], [30, "interrupt", 0, 0, 0],
    ]);
    const t = metrics(m, named(m, 4));
    assert.deepEqual([t.arrival, t.turnaround, t.response, t.waiting, t.running, t.blocked, t.runs],
        [20000, 9000, 2000, 2000, 7000, 0, 1]);
});

test("the textbook's numbers", () => {
    const m = model(life), hog = named(m, 4);
    const t = metrics(m, hog);
    assert.deepEqual([t.arrival, t.turnaround, t.response, t.waiting, t.running, t.blocked, t.runs],
        [5000, 31000, 1000, 3000, 18000, 10000, 3]);
    assert.deepEqual(means(m, shownProcesses(m, false)), { count: 1, turnaround: 31000, response: 1000, waiting: 3000, running: 18000 });
    assert.equal(metrics(m, named(m, 1)).turnaround, null, "it was there before the trace");
    assert.equal(means(m, []).turnaround, null);
});

test("the shell and what it makes are the work; init and servers are not", () => {
    const m = model(life);
    assert.deepEqual(shownProcesses(m, false).map(p => p.pid), [3, 4]);
    assert.deepEqual(shownProcesses(m, true).map(p => p.pid), [1, 2, 3, 4]);
    assert.deepEqual([m.workFrom / MS, m.workTo / MS], [5, 36]);
    assert.deepEqual(shownProcesses(model(life, { source: 1 }), false).length, 4, "a simulator has no servers");
});

test("a simulator's jobs arrive when they are first ready, whatever their number", () => {
    const m = model([[0, "enqueue", 0, 1], [0, "switch_out", cause("block"), 0], [0, "switch_in", 0, 1], [2, "enqueue", 0, 2],
        [5, "exit", 0, 1], [5, "switch_out", cause("exit"), 1], [5, "switch_in", 0, 2],
        [7, "exit", 0, 2], [7, "switch_out", cause("exit"), 2], [7, "switch_in", 0, 0]], { source: 1 });
    assert.deepEqual([1, 2].map(pid => metrics(m, named(m, pid))).map(t => [t.turnaround, t.response, t.waiting]),
        [[5000, 0, 0], [5000, 3000, 3000]]);
    assert.deepEqual([m.workFrom / MS, m.workTo / MS], [0, 7]);
});

test("causes in words", () => {
    const m = model(life), [, first, second, queued, , slept, last] = named(m, 4).segments;
    assert.equal(say(m, first), "ran 5 ms at level 0, used its slice, moved to level 1");
    assert.equal(say(m, second), "ran 10 ms at level 1, used its slice, moved to level 2");
    assert.equal(say(m, queued), "ready for 2 ms at level 2 (its slice or turn had ended)");
    assert.equal(say(m, slept), "blocked for 10 ms: sleep; woken by an interrupt or a timer");
    assert.equal(say(m, last), "ran 1 ms at level 2, then ended");
    assert.equal(say(m, named(m, 3).segments.at(-2)), "blocked for 30 ms: child; woken by hog (4)");
});

test("queues over time, and who stands in them", () => {
    const m = model(life);
    assert.equal(lengthAt(m.queues[0], 5.5 * MS), 1);
    assert.equal(lengthAt(m.queues[0], 2.5 * MS), 2);
    assert.equal(lengthAt(m.queues[2], 22 * MS), 1);
    assert.equal(lengthAt(m.queues[2], 24 * MS), 0);
    assert.deepEqual(queuedAt(m, 0, 2.5 * MS).map(p => p.pid), [2, 3]);
});

test("a boost moves those that run and those that wait, in their order", () => {
    const m = model([
        [0, "switch_in", 1, 9], [1, "enqueue", 2, 7], [2, "enqueue", 1, 8], [3, "boost"],
        [4, "switch_out", cause("yield"), 9], [4, "switch_in", 0, 8], [5, "interrupt"]]);
    assert.deepEqual(queuedAt(m, 0, 3.5 * MS).map(p => p.pid), [8, 7]);
    const [before, after] = named(m, 9).segments;
    assert.equal(say(m, before), "ran 3 ms at level 1, then the boost moved it to level 0");
    assert.equal(after.level, 0);
    assert.equal(metrics(m, named(m, 9)).runs, 1);
});

test("a hand-off is an arrow, and ends the waiting of who gets the processor", () => {
    const m = model([
        [0, "switch_in", 0, 5], [1, "call", 0, 5, 6], [1, "block", 0, 5, reason("call")], [1, "handoff", 0, 5, 6],
        [1, "switch_out", cause("handoff"), 5, 6], [1, "switch_in", 0, 6], [2, "interrupt"]]);
    assert.deepEqual(m.wakes.map(w => [w.kind, w.from.pid, w.to.pid]), [["handoff", 5, 6]]);
    assert.equal(say(m, named(m, 5).segments[0]), "ran 1 ms at level 0, then blocked: call, for - (6) and handed the processor to - (6)");
});

test("a hand-off past which a better one comes is a wake-up", () => {
    const m = model([
        [0, "switch_in", 1, 5], [1, "block", 0, 5, reason("call")], [1, "handoff", 1, 5, 6], [1, "enqueue", 1, 6],
        [1, "switch_out", cause("block"), 5, 6], [1, "switch_in", 0, 7], [2, "interrupt"]]);
    assert.deepEqual(m.wakes.map(w => [w.kind, w.from.pid, w.to.pid]), [["wake", 5, 6]]);
    assert.equal(named(m, 6).segments[0].state, "ready");
});

test("woken before it has left: ready, not blocked", () => {
    const m = model([
        [0, "switch_in", 0, 5], [1, "block", 0, 5, reason("sleep")], [2, "wake", 0, 5, 8],
        [3, "switch_out", cause("block"), 5], [3, "switch_in", 0, 0], [4, "switch_in", 0, 5], [5, "interrupt"]]);
    assert.deepEqual(named(m, 5).segments.map(s => [s.state, s.from / MS]), [["running", 0], ["ready", 3], ["running", 4]]);
});

test("a slice that was another's", () => {
    const m = model([
        [0, "switch_in", 0, 5], [0, "block", 0, 5, reason("call")], [0, "handoff", 0, 5, 6], [0, "switch_out", cause("handoff"), 5, 6],
        [0, "switch_in", 0, 6], [5, "slice", 0, 5, 5000], [5, "demote", 1, 5], [5, "enqueue", 1, 6],
        [5, "switch_out", cause("slice"), 6], [5, "switch_in", 0, 7], [6, "interrupt"]]);
    assert.equal(say(m, named(m, 6).segments[0]),
        "ran 5 ms at level 0, used the slice of - (5), for whom it worked, - (5) moved to level 1");
});

test("a number of a process that is used anew is another process", () => {
    const m = model([[0, "switch_in", 0, 3], [1, "fork", 0, 3, 4], [1, "enqueue", 0, 4], [2, "exit", 0, 4],
        [3, "fork", 0, 3, 4], [3, "enqueue", 0, 4], [4, "interrupt"]]);
    assert.equal(m.processes.filter(p => p.pid === 4).length, 2);
});

test("harts are merged by time, and a process may change its hart", () => {
    const blocks = [
        { hart: 1, first: 0, records: [[2, "switch_in", 0, 5], [4, "switch_out", cause("preempted"), 5], [4, "switch_in", 0, 0]] },
        { hart: 0, first: 0, records: [[1, "migrate", 1, 5, 0], [1, "wake", 0, 5, 9], [5, "steal", 0, 5, 1], [5, "enqueue", 0, 5], [6, "switch_in", 0, 5], [7, "interrupt"]] },
    ];
    const m = buildModel(decode(file(blocks, { harts: 2 })), tables);
    assert.deepEqual(named(m, 5).segments.map(s => [s.state, s.hart, s.from / MS]),
        [["ready", 1, 1], ["running", 1, 2], ["ready", 1, 4], ["ready", 0, 5], ["running", 0, 6]]);
    assert.equal(m.migrations, 2);
});

test("lost records leave a gap, and are told", () => {
    const blocks = [
        { hart: 0, first: 100, records: [[1, "switch_in", 0, 5], [2, "interrupt"]] },
        { hart: 0, first: 110, records: [[9, "switch_out", cause("yield"), 5], [9, "switch_in", 0, 6], [10, "interrupt"]] },
    ];
    const trace = decode(file(blocks));
    assert.deepEqual(trace.lost, { 0: 108 });
    const m = buildModel(trace, tables);
    assert.deepEqual(m.lost.map(l => l.count), [100, 8]);
    assert.deepEqual(named(m, 5).segments.map(s => [s.state, s.from / MS, s.to / MS]),
        [["running", 1, 2], ["running", 9, 9], ["ready", 9, 10]]);
});

test("what is no trace is refused, what is cut off is shown as far as it goes", () => {
    assert.throws(() => decode(new Uint8Array(10)), BadTrace);
    assert.throws(() => decode(new Uint8Array(64)), BadTrace);
    const whole = file([{ hart: 0, first: 0, records: [[1, "switch_in", 0, 5], [2, "interrupt"]] }]);
    assert.equal(decode(whole.subarray(0, whole.length - 5)).count, 1);
    assert.throws(() => decode(file([{ hart: 0, first: 5, records: [[1, "boost"]] }, { hart: 0, first: 2, records: [] }])), BadTrace);
    assert.equal(model([]).processes.length, 0);
});

test("the page's element holds one trace, or several with their policies", async () => {
    const bytes = file([]), plain = Buffer.from(bytes).toString("base64");
    const { deflateSync } = await import("node:zlib");
    const packed = deflateSync(bytes).toString("base64");
    assert.deepEqual((await unpack(`\n${plain}\n`)).map(t => [t.policy, t.bytes.length]), [["", 32]]);
    const both = await unpack(`policy=rr ${plain}\npolicy=mlfq deflate ${packed}`);
    assert.deepEqual(both.map(t => [t.policy, t.bytes.length]), [["rr", 32], ["mlfq", 32]]);
    assert.deepEqual(await unpack("@TRACE_BASE64@"), []);
});

test("a header without reasons: they are four characters", () => {
    const old = readTables(header.replace("KINGLET_WAIT_REASONS", "NO_SUCH_TABLE"));
    assert.equal(old.reasons, null);
    const records = [[0, "switch_in", 0, 5], [1, "block", 0, 5, chars("pipe")], [1, "switch_out", cause("block"), 5], [2, "boost"]];
    const m = buildModel(decode(file([{ hart: 0, first: 0, records }])), old);
    assert.equal(named(m, 5).segments[1].reason, "pipe");
    assert.throws(() => readTables("nothing"), /no table/);
});

test("search finds processes by name and number, and slices by what happened", () => {
    const m = model(life), shown = shownProcesses(m, true);
    assert.deepEqual(search(m, shown, "hog").filter(h => h.whole).map(h => h.process.pid), [4]);
    assert.equal(search(m, shown, "used its slice").length, 2);
    assert.deepEqual(search(m, shown, "SLEEP").map(h => h.segment.state), ["running", "blocked"]);
    assert.deepEqual(search(m, shown, "  "), []);
});

test("lengths of time", () => {
    assert.deepEqual([0, 0.5, 12, 999.6, 1000, 10_002, 123_456, 2_000_000, null].map(duration),
        ["0 µs", "0.5 µs", "12 µs", "1000 µs", "1 ms", "10 ms", "123 ms", "2 s", "–"]);
});
