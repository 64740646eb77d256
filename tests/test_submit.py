"""Submitted calls and completion queues, seen from inside: what they give (user/test/submit.c), that they
can be cancelled (submit_cancel.c), who dies (submit_deaths.c), what they cost (submit_limits.c)."""

import pytest

from inside import cases, verdict
from kinglet import LIMIT

PROGRAMS = ("submit", "submit_cancel", "submit_deaths", "submit_limits")
CASES = [(p, c) for p in PROGRAMS for c in cases(p)]


@pytest.mark.parametrize("harts", (1, 4))
@pytest.mark.parametrize("program,case", CASES)
def test_submit(kinglet, program, case, harts):
    verdict(kinglet, program, case, smp=harts, limit=5 * LIMIT)


@pytest.mark.parametrize("harts", (1, 4))
@pytest.mark.parametrize("program,case", CASES)
def test_submit_with_all_kernel_checks(kinglet, program, case, harts):
    verdict(kinglet, program, case, smp=harts, debug=True, limit=8 * LIMIT)


@pytest.mark.parametrize("program,case", CASES)
def test_submit_with_exact_time(kinglet, program, case):
    verdict(kinglet, program, case, icount=True)
