"""docs/scheduling.md: its numbers are the simulator's, its pictures are those that are drawn, its exercises run."""

import pathlib
import re
import subprocess
import sys

import pytest

from kinglet import LIMIT, ROOT, image, make

import pictures  # in tools/

PAGES = ["docs/scheduling.md", "docs/zh/scheduling.md"]
COLUMNS = [["fcfs"], ["sjf"], ["sjf", "--preemptive"], ["rr"], ["mlfq"]]


def text(page):
    return pathlib.Path(ROOT, page).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def schedsim():
    assert make("-s", "schedsim").returncode == 0
    return f"{ROOT}/build/schedsim"


def means(schedsim, policy, jobs):
    done = subprocess.run([schedsim, "--policy", *policy, "--metrics", "-"], input="\n".join(jobs) + "\n", text=True,
                          capture_output=True, check=True, timeout=LIMIT)
    head, *_, last = (line.split(",") for line in done.stdout.splitlines())
    assert last[0] == "mean"
    return dict(zip(head, last))


@pytest.mark.parametrize("page", PAGES)
def test_the_table_says_what_the_simulator_does(page, schedsim):
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text(page).splitlines()
            if line.startswith("|") and line.count("|") == 8]
    jobs, checked = None, 0
    for what, number, *values in rows:
        jobs = re.findall(r"`([^`]+)`", what) or jobs
        if not jobs:
            continue
        key = {"turnaround": "turnaround", "response": "response", "waiting": "waiting", "周转": "turnaround",
               "响应": "response", "等待": "waiting"}[number]
        for policy, value in zip(COLUMNS, values):
            assert float(means(schedsim, policy, jobs)[key]) == pytest.approx(float(value)), (jobs, policy, key)
            checked += 1
    assert checked == 30


@pytest.mark.parametrize("page", PAGES)
def test_its_pictures_are_those_that_are_drawn(page):
    shown = {pathlib.Path(path).stem for path in re.findall(r"\]\(([^)]*pictures/[^)]*\.svg)\)", text(page))}
    assert shown == set(pictures.PICTURES)


def test_a_picture_is_drawn_from_a_run(tmp_path):
    done = subprocess.run([sys.executable, f"{ROOT}/tools/pictures.py", f"--kernel={image()}/kernel.elf", f"--initrd={image()}/initrd.cpio",
                           f"--out={tmp_path}", "gaming-keep"], cwd=ROOT, text=True, capture_output=True, timeout=5 * LIMIT)
    assert done.returncode == 0, done.stderr
    drawn = (tmp_path / "gaming-keep.svg").read_text()
    assert "gamer" in drawn and "honest" in drawn and "mlfq" in drawn
    nothing = subprocess.run([sys.executable, f"{ROOT}/tools/pictures.py", f"--kernel={image()}/kernel.elf", f"--initrd={image()}/initrd.cpio",
                              f"--out={tmp_path}", "no-such"], cwd=ROOT, text=True, capture_output=True, timeout=LIMIT)
    assert nothing.returncode == 1 and "convoy" in nothing.stderr


def test_the_exercises_run(kinglet):
    """Each command of theirs, under each policy, in one guest."""
    found = re.findall(r'`CMD="(run_jobs [^"]*)"', text(PAGES[0]))
    assert len(found) == 5 and found == re.findall(r'`CMD="(run_jobs [^"]*)"', text(PAGES[1]))
    script = "; ".join(f"schedctl policy={policy}; {command} && echo ran" for policy in ("fcfs", "sjf", "rr", "mlfq")
                       for command in found)
    result = kinglet.run(script, icount=True, limit=3 * LIMIT)
    assert result.lines.count("ran") == 4 * len(found)


def test_every_reason_to_wait_is_explained():
    header = pathlib.Path(ROOT, "lib/common/include/kinglet/trace.h").read_text()
    reasons = {words for _, words in re.findall(r'R\(\d+, (\w+), "([^"]+)"\)', header)} - {"-", "I/O"}  # io: the simulator's
    for page in ("docs/process-states.md", "docs/zh/process-states.md"):
        told = re.findall(r"^\| `([a-z ]+)` \|", text(page), re.MULTILINE)
        assert set(told) >= reasons, page
