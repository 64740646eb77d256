"""What the demo of lib/mp's Manager shows: tests/cases/demos_manager.txt; and what its lock is good for."""

import re

import pytest

from cases import Group, read_cases
from kinglet import ROOT, make


@pytest.fixture(scope="module")
def group():
    return Group("demos_manager")


@pytest.mark.parametrize("case", read_cases("demos_manager"), ids=lambda case: case.promise)
def test_output(group, case):
    group.check(case)


def test_demos_give_everything_back(group):
    group.finish()


def test_on_four_harts_no_point_is_lost(kinglet):
    assert "all together   5100" in kinglet.run("manager_scoreboard", smp=4).lines


def test_its_lock_is_what_keeps_the_points(tmp_path):
    """What the demo's comment says. When each player pauses between get and set, points are lost without the lock."""
    with open(f"{ROOT}/user/demo/manager_scoreboard.c") as file:
        text, pauses = re.subn(r"now \+= points;", r"\g<0> usleep(100);", file.read())
    without, locks = re.subn(r"mp_manager_lock_(acquire|release)\(&lock(, -1)?\)", "0", text)
    assert pauses == 1 and locks == 2
    for name, source in ("locked", text), ("unlocked", without):
        (tmp_path / f"{name}.c").write_text("#include <unistd.h>\n" + source)
    result = make("run", f"EXTRA={tmp_path}/locked.c {tmp_path}/unlocked.c", "CMD=locked; unlocked", "SMP=4")
    assert result.returncode == 0, result.stderr
    locked, unlocked = (int(points) for points in re.findall(r"^all together +(\d+)$", result.stdout, re.MULTILINE))
    assert locked == 5100
    assert unlocked < 5100
