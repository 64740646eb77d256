/*
 * One Gantt chart: lanes on a canvas that is no larger than what is seen of it. Zooming and dragging are d3-zoom's.
 * The chart knows a model, the view it shares with other charts, and what is selected; the page (page.js) the rest.
 */

import { scaleLinear } from "d3-scale";
import { select } from "d3-selection";
import { zoom, zoomIdentity } from "d3-zoom";

import { firstAfter, lengthAt, queuedAt, segmentAt, shownProcesses } from "./model.js";
import { Span, axisMarks, paintHart, paintProcess, paintQueue } from "./paint.js";
import { english as words } from "./words.js";

const GUTTER = 132, AXIS = 26, RIGHT = 14;
const MOST_ARROWS = 250;
const MOST_LANES = 40; // of processes; of more, only those that live within the view have one
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";

class CanvasPen {
    constructor(context) { this.context = context; }
    rect(x, y, width, height, color, alpha) {
        const c = this.context;
        if (c.globalAlpha !== alpha) c.globalAlpha = alpha;
        if (this.color !== color) c.fillStyle = this.color = color;
        c.fillRect(x, y, width, height);
    }
    text(x, y, string, color, { size = 12, align = "left", weight = "" } = {}) {
        const c = this.context;
        c.globalAlpha = 1;
        c.fillStyle = this.color = color;
        this.font(size, weight);
        c.textAlign = align;
        c.textBaseline = "middle";
        c.fillText(string, x, y);
    }
    width(string, size) {
        this.font(size, "");
        return this.context.measureText(string).width;
    }
    font(size, weight) {
        const font = `${weight} ${size}px ${FONT}`;
        if (this.fontNow !== font) this.context.font = this.fontNow = font;
    }
}

export class Chart {
    /** `options`: {name, queues, origin: tick that is time 0, colors: () => theme, changed: what to call when something
     *  else is selected or hovered} */
    constructor(holder, model, view, options) {
        this.model = model;
        this.view = view;
        this.options = options;
        this.selected = null;  // {lane, segment}
        this.hovered = null;   // {lane, segment, at, x, y}
        this.hits = [];
        this.arrows = true;
        this.scroller = document.createElement("div");
        this.scroller.className = "scroller";
        this.scroller.tabIndex = 0;
        this.scroller.setAttribute("role", "application");
        this.scroller.setAttribute("aria-label", words.controls.chart(options.name));
        this.tall = document.createElement("div");
        this.canvas = document.createElement("canvas");
        this.tall.append(this.canvas);
        this.scroller.append(this.tall);
        holder.append(this.scroller);
        this.context = this.canvas.getContext("2d");
        this.setUpPointer();
        this.scroller.addEventListener("scroll", () => this.redraw());
        view.listeners.push(() => {
            if (this.shown.length > MOST_LANES) this.arrange();
            this.redraw();
        });
        new ResizeObserver(() => this.redraw()).observe(this.scroller);
        this.layOut(false);
    }

    us(ticks) { return (ticks - this.options.origin) * 1e6 / this.model.hz; }
    ticks(us) { return this.options.origin + us * this.model.hz / 1e6; }

    /* ---- lanes ---- */

    layOut(withSystem) {
        const { model } = this;
        this.withSystem = withSystem;
        this.shown = shownProcesses(model, withSystem);
        const lanes = [], put = lane => lanes.push(lane);
        put({ kind: "group", label: words.groups.harts, height: 24 });
        for (const hart of model.harts) put({ kind: "hart", hart, label: words.lane.hart(hart.index), segments: hart.runs, height: 32 });
        if (this.options.queues) {
            put({ kind: "group", label: words.groups.queues, height: 26 });
            for (let level = 0; level < model.levels; level++)
                put({ kind: "queue", level, label: words.lane.queue(level), segments: [], height: 28 });
        }
        put({ kind: "group", processes: true, label: words.groups.processes, height: 26 });
        for (const process of this.shown)
            put({ kind: "process", process, label: words.who(process), segments: process.segments, height: 28 });
        this.allLanes = lanes;
        this.longest = model.queues.reduce((most, queue) => Math.max(most, queue.longest), 1);
        this.arrange();
        const { selected } = this;
        if (selected) this.selected = this.find(selected.segment, selected.lane.kind);
        this.hovered = null;
        this.redraw();
    }

    /** Places the lanes. Of many processes only those that live within the view have one. */
    arrange() {
        const few = this.shown.length <= MOST_LANES, from = this.ticks(this.view.from), to = this.ticks(this.view.to);
        const lives = ({ segments }) => segments[0].from <= to && segments.at(-1).to >= from;
        this.lanes = few ? this.allLanes : this.allLanes.filter(lane => lane.kind !== "process" || lives(lane));
        let y = 0;
        for (const lane of this.lanes) {
            lane.y = y;
            y += lane.height;
        }
        const heading = this.lanes.find(lane => lane.processes), count = this.lanes.length - this.lanes.indexOf(heading) - 1;
        heading.label = few ? words.groups.processes : words.groups.some(count, this.shown.length);
        const height = y + AXIS + 8;
        if (height !== this.height) {
            this.height = height;
            this.tall.style.height = `${height}px`;
        }
    }

    find(segment, kind = "process") {
        const lane = this.allLanes.find(l => l.kind === kind && l.segments[0] !== undefined &&
            (kind === "hart" ? l.hart.index === segment.hart : l.process === segment.process));
        return lane ? { lane, segment } : null;
    }

    laneAt(y) {
        const inside = y + this.scroller.scrollTop - AXIS;
        if (y < AXIS) return null;
        return this.lanes.find(lane => inside >= lane.y && inside < lane.y + lane.height) ?? null;
    }

    span() {
        return new Span(this.ticks(this.view.from), this.ticks(this.view.to), GUTTER, this.plot);
    }

    /** What is at a point of the canvas: {lane, segment or null, at}. Of slices too narrow to see, the longest near it. */
    hit(x, y) {
        const lane = this.laneAt(y);
        if (!lane || lane.kind === "group" || x < GUTTER || x > GUTTER + this.plot) return null;
        const span = this.span(), at = span.ticks(x);
        if (lane.kind === "queue") return { lane, segment: null, at };
        let segment = segmentAt(lane.segments, at);
        if (!segment || (segment.to - segment.from) * span.perTick < 3) {
            const from = span.ticks(x - 1.5), to = span.ticks(x + 1.5);
            for (let i = firstAfter(lane.segments, from); i < lane.segments.length && lane.segments[i].from < to; i++) {
                const s = lane.segments[i];
                if (!segment || s.to - s.from > segment.to - segment.from) segment = s;
            }
        }
        return { lane, segment, at };
    }

    /** Where a segment is drawn, in coordinates of the window: for tooltips that the keyboard asks for, and tests. */
    place({ lane, segment }) {
        const span = this.span(), box = this.canvas.getBoundingClientRect();
        const left = Math.max(span.x(segment.from), GUTTER), right = Math.min(span.x(segment.to), GUTTER + this.plot);
        return { x: box.left + (left + right) / 2, y: box.top + AXIS + lane.y - this.scroller.scrollTop + lane.height * 0.65, width: right - left };
    }

    /* ---- pointer ---- */

    setUpPointer() {
        this.zoom = zoom()
            .filter(event => event.type === "wheel" ? event.ctrlKey || event.metaKey : !event.button && !event.ctrlKey)
            .wheelDelta(event => -event.deltaY * (event.deltaMode ? 0.05 : Math.abs(event.deltaY) < 40 ? 0.015 : 0.004))
            .duration(120)
            .on("zoom", event => {
                if (!event.sourceEvent) return;
                const { full, whole } = this.view, { k, x } = event.transform;
                const at = pixel => full[0] + ((pixel - x) / k - GUTTER) / this.plot * whole;
                this.view.show(at(GUTTER), at(GUTTER + this.plot));
            });
        const canvas = select(this.canvas).call(this.zoom);
        canvas.on("wheel.pan", event => {
            if (event.ctrlKey || event.metaKey) return;
            const delta = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
            if (!event.shiftKey && Math.abs(event.deltaX) <= Math.abs(event.deltaY)) return;
            event.preventDefault();
            this.view.pan(delta / this.plot);
        }, { passive: false });
        this.canvas.addEventListener("pointermove", event => this.hover(event));
        this.canvas.addEventListener("pointerleave", () => this.hover(null));
        this.canvas.addEventListener("click", event => {
            const { x, y } = this.point(event);
            const found = this.hit(x, y);
            this.choose(found?.segment ? found : null);
        });
    }

    point(event) {
        const box = this.canvas.getBoundingClientRect();
        return { x: event.clientX - box.left, y: event.clientY - box.top };
    }

    hover(event) {
        const before = this.hovered;
        this.hovered = null;
        if (event && !event.buttons) {
            const { x, y } = this.point(event);
            const found = this.hit(x, y);
            if (found) this.hovered = { ...found, x: event.clientX, y: event.clientY };
        }
        this.canvas.style.cursor = this.hovered ? "pointer" : "";
        if (before?.segment !== this.hovered?.segment) this.redraw();
        this.options.changed(this, "hover");
    }

    /* ---- selection ---- */

    choose(found) {
        this.selected = found;
        this.redraw();
        this.options.changed(this, "select");
    }

    /** Next or previous slice of the lane that is selected. */
    step(direction) {
        const { selected } = this;
        if (!selected) {
            const lane = this.lanes.find(l => l.segments?.length);
            if (!lane) return;
            const i = firstAfter(lane.segments, this.ticks(this.view.from));
            this.go({ lane, segment: lane.segments[Math.min(i, lane.segments.length - 1)] });
            return;
        }
        const { lane, segment } = selected;
        const at = lane.segments.indexOf(segment) + direction;
        if (at >= 0 && at < lane.segments.length) this.go({ lane, segment: lane.segments[at] });
    }

    /** The slice at the same time in the lane above or below. */
    stepLane(direction) {
        const lanes = this.lanes.filter(l => l.segments?.length);
        if (lanes.length === 0) return;
        if (!this.selected) {
            this.step(1);
            return;
        }
        const lane = lanes[lanes.indexOf(this.selected.lane) + direction];
        if (!lane) return;
        const i = firstAfter(lane.segments, this.selected.segment.from);
        this.go({ lane, segment: lane.segments[Math.min(i, lane.segments.length - 1)] });
    }

    go(found) {
        const { lane, segment } = found;
        this.view.reveal(this.us(segment.from), this.us(segment.to));
        const seen = this.scroller.clientHeight - AXIS;
        if (lane.y < this.scroller.scrollTop || lane.y + lane.height > this.scroller.scrollTop + seen)
            this.scroller.scrollTop = lane.y - seen / 2;
        this.choose(found);
    }

    zoomToSelected() {
        if (!this.selected) return;
        const { from, to } = this.selected.segment;
        const margin = Math.max((to - from) / 4, 20);
        this.view.show(this.us(from - margin), this.us(to + margin));
    }

    /** The words about what is hovered or selected: [heading, line, ...]. */
    words(found) {
        const { lane, segment, at } = found, { model } = this;
        const time = ticks => this.us(ticks);
        if (lane.kind === "queue") {
            const slice = model.policy.slices[lane.level] ?? null;
            return [...words.queue(lane.level, queuedAt(model, lane.level, at), slice), words.at(time(at))];
        }
        if (!segment) {
            const gap = lane.kind === "hart" ? lane.hart.idle.find(([from, to]) => from <= at && at < to) : null;
            return gap ? [lane.label, words.idleFor((gap[1] - gap[0]) * 1e6 / model.hz), words.at(time(gap[0]))] : null;
        }
        return [words.who(segment.process), words.segment(segment, (segment.to - segment.from) * 1e6 / model.hz),
            `${words.at(time(segment.from))} · ${words.onHart(segment.hart, segment.level)}`];
    }

    /* ---- drawing ---- */

    redraw() {
        if (this.asked) return;
        this.asked = true;
        requestAnimationFrame(() => {
            this.asked = false;
            this.draw();
        });
    }

    fit() {
        const width = this.scroller.clientWidth, height = Math.min(this.height, this.scroller.clientHeight);
        const dense = window.devicePixelRatio || 1;
        this.plot = Math.max(width - GUTTER - RIGHT, 50);
        if (this.canvas.width !== Math.round(width * dense) || this.canvas.height !== Math.round(height * dense)) {
            this.canvas.width = Math.round(width * dense);
            this.canvas.height = Math.round(height * dense);
            this.canvas.style.width = `${width}px`;
            this.canvas.style.height = `${height}px`;
        }
        this.context.setTransform(dense, 0, 0, dense, 0, 0);
        const { view } = this, k = view.whole / view.length;
        this.zoom.extent([[GUTTER, 0], [GUTTER + this.plot, height]])
            .translateExtent([[GUTTER, -Infinity], [GUTTER + this.plot, Infinity]])
            .scaleExtent([1, Math.max(1, view.whole / 5)]);
        // What d3-zoom goes on from: another chart or a key may have moved the view.
        const x = GUTTER - k * (GUTTER + (view.from - view.full[0]) / view.whole * this.plot);
        this.canvas.__zoom = zoomIdentity.translate(x, 0).scale(k);
        return { width, height };
    }

    draw() {
        const { width, height } = this.fit();
        const colors = this.options.colors(), pen = new CanvasPen(this.context), { context, model } = this;
        const span = this.span(), top = AXIS - this.scroller.scrollTop;
        pen.rect(0, 0, width, height, colors.page, 1);
        const scale = scaleLinear([this.view.from, this.view.to], [GUTTER, GUTTER + this.plot]);
        const marks = axisMarks(scale, Math.max(2, this.plot / 110));

        const visible = this.lanes.filter(l => top + l.y + l.height > AXIS && top + l.y < height);
        for (const lane of visible)
            if (lane.kind !== "group") pen.rect(GUTTER, top + lane.y + 3, this.plot, lane.height - 5, colors.lane, 1);
        for (const mark of marks) pen.rect(Math.round(scale(mark.us)), AXIS, 1, height, colors.line, 1);
        context.save();
        context.beginPath();
        context.rect(GUTTER, AXIS, this.plot, height);
        context.clip();
        const shown = new Set(this.shown);
        for (const lane of visible) {
            const y = top + lane.y + 4, tall = lane.height - 7;
            if (lane.kind === "hart") paintHart(pen, colors, model, lane.hart, span, y, tall, p => shown.has(p));
            else if (lane.kind === "process") paintProcess(pen, colors, model, lane.process, span, y, tall);
            else if (lane.kind === "queue") paintQueue(pen, colors, model.queues[lane.level], lane.level, this.longest, span, y, tall);
        }
        this.drawBoosts(colors, span, height);
        const note = this.drawArrows(colors, span, top);
        this.drawFrames(colors, span, top);
        context.restore();

        // What stands still goes over what moves.
        pen.color = null;
        pen.rect(0, 0, width, AXIS, colors.page, 1);
        for (const mark of marks) {
            pen.text(scale(mark.us), AXIS / 2, mark.text, colors.muted, { size: 11, align: "center" });
            pen.rect(Math.round(scale(mark.us)), AXIS - 4, 1, 4, colors.strong, 1);
        }
        pen.rect(0, AXIS, GUTTER - 1, height, colors.page, 1);
        pen.rect(0, AXIS - 1, width, 1, colors.line, 1);
        context.save();
        context.beginPath();
        context.rect(0, AXIS, width, height);
        context.clip();
        for (const lane of visible) {
            const y = top + lane.y + lane.height / 2;
            if (lane.kind === "group") {
                pen.text(4, y + 3, lane.label, colors.muted, { size: 11, weight: "600" });
                continue;
            }
            const chosen = this.selected?.lane === lane;
            let text = lane.label;
            while (text.length > 4 && pen.width(text, 12) > GUTTER - 20) text = text.length > 12 ? `${text.slice(0, 5)}…${text.slice(-6)}` : text.slice(0, -1);
            pen.text(12, y, text, chosen ? colors.accent : lane.process?.system ? colors.muted : colors.text, { size: 12, weight: chosen ? "600" : "" });
        }
        context.restore();
        this.drawHits(pen, colors, span);
        if (this.note !== note) {
            this.note = note;
            this.options.changed(this, "note");
        }
        this.options.drawn?.(this);
    }

    drawBoosts(colors, span, height) {
        const { context } = this, { boosts } = this.model;
        let last = -10;
        const inView = boosts.reduce((n, { at }) => n + (at >= span.from && at <= span.to ? 1 : 0), 0);
        context.save();
        context.strokeStyle = colors.accent;
        context.globalAlpha = inView > 30 ? 0.25 : 0.55;
        context.setLineDash([4, 4]);
        context.beginPath();
        for (const boost of boosts) {
            const x = Math.round(span.x(boost.at)) + 0.5;
            if (x < GUTTER || x > GUTTER + this.plot || x < last + 2) continue;
            last = x;
            context.moveTo(x, AXIS);
            context.lineTo(x, height);
        }
        context.stroke();
        context.restore();
    }

    /** Wake-ups within view whose two ends have lanes; nothing while there are too many to be told apart. */
    drawArrows(colors, span, top) {
        const { wakes } = this.model, of = this.selected?.segment?.process ?? null;
        if (!this.arrows && !of) return "";
        const lanes = new Map(this.lanes.filter(l => l.kind === "process").map(l => [l.process, l]));
        let low = 0, high = wakes.length;
        while (low < high) {
            const middle = low + high >> 1;
            if (wakes[middle].at < span.from) low = middle + 1;
            else high = middle;
        }
        const all = [], mine = [];
        let count = 0;
        for (let i = low; i < wakes.length && wakes[i].at <= span.to; i++) {
            const wake = wakes[i];
            if (!lanes.has(wake.to) || wake.from === wake.to || wake.from && !lanes.has(wake.from)) continue;
            count++;
            if (of && (wake.from === of || wake.to === of) && mine.length <= MOST_ARROWS) mine.push(wake);
            if (all.length <= MOST_ARROWS) all.push(wake);
        }
        const few = this.arrows && all.length <= MOST_ARROWS;
        const drawn = few ? all : mine.length <= MOST_ARROWS ? mine : [];
        const { context } = this;
        for (const wake of drawn) {
            const to = lanes.get(wake.to), from = wake.from ? lanes.get(wake.from) : null;
            const x = Math.round(span.x(wake.at)) + 0.5;
            const down = from ? to.y > from.y : true;
            const y2 = top + to.y + (down ? 4 : to.height - 3);
            const y1 = from ? top + from.y + (down ? from.height - 3 : 4) : y2 - 9;
            const strong = of && (wake.from === of || wake.to === of);
            context.globalAlpha = strong || !of ? 0.9 : 0.3;
            context.strokeStyle = context.fillStyle = wake.kind === "fork" ? colors.accent : colors.text;
            context.setLineDash(wake.kind === "handoff" ? [2, 2] : []);
            context.lineWidth = strong ? 1.75 : 1;
            context.beginPath();
            context.moveTo(x, y1);
            context.lineTo(x, y2);
            context.stroke();
            context.setLineDash([]);
            context.beginPath();
            const tip = down ? 1 : -1;
            context.moveTo(x, y2 + 2 * tip);
            context.lineTo(x - 3.5, y2 - 4 * tip);
            context.lineTo(x + 3.5, y2 - 4 * tip);
            context.fill();
            if (from) {
                context.beginPath();
                context.arc(x, y1, 2, 0, 7);
                context.fill();
            }
        }
        context.globalAlpha = 1;
        return this.arrows && !few && drawn.length === 0 ? words.arrows(count) : "";
    }

    drawFrames(colors, span, top) {
        const frame = (found, color, width) => {
            if (!found?.segment || !this.lanes.includes(found.lane)) return;
            const { lane, segment } = found, { context } = this;
            const x = span.x(segment.from), w = Math.max((segment.to - segment.from) * span.perTick, 3);
            context.globalAlpha = 1;
            context.strokeStyle = color;
            context.lineWidth = width;
            context.strokeRect(x - 1, top + lane.y + 2, w + 1, lane.height - 3);
        };
        frame(this.hovered, colors.text, 1);
        frame(this.selected, colors.accent, 2);
    }

    drawHits(pen, colors, span) {
        let last = -10;
        for (const hit of this.hits) {
            const x = Math.round(span.x(hit.segment.from));
            if (x < GUTTER - 1 || x > GUTTER + this.plot || x === last) continue;
            last = x;
            pen.rect(x - 1, AXIS - 5, 3, 5, colors.accent, 1);
        }
    }

    /** The length of each queue at a time in microseconds: for tests. */
    queueLengths(us) { return this.model.queues.map(queue => lengthAt(queue, this.ticks(us))); }
}
