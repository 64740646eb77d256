"""Futexes (user/test/futex.c) and the locks of lib/mp (mp_locks.c, mp_waits.c), seen from inside."""

import re

import pytest

from inside import cases, verdict

SETTINGS = [{}, {"debug": True}, {"smp": 4, "debug": True}]
IDS = ["", "checks", "4 harts"]
GETPPID = 8               # SYS_getppid: marks where the program's part without system calls begins and ends
EXACT = {"icount": True}  # guest time is exact, and so are timeouts
PROGRAMS = ("mp_locks", "mp_waits")


@pytest.mark.parametrize("settings", [*SETTINGS, EXACT], ids=[*IDS, "icount"])
@pytest.mark.parametrize("case", cases("futex"))
def test_futex(kinglet, case, settings):
    verdict(kinglet, "futex", case, **settings)


@pytest.mark.parametrize("settings", SETTINGS, ids=IDS)
@pytest.mark.parametrize("program,case", [(p, c) for p in PROGRAMS for c in cases(p)])
def test_primitives(kinglet, program, case, settings):
    verdict(kinglet, program, case, **settings)


@pytest.mark.parametrize("program,case", [(p, c) for p in PROGRAMS for c in cases(p)])
def test_primitives_in_exact_time(kinglet, program, case):
    """Timeouts take as long as they say, and at most 2 ms more."""
    verdict(kinglet, f"{program} all exact", case, **EXACT)


def test_what_is_free_enters_no_kernel(kinglet):
    result = kinglet.run("/test/mp_locks free_locks_enter_no_kernel", trace=True)
    assert "free_locks_enter_no_kernel: ok" in result.lines
    calls = {}
    for pid, number in re.findall(r" syscall_enter pid=(\d+) .*number=(\d+)$", result.trace, re.MULTILINE):
        calls.setdefault(pid, []).append(int(number))
    marked = [numbers for numbers in calls.values() if numbers.count(GETPPID) == 2]
    assert len(marked) == 1
    first = marked[0].index(GETPPID)
    assert marked[0][first + 1] == GETPPID, marked[0]
