"""lib/mp's Pool, seen from inside: what it does (user/test/mp_pool.c), who dies (mp_pool_deaths.c), what there is not
enough of (mp_pool_limits.c)."""

import pytest

from inside import cases, verdict
from kinglet import LIMIT

PROGRAMS = ("mp_pool", "mp_pool_deaths", "mp_pool_limits")
CASES = [(p, c) for p in PROGRAMS for c in cases(p)]


@pytest.mark.parametrize("debug", (False, True), ids=("", "checks"))
@pytest.mark.parametrize("harts", (1, 4))
@pytest.mark.parametrize("program,case", CASES)
def test_pool(kinglet, program, case, harts, debug):
    verdict(kinglet, program, case, smp=harts, debug=debug, limit=5 * LIMIT)


@pytest.mark.parametrize("program,case", CASES)
def test_pool_with_exact_time(kinglet, program, case):
    verdict(kinglet, program, case, icount=True, limit=5 * LIMIT)
