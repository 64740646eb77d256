"""lib/mp's Process, seen from inside (user/test/mp_process.c)."""

import pytest

from inside import cases, verdict
from kinglet import LIMIT


@pytest.mark.parametrize("harts", (1, 4))
@pytest.mark.parametrize("case", cases("mp_process"))
def test_process(kinglet, case, harts):
    verdict(kinglet, "mp_process", case, smp=harts, debug=True, limit=5 * LIMIT)


@pytest.mark.parametrize("case", cases("mp_process"))
def test_process_with_exact_time(kinglet, case):
    verdict(kinglet, "mp_process", case, icount=True)
