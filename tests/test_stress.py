"""The stress programs (user/test/stress_*.c) for about a minute, with a new seed each time; `make soak` runs them for
long. The seed is in the output, and what repeats a failure: make run DEBUG=1 SMP=… CMD="/test/… -s SEED -t …"."""

import os
import subprocess
import sys
import zlib

import pytest

from inside import RUN_ID, cases, verdict
from kinglet import ROOT, image

PROGRAMS = ("stress_call", "stress_exec", "stress_futex", "stress_message", "stress_pipe", "stress_poll",
            "stress_submit", "stress_thread", "stress_time", "stress_tree")
SEED = zlib.crc32(RUN_ID.encode())  # the same for all workers of one test run
CASE_MS = 300


@pytest.mark.parametrize("harts", (1, 2, 4, 8))
@pytest.mark.parametrize("program,case", [(p, c) for p in PROGRAMS for c in cases(p)])
def test_nothing_is_lost_or_doubled_or_left_behind(kinglet, program, case, harts):
    verdict(kinglet, f"{program} -s {SEED + harts} -t {CASE_MS}", case, smp=harts, debug=True)


def soak(tmp_path, *more):
    build = image(debug=True)
    return subprocess.run([sys.executable, "tools/soak.py", f"--kernel={build}/kernel.elf",
                           f"--initrd={build}/initrd.cpio", f"--output={tmp_path}", *more],
                          cwd=ROOT, capture_output=True, text=True, timeout=600)


def test_a_soak_reports_what_it_did(tmp_path):
    done = soak(tmp_path, "--minutes=0.001", "--harts=1 2", "--seed=7", f"--qemu={os.environ.get('QEMU', '')}")
    assert done.returncode == 0, done.stdout + done.stderr
    report = (tmp_path / "report.md").read_text()
    assert "1 runs in" in report and "Found: nothing." in report and "Seed of the soak: 7" in report


def test_a_soak_stops_at_a_failure_and_says_how_to_repeat_it(tmp_path):
    build = image(debug=True)
    done = subprocess.run([sys.executable, "tools/soak.py", f"--kernel={build}/kernel.elf", "--minutes=1",
                           f"--initrd={ROOT}/README.md", f"--output={tmp_path}", "--seed=7"],
                          cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 1
    assert "make run DEBUG=1 SMP=" in done.stderr and " -s " in done.stderr
    assert [name for name in os.listdir(tmp_path) if name.startswith("failed-stress_")]
