"""A fifth policy is one file: what docs/adding-a-policy.md does, done."""

import os
import pathlib
import re
import shutil
import subprocess

from kinglet import LIMIT, Kinglet
from sched_trace import MS, Trace

ROOT = pathlib.Path(__file__).resolve().parent.parent
HOGS = [f"h{i}" for i in range(4)]


def test_a_policy_is_one_file(tmp_path):
    text = (ROOT / "docs/adding-a-policy.md").read_text()
    program = re.search(r"```c\n(.*?)```", text, re.S)[1]
    tree = tmp_path / "tree"
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns("build", ".git", "node_modules"))
    (tree / "kernel/sched/lottery.c").write_text(program)
    made = subprocess.run(["make", "-s", "image", "STRICT_WARNINGS=1", "KINGLET_SETUP_DONE=1"], cwd=tree, text=True,
                          capture_output=True, timeout=10 * LIMIT, env={**os.environ, "MAKEFLAGS": ""})
    assert made.returncode == 0, made.stdout + made.stderr
    build = subprocess.run(["make", "-s", "show-build", "KINGLET_SETUP_DONE=1"], cwd=tree, text=True,
                           capture_output=True, check=True, timeout=LIMIT).stdout.strip()

    guests = Kinglet(f"lottery-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}")
    try:
        work = " ".join(f"{name}:u{20000 + 10 * i},c50000" for i, name in enumerate(HOGS))
        result = guests.run(f"schedctl -a; sched_work {work}; schedctl policy=mlfq; schedctl policy=lottery; ls /bin",
                            kernel=str(tree / build / "kernel.elf"), initrd=str(tree / build / "initrd.cpio"), icount=True,
                            trace=True, sched="lottery", append="quantum=2ms")
    finally:
        guests.stop_all()
    assert "policy=lottery" in result.text and "pinfo" in result.text
    trace = Trace(result.trace)
    runs = [run for run in trace.runs_of(*HOGS) if run.ticks > 1 * MS]
    # 4 hogs of 50 ms in quanta of 2 ms: a hundred draws, in which each wins, twice in a row too, in no fixed order. One
    # that wins twice in a row runs on, so there are fewer runs: three quarters of that, more or less.
    assert sum(round(run.ticks / (2 * MS)) for run in runs) >= 95
    assert 60 <= len(runs) <= 90
    follows = {(one.pid, two.pid) for one, two in zip(runs, runs[1:])}
    assert len(follows) >= 12
    assert {run.cause for run in runs} <= {"slice", "exit"}
