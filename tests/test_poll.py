"""poll over pipes, sessions, processes (user/test/polling.c); timeouts in guest time."""

import pytest

from inside import cases, output, verdict


@pytest.mark.parametrize("case", cases("polling"))
def test_poll(kinglet, case):
    verdict(kinglet, "polling", case)


def test_timeouts_are_exact_in_guest_time(kinglet):
    assert "exact_times: ok" in output(kinglet, "polling exact_times", icount=True)["text"].splitlines()
