/* node trace_svg.mjs TITLE COMMAND POLICY=TRACE.BIN...: the SVG on standard output. Built by build.mjs. */

import fs from "node:fs";

import { buildModel } from "./model.js";
import { compareSvg } from "./svg.js";
import { decode } from "./trace_file.js";

/* global KINGLET_TABLES */

const [title, command, ...traces] = process.argv.slice(2);
process.stdout.write(compareSvg(traces.map(word => {
    const at = word.indexOf("=");
    return { policy: word.slice(0, at), model: buildModel(decode(fs.readFileSync(word.slice(at + 1))), KINGLET_TABLES) };
}), title, command));
