"""Futexes (user/test/futex.c) and the locks of lib/mp (mp_locks.c, mp_waits.c), seen from inside."""

import re

import pytest

from inside import cases, verdict

SETTINGS = [{}, {"debug": True}, {"smp": 4, "debug": True}]
IDS = ["", "checks", "4 harts"]
EXACT = {"icount": True}  # guest time is exact, and so are timeouts
PROGRAMS = [name for name in ("mp_locks", "mp_waits")]


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
    for line in result.trace.splitlines():
        found = re.search(r"\bsyscall_enter\b.*", line)
        if found:
            pid, number = re.search(r"\bpid[= ](\d+)", line)[1], re.search(r"number[= ](\w+)", line)[1]
            calls.setdefault(pid, []).append(number)
    counted = [between(numbers) for numbers in calls.values() if numbers.count("getppid") >= 2]
    assert counted == [0]


def between(numbers):
    """How many calls lie between the first and the second getppid."""
    first = numbers.index("getppid")
    return numbers.index("getppid", first + 1) - first - 1
