#!/usr/bin/env python3
"""The page that shows a trace: one HTML file with the trace inside, which opens without a network.

    trace_page.py TRACE.BIN OUT.HTML [TITLE]
    trace_page.py --template            builds the template if need be, and prints its path

The template is made of tools/trace_page/ by node and npm, once (build/host/trace_page.html). Two marks in it are
replaced: @TITLE@ by the title (escaped for HTML), @TRACE_BASE64@ by the trace: base64 of trace.bin, on one
line, with "deflate " before it if the bytes are zlib's, and "policy=NAME " if there are several lines, to compare.
"""

import base64
import contextlib
import fcntl
import html
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import zlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = ROOT / "tools/trace_page"
HEADER = ROOT / "lib/common/include/kinglet/trace.h"
BUILD = ROOT / "build/host/trace_page"   # node_modules, and what goes with them
TEMPLATE = ROOT / "build/host/trace_page.html"
SVG_TOOL = ROOT / "build/host/trace_svg.mjs"
TITLE_MARK, TRACE_MARK = "@TITLE@", "@TRACE_BASE64@"


class PageError(Exception):
    """The page cannot be made; the text is for the user."""


def node():
    """The node that tools/setup found fit."""
    found = subprocess.run([ROOT / "tools/setup", "--node"], stdout=subprocess.PIPE, text=True).stdout.strip()
    if not found:
        raise PageError("no node 18 or later with npm (tools/setup trace installs them)")
    return found


def call(command, **settings):
    # npm's own scripts look for node on the PATH.
    path = os.path.dirname(command[0]) + os.pathsep + os.environ.get("PATH", os.defpath)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          env={**os.environ, "PATH": path}, **settings)
    if done.returncode:
        raise PageError(f"{' '.join(map(str, command))}\n{done.stdout}")
    return done.stdout


@contextlib.contextmanager
def locked(name):
    """One at a time: several tests may want the page built."""
    (ROOT / "build/host").mkdir(parents=True, exist_ok=True)
    with open(ROOT / "build/host" / name, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def newer(target, sources):
    return target.exists() and all(target.stat().st_mtime >= source.stat().st_mtime for source in sources)


def modules():
    """The folder with the packages of package-lock.json in node_modules; fetched when they are not those."""
    with locked("trace_page.modules.lock"):
        done, lock = BUILD / "installed", SOURCE / "package-lock.json"
        wanted = lock.read_bytes()
        if not done.exists() or done.read_bytes() != wanted:
            BUILD.mkdir(parents=True, exist_ok=True)
            for name in "package.json", "package-lock.json", ".npmrc":
                shutil.copyfile(SOURCE / name, BUILD / name)
            found = node()
            npm = pathlib.Path(found).with_name("npm")
            print("  NPM     tools/trace_page", file=sys.stderr, flush=True)
            call([found, npm if npm.exists() else shutil.which("npm"), "ci", "--no-progress"], cwd=BUILD)
            done.write_bytes(wanted)
    return BUILD


def template():
    """The template's path; built when it is missing or older than what it is made of."""
    where = modules()
    sources = [path for path in SOURCE.rglob("*") if path.is_file() and "test" not in path.parts] + [HEADER]
    with locked("trace_page.build.lock"):
        if not (newer(TEMPLATE, sources) and newer(SVG_TOOL, sources)):
            print("  PAGE    build/host/trace_page.html", file=sys.stderr, flush=True)
            call([node(), SOURCE / "build.mjs", where, TEMPLATE, SVG_TOOL])
    return TEMPLATE


def word(trace_bin, policy=""):
    """One line of the page's trace element."""
    data = base64.b64encode(zlib.compress(pathlib.Path(trace_bin).read_bytes(), 6)).decode()
    return (f"policy={policy} " if policy else "") + "deflate " + data


def fill(text, title, lines):
    for mark in TITLE_MARK, TRACE_MARK:
        if text.count(mark) != 1:
            raise PageError(f"{TEMPLATE} has {text.count(mark)} times {mark}")
    return text.replace(TITLE_MARK, html.escape(title)).replace(TRACE_MARK, "\n".join(lines))


def put(path, text):
    """Write a file so that nobody sees half of it."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=path.name, delete=False, encoding="utf-8") as out:
        out.write(text)
    umask = os.umask(0)
    os.umask(umask)
    os.chmod(out.name, 0o666 & ~umask)
    os.replace(out.name, path)


def write(trace_bin_path, html_path, title):
    """The page of one trace."""
    put(html_path, fill(template().read_text(encoding="utf-8"), title, [word(trace_bin_path)]))


def write_compare(traces, html_path, svg_path, title, command):
    """The page and the picture (SVG) of the same work under several policies: [(policy, path of trace.bin)]."""
    for policy, _ in traces:
        if not re.fullmatch(r"[\w-]+", policy):
            raise PageError(f"{policy!r} is no name of a policy")
    lines = [word(path, policy) for policy, path in traces]
    put(html_path, fill(template().read_text(encoding="utf-8"), f"{title}: {command}" if command else title, lines))
    if svg_path:
        put(svg_path, call([node(), SVG_TOOL, title, command, *(f"{policy}={path}" for policy, path in traces)]))


def main(arguments):
    try:
        if arguments == ["--template"]:
            print(os.path.relpath(template()))
            return 0
        if len(arguments) not in (2, 3) or arguments[0].startswith("-"):
            print("\n".join(__doc__.splitlines()[2:4]), file=sys.stderr)
            return 2
        write(arguments[0], arguments[1], arguments[2] if len(arguments) == 3 else pathlib.Path(arguments[0]).stem)
    except (PageError, OSError) as error:
        print(f"trace_page: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
