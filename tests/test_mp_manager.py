"""lib/mp's Manager, seen from inside: what it keeps (user/test/mp_manager.c), how it lives (mp_manager_life.c), who dies
(mp_manager_deaths.c), who means ill (mp_manager_hostile.c)."""

import pytest

from inside import cases, verdict
from kinglet import LIMIT

PROGRAMS = ("mp_manager", "mp_manager_life", "mp_manager_deaths", "mp_manager_hostile")


@pytest.mark.parametrize("harts", (1, 4))
@pytest.mark.parametrize("program,case", [(p, c) for p in PROGRAMS for c in cases(p)])
def test_manager(kinglet, program, case, harts):
    verdict(kinglet, program, case, smp=harts, debug=True, limit=6 * LIMIT)


@pytest.mark.parametrize("case", cases("mp_manager"))
def test_manager_in_exact_time(kinglet, case):
    """Timeouts take as long as they say, and at most 2 ms more."""
    verdict(kinglet, "mp_manager all exact", case, icount=True, limit=3 * LIMIT)


@pytest.mark.parametrize("case", cases("mp_manager_deaths"))
def test_deaths_at_exact_instants(kinglet, case):
    verdict(kinglet, "mp_manager_deaths", case, icount=True, limit=3 * LIMIT)
