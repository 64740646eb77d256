"""lib/mp's Queue, seen from inside (user/test/mp_queue.c)."""

import pytest

from inside import cases, verdict
from kinglet import LIMIT


@pytest.mark.parametrize("harts", (1, 4))
@pytest.mark.parametrize("case", cases("mp_queue"))
def test_queue(kinglet, case, harts):
    verdict(kinglet, "mp_queue", case, smp=harts, debug=True, limit=5 * LIMIT)


@pytest.mark.parametrize("case", cases("mp_queue"))
def test_queue_with_exact_time(kinglet, case):
    verdict(kinglet, "mp_queue", case, icount=True)
