/*
 * The tables of lib/common/include/kinglet/trace.h as data: events, causes of a switch, reasons to wait.
 * Read when the page is built (build.mjs) and by the tests, so that the page has no second copy of them.
 */

function rows(text, macro, letter) {
    const found = text.match(new RegExp(`#define ${macro}\\(${letter}\\)((?:.*\\\\\\n)*.*\\n)`));
    if (!found) return null;
    return [...found[1].matchAll(new RegExp(`${letter}\\((\\d+), ([^()]*)\\)`, "g"))].map(([, number, rest]) =>
        [Number(number), ...rest.split(",").map(word => word.trim().replace(/^"(.*)"$/, "$1"))]);
}

/** {events: {number: {name, small, arg}}, number: {name: number}, causes: {number: name}, reasons: {number: words}
 *  or null where the header has no such table and a reason is four characters}. */
export function readTables(text) {
    const events = rows(text, "KINGLET_TRACE_EVENTS", "T");
    const causes = rows(text, "KINGLET_SWITCH_CAUSES", "C");
    if (!events?.length || !causes?.length) throw new Error("trace.h has no table of events or of causes");
    const reasons = rows(text, "KINGLET_WAIT_REASONS", "R");
    return {
        events: Object.fromEntries(events.map(([number, name, small, arg]) => [number, { name, small, arg }])),
        number: Object.fromEntries(events.map(([number, name]) => [name, number])),
        causes: Object.fromEntries(causes.map(([number, name]) => [number, name])),
        reasons: reasons && Object.fromEntries(reasons.map(([number, , words]) => [number, words])),
    };
}
