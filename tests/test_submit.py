"""Submitted calls and completion queues, seen from inside (user/test/submit.c)."""

import pytest

from inside import cases, verdict
from kinglet import LIMIT


@pytest.mark.parametrize("harts", (1, 4))
@pytest.mark.parametrize("case", cases("submit"))
def test_submit(kinglet, case, harts):
    verdict(kinglet, "submit", case, smp=harts, limit=5 * LIMIT)


@pytest.mark.parametrize("harts", (1, 4))
@pytest.mark.parametrize("case", cases("submit"))
def test_submit_with_all_kernel_checks(kinglet, case, harts):
    verdict(kinglet, "submit", case, smp=harts, debug=True, limit=8 * LIMIT)


@pytest.mark.parametrize("case", cases("submit"))
def test_submit_with_exact_time(kinglet, case):
    verdict(kinglet, "submit", case, icount=True)
