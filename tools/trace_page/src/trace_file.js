/*
 * trace.bin, as trace.h describes it, to columns of records in order of time. And out of the page: what stands in the
 * place of @TRACE_BASE64@ is a line per trace, the last word of which is base64; words before it are `deflate`
 * (the bytes are zlib's) and `policy=NAME` (one of several traces to compare).
 */

const MAGIC = [0x5254474b, 0x32454341]; // "KGTR" "ACE2"
const HEADER = 32, BLOCK = 16, RECORD = 16;
export const FROM_GUEST = 0, FROM_SIMULATOR = 1;
/** In the place of an event's number: `arg` records of this hart were lost here. */
export const LOST = 0;

export class BadTrace extends Error {}

function bytesOf(base64) {
    const text = atob(base64);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    return bytes;
}

async function inflate(bytes) {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The traces in a page: [{policy (or ""), bytes}]. */
export async function unpack(text) {
    const found = [];
    for (const line of text.split("\n")) {
        const words = line.trim().split(/\s+/);
        if (words[0] === "" || words[0].startsWith("@")) continue;
        let bytes = bytesOf(words.pop());
        if (words.includes("deflate")) bytes = await inflate(bytes);
        const policy = words.find(word => word.startsWith("policy="));
        found.push({ policy: policy ? policy.slice("policy=".length) : "", bytes });
    }
    return found;
}

/** One hart's records as they came, with a LOST in each gap. */
class Column {
    constructor() {
        this.parts = [];
        this.next = null;
        this.at = 0; // while merging: part, and record in it
        this.part = 0;
    }
}

/**
 * {hz, harts, source, count, lost: {hart: records}, ticks, hart, event, small, pid, arg}: the last six are arrays, one
 * element per record, in order of time; records of one tick stay in the order of the harts.
 */
export function decode(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < HEADER || view.getUint32(0, true) !== MAGIC[0] || view.getUint32(4, true) !== MAGIC[1])
        throw new BadTrace("this is no trace.bin (it does not begin with KGTRACE2)");
    const hz = view.getUint32(8, true) + view.getUint32(12, true) * 2 ** 32;
    const harts = view.getUint32(16, true), source = view.getUint32(20, true);
    if (hz === 0) throw new BadTrace("the trace does not tell how long a tick is");

    const columns = new Map();
    const lost = {};
    let count = 0;
    for (let at = HEADER; at < bytes.length;) {
        if (at + BLOCK > bytes.length) break; // cut off: what is whole is shown
        const hart = view.getUint32(at, true);
        const whole = Math.min(view.getUint32(at + 4, true), Math.floor((bytes.length - at - BLOCK) / RECORD));
        const first = view.getUint32(at + 8, true) + view.getUint32(at + 12, true) * 2 ** 32;
        if (hart > 255) throw new BadTrace(`the trace is damaged: hart ${hart}`);
        if (!columns.has(hart)) columns.set(hart, new Column());
        const column = columns.get(hart);
        const gap = first - (column.next ?? 0);
        if (gap < 0) throw new BadTrace(`the trace is damaged: blocks of hart ${hart} are not in order`);
        if (gap > 0) lost[hart] = (lost[hart] ?? 0) + gap;
        const mark = gap > 0 && whole > 0 ? 1 : 0;
        column.parts.push({ at: at + BLOCK, count: whole, lost: mark ? gap : 0 });
        column.next = first + whole;
        count += whole + mark;
        at += BLOCK + whole * RECORD;
    }

    const trace = {
        hz, harts, source, lost, count: 0,
        ticks: new Float64Array(count), hart: new Uint8Array(count), event: new Uint8Array(count),
        small: new Uint8Array(count), pid: new Uint32Array(count), arg: new Uint32Array(count),
    };
    const put = (ticks, hart, event, small, pid, arg) => {
        const i = trace.count++;
        trace.ticks[i] = ticks;
        trace.hart[i] = hart;
        trace.event[i] = event;
        trace.small[i] = small;
        trace.pid[i] = pid;
        trace.arg[i] = arg;
    };
    const ticksAt = at => view.getUint32(at + 4, true) * 65536 + (view.getUint32(at, true) >>> 16);

    const heads = [...columns.keys()].sort((a, b) => a - b).map(hart => ({ hart, column: columns.get(hart) }));
    const settle = head => { // the time of the next record, or none
        const { column } = head;
        while (column.part < column.parts.length && column.at === column.parts[column.part].count) {
            column.part++;
            column.at = 0;
        }
        const part = column.parts[column.part];
        head.ticks = part ? ticksAt(part.at + column.at * RECORD) : Infinity;
    };
    heads.forEach(settle);
    for (;;) {
        let best = null;
        for (const head of heads) if (head.ticks < Infinity && (best === null || head.ticks < best.ticks)) best = head;
        if (best === null) break;
        const part = best.column.parts[best.column.part];
        if (best.column.at === 0 && part.lost) put(best.ticks, best.hart, LOST, 0, 0, Math.min(part.lost, 0xffffffff));
        const at = part.at + best.column.at * RECORD;
        const low = view.getUint32(at, true);
        put(best.ticks, best.hart, low >>> 8 & 0xff, low & 0xff, view.getUint32(at + 8, true), view.getUint32(at + 12, true));
        best.column.at++;
        settle(best);
    }
    return trace;
}

/** The text in an arg of four characters. */
export function characters(arg) {
    let text = "";
    for (let shift = 0; shift < 32; shift += 8) {
        const code = arg >>> shift & 0xff;
        if (code === 0) break;
        text += code > 32 && code < 127 ? String.fromCharCode(code) : "_";
    }
    return text;
}
