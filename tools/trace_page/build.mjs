/*
 * node build.mjs MODULES PAGE.HTML TOOL.MJS: bundles src/ with the packages in MODULES/node_modules into the template
 * of the page, one file, and into the program that draws the SVG. The tables come from trace.h, here and only here.
 */

import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { readTables } from "./src/tables.js";

const here = path.dirname(fileURLToPath(import.meta.url));
const [modules, page, tool] = process.argv.slice(2).map(name => path.resolve(name));
const esbuild = createRequire(path.join(modules, "package.json"))("esbuild");
const source = name => path.join(here, "src", name);
const tables = readTables(fs.readFileSync(path.join(here, "../../lib/common/include/kinglet/trace.h"), "utf8"));

const common = {
    bundle: true, write: false, metafile: true, minify: true, charset: "utf8", legalComments: "none",
    nodePaths: [path.join(modules, "node_modules")], absWorkingDir: here, logLevel: "warning",
    define: { KINGLET_TABLES: JSON.stringify(tables) },
};

/** The licences of the packages that went in, as they ask for. */
function licences(inputs) {
    const folders = new Set(Object.keys(inputs).map(name => name.match(/.*node_modules\/(@[^/]+\/)?[^/]+/)?.[0]).filter(Boolean));
    return [...folders].sort().map(folder => {
        const at = path.resolve(here, folder);
        const file = fs.readdirSync(at).find(name => /^licen[cs]e/i.test(name));
        return `${path.basename(folder)}:\n${file ? fs.readFileSync(path.join(at, file), "utf8").trim() : "no licence file"}`;
    }).join("\n\n");
}

const script = await esbuild.build({ ...common, entryPoints: [source("page.js")], format: "iife", target: ["es2022"] });
const style = await esbuild.build({ ...common, entryPoints: [source("page.css")] });
const program = await esbuild.build({ ...common, entryPoints: [source("svg_main.js")], format: "esm", platform: "node", target: ["node18"], minify: false });

// In a page the end of the script is the first thing that looks like one; so for comments.
const code = script.outputFiles[0].text.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
const html = fs.readFileSync(source("page.html"), "utf8")
    .replace("/* STYLE */", () => style.outputFiles[0].text)
    .replace("<script>/* SCRIPT */</script>", () => `<!--\nPackages in the script below:\n\n${licences(script.metafile.inputs).replaceAll("--", "- -")}\n-->\n<script>${code}</script>`);

function put(file, text) {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(`${file}.new`, text);
    fs.renameSync(`${file}.new`, file);
}
put(tool, program.outputFiles[0].text);
put(page, html);
