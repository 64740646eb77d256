/* The tables of numbers: of one trace's processes, and of the means under several policies. */

import { means, metrics } from "./model.js";
import { english as words, milliseconds } from "./words.js";

export function element(name, properties = {}, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children.filter(child => child !== null));
    return made;
}

const BRIEF = ["turnaround", "response", "waiting"];
const FULL = ["arrival", "firstRun", "end", ...BRIEF, "running", "blocked", "runs"];
const MEANS = ["turnaround", "response", "waiting", "running"];

function cell(key, value, name = "td") {
    const made = element(name, { className: "number", textContent: key === "runs" ? String(value) : milliseconds(value) });
    made.dataset.key = key;
    if (value !== null) made.dataset.value = value;
    return made;
}

/** The table of a model's processes. `pick` is called with one when its name is pressed. */
export class ProcessTable {
    constructor(holder, model, { brief = false, origin = 0, pick }) {
        Object.assign(this, { holder, model, pick, keys: brief ? BRIEF : FULL, offset: origin * 1e6 / model.hz });
        this.sort = { key: "arrival", down: false };
    }

    show(processes) {
        const rows = processes.map(p => {
            const m = metrics(this.model, p);
            for (const key of ["arrival", "firstRun", "end"]) if (m[key] !== null) m[key] -= this.offset;
            return { process: p, name: `${p.name.toLowerCase()} ${String(p.pid).padStart(6)}`, ...m };
        });
        const { key, down } = this.sort;
        const order = (a, b) => a === b ? 0 : a === null ? 1 : b === null ? -1 : (a < b ? -1 : 1) * (down ? -1 : 1);
        rows.sort((a, b) => order(a[key], b[key]) || a.process.index - b.process.index);

        const head = element("tr");
        for (const column of ["name", ...this.keys]) {
            const [title, meaning] = words.metrics.columns[column];
            const unit = column === "name" || column === "runs" ? null : element("span", { className: "unit", textContent: words.metrics.unit });
            const press = element("button", { type: "button", title: meaning }, title, unit);
            press.addEventListener("click", () => {
                this.sort = { key: column, down: this.sort.key === column && !this.sort.down };
                this.show(processes);
                this.holder.querySelector(`th[data-key="${column}"] button`).focus();
            });
            const th = element("th", { scope: "col", className: column === "name" ? "" : "number" }, press);
            th.dataset.key = column;
            if (column === key) th.setAttribute("aria-sort", down ? "descending" : "ascending");
            head.append(th);
        }
        const body = element("tbody");
        for (const row of rows) {
            const press = element("button", { type: "button", className: "plain", textContent: words.who(row.process) });
            press.addEventListener("click", () => this.pick(row.process));
            const tr = element("tr", { className: row.process.system ? "system" : "" },
                element("th", { scope: "row" }, press), ...this.keys.map(k => cell(k, row[k])));
            tr.dataset.pid = row.process.pid;
            body.append(tr);
        }
        const mean = means(this.model, processes);
        const foot = element("tr", {}, element("th", { scope: "row", textContent: words.metrics.mean(mean.count) }),
            ...this.keys.map(k => MEANS.includes(k) ? cell(k, mean[k]) : element("td")));
        this.holder.replaceChildren(element("table", { className: "metrics" },
            element("thead", {}, head), body, element("tfoot", {}, foot)));
    }
}

/** One row per policy: the means of the processes of the command, when all was done, and how many switches it took. */
export function comparison(traces) {
    return traces.map(({ policy, model, shown }) => {
        const mean = means(model, shown);
        return {
            policy, turnaround: mean.turnaround, response: mean.response, waiting: mean.waiting,
            makespan: (model.workTo - model.workFrom) * 1e6 / model.hz,
            switches: shown.reduce((n, p) => n + metrics(model, p).runs, 0),
        };
    });
}

export const COMPARED = ["turnaround", "response", "waiting", "makespan", "switches"];

export function compareTitle(key) {
    return words.compare[key] ?? words.metrics.columns[key];
}

export function showComparison(holder, rows) {
    const head = element("tr", {}, element("th", { scope: "col", textContent: words.compare.policy }),
        ...COMPARED.map(key => element("th", { scope: "col", className: "number", title: compareTitle(key)[1] }, compareTitle(key)[0],
            key === "switches" ? null : element("span", { className: "unit", textContent: words.metrics.unit }))));
    const body = element("tbody");
    const known = key => rows.map(row => row[key]).filter(value => value !== null);
    for (const row of rows) {
        const tr = element("tr", {}, element("th", { scope: "row", textContent: row.policy }));
        tr.dataset.policy = row.policy;
        for (const key of COMPARED) {
            const value = row[key], values = known(key), most = Math.max(...values), least = Math.min(...values);
            const td = element("td", { className: "number" },
                element("span", { className: "bar", ariaHidden: "true", style: `width:calc((100% - 14px) * ${most > 0 && value !== null ? value / most : 0})` }),
                element("span", { className: value === least && most > least ? "least" : "", title: value === least && most > least ? words.compare.best : "",
                    textContent: key === "switches" ? value.toLocaleString("en") : milliseconds(value) }));
            td.dataset.key = key;
            if (value !== null) td.dataset.value = value;
            tr.append(td);
        }
        body.append(tr);
    }
    holder.replaceChildren(element("table", { className: "metrics compared" }, element("thead", {}, head), body));
}
