"""Servers that die, and init, which starts them again and reaps whom nobody else does.

The boot option session=system leaves the shell in init's session, so that it may end the servers.
Under icount the pauses before a restart take no time of the host's.
"""

import re
import time

import pytest

import talk
from kinglet import CTRL_C
from talk import PROMPT, held, leaves_nothing, say, table

KILL = "kill -9 $(ps | grep %s | while read pid rest; do echo $pid; done)"
DIED = r"init: %s \(pid \d+\) ended by signal 9, starting it again in %s ms\r\n"
SYSTEM = "session=system"


def shell(kinglet, append=SYSTEM, **settings):
    return talk.shell(kinglet, append=append, **settings)


def end_server(guest, name, *, note=None):
    """Kills a server, and waits for init's note of it (before or behind the prompt) and for the shell."""
    end_server.count = getattr(end_server, "count", 0) + 1
    guest.send("(" + KILL % name + ") 2>/dev/null\n")
    guest.expect(note)
    say(guest, f"echo ended-$((6 * 7))-{end_server.count}", rf"ended-42-{end_server.count}\r$")


# ---- the right to kill them ----

def test_without_that_option_servers_cannot_be_killed(kinglet):
    guest = shell(kinglet, append="")
    names = {row[2]: pid for pid, row in table(guest).items()}
    for server in ("init", "console", "ramfs"):
        say(guest, f"kill -9 {names[server]}", r"not permitted")
    say(guest, "kill -9 -1", r"not permitted|no such")
    assert {row[2]: pid for pid, row in table(guest).items()} == names


def test_init_cannot_be_killed_by_anyone(kinglet):
    guest = shell(kinglet)
    say(guest, "kill -9 1", r"not permitted")
    say(guest, "echo it is $((3 + 4))", r"^it is 7\r$")


# ---- the console ----

def test_console_killed_by_the_shell(kinglet):
    guest = shell(kinglet)
    say(guest, "cd /", "")  # from here on it has a current directory of its own
    before = held(guest)
    guest.send("x=kept; cd /tmp; " + KILL % "console" + "\n")
    guest.expect(DIED % ("console", "100"))
    guest.expect(PROMPT)
    say(guest, "echo $x $PWD; cd /", r"^kept /tmp\r$")
    leaves_nothing(guest, before)


def test_console_killed_while_the_shell_waits_for_a_line(kinglet):
    guest = shell(kinglet)
    before = held(guest)
    say(guest, "x=kept; (sleep 0.2; " + KILL % "console" + ") &", r"^\[1\] \d+")
    guest.expect(DIED % ("console", "100"))  # the shell notices nothing
    say(guest, "echo $x", r"^kept\r$")
    say(guest, "wait; cat /README | wc -l", r"^\d+\r$")
    say(guest, "", "")
    leaves_nothing(guest, before)
    guest.send("sleep 1000\n")               # the new one knows the foreground job
    time.sleep(0.1)
    guest.send(CTRL_C)
    guest.expect(PROMPT)
    say(guest, "echo status $?", r"status 130")


def test_console_killed_while_someone_types(kinglet):
    guest = shell(kinglet)
    say(guest, "(sleep 0.2; " + KILL % "console" + ") &", r"^\[1\] \d+")
    while "ended by signal" not in guest.text:
        guest.send("z")
        time.sleep(0.005)
    guest.expect(DIED % ("console", "100"))
    guest.send("\x15")
    say(guest, "echo works again", r"^works again\r$")


@pytest.mark.parametrize("debug", [False, True], ids=["", "with all kernel checks"])
def test_console_killed_while_programs_print(kinglet, debug):
    guest = shell(kinglet, debug=debug)
    before = held(guest)
    guest.send("yes from the first & yes from the second & sleep 0.1; " + KILL % "console" + "\n")
    guest.expect(DIED % ("console", "100"))
    for _ in range(2):
        guest.expect(r"from the (first|second)\r\n")
    guest.send("\nkill %1 %2; wait; echo all is $((1 + 1))\n")
    guest.expect(r"all is 2\r$")
    guest.expect(PROMPT)
    leaves_nothing(guest, before)


def test_a_waiting_reader_waits_on(kinglet):
    """A read that was put aside when the server died comes to the next one."""
    guest = shell(kinglet)
    say(guest, "(sleep 0.3; " + KILL % "console" + ") &", r"^\[1\] \d+")
    guest.send("cat >/tmp/got\n")
    guest.expect(DIED % ("console", "100"))
    time.sleep(0.5)
    guest.send("typed afterwards\n")
    guest.send("\x04")
    guest.expect(PROMPT)
    say(guest, "cat /tmp/got", r"^typed afterwards\r$")
    assert "input/output error" not in guest.text


# ---- the file system ----

def test_ramfs_killed_while_idle(kinglet):
    guest = shell(kinglet)
    before = held(guest)
    say(guest, "echo text >/tmp/file; exec 3</tmp/file; cat /tmp/file", r"^text\r$")
    end_server(guest, "ramfs", note=DIED % ("ramfs", "100"))
    say(guest, "cat /README | wc -l", r"^\d+\r$")
    say(guest, "cat /tmp/file", r"^text\r$")           # nothing is lost
    say(guest, "rm /tmp/file; exec 4<&3", r"")          # what was open lives on without a name
    end_server(guest, "ramfs", note=DIED % ("ramfs", "200"))
    say(guest, "wc -c <&3; exec 3<&- 4<&-; echo new >/tmp/new; cat /tmp/new", r"^new\r$")
    say(guest, "rm /tmp/new; echo typed goes on", r"^typed goes on\r$")
    leaves_nothing(guest, before)


@pytest.mark.parametrize("debug", [False, True], ids=["", "with all kernel checks"])
def test_ramfs_killed_under_load(kinglet, debug):
    guest = shell(kinglet, debug=debug)
    before = held(guest)
    loads = ["yes >/tmp/a", "while :; do ls /bin /sbin >/dev/null 2>&1; done", "cat /dev/zero >/dev/null",
             "while :; do cp /bin/sh /tmp/c 2>/dev/null; done"]
    guest.send("".join(f"sh -c '{load}' 2>/dev/null & " for load in loads) + "sleep 0.1\n")
    guest.expect(PROMPT)
    for pause in (100, 200, 400):
        end_server(guest, "ramfs", note=DIED % ("ramfs", pause))
        say(guest, "sleep 0.1; ls /README", r"^/README\r$")
    guest.send("kill %1 %2 %3 %4 2>/dev/null; wait 2>/dev/null; rm -f /tmp/a /tmp/c; echo load 'gone'\n")
    guest.expect(r"load gone\r$")
    guest.expect(PROMPT)
    say(guest, "echo fine >/tmp/x && cat /tmp/x && rm /tmp/x", r"^fine\r$")
    leaves_nothing(guest, before)


# ---- back-off and giving up ----

PAUSES = ["100", "200", "400", "800", "1600", "3200", "5000"]


def test_ramfs_that_keeps_dying_is_given_up(kinglet):
    script = (f"for i in 1 2 3 4 5 6 7 8; do (" + KILL % "ramfs" + ") 2>/dev/null; ls /README; done; "
              "cd /tmp; pwd; exit 3")
    result = kinglet.run(script, append=SYSTEM, icount=True, status=3)
    assert re.findall(r"starting it again in (\d+) ms", result.text) == PAUSES
    assert "8 times in a minute: giving it up" in result.text
    assert result.lines.count("/README") == 7          # and the eighth time there is none
    assert re.search(r"ls: .*input/output error", result.text)
    assert re.search(r"cd: .*input/output error", result.text)
    assert result.lines[-1] == "/"                     # the shell itself goes on, with what it has built in


def test_a_minute_later_the_pauses_begin_anew(kinglet):
    kill = "(" + KILL % "ramfs" + ") 2>/dev/null; ls /README; "
    result = kinglet.run(3 * kill + "sleep 61; " + kill, append=SYSTEM, icount=True)
    assert re.findall(r"starting it again in (\d+) ms", result.text) == ["100", "200", "400", "100"]


def test_console_that_keeps_dying_is_given_up(kinglet):
    """Then nobody can be heard but the kernel: the log says so."""
    kill = "for i in 1 2 3 4 5 6 7 8; do (" + KILL % "console" + ") 2>/dev/null; sleep 6; done; exit 7"
    result = kinglet.run(kill, append=SYSTEM, icount=True, status=7)
    assert re.findall(r"starting it again in (\d+) ms", result.text) == PAUSES
    assert "8 times in a minute: giving it up" in result.text


# ---- init's other duties ----

def test_orphans_are_reaped(kinglet):
    guest = shell(kinglet, append="")
    before, objects = table(guest), held(guest)
    guest.send("sh -c 'sleep 1.0 & sleep 1.1 & (sleep 1.2; exit 3) &'; sh -c 'sleep 1000 & kill -9 $$'\n")
    guest.expect(PROMPT)
    orphans = [row for pid, row in table(guest).items() if pid not in before]
    assert sorted(row[2] for row in orphans if row[0] == 1) == ["sh", "sleep", "sleep", "sleep"]
    say(guest, "sleep 1.5", "")
    left = {pid: row for pid, row in table(guest).items() if pid not in before}
    assert [(row[0], row[2]) for row in left.values()] == [(1, "sleep")], left
    say(guest, f"kill -9 {next(iter(left))}", "")
    leaves_nothing(guest, objects)


def test_a_shell_is_always_there(kinglet):
    guest = shell(kinglet, append="")
    for how in ("exit 5", "kill -9 $$", "exec true"):
        guest.send(how + "\n")
        guest.expect(r"\[shell ended, starting another\]")
        guest.expect(PROMPT)
    say(guest, "echo here", r"^here\r$")
    assert [row[2] for row in table(guest).values()].count("sh") == 1


def test_jobs_of_a_shell_that_ended_live_on_without_it(kinglet):
    guest = shell(kinglet, append="")
    say(guest, "sleep 1000 &", r"^\[1\] \d+")
    guest.send("exit\n")
    guest.expect(r"\[shell ended, starting another\]")
    guest.expect(PROMPT)
    names = [row[2] for row in table(guest).values()]
    assert names.count("sh") == 1
    assert names.count("sleep") <= 1         # and what is left is init's child
    assert all(row[0] == 1 for row in table(guest).values() if row[2] == "sleep")


@pytest.mark.parametrize("command, status", [
    ("exit 9", 9), ("kill -9 $$", 137), ("sh -c 'kill -11 $$'", 139), ("sleep 1000 & true", 0),
])
def test_a_run_ends_with_its_status(kinglet, command, status):
    kinglet.run(command, status=status)
