"""Servers killed at any moment, from inside: user/test/fs_deaths.c, console_deaths.c. Under icount the moments are exact, and each run is
the same; on four harts they are anything."""

import re

import pytest

import talk
from inside import cases, verdict
from kinglet import CTRL_C, LIMIT

APPEND = "session=system restarts=unlimited"


@pytest.mark.parametrize("case", cases("fs_deaths"))
def test_ramfs_killed_at_any_moment(kinglet, case):
    verdict(kinglet, "fs_deaths", case, icount=True, append=APPEND, limit=8 * LIMIT)


@pytest.mark.parametrize("case", cases("fs_deaths"))
def test_ramfs_killed_at_any_moment_on_four_harts(kinglet, case):
    verdict(kinglet, "fs_deaths", case, smp=4, append=APPEND, limit=12 * LIMIT)


@pytest.mark.parametrize("settings", [{"icount": True}, {"smp": 4}], ids=["", "4 harts"])
def test_console_killed_while_programs_print(kinglet, settings):
    """Each line comes out once, in order, and whole, but for single bytes that were under way and come twice."""
    result = kinglet.run("console_deaths 30", append=APPEND, limit=4 * LIMIT, **settings)
    assert "printed: ok" in result.text
    text = re.sub(r"init: console \(pid \d+\) ended by signal 9, starting it again\r?\n", "", result.text)
    text = re.sub(r"(.)\1+", r"\1", re.sub(r"\r", "", text))  # repeated bytes count once, here as in what is wanted
    for who in "ab":
        wanted = [re.sub(r"(.)\1+", r"\1", f"<{who}{i:03d} some words to fill the line with>") for i in range(400)]
        assert [line for line in text.split("\n") if line.startswith("<" + who)] == wanted


def test_what_was_typed_ahead_and_whom_ctrl_c_ends_outlive_the_console(kinglet):
    guest = talk.shell(kinglet, append=APPEND)
    kill = "kill -9 $(ps | grep console | while read pid rest; do echo $pid; done)"
    guest.send("sleep 0.5; " + kill + "; sleep 0.3\n")
    guest.send("echo typed $((40 + 2)) ahead\n")
    guest.expect(r"ended by signal 9")
    guest.expect(r"^typed 42 ahead\r$")
    guest.expect(talk.PROMPT)
    talk.say(guest, "(sleep 0.5; " + kill + ") &", r"^\[1\] \d+")
    guest.send("sleep 1000\n")
    guest.expect(r"ended by signal 9")
    guest.send(CTRL_C)
    guest.expect(talk.PROMPT)
    talk.say(guest, "echo status $?", r"status 130")
