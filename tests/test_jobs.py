"""Jobs, their limits, and fork bombs: errors to the forker, and a shell that still works."""

import re

import pytest

from inside import cases, verdict
from kinglet import CTRL_C, LIMIT

BOMB = r"bomb: (EAGAIN|ENOMEM), processes=(\d+)\r?\n"


@pytest.mark.parametrize("case", cases("jobs"))
def test_jobs(kinglet, case):
    verdict(kinglet, "jobs", case)


@pytest.mark.parametrize("case", cases("jobs"))
def test_jobs_with_all_kernel_checks(kinglet, case):
    verdict(kinglet, "jobs", case, debug=True)


@pytest.mark.parametrize("case", cases("bombs"))
def test_bombs_in_a_job_with_limits(kinglet, case):
    verdict(kinglet, "bombs", case)


@pytest.mark.parametrize("case", cases("bombs"))
def test_bombs_in_a_job_with_limits_with_all_kernel_checks(kinglet, case):
    verdict(kinglet, "bombs", case, debug=True)


@pytest.mark.parametrize("debug", [False, True])
def test_a_fork_bomb_ends_in_errors_and_leaves_nothing(kinglet, debug):
    # Status 3: the bomb's program saw an error, ended it all, and found every frame and object back.
    result = kinglet.run("forkbomb; echo status=$?; ls /; echo alive", mem="32M", debug=debug)
    assert re.search(BOMB, result.text)
    assert result.value("status") == 3
    assert "bin" in result.lines and result.lines[-1] == "alive"


def test_a_fork_bomb_of_thousands_on_four_harts_ends(kinglet):
    """The one that ends it is slower than those who fork meanwhile."""
    result = kinglet.run("forkbomb; echo status=$?", mem="128M", smp=4, limit=4 * LIMIT)
    assert int(re.search(BOMB, result.text)[2]) > 1000
    assert result.value("status") == 3


def test_ctrl_c_ends_a_fork_bomb_and_the_shell_works_on(kinglet):
    guest = kinglet.boot(mem="32M")
    guest.expect(r"\$ ")
    guest.send("forkbomb stay\n")
    assert int(guest.expect(BOMB)[2]) > 100
    guest.send(CTRL_C)
    guest.expect(r"\$ ")
    assert guest.command("echo hello | wc -c") == ("6", 0)
    # The shell waited for one of them; the others need a moment each to end.
    assert guest.command("while ps | grep forkbomb >/dev/null; do sleep 0.1; done; echo gone") == ("gone", 0)
