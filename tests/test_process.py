"""The life of processes: exit, wait, orphans, daemons, kill, floating point (user/test/waiting.c, …)."""

import pytest

from inside import cases, verdict


@pytest.mark.parametrize("case", cases("waiting"))
def test_exit_and_wait(kinglet, case):
    verdict(kinglet, "waiting", case)


@pytest.mark.parametrize("case", cases("waiting"))
def test_exit_and_wait_with_all_kernel_checks(kinglet, case):
    verdict(kinglet, "waiting", case, debug=True)


@pytest.mark.parametrize("case", cases("killing"))
def test_kill(kinglet, case):
    verdict(kinglet, "killing", case)


@pytest.mark.parametrize("case", cases("killing"))
def test_kill_with_all_kernel_checks(kinglet, case):
    verdict(kinglet, "killing", case, debug=True)


@pytest.mark.parametrize("case", cases("signals"))
def test_signals_and_rights(kinglet, case):
    verdict(kinglet, "signals", case)


@pytest.mark.parametrize("case", cases("floating"))
def test_floating_point_registers_are_ones_own(kinglet, case):
    verdict(kinglet, "floating", case)
