"""Pipes and handles, seen from inside (user/test/pipe.c, handles.c)."""

import pytest

from inside import cases, verdict


@pytest.mark.parametrize("case", cases("pipe"))
def test_pipe(kinglet, case):
    verdict(kinglet, "pipe", case)


@pytest.mark.parametrize("case", cases("pipe"))
def test_pipe_with_all_kernel_checks(kinglet, case):
    verdict(kinglet, "pipe", case, debug=True)


@pytest.mark.parametrize("case", cases("handles"))
def test_handles(kinglet, case):
    verdict(kinglet, "handles", case)
