"""Threads: what they share, how they and their process end, from inside (user/test/threads.c, thread_*.c); ps -T; stack growth."""

import re

import pytest

from inside import cases, verdict
from kinglet import LIMIT


PROGRAMS = ("threads", "thread_end", "thread_memory")


@pytest.mark.parametrize("program, case", [(p, case) for p in PROGRAMS for case in cases(p)])
def test_threads(kinglet, program, case):
    verdict(kinglet, program, case)


@pytest.mark.parametrize("program, case", [(p, case) for p in PROGRAMS for case in cases(p)])
def test_threads_with_all_kernel_checks_on_four_harts(kinglet, program, case):
    verdict(kinglet, program, case, smp=4, debug=True, limit=4 * LIMIT)


@pytest.mark.parametrize("case", cases("thread_exec"))
def test_exec_in_a_process_of_threads(kinglet, case):
    verdict(kinglet, "thread_exec", case)


@pytest.mark.parametrize("case", cases("thread_exec"))
def test_exec_in_a_process_of_threads_on_four_harts(kinglet, case):
    verdict(kinglet, "thread_exec", case, smp=4, debug=True, limit=4 * LIMIT)


def test_ps_shows_a_row_for_each_thread(kinglet):
    """And plain ps one for each process, with the time of all its threads."""
    result = kinglet.run("/test/thread_rows & sleep 0.2; ps; echo; ps -T; kill $!", smp=2)
    plain, threads = result.text.split("\n\n", 1) if "\n\n" in result.text else re.split(r"\r?\n\r?\n", result.text, maxsplit=1)
    assert len(re.findall(r"thread_rows", plain)) == 1
    rows = [line.split() for line in threads.splitlines() if "thread_rows" in line]
    assert len(rows) == 3
    assert len({row[1] for row in rows}) == 1 and len({row[0] for row in rows}) == 3
    assert rows[0][0] == rows[0][1]


def test_the_trace_names_threads(kinglet):
    """A thread is forked, named and ends like a process; `thread` says whose it is."""
    result = kinglet.run("/test/thread_rows 50", trace=True)
    made = re.findall(r" thread pid=(\d+) name=thread_rows tid=(\d+)", result.trace)
    assert len(made) == 2 and made[0][0] == made[1][0], result.trace[-2000:]
    for _, tid in made:
        assert re.search(rf" fork pid={made[0][0]} name=thread_rows child={tid}$", result.trace, re.MULTILINE)
        assert re.search(rf" switch_in pid={tid} name=thread_rows ", result.trace)
        assert re.search(rf" exit pid={tid} name=thread_rows ", result.trace)
