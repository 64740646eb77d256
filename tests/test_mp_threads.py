"""lib/mp and libc in processes with several threads, seen from inside (user/test/mp_thread*.c)."""

import pytest

from inside import cases, verdict
from kinglet import LIMIT


PROGRAMS = ("mp_threads", "mp_thread_process", "mp_thread_libc")
CASES = [(program, case) for program in PROGRAMS for case in cases(program)]


@pytest.mark.parametrize("harts", (1, 4))
@pytest.mark.parametrize("program, case", CASES)
def test_threads_share_lib_mp(kinglet, program, case, harts):
    verdict(kinglet, program, case, smp=harts, debug=True, limit=5 * LIMIT)


@pytest.mark.parametrize("program, case", CASES)
def test_threads_share_lib_mp_with_exact_time(kinglet, program, case):
    verdict(kinglet, program, case, icount=True)
