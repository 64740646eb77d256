"""lib/mp and libc in processes with several threads, seen from inside (user/test/mp_threads.c)."""

import pytest

from inside import cases, verdict
from kinglet import LIMIT


@pytest.mark.parametrize("harts", (1, 4))
@pytest.mark.parametrize("case", cases("mp_threads"))
def test_threads_share_lib_mp(kinglet, case, harts):
    verdict(kinglet, "mp_threads", case, smp=harts, debug=True, limit=5 * LIMIT)


@pytest.mark.parametrize("case", cases("mp_threads"))
def test_threads_share_lib_mp_with_exact_time(kinglet, case):
    verdict(kinglet, "mp_threads", case, icount=True)
