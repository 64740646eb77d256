/*
 * The page in headless Chromium: node browser.mjs MODULES SCENARIO FACTS.JSON, as tests/test_trace_page.py calls it.
 * Whatever a scenario does, the page must log no error and must ask the network for nothing.
 */

import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const [modules, name, factsFile] = process.argv.slice(2);
const { chromium } = createRequire(path.join(modules, "package.json"))("playwright-core");
const facts = JSON.parse(fs.readFileSync(factsFile, "utf8"));

const near = (a, b, what, within = 0.06) => assert.ok(Math.abs(a - b) <= within, `${what}: ${a}, not ${b}`);
const view = page => page.evaluate(() => [kinglet.view.from, kinglet.view.to]);
const frame = page => page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))));
const tip = page => page.locator("#tip");

/** The middle of a running segment of a process, and what it is: by pid and start, or the first that is wide enough. */
const locate = (page, wanted) => page.evaluate(({ pid, start, least = 12 }) => {
    const chart = kinglet.charts[0];
    for (const process of chart.shown) {
        if (pid !== undefined && process.pid !== pid) continue;
        for (const segment of process.segments) {
            if (segment.state !== "running" || start !== undefined && Math.abs(chart.us(segment.from) - start) > 0.2) continue;
            const found = chart.find(segment), place = chart.place(found);
            if (start === undefined && place.width < least) continue;
            return { ...place, pid: process.pid, level: segment.level, from: chart.us(segment.from), to: chart.us(segment.to) };
        }
    }
    return null;
}, wanted);

/** The colour of the canvas at a point of the window. */
const pixel = (page, { x, y }) => page.evaluate(({ x, y }) => {
    const { canvas } = kinglet.charts[0], box = canvas.getBoundingClientRect(), k = devicePixelRatio;
    const [r, g, b] = canvas.getContext("2d").getImageData((x - box.left) * k, (y - box.top) * k, 1, 1).data;
    return "#" + [r, g, b].map(v => v.toString(16).padStart(2, "0")).join("");
}, { x, y });

const scenarios = {
    async numbers(page) {
        assert.equal(await page.locator("h1").textContent(), facts.title);
        assert.equal(await page.title(), facts.title);
        const rows = () => page.$$eval(".metrics tbody tr", all => all.map(tr => [Number(tr.dataset.pid),
            Object.fromEntries([...tr.querySelectorAll("td")].map(td => [td.dataset.key, td.dataset.value && Number(td.dataset.value)])),
            Object.fromEntries([...tr.querySelectorAll("td")].map(td => [td.dataset.key, td.textContent]))]));
        const shown = await rows();
        assert.deepEqual(shown.map(([pid]) => pid).sort((a, b) => a - b), facts.command);
        await page.locator("#system").check();
        const all = await rows();
        assert.ok(all.length > shown.length);
        let compared = 0;
        for (const [pid, numbers, texts] of all) {
            const expected = facts.numbers[pid];
            if (!expected) continue;
            for (const [key, value] of Object.entries(expected)) {
                near(numbers[key], value, `${key} of ${pid}`);
                assert.equal(texts[key], (numbers[key] / 1e3).toFixed(3));
                compared++;
            }
        }
        assert.ok(compared >= 4 * facts.command.length);
        await page.locator("#system").uncheck();
        for (const [key, value] of Object.entries(facts.means))
            near(Number(await page.locator(`.metrics tfoot td[data-key=${key}]`).getAttribute("data-value")), value, `mean ${key}`);
        await page.locator(".metrics th[data-key=waiting] button").click();
        const sorted = (await rows()).map(([, numbers]) => numbers.waiting);
        assert.deepEqual(sorted, [...sorted].sort((a, b) => a - b));
        assert.equal(await page.locator(".metrics th[data-key=waiting]").getAttribute("aria-sort"), "ascending");
    },

    async zoom(page) {
        const [from, to] = await view(page), at = await locate(page, { least: 6 });
        assert.equal(await pixel(page, at), await page.evaluate(level => kinglet.colors.levels[level], at.level));
        const under = () => page.evaluate(x => {
            const chart = kinglet.charts[0];
            return chart.us(chart.span().ticks(x - chart.canvas.getBoundingClientRect().left));
        }, at.x);
        const before = await under();
        await page.mouse.move(at.x, at.y);
        await page.keyboard.down("Control");
        for (let i = 0; i < 4; i++) await page.mouse.wheel(0, -120);
        await page.keyboard.up("Control");
        await frame(page);
        const [near0, near1] = await view(page);
        assert.ok(near1 - near0 < (to - from) / 3, "the wheel with Ctrl zooms");
        near(await under(), before, "what is under the pointer stays there", (near1 - near0) / 200);
        assert.equal(await pixel(page, at), await page.evaluate(level => kinglet.colors.levels[level], at.level));

        await page.mouse.down();
        await page.mouse.move(at.x + 100, at.y, { steps: 4 });
        await page.mouse.up();
        const [dragged0, dragged1] = await view(page);
        near(dragged1 - dragged0, near1 - near0, "dragging keeps the length", 1);
        assert.ok(dragged0 < near0, "dragging to the right shows what was before");
        await page.mouse.move(at.x, at.y);
        await page.keyboard.down("Shift");
        await page.mouse.wheel(0, 100);
        await page.keyboard.up("Shift");
        assert.ok((await view(page))[0] > dragged0, "Shift and the wheel pan");
        await page.locator("#in").click();
        assert.ok((await view(page))[1] - (await view(page))[0] < dragged1 - dragged0);
        await page.locator("#all").click();
        assert.deepEqual(await view(page), [from, to]);
        for (let i = 0; i < 40; i++) await page.keyboard.press("+");
        const [close0, close1] = await view(page);
        assert.ok(close1 - close0 >= 4.9, "not closer than the clock can tell");
        await page.screenshot({ path: `${facts.shots}/close.png` });
    },

    async hover(page) {
        const at = await locate(page, facts);
        assert.ok(at, "the run is in the page");
        await page.mouse.move(at.x, at.y);
        await tip(page).waitFor();
        assert.ok((await tip(page).textContent()).includes(facts.words), `${await tip(page).textContent()}\n${facts.words}`);
        await page.screenshot({ path: `${facts.shots}/hover.png` });
        await page.mouse.move(5, 5);
        await tip(page).waitFor({ state: "hidden" });
        const queue = await page.evaluate(() => {
            const chart = kinglet.charts[0], lane = chart.lanes.find(l => l.kind === "queue"), queue = chart.model.queues[0];
            const i = queue.lengths.indexOf(queue.longest), at = (queue.times[i] + queue.times[i + 1]) / 2;
            chart.view.show(chart.us(queue.times[i]) - 10, chart.us(queue.times[i + 1]) + 10);
            const box = chart.canvas.getBoundingClientRect();
            return { x: box.left + chart.span().x(at), y: box.top + 26 + lane.y - chart.scroller.scrollTop + 10, longest: queue.longest };
        });
        await frame(page);
        await page.mouse.move(queue.x, queue.y);
        await tip(page).waitFor();
        const words = await tip(page).textContent();
        assert.match(words, new RegExp(`Queue 0.*: ${queue.longest} ready`));
        assert.equal(words.match(/\(\d+\)/g).length, queue.longest, "and who they are");
    },

    async search(page) {
        await page.keyboard.press("/");
        await page.keyboard.type("pulse");
        await page.locator("#found", { hasText: /^1 of \d+$/ }).waitFor();
        const selected = () => page.evaluate(() => {
            const s = kinglet.charts[0].selected.segment;
            return [s.process.name, s.state, s.index];
        });
        assert.equal((await selected())[0], "pulse");
        await page.locator("#search").fill("used its slice");
        await page.waitForFunction(() => kinglet.searched === "used its slice");
        await page.locator("#found", { hasText: /^1 of \d+$/ }).waitFor();
        const all = Number((await page.locator("#found").textContent()).split(" ")[2]);
        assert.ok(all > 4, `${all} hits`);
        const first = await selected();
        assert.ok((await tip(page).textContent()).includes("used its slice"), await tip(page).textContent());
        await page.keyboard.press("Escape");
        await page.keyboard.press("n");
        assert.equal(await page.locator("#found").textContent(), `2 of ${all}`);
        assert.notDeepEqual(await selected(), first);
        await frame(page);
        const inView = await page.evaluate(() => {
            const chart = kinglet.charts[0], s = chart.selected.segment;
            return chart.us(s.from) >= chart.view.from - 1 && chart.us(s.to) <= chart.view.to + 1;
        });
        assert.ok(inView, "a hit is brought into view");
        await page.keyboard.press("N");
        await page.keyboard.press("N");
        assert.equal(await page.locator("#found").textContent(), `${all} of ${all}`);
        await page.screenshot({ path: `${facts.shots}/search.png` });
        await page.locator("#search").fill("no such thing");
        await page.locator("#found", { hasText: "nothing found" }).waitFor();
    },

    async keys(page) {
        const [from, to] = await view(page);
        await page.keyboard.press("Tab");
        while (!await page.evaluate(() => document.activeElement.className === "scroller")) await page.keyboard.press("Tab");
        const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
        assert.notEqual(outline, "none", "focus can be seen");
        await page.keyboard.press("+");
        await page.keyboard.press("+");
        const [in0, in1] = await view(page);
        assert.ok(in1 - in0 < (to - from) / 2);
        await page.keyboard.press("ArrowRight");
        assert.ok((await view(page))[0] > in0);
        await page.keyboard.press("ArrowLeft");
        near((await view(page))[0], in0, "back again", 1);
        await page.keyboard.press("-");
        assert.ok((await view(page))[1] - (await view(page))[0] > in1 - in0);
        await page.keyboard.press("Home");
        assert.deepEqual(await view(page), [from, to]);

        const lane = () => page.evaluate(() => kinglet.charts[0].selected?.lane.label ?? null);
        await page.keyboard.press(".");
        assert.equal(await lane(), "Hart 0");
        await page.keyboard.press("ArrowDown");
        assert.match(await lane(), /\(\d+\)$/);
        const words = async () => (await page.locator("#spoken").textContent()).trim();
        const first = await words();
        assert.match(first, /(ran|ready for|blocked for) /);
        assert.equal(await tip(page).isVisible(), true, "the tooltip needs no mouse");
        for (let i = 0; i < 3; i++) await page.keyboard.press(".");
        assert.notEqual(await words(), first);
        for (let i = 0; i < 3; i++) await page.keyboard.press(",");
        assert.equal(await words(), first);
        await page.keyboard.press("Enter");
        assert.ok((await view(page))[1] - (await view(page))[0] < to - from);
        await page.screenshot({ path: `${facts.shots}/keys.png` });
        await page.keyboard.press("Escape");
        assert.equal(await lane(), null);
        assert.equal(await tip(page).isVisible(), false);

        const rows = () => page.locator(".metrics tbody tr").count();
        const few = await rows();
        await page.keyboard.press("s");
        assert.ok(await rows() > few);
        await page.keyboard.press("s");
        assert.equal(await rows(), few);
        await page.keyboard.press("?");
        assert.equal(await page.locator("dialog").isVisible(), true);
        await page.screenshot({ path: `${facts.shots}/help.png` });
        await page.keyboard.press("Escape");
        assert.equal(await page.locator("dialog").isVisible(), false);
    },

    async themes(page, browser) {
        const back = page_ => page_.evaluate(() => getComputedStyle(document.body).backgroundColor);
        assert.equal(await back(page), "rgb(255, 255, 255)");
        await page.screenshot({ path: `${facts.shots}/light.png`, fullPage: true });
        const dark = await open(browser, { colorScheme: "dark" });
        assert.equal(await back(dark), "rgb(20, 23, 28)");
        const at = await locate(dark, { least: 6 });
        assert.equal(await pixel(dark, at), await dark.evaluate(level => kinglet.colors.levels[level], at.level));
        await dark.screenshot({ path: `${facts.shots}/dark.png`, fullPage: true });
        await dark.locator("#theme").click();
        assert.equal(await back(dark), "rgb(255, 255, 255)");
        await page.keyboard.press("t");
        assert.equal(await back(page), "rgb(20, 23, 28)");
    },

    async many(page) {
        const took = Number(await page.evaluate(() => document.documentElement.dataset.drawn));
        assert.ok((await page.locator("#summary").textContent()).includes(`${facts.switches.toLocaleString("en")} switches`));
        assert.equal(await page.locator(".metrics tbody tr").count(), facts.processes);
        assert.match(await page.locator("#notes").textContent(), /[\d,]+ wake-ups in view: zoom in/);
        await page.screenshot({ path: `${facts.shots}/many.png`, fullPage: true });
        const painted = await page.evaluate(() => {
            const chart = kinglet.charts[0], { canvas } = chart, k = devicePixelRatio, context = canvas.getContext("2d");
            const colours = new Set(kinglet.colors.levels.slice(0, chart.model.levels));
            const hex = (d, i) => "#" + [d[i], d[i + 1], d[i + 2]].map(v => v.toString(16).padStart(2, "0")).join("");
            const lane = chart.lanes.find(l => l.kind === "hart");
            const y = (26 + lane.y + lane.height - 6) * k;
            const row = context.getImageData(140 * k, y, (chart.plot - 20) * k, 1).data;
            let bars = 0;
            for (let i = 0; i < row.length; i += 4) bars += colours.has(hex(row, i));
            return bars / (row.length / 4);
        });
        assert.ok(painted > 0.9, `a busy hart looks busy: ${painted}`);
        const redraw = await page.evaluate(() => {
            const start = performance.now();
            for (let i = 0; i < 10; i++) kinglet.charts[0].draw();
            return (performance.now() - start) / 10;
        });
        for (let i = 0; i < 12; i++) await page.locator("#in").click();
        await frame(page);
        assert.equal(await page.locator("#notes").textContent(), "");
        await page.screenshot({ path: `${facts.shots}/many-zoomed.png` });
        const start = Date.now();
        await page.locator("#search").fill("moved to level 3");
        await page.locator("#found", { hasText: /^1 of \d+$/ }).waitFor();
        console.log(`first_draw_ms=${took} redraw_ms=${redraw.toFixed(1)} search_ms=${Date.now() - start}`);
        assert.ok(took < 60_000);
    },

    async crowd(page) {
        const lanes = () => page.evaluate(() => kinglet.charts[0].lanes.filter(l => l.kind === "process").map(l => l.process.pid));
        assert.equal((await lanes()).length, 61);
        for (let i = 0; i < 7; i++) await page.keyboard.press("+");
        const [from, to] = await view(page);
        const few = await lanes();
        assert.equal(few[0], 4, "the shell lives all the time");
        assert.ok(few.length - 1 <= (to - from) / 10_000 + 2 && few.length > 1, `${few}`);
        const last = page.locator(".metrics tr[data-pid=\"64\"] button");
        assert.equal(await last.textContent(), "sh (64)");
        await last.click();
        await frame(page);
        assert.ok((await lanes()).includes(64), "who is chosen in the table has a lane");
        assert.match(await tip(page).textContent(), /^sh \(64\)ready for 50 µs at level 0 \(new\)/);
        assert.equal(await tip(page).isVisible(), true);
        await page.keyboard.press("Home");
        assert.equal((await lanes()).length, 61);
    },

    async lost(page) {
        assert.match(await page.locator("#notes").textContent(), /1,234 records of hart 0 were lost/);
    },

    async broken(page) {
        assert.match(await page.locator("#summary").textContent(), /cannot be shown: this is no trace\.bin/);
    },

    async plain(page) {
        assert.equal(await page.locator("h1").textContent(), "plain");
        assert.ok(await page.locator(".metrics tbody tr").count() > 3);
    },

    async compare(page, browser) {
        const policies = Object.keys(facts.means);
        assert.deepEqual(await page.$$eval("section.policy", all => all.map(s => s.dataset.policy)), policies);
        for (const policy of policies) {
            for (const [key, value] of Object.entries(facts.means[policy])) {
                const row = `.compared tr[data-policy=${policy}] td[data-key=${key}]`;
                const table = `section[data-policy=${policy}] tfoot td[data-key=${key}]`;
                for (const where of [row, table])
                    near(Number(await page.locator(where).getAttribute("data-value")), value, `${where}`);
            }
        }
        await page.screenshot({ path: `${facts.shots}/compare.png`, fullPage: true });
        await page.locator("#in").click();
        const spans = await page.evaluate(() => kinglet.charts.map(c => [c.us(c.span().from), c.us(c.span().to)]));
        for (const [from, to] of spans) {
            near(from, spans[0][0], "all charts show the same time");
            near(to, spans[0][1], "all charts show the same time");
        }
        const second = await page.evaluate(() => {
            const chart = kinglet.charts[1], found = chart.find(chart.shown.at(-1).segments.at(-1));
            chart.scroller.scrollIntoView();
            chart.go(found);
            return chart.shown.at(-1).name;
        });
        await frame(page);
        assert.ok((await tip(page).textContent()).startsWith(second));
        const picture = await browser.newPage({ viewport: { width: 1140, height: 1000 } });
        await picture.goto(`file://${facts.svg}`);
        await picture.screenshot({ path: `${facts.shots}/compare-svg.png` });
    },
};

const troubles = [];

async function open(browser, options = {}) {
    const page = await browser.newPage({ viewport: { width: 1400, height: 1000 }, colorScheme: "light", ...options });
    page.on("console", message => {
        if (["error", "warning"].includes(message.type()) && !message.text().includes("willReadFrequently")) // the tests read
            troubles.push(message.text());
    });
    page.on("pageerror", error => troubles.push(String(error)));
    page.on("request", request => { if (request.url() !== facts.page && !request.url().startsWith("data:")) troubles.push(`asked for ${request.url()}`); });
    await page.goto(facts.page);
    await page.waitForFunction(() => document.documentElement.dataset.drawn !== undefined ||
        document.getElementById("summary").textContent.includes("cannot"));
    return page;
}

const browser = await chromium.launch({ executablePath: facts.browser, args: process.getuid() === 0 ? ["--no-sandbox"] : [] });
try {
    const page = await open(browser);
    page.setDefaultTimeout(20_000);
    await scenarios[name](page, browser);
    const unexpected = troubles.filter(text => !facts.allowed || !text.includes(facts.allowed));
    assert.deepEqual(unexpected, []);
} finally {
    await browser.close();
}
