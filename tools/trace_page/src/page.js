/*
 * The page: takes the traces out of it, puts the charts and tables together, and listens to keys and buttons. One
 * trace gives a chart with its table below; several (policy=…) give one chart per policy, above one another.
 */

import { Chart } from "./chart.js";
import { dark, light } from "./colors.js";
import { buildModel, shownProcesses } from "./model.js";
import { barHeight } from "./paint.js";
import { search } from "./search.js";
import { ProcessTable, comparison, element, showComparison } from "./table.js";
import { decode, unpack } from "./trace_file.js";
import { View } from "./view.js";
import { english as words } from "./words.js";

/* global KINGLET_TABLES -- of trace.h, put in by build.mjs */

const $ = id => document.getElementById(id);

const state = { charts: [], tables: [], view: null, active: null, withSystem: false, hits: [], hit: -1, colors: light };

/* ---- light and dark ---- */

const wantsDark = matchMedia("(prefers-color-scheme: dark)");

function remembered(value) {
    try {
        if (value === undefined) return localStorage.getItem("kinglet-theme");
        localStorage.setItem("kinglet-theme", value);
    } catch { /* a browser may refuse it to a file */ }
    return null;
}

function setTheme(name) {
    document.documentElement.dataset.theme = name;
    state.colors = name === "dark" ? dark : light;
    showLegend();
    for (const chart of state.charts) chart.redraw();
}

function toggleTheme() {
    const name = state.colors === dark ? "light" : "dark";
    remembered(name);
    setTheme(name);
}

/* ---- what stands above the charts ---- */

function swatch(paint) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("width", 22);
    svg.setAttribute("height", 14);
    svg.innerHTML = paint;
    return svg;
}

function showLegend() {
    const c = state.colors, levels = Math.max(1, ...state.charts.map(chart => chart.model.levels));
    const item = (paint, text) => element("li", {}, swatch(paint), text);
    const bar = (level, alpha = 1) => {
        const height = barHeight(level, levels, 14);
        return `<rect width="22" height="${height}" y="${14 - height}" fill="${c.levels[level]}" fill-opacity="${alpha}"/>`;
    };
    const arrow = (color, dash = "") => `<path d="M11 0V9" stroke="${color}" stroke-width="1.5" stroke-dasharray="${dash}"/><path d="M11 14l-4-6h8z" fill="${color}"/>`;
    $("legend").replaceChildren(
        ...Array.from({ length: levels }, (_, level) => item(bar(level), words.legend.level(level))),
        item(bar(0, 0.3), words.legend.ready),
        item(`<rect width="22" height="2" y="11" fill="${c.blocked}"/>`, words.legend.blocked),
        item(arrow(c.text), words.legend.wake), item(arrow(c.text, "2 2"), words.legend.handoff), item(arrow(c.accent), words.legend.fork),
        item(`<path d="M11 0V14" stroke="${c.accent}" stroke-dasharray="4 3"/>`, words.legend.boost),
        element("li", { textContent: levels > 1 ? words.legend.low : "" }));
}

function showNotes() {
    const lost = new Map();
    for (const chart of state.charts)
        for (const { hart, count } of chart.model.lost) lost.set(hart, (lost.get(hart) ?? 0) + count);
    const parts = [...lost].map(([hart, count]) => element("strong", { textContent: `${words.lost(count, hart)} ` }));
    const note = state.charts.map(chart => chart.note).find(text => text);
    $("notes").replaceChildren(...parts, note ?? "");
}

/* ---- hover, selection ---- */

function showTip(lines, x, y) {
    const tip = $("tip");
    tip.hidden = !lines;
    if (!lines) return;
    const [title, ...rest] = lines;
    tip.replaceChildren(element("b", { textContent: title }), rest[0] ?? "", ...rest.slice(1).map(text => element("span", { textContent: text })));
    const { offsetWidth: width, offsetHeight: height } = tip, gap = 14;
    tip.style.left = `${Math.max(8, x + gap + width > innerWidth - 8 ? x - gap - width : x + gap)}px`;
    tip.style.top = `${Math.max(8, y + gap + height > innerHeight - 8 ? y - gap - height : y + gap)}px`;
}

function changed(chart, what) {
    state.active = chart;
    if (what === "note") {
        showNotes();
        return;
    }
    if (what === "hover") {
        if (chart.hovered) showTip(chart.words(chart.hovered), chart.hovered.x, chart.hovered.y);
        else if (chart.selected && chart.keys) showSelected(chart);
        else showTip(null);
        return;
    }
    for (const other of state.charts) {
        if (other !== chart && other.selected) {
            other.selected = null;
            other.redraw();
        }
    }
    showSelected(chart);
}

function showSelected(chart) {
    if (!chart.selected) {
        showTip(null);
        return;
    }
    const lines = chart.words(chart.selected);
    $("spoken").textContent = lines.join(". ");
    const { x, y } = chart.place(chart.selected);
    showTip(y > 0 && y < innerHeight ? lines : null, x, y);
}

function select(chart, process, segment = process.segments[0]) {
    if (process.system && !state.withSystem) setSystem(true);
    const found = chart.find(segment);
    if (!found) return;
    chart.keys = true;
    chart.scroller.scrollIntoView({ block: "nearest" });
    chart.go(found);
}

function setSystem(on) {
    state.withSystem = on;
    $("system").checked = on;
    for (const chart of state.charts) chart.layOut(on);
    state.view.extend(fullOf(state.charts));
    state.tables.forEach((table, i) => table.show(state.charts[i].shown));
    find($("search").value, false);
}

function setArrows(on) {
    $("arrows").checked = on;
    for (const chart of state.charts) {
        chart.arrows = on;
        chart.redraw();
    }
}

/* ---- search ---- */

function find(text, go = true) {
    state.hits = state.charts.flatMap(chart => {
        chart.hits = search(chart.model, chart.shown, text);
        chart.redraw();
        return chart.hits.map(hit => ({ chart, ...hit }));
    });
    state.hit = -1;
    state.searched = text;
    if (state.hits.length && go) nextHit(1);
    showFound(text);
}

function showFound(text = $("search").value) {
    $("found").textContent = text.trim() === "" ? "" : state.hits.length === 0 ? words.search.none
        : words.search.count(state.hit + 1, state.hits.length);
}

function nextHit(direction) {
    const { hits } = state;
    if (hits.length === 0) return;
    state.hit = state.hit < 0 ? (direction > 0 ? 0 : hits.length - 1) : (state.hit + direction + hits.length) % hits.length;
    const { chart, process, segment } = hits[state.hit];
    select(chart, process, segment);
    showFound();
}

/* ---- keys ---- */

const KEYS = {
    ArrowLeft: () => state.view.pan(-0.2), ArrowRight: () => state.view.pan(0.2),
    ArrowUp: chart => chart.stepLane(-1), ArrowDown: chart => chart.stepLane(1),
    "+": chart => zoom(chart, 1.6), "=": chart => zoom(chart, 1.6), "-": chart => zoom(chart, 1 / 1.6), _: chart => zoom(chart, 1 / 1.6),
    Home: () => state.view.all(), ",": chart => chart.step(-1), ".": chart => chart.step(1),
    Enter: chart => chart.zoomToSelected(), Escape: chart => chart.choose(null),
    "/": () => { $("search").focus(); $("search").select(); }, n: () => nextHit(1), N: () => nextHit(-1),
    s: () => setSystem(!state.withSystem), a: () => setArrows(!$("arrows").checked), t: toggleTheme, "?": openHelp,
};
const OF_SLICES = ["ArrowUp", "ArrowDown", ",", ".", "Enter"];

function zoom(chart, factor) {
    const s = chart?.selected?.segment;
    const middle = s && chart.us(s.from) < state.view.to && chart.us(s.to) > state.view.from
        ? (Math.max(chart.us(s.from), state.view.from) + Math.min(chart.us(s.to), state.view.to)) / 2 : undefined;
    state.view.zoom(factor, middle);
}

function press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || $("helping").open) return;
    const inField = event.target === $("search");
    if (inField) {
        if (event.key === "Enter") {
            nextHit(event.shiftKey ? -1 : 1);
            event.preventDefault();
        } else if (event.key === "Escape") {
            (state.active ?? state.charts[0])?.scroller.focus();
            event.preventDefault();
        }
        return;
    }
    // Enter on a button is the button's, up and down elsewhere are the page's.
    const onChart = event.target.closest?.(".scroller");
    if (!KEYS[event.key] || !state.view) return;
    if (event.key === "Enter" && !onChart || event.key.startsWith("Arrow") && !onChart && event.target !== document.body) return;
    const chart = state.active ?? state.charts[0];
    if (OF_SLICES.includes(event.key)) chart.keys = true;
    if (event.key === "Escape") chart.keys = false;
    event.preventDefault();
    KEYS[event.key](chart);
    if (!OF_SLICES.includes(event.key) && chart.selected && chart.keys) requestAnimationFrame(() => showSelected(chart));
}

function openHelp() {
    $("helping").showModal();
}

function fillHelp() {
    const close = element("button", { type: "button", textContent: words.controls.close });
    close.addEventListener("click", () => $("helping").close());
    $("helping").append(element("h2", { textContent: words.help.title }),
        ...words.help.text.map(textContent => element("p", { textContent })),
        element("dl", {}, ...words.help.keys.flatMap(([key, meaning]) =>
            [element("dt", {}, element("kbd", { textContent: key })), element("dd", { textContent: meaning })])),
        close);
}

/* ---- putting it together ---- */

/** The time that can be shown: the work's, or with the servers' all. In microseconds. */
function fullOf(charts) {
    const spans = charts.map(chart => {
        const { model, withSystem } = chart;
        return withSystem ? [chart.us(model.start), chart.us(model.end)] : [chart.us(model.workFrom), chart.us(model.workTo)];
    });
    const from = Math.min(...spans.map(s => s[0])), to = Math.max(...spans.map(s => s[1]));
    const margin = Math.max((to - from) * 0.01, 1);
    return [from - margin, to + margin];
}

function putChart(holder, model, { name = "", queues, origin, brief }) {
    const chart = new Chart(holder.chart, model, state.view, { name, queues, origin, colors: () => state.colors, changed, drawn });
    chart.scroller.addEventListener("focus", () => { state.active = chart; });
    const table = new ProcessTable(holder.table, model, { brief, origin, pick: process => select(chart, process) });
    state.charts.push(chart);
    state.tables.push(table);
    table.show(chart.shown);
}

function one(model) {
    const chart = element("div"), table = element("div", { className: "table" });
    $("main").append(chart, element("h2", { textContent: words.metrics.title }), table, element("p", { textContent: words.metrics.note }));
    putChart({ chart, table }, model, { queues: true, origin: 0 });
    const names = model.policies.map(policy => policy.name).filter((name, i, all) => name !== all[i - 1]);
    $("summary").textContent = [words.summary(model, (model.end - model.start) * 1e6 / model.hz), words.source[model.source],
        names.length > 1 ? words.policyChanges(names) : ""].filter(text => text).join(" · ");
}

function several(traces) {
    const summary = element("div", { className: "table" });
    $("main").append(summary);
    showComparison(summary, comparison(traces.map(t => ({ ...t, shown: shownProcesses(t.model, false) }))));
    $("summary").textContent = words.compare.note;
    for (const { policy, model } of traces) {
        const chart = element("div"), table = element("div", { className: "table" });
        const section = element("section", { className: "policy" }, chart, table);
        section.dataset.policy = policy;
        const about = [...model.policy.slices.filter(us => us !== undefined)].length
            ? words.summary(model, (model.workTo - model.workFrom) * 1e6 / model.hz) : "";
        $("main").append(element("h2", {}, policy, element("small", { textContent: about })), section);
        putChart({ chart, table }, model, { name: policy, queues: false, origin: model.workFrom, brief: true });
    }
}

let waitingToBeDrawn = 0;
function drawn() {
    if (waitingToBeDrawn === 0 || --waitingToBeDrawn > 0) return;
    document.documentElement.dataset.drawn = Math.round(performance.now());
}

function label(id, text, key = "") {
    const node = $(id);
    node.title = key ? `${text} (${key})` : text;
    node.setAttribute("aria-label", text);
}

function setUpTools() {
    $("title").textContent = document.title;
    label("in", words.controls.zoomIn, "+");
    label("out", words.controls.zoomOut, "−");
    label("all", words.controls.all, "Home");
    $("all").textContent = words.controls.all;
    label("theme", words.controls.theme, "t");
    label("help", words.controls.help, "?");
    label("next", words.controls.next, "n");
    label("previous", words.controls.previous, "N");
    label("search", words.search.label, "/");
    $("search").placeholder = words.search.placeholder;
    $("system").nextElementSibling.textContent = words.controls.system;
    $("arrows").nextElementSibling.textContent = words.controls.arrows;
    const does = (id, what) => $(id).addEventListener("click", what);
    does("in", () => zoom(state.active, 1.6));
    does("out", () => zoom(state.active, 1 / 1.6));
    does("all", () => state.view.all());
    does("theme", toggleTheme);
    does("help", openHelp);
    does("next", () => nextHit(1));
    does("previous", () => nextHit(-1));
    $("system").addEventListener("change", event => setSystem(event.target.checked));
    $("arrows").addEventListener("change", event => setArrows(event.target.checked));
    let later = 0;
    $("search").addEventListener("input", event => {
        clearTimeout(later);
        later = setTimeout(() => find(event.target.value), 120);
    });
    document.addEventListener("keydown", press);
    for (const moved of ["scroll", "resize"])
        addEventListener(moved, () => state.active?.keys ? showSelected(state.active) : showTip(null), { passive: true });
    wantsDark.addEventListener("change", () => { if (!remembered()) setTheme(wantsDark.matches ? "dark" : "light"); });
    fillHelp();
}

async function start() {
    setUpTools();
    setTheme(remembered() ?? (wantsDark.matches ? "dark" : "light"));
    try {
        const found = await unpack($("trace").textContent);
        if (found.length === 0) {
            $("summary").textContent = words.empty;
            return;
        }
        const traces = found.map(({ policy, bytes }) => ({ policy, model: buildModel(decode(bytes), KINGLET_TABLES) }));
        $("trace").textContent = "";
        state.view = new View([0, 1]);
        if (traces.length === 1 && traces[0].policy === "") one(traces[0].model);
        else several(traces);
        state.view.full = fullOf(state.charts);
        state.view.all();
        showLegend();
        showNotes();
        waitingToBeDrawn = state.charts.length;
    } catch (error) {
        $("summary").textContent = words.broken(error.message);
        throw error;
    }
}

window.kinglet = state; // for who looks closer with the browser's tools, and for the tests
start();
