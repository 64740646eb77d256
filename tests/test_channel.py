"""Channels, sessions and mounts, with test programs that are server and client (user/test/channel.c, ...)."""

import pytest

from inside import cases, verdict


@pytest.mark.parametrize("case", cases("channel"))
def test_calls_and_grants(kinglet, case):
    verdict(kinglet, "channel", case)


@pytest.mark.parametrize("case", cases("channel_death"))
def test_death_of_client_or_server(kinglet, case):
    verdict(kinglet, "channel_death", case)


@pytest.mark.parametrize("case", cases("channel_death"))
def test_death_of_client_or_server_with_all_kernel_checks(kinglet, case):
    verdict(kinglet, "channel_death", case, debug=True)


@pytest.mark.parametrize("debug", [False, True], ids=["", "with all kernel checks"])
@pytest.mark.parametrize("case", cases("channel_retry"))
def test_what_outlives_a_server(kinglet, case, debug):
    verdict(kinglet, "channel_retry", case, debug=debug)


@pytest.mark.parametrize("case", cases("sessions"))
def test_sessions(kinglet, case):
    verdict(kinglet, "sessions", case)


@pytest.mark.parametrize("case", cases("sessions"))
def test_sessions_with_all_kernel_checks(kinglet, case):
    verdict(kinglet, "sessions", case, debug=True)


@pytest.mark.parametrize("case", cases("readiness"))
def test_ranks_readiness_notifications(kinglet, case):
    verdict(kinglet, "readiness", case)


@pytest.mark.parametrize("case", cases("badserver"))
def test_servers_that_misbehave(kinglet, case):
    verdict(kinglet, "badserver", case)


@pytest.mark.parametrize("case", cases("mounts"))
def test_paths_over_several_servers(kinglet, case):
    verdict(kinglet, "mounts", case)
