"""Futexes (user/test/futex.c) and the locks of lib/mp (mp_locks.c, mp_waits.c, mp_shared.c), seen from inside."""

import collections
import re

import pytest

from inside import cases, verdict

SETTINGS = [{}, {"debug": True}, {"smp": 4, "debug": True}]
IDS = ["", "checks", "4 harts"]
GETPPID = 8               # SYS_getppid: marks where the program's part without system calls begins and ends
EXACT = {"icount": True}  # guest time is exact, and so are timeouts
PROGRAMS = ("mp_locks", "mp_waits", "mp_shared")


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


def test_an_end_wakes_some_and_these_the_others(kinglet):
    """However many watch a thread for its robust lock: all at once would hold up its hart for longer than any path may."""
    result = kinglet.run("/test/futex hundreds_hear_of_an_owners_end", trace=True)
    assert "hundreds_hear_of_an_owners_end: ok" in result.lines
    wakes = collections.Counter(re.findall(r" wake pid=\d+ name=futex .*by=(\d+)$", result.trace, re.MULTILINE))
    assert 32 <= max(wakes.values()) <= 32 + 2, wakes  # a batch, and its parent
