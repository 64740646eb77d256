"""lib/mp's Pool, seen from inside (user/test/mp_pool.c)."""

import pytest

from inside import cases, verdict
from kinglet import LIMIT


@pytest.mark.parametrize("debug", (False, True), ids=("", "checks"))
@pytest.mark.parametrize("harts", (1, 4))
@pytest.mark.parametrize("case", cases("mp_pool"))
def test_pool(kinglet, case, harts, debug):
    verdict(kinglet, "mp_pool", case, smp=harts, debug=debug, limit=5 * LIMIT)


@pytest.mark.parametrize("case", cases("mp_pool"))
def test_pool_with_exact_time(kinglet, case):
    verdict(kinglet, "mp_pool", case, icount=True, limit=5 * LIMIT)
