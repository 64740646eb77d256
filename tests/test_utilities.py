"""What the utilities promise: tests/cases/utilities_*.txt as scripts, and here what ends or starts a machine."""

import pytest

from cases import Group, read_cases


@pytest.fixture(scope="module")
def group():
    return Group("utilities_*")


@pytest.mark.parametrize("case", read_cases("utilities_*"), ids=lambda case: case.promise)
def test_promise(group, case):
    group.check(case)


def test_utilities_give_everything_back(group):
    group.finish()


def test_poweroff_ends_the_machine_with_its_status(kinglet):
    assert "not reached" not in kinglet.run("poweroff 3; echo not reached", status=3).text
    assert "not reached" not in kinglet.run("poweroff; echo not reached; false").text


def test_poweroff_loses_no_output(kinglet):
    assert kinglet.run("seq 5000; poweroff").lines[-5000:] == [str(n) for n in range(1, 5001)]


def test_poweroff_typed_at_the_prompt_ends_the_machine(kinglet):
    guest = kinglet.boot()
    guest.expect(r"\$ ")
    guest.send("poweroff 7\n")
    guest.wait(status=7)


def test_reboot_boots_again(kinglet):
    guest = kinglet.boot()
    guest.command("echo old >/tmp/file")
    guest.send("seq 3000; reboot\n")
    guest.expect(r"^2999\r?\n3000\r?\n")  # nothing that was written before is lost
    guest.expect(r"^Kinglet: ")
    guest.expect(r"\$ ")
    guest.prompt_after = guest.at - 2
    text, status = guest.command("cat /tmp/file")
    assert (text, status) == ("cat: /tmp/file: no such file or directory", 1)
    guest.send("poweroff\n")
    guest.wait()


def test_reboot_ends_a_run_of_a_command(kinglet):
    result = kinglet.run("reboot; echo not reached")
    assert "not reached" not in result.text and result.text.count("timebase") == 1
