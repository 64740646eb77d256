/*
 * How lanes look, for whatever can draw rectangles and text: the canvas of the page (chart.js) and the SVG (svg.js).
 * A pen has rect(x, y, width, height, color, alpha), text(x, y, string, color, {size, align}) and width(string, size).
 * What is too narrow to be seen by itself is gathered in columns one pixel wide, which show how the time of the column
 * was divided: so a lane costs no more than its pixels, and no switch is dropped from the picture.
 */

import { BLOCKED, READY, RUNNING, firstAfter } from "./model.js";

export const MAX_LEVELS = 8;
const READY_SHARE = MAX_LEVELS, SHARES = MAX_LEVELS + 1;
const READY_ALPHA = 0.3;
const NARROW = 1.25; // pixels
const TEXT_SIZE = 11;

/** Time to pixels: `from` in ticks is at `left`. */
export class Span {
    constructor(from, to, left, width) {
        Object.assign(this, { from, to, left, width });
        this.perTick = width / (to - from || 1);
    }
    x(ticks) { return this.left + (ticks - this.from) * this.perTick; }
    ticks(x) { return this.from + (x - this.left) / this.perTick; }
}

/** Calls wide(segment, x, width) and column(x, shares) for what of the segments lies within the span. */
export function raster(segments, span, wide, column) {
    const bins = new Map();
    for (let i = firstAfter(segments, span.from); i < segments.length; i++) {
        const s = segments[i];
        if (s.from > span.to) break;
        const x = span.x(s.from), width = (s.to - s.from) * span.perTick;
        if (width >= NARROW) {
            const left = Math.max(x, span.left), right = Math.min(x + width, span.left + span.width);
            if (right > left) wide(s, left, right - left);
            continue;
        }
        if (s.state === BLOCKED) continue;
        const share = s.state === READY ? READY_SHARE : Math.min(s.level, MAX_LEVELS - 1);
        const bin = Math.floor(x);
        let shares = bins.get(bin);
        if (!shares) bins.set(bin, shares = new Float32Array(SHARES));
        const here = Math.min(width, bin + 1 - x);
        shares[share] += here;
        if (width > here) {
            let next = bins.get(bin + 1);
            if (!next) bins.set(bin + 1, next = new Float32Array(SHARES));
            next[share] += width - here;
        }
    }
    for (const [bin, shares] of bins)
        if (bin >= span.left && bin < span.left + span.width) column(bin, shares);
}

/** How high the bar of a level is: lower levels have lower bars, for eyes that colours do not help. */
export function barHeight(level, levels, height) {
    const lowest = 0.5, steps = Math.max(levels - 1, 3); // policies with few levels are to look alike
    return Math.round(height * (1 - (1 - lowest) * Math.min(level, steps) / steps));
}

function label(pen, text, x, y, width, color) {
    const room = width - 8;
    if (room < 14) return;
    let shown = text;
    if (pen.width(shown, TEXT_SIZE) > room) {
        const fits = Math.floor(shown.length * room / pen.width(shown, TEXT_SIZE)) - 1;
        if (fits < 2) return;
        shown = `${shown.slice(0, fits)}…`;
    }
    pen.text(x + 4, y, shown, color, { size: TEXT_SIZE });
}

function bars(pen, colors, levels, y, height, color) {
    return (x, shares) => {
        let bottom = y + height;
        for (let kind = 0; kind < SHARES; kind++) {
            if (shares[kind] === 0) continue;
            // Never less than a line that can be seen.
            const bar = kind === READY_SHARE ? height : barHeight(kind, levels, height);
            const part = Math.max(Math.min(shares[kind], 1) * bar, 1.5);
            if (kind === READY_SHARE) pen.rect(x, bottom - part, 1, part, color ?? colors.ready, color ? READY_ALPHA : 1);
            else pen.rect(x, bottom - part, 1, part, colors.levels[kind], 1);
            bottom = Math.max(y, bottom - part);
        }
    };
}

/** The lane of a hart: who had it. `shown` says whose bars are in full colour; others are pale. */
export function paintHart(pen, colors, model, hart, span, y, height, shown = () => true) {
    const wide = (s, x, width) => {
        const bar = barHeight(s.level, model.levels, height);
        const gap = width > 3 ? 1 : 0;
        const full = shown(s.process);
        pen.rect(x, y + height - bar, width - gap, bar, colors.levels[Math.min(s.level, MAX_LEVELS - 1)], full ? 1 : READY_ALPHA);
        label(pen, s.process.name, x, y + height - bar / 2, width, full ? colors.onLevels[Math.min(s.level, MAX_LEVELS - 1)] : colors.text);
    };
    raster(hart.runs, span, wide, bars(pen, colors, model.levels, y, height));
}

/** The lane of a process: a bar while it runs, a pale one while it is ready, a line while it is blocked. */
export function paintProcess(pen, colors, model, process, span, y, height) {
    const wide = (s, x, width) => {
        if (s.state === BLOCKED) {
            pen.rect(x, y + height - 3, width, 2, colors.blocked, 1);
            label(pen, s.reason ?? "", x, y + height - 11, width, colors.muted);
            return;
        }
        const level = Math.min(s.level, MAX_LEVELS - 1);
        const bar = barHeight(s.level, model.levels, height);
        const gap = width > 3 ? 1 : 0;
        pen.rect(x, y + height - bar, width - gap, bar, colors.levels[level], s.state === READY ? READY_ALPHA : 1);
        if (s.state === RUNNING) label(pen, String(s.level), x, y + height - bar / 2, width, colors.onLevels[level]);
    };
    raster(process.segments, span, wide, bars(pen, colors, model.levels, y, height));
}

/** The lane of a queue: its length over time; `longest` fills the height. */
export function paintQueue(pen, colors, queue, level, longest, span, y, height) {
    const { times, lengths } = queue;
    const color = colors.levels[Math.min(level, MAX_LEVELS - 1)];
    let low = 0, high = times.length;
    while (low < high) {
        const middle = low + high >> 1;
        if (times[middle] <= span.from) low = middle + 1;
        else high = middle;
    }
    // Within one pixel: the longest that it was.
    let pixel = null, most = 0;
    const flush = () => {
        if (pixel !== null && most > 0) {
            const bar = most / longest * height;
            pen.rect(pixel, y + height - bar, 1, bar, color, 0.75);
        }
        pixel = null;
        most = 0;
    };
    for (let i = Math.max(low - 1, 0); i < times.length && times[i] <= span.to; i++) {
        const length = lengths[i];
        const x = Math.max(span.x(times[i]), span.left);
        const end = Math.min(i + 1 < times.length ? span.x(times[i + 1]) : span.x(span.to), span.left + span.width);
        if (end - x >= NARROW) {
            flush();
            if (length > 0) {
                const bar = length / longest * height;
                pen.rect(x, y + height - bar, end - x, bar, color, 0.75);
                if (end - x > 22 && bar >= 12) pen.text(x + 4, y + height - bar / 2, String(length), colors.onLevels[Math.min(level, MAX_LEVELS - 1)], { size: 10 });
            }
        } else {
            if (Math.floor(x) !== pixel) flush();
            pixel = Math.floor(x);
            most = Math.max(most, length);
        }
    }
    flush();
}

/** Marks of a time axis: [{us, text}], `step` of the labels chosen by d3's scale. */
export function axisMarks(scale, count) {
    const ticks = scale.ticks(count);
    const step = ticks.length > 1 ? ticks[1] - ticks[0] : 1;
    const [from, to] = scale.domain();
    const largest = Math.max(Math.abs(from), Math.abs(to));
    const [unit, size] = largest >= 1e7 && step >= 1e4 ? ["s", 1e6] : step >= 10 ? ["ms", 1e3] : ["µs", 1];
    const digits = Math.max(0, Math.min(6, -Math.floor(Math.log10(step / size) + 1e-9)));
    return ticks.map(us => ({ us, text: `${(us / size).toFixed(digits)} ${unit}` }));
}
