/* Search: processes by name or number, and slices by the words that say what happened. Pure. */

import { english as words } from "./words.js";

/** Hits in order of time: [{process, segment, whole}]; whole: the process itself was found, `segment` is its first.
 *  Hits of slices do not count the names of their own process. */
export function search(model, shown, text) {
    const wanted = text.trim().toLowerCase();
    if (!wanted) return [];
    const hits = [];
    for (const p of shown) {
        if (words.who(p).toLowerCase().includes(wanted) || String(p.pid) === wanted)
            hits.push({ process: p, segment: p.segments[0], whole: true });
        for (const s of p.segments)
            if (words.segment(s, (s.to - s.from) * 1e6 / model.hz).toLowerCase().includes(wanted))
                hits.push({ process: p, segment: s, whole: false });
    }
    return hits.sort((a, b) => a.segment.from - b.segment.from || Number(b.whole) - Number(a.whole));
}
