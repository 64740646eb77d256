"""The page that shows a trace (tools/trace_page.py): its model under node, and the page itself in a browser.

What the browser does is in tools/trace_page/test/browser.mjs, one scenario per test; the numbers it compares with come
from here (trace_bin.py), computed from the trace without the page's code. Pictures: build/test-output/trace_page/.
"""

import base64
import fcntl
import glob
import json
import os
import pathlib
import re
import subprocess
import types
import xml.etree.ElementTree

import pytest
import trace_bin
from kinglet import LIMIT, ROOT, image, make

import compare
import trace_page

SCRATCH = pathlib.Path(ROOT, "build/test-output/trace_page")
WORK = "/test/sched_work long:c120000 short:c15000 pulse:c1000,s9000,*25 late:s60000,c30000"


def run_node(*arguments):
    done = subprocess.run([trace_page.node(), *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=3 * LIMIT)
    assert done.returncode == 0, done.stdout[-6000:]
    return done.stdout


def made_once(name, build):
    """A file that all of pytest's workers use."""
    SCRATCH.mkdir(parents=True, exist_ok=True)
    path = SCRATCH / name
    with open(SCRATCH / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        newest = max(os.path.getmtime(f"{image()}/{part}") for part in ("kernel.elf", "initrd.cpio"))
        if not path.exists() or path.stat().st_mtime < max(newest, os.path.getmtime(trace_bin.__file__)):
            build(path)
    return path


def recorded(policy="mlfq", smp="1", command=WORK):
    """The trace of a guest that did the work."""
    options = types.SimpleNamespace(kernel=f"{image()}/kernel.elf", initrd=f"{image()}/initrd.cpio", mem="128M", smp=smp,
                                    append="", command=command, qemu=os.environ.get("QEMU", ""), timeout=str(LIMIT))

    def build(path):
        status, text = compare.record(options, policy, path)
        assert status == 0, text
    return made_once(f"{policy}-{smp}.bin", build)


def browse(scenario, page, **expected):
    """Runs one scenario of browser.mjs on a page; gives what it printed."""
    browser = subprocess.run([f"{ROOT}/tools/setup", "--browser"], stdout=subprocess.PIPE, text=True).stdout.strip()
    if not browser:
        if os.environ.get("CI"):
            pytest.fail("no browser: tools/setup test installs one")
        pytest.skip("no Chromium here")
    facts = SCRATCH / f"{scenario}.json"
    facts.write_text(json.dumps({"browser": browser, "page": pathlib.Path(page).as_uri(),
                                 "shots": str(SCRATCH), **expected}))
    return run_node(f"{ROOT}/tools/trace_page/test/browser.mjs", str(trace_page.modules()), scenario, str(facts))


@pytest.fixture
def page(tmp_path):
    def write(trace, title="a title with <b>, & and \"quotes\""):
        path = tmp_path / "trace.html"
        trace_page.write(trace, path, title)
        return path
    return write


def a_used_slice(trace):
    """A run that used its slice and moved down: (pid, start in microseconds, the words)."""
    hz, events = trace_bin.read(trace)
    came, ranges = {}, []
    for n, e in enumerate(events):
        if e.name == "switch_in":
            came[e.hart] = e
        elif e.name == "demote" and came[e.hart].pid == e.pid and events[n - 1].name == "slice":
            out = next(f for f in events[n:] if f.name == "switch_out" and f.hart == e.hart)
            if out.pid == e.pid and out.ticks - e.ticks < 200:  # not one that went on
                begin = came[e.hart]
                ranges.append((e.pid, begin.ticks * 1e6 / hz, begin.small, (out.ticks - begin.ticks) * 1e3 / hz, e.small))
    pid, start, level, ms, to = max(ranges, key=lambda r: r[3])
    digits = 1 if ms >= 10 else 2
    time = f"{ms:.{digits}f}".rstrip("0").rstrip(".")
    return {"pid": pid, "start": start, "words": f"ran {time} ms at level {level}, used its slice, moved to level {to}"}


def test_the_model():
    run_node("--test", *sorted(glob.glob(f"{ROOT}/tools/trace_page/test/*.test.mjs")))


def test_nothing_about_a_machine_is_locked():
    lock = pathlib.Path(ROOT, "tools/trace_page/package-lock.json").read_text()
    assert "resolved" not in lock and "://" not in re.sub(r'"url": "[^"]*"', "", lock)


def test_the_template_has_each_mark_once_and_asks_for_nothing():
    text = trace_page.template().read_text()
    assert text.count("@TITLE@") == text.count("@TRACE_BASE64@") == 1
    assert ROOT not in text
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)=(?!.?data:)", text)


@pytest.mark.parametrize("smp", ["1", "2"])
def test_numbers_are_those_of_the_trace(page, smp):
    trace = recorded(smp=smp)
    numbers = trace_bin.numbers(trace)
    events = trace_bin.read(trace)[1]
    shell = trace_bin.shell(events)
    workers = {e.arg for e in events if e.name == "fork" and e.pid == shell}
    assert len(workers) == 4
    of_the_command = {pid: numbers[pid] for pid in workers | {shell} if pid in numbers}
    browse("numbers", page(trace), numbers=numbers, command=sorted(of_the_command),
           means={key: sum(numbers[pid][key] for pid in workers) / len(workers)
                  for key in ("turnaround", "response", "waiting", "running")},
           title="a title with <b>, & and \"quotes\"")


def test_zoom(page):
    browse("zoom", page(recorded()))


def test_hover_says_why(page):
    browse("hover", page(recorded()), **a_used_slice(recorded()))


def test_search(page):
    browse("search", page(recorded()))


def test_keyboard(page):
    browse("keys", page(recorded()))


def test_light_and_dark(page):
    browse("themes", page(recorded()))


def test_twenty_thousand_switches(page):
    print(browse("many", page(made_once("many.bin", trace_bin.many)), switches=20_000, processes=25))


def test_of_many_processes_those_in_view_have_lanes(page, tmp_path):
    browse("crowd", page(trace_bin.crowd(tmp_path / "crowd.bin")))


def test_lost_records_are_told(page, tmp_path):
    out = trace_bin.Writer()
    out.add(100, "switch_in", 0, 5)
    out.add(90_000, "switch_out", trace_bin.CAUSE["yield"], 5)
    browse("lost", page(out.save(tmp_path / "lost.bin", first=1234)))


def test_what_is_no_trace_is_told(page, tmp_path):
    trace = tmp_path / "not.bin"
    trace.write_bytes(b"something else, and longer than a header")
    browse("broken", page(trace), allowed="no trace.bin")


def test_a_c_program_can_fill_the_template(tmp_path):
    """As the simulator does: two replacements, and base64 of the bytes as they are."""
    data = base64.b64encode(pathlib.Path(recorded()).read_bytes()).decode()
    text = trace_page.template().read_text()
    path = tmp_path / "plain.html"
    path.write_text(text.replace("@TITLE@", "plain").replace("@TRACE_BASE64@", data))
    browse("plain", path)


def test_compare(tmp_path):
    """make compare: a run per policy, one page, one SVG, and the numbers of each trace in both."""
    out = tmp_path / "compared"
    done = make("-s", "compare", f"CMD={WORK}", f"OUT={out}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [f"{out}/compare.html", f"{out}/compare.svg"]
    expected = {}
    for policy in compare.policies():
        numbers = trace_bin.numbers(out / f"{policy}.bin")
        events = trace_bin.read(out / f"{policy}.bin")[1]
        shell = trace_bin.shell(events)
        children = [e.arg for e in events if e.name == "fork" and e.pid == shell]
        mine = [numbers[pid] for pid in children]
        expected[policy] = {key: sum(n[key] for n in mine) / len(mine) for key in ("turnaround", "response", "waiting")}
    browse("compare", out / "compare.html", means=expected, svg=str(out / "compare.svg"))

    svg = (out / "compare.svg").read_text()
    root = xml.etree.ElementTree.fromstring(svg)
    texts = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert not re.search(r"href|<script|<image|url\(", svg)
    for policy, means in expected.items():
        assert policy in texts
        for value in means.values():
            shown = [float(text) for text in texts if re.fullmatch(r"\d+\.\d{3}", text)]
            assert any(abs(number - value / 1e3) < 0.0006 for number in shown), (policy, value)


def test_compare_is_repeatable(tmp_path):
    """With one hart: the same picture, byte for byte."""
    pictures = []
    for name in "a", "b":
        done = make("-s", "compare", "CMD=seq 1 50 | wc", f"OUT={tmp_path / name}", "POLICIES=mlfq")
        assert done.returncode == 0, done.stderr
        pictures.append((tmp_path / name / "compare.svg").read_bytes())
    assert pictures[0] == pictures[1]


def test_compare_tells_what_is_wrong(tmp_path):
    done = make("-s", "compare", f"OUT={tmp_path}")
    assert done.returncode != 0 and "CMD= is empty" in done.stderr
    done = make("-s", "compare", "CMD=true", f"OUT={tmp_path}", "POLICIES=nosuch")
    assert done.returncode != 0 and "under nosuch" in done.stderr
    assert not (tmp_path / "compare.html").exists()


def test_compare_knows_all_policies(monkeypatch, tmp_path):
    assert compare.policies()[:4] == ["fcfs", "sjf", "rr", "mlfq"]
    room = tmp_path / "kernel/sched"
    room.mkdir(parents=True)
    for name in "mlfq", "lottery", "rr":
        (room / f"{name}.c").write_text('const struct sched_policy policy_%s = {\n    .name = "%s",\n};\n'
                                        "SCHED_POLICY(policy_%s);\n" % (name, name, name))
    (room / "other.c").write_text("int other(void);\n")
    monkeypatch.setattr(trace_page, "ROOT", tmp_path)
    assert compare.policies() == ["rr", "mlfq", "lottery"]
