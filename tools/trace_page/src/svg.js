/* The picture of several policies as one SVG, for a report: no script, no font of its own, on white. Pure. */

import { scaleLinear } from "d3-scale";

import { light as colors } from "./colors.js";
import { means, metrics, shownProcesses } from "./model.js";
import { Span, axisMarks, barHeight, paintHart, paintProcess } from "./paint.js";
import { COMPARED, compareTitle, comparison } from "./table.js";
import { english as words, milliseconds } from "./words.js";

const WIDTH = 1120, MARGIN = 24, GUTTER = 120, PLOT = 620, TABLE = 800;
const HART = 24, LANE = 20, ROW = 16;
const BRIEF = ["turnaround", "response", "waiting"];

const escaped = text => String(text).replace(/[&<>"]/g, c => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;" })[c]);
const short = number => Number(number.toFixed(2)).toString();

class SvgPen {
    constructor() { this.parts = []; }
    rect(x, y, width, height, color, alpha) {
        this.parts.push(`<rect x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}" fill="${color}"${alpha < 1 ? ` fill-opacity="${alpha}"` : ""}/>`);
    }
    text(x, y, string, color, { size = 12, align = "left", weight = "" } = {}) {
        const anchor = { left: "", center: " text-anchor=\"middle\"", right: " text-anchor=\"end\"" }[align];
        this.parts.push(`<text x="${short(x)}" y="${short(y + size * 0.36)}" font-size="${size}" fill="${color}"${anchor}${weight ? ` font-weight="${weight}"` : ""}>${escaped(string)}</text>`);
    }
    /* No font is at hand to measure with: what a usual one needs at most. */
    width(string, size) { return string.length * size * 0.62; }
}

/** `traces`: [{policy, model}]. */
export function compareSvg(traces, title, command) {
    const pen = new SvgPen();
    const longest = Math.max(...traces.map(({ model }) => (model.workTo - model.workFrom) * 1e6 / model.hz)) || 1;
    const full = longest * 1.01;
    let y = MARGIN + 8;
    pen.text(MARGIN, y, title, colors.text, { size: 18, weight: "600" });
    y += 22;
    if (command) {
        pen.text(MARGIN, y, `${words.compare.command}: ${command.length > 120 ? `${command.slice(0, 119)}…` : command}`, colors.muted, { size: 12 });
        y += 20;
    }
    y = legend(pen, traces, y + 4) + 24;

    const rows = comparison(traces.map(t => ({ ...t, shown: shownProcesses(t.model, false) })));
    y = summary(pen, rows, y) + 26;
    const scale = scaleLinear([0, full], [MARGIN + GUTTER, MARGIN + GUTTER + PLOT]);
    const marks = axisMarks(scale, 6);
    for (const { policy, model } of traces) y = chart(pen, policy, model, scale, marks, full, y) + 30;
    pen.text(MARGIN + GUTTER + PLOT / 2, y - 14, words.compare.time, colors.muted, { size: 11, align: "center" });
    const height = Math.ceil(y + 4);
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" ` +
        `font-family="system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', Helvetica, Arial, sans-serif" shape-rendering="crispEdges">\n` +
        `<title>${escaped(title)}</title>\n<rect width="100%" height="100%" fill="#ffffff"/>\n${pen.parts.join("\n")}\n</svg>\n`;
}

function legend(pen, traces, y) {
    const levels = Math.max(...traces.map(({ model }) => model.levels));
    let x = MARGIN;
    const item = (text, paint) => {
        paint(x, y - 6);
        pen.text(x + 26, y, text, colors.muted, { size: 11 });
        x += 26 + pen.width(text, 11) + 16;
    };
    for (let level = 0; level < levels; level++) {
        const bar = barHeight(level, levels, 12);
        item(words.legend.level(level), (left, top) => pen.rect(left, top + 12 - bar, 20, bar, colors.levels[level], 1));
    }
    item(words.legend.ready, (left, top) => pen.rect(left, top, 20, 12, colors.levels[0], 0.3));
    item(words.legend.blocked, (left, top) => pen.rect(left, top + 9, 20, 2, colors.blocked, 1));
    return y + 6;
}

function summary(pen, rows, y) {
    const columns = [MARGIN, ...COMPARED.map((_, i) => MARGIN + 210 + i * 140)];
    const width = columns.at(-1) - MARGIN;
    pen.text(columns[0], y, words.compare.policy, colors.muted, { size: 11 });
    COMPARED.forEach((key, i) => pen.text(columns[i + 1], y, key === "switches" ? compareTitle(key)[0] : `${compareTitle(key)[0]}, ${words.metrics.unit}`,
        colors.muted, { size: 11, align: "right" }));
    y += 11;
    pen.rect(MARGIN, y, width, 1, colors.strong, 1);
    for (const row of rows) {
        y += 13;
        pen.text(columns[0], y, row.policy, colors.text, { size: 12 });
        COMPARED.forEach((key, i) => {
            const values = rows.map(r => r[key]).filter(v => v !== null);
            const least = row[key] !== null && row[key] === Math.min(...values) && Math.max(...values) > row[key];
            pen.text(columns[i + 1], y, key === "switches" ? row[key].toLocaleString("en") : milliseconds(row[key]), colors.text,
                { size: 12, align: "right", weight: least ? "700" : "" });
        });
        y += 9;
        pen.rect(MARGIN, y, width, 1, colors.line, 1);
    }
    return y;
}

function chart(pen, policy, model, scale, marks, full, y) {
    const left = MARGIN + GUTTER, shown = shownProcesses(model, false), set = new Set(shown);
    const perUs = model.hz / 1e6;
    const span = new Span(model.workFrom, model.workFrom + full * perUs, left, PLOT);
    pen.text(MARGIN, y, policy, colors.text, { size: 14, weight: "600" });
    y += 16;
    const top = y, height = model.harts.length * HART + shown.length * LANE + 4;
    for (const { us } of marks) pen.rect(scale(us), top, 1, height, colors.line, 1);
    for (const hart of model.harts) {
        pen.text(MARGIN, y + HART / 2, words.lane.hart(hart.index), colors.text, { size: 11 });
        paintHart(pen, colors, model, hart, span, y + 2, HART - 5, p => set.has(p));
        y += HART;
    }
    y += 4;
    for (const process of shown) {
        pen.text(MARGIN, y + LANE / 2, words.who(process), colors.text, { size: 11 });
        paintProcess(pen, colors, model, process, span, y + 2, LANE - 4);
        y += LANE;
    }
    pen.rect(left, y, PLOT, 1, colors.strong, 1);
    for (const { us, text } of marks) pen.text(scale(us), y + 10, text, colors.muted, { size: 10, align: "center" });
    return Math.max(y + 18, numbers(pen, model, shown, top - 16));
}

function numbers(pen, model, shown, y) {
    const columns = BRIEF.map((_, i) => WIDTH - MARGIN - (BRIEF.length - 1 - i) * 76);
    const line = (name, values, style = {}) => {
        pen.text(TABLE, y, name, colors.text, { size: 11, ...style });
        values.forEach((value, i) => pen.text(columns[i], y, value, colors.text, { size: 11, align: "right", ...style }));
    };
    line(words.metrics.unit, BRIEF.map(key => words.metrics.columns[key][0]));
    y += 10;
    pen.rect(TABLE, y, WIDTH - MARGIN - TABLE, 1, colors.strong, 1);
    y += 11;
    for (const process of shown) {
        const m = metrics(model, process);
        line(words.who(process), BRIEF.map(key => milliseconds(m[key])));
        y += ROW;
    }
    pen.rect(TABLE, y - 7, WIDTH - MARGIN - TABLE, 1, colors.strong, 1);
    const mean = means(model, shown);
    y += 4;
    line(words.metrics.meanShort(mean.count), BRIEF.map(key => milliseconds(mean[key])), { weight: "600" });
    return y + 12;
}
