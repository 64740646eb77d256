"""What the shell promises: tests/cases/shell.txt as scripts, and here what needs somebody who types."""

import re

import pytest

from cases import Group, read_cases
from kinglet import CTRL_C, CTRL_D


@pytest.fixture(scope="module")
def group():
    return Group("shell")


@pytest.mark.parametrize("case", read_cases("shell"), ids=lambda case: case.promise)
def test_promise(group, case):
    group.check(case)


def test_scripts_give_everything_back(group):
    group.finish()


# ---- at a terminal ----

PROMPT = r"^kinglet:/\$ "


class Terminal:
    """A shell on the console, and somebody who waits for its prompt before typing."""

    def __init__(self, guest):
        self.guest = guest
        guest.expect(PROMPT)

    def type(self, line, pattern=None, key=""):
        """Types a line and waits for what it prints, at least its echo; then perhaps a key."""
        self.guest.send(line + "\n")
        self.guest.expect(r"\n")
        if pattern:
            self.guest.expect(pattern)
        if key:
            self.guest.send(key)

    def prompt(self, pattern=PROMPT):
        self.guest.expect(pattern)

    def lines(self, line):
        """What a command prints, line by line."""
        self.guest.send(line + "\n")
        self.guest.expect(r"\n")
        before = self.guest.at
        self.prompt()
        return self.guest.output[before:self.guest.at].decode().replace("\r\n", "\n").split("\n")[:-1]


@pytest.fixture
def terminal(kinglet):
    return Terminal(kinglet.boot())


def test_prompt_shows_the_directory_and_asks_for_the_rest_of_a_command(terminal):
    terminal.type("cd /tmp")
    terminal.prompt(r"^kinglet:/tmp\$ ")
    terminal.type("if true", r"^> ")
    terminal.type("then echo 'one", r"^> ")
    terminal.type("two'; fi", r"^one\r?\ntwo\r?\nkinglet:/tmp\$ ")


def test_syntax_error_does_not_end_an_interactive_shell(terminal):
    for line in ("fi", ")", "echo >", "; ;", "&& x", "<<<"):
        terminal.type(line, r"^sh: line \d+: syntax error: .*\n")
        terminal.prompt()
    for line in ("echo |", "(", "'", '"', "$(", "${", "a() {", "case x in", "while", "cat <<END"):
        terminal.type(line, r"^> ", CTRL_C)
        terminal.prompt()
    assert terminal.lines("echo alive") == ["alive"]


def test_end_of_file_ends_the_shell_and_init_starts_another(terminal):
    terminal.lines("x=old; sleep 1.1")
    terminal.guest.send(CTRL_D)
    terminal.guest.expect(r"^\[shell ended, starting another\]\r?\n")
    terminal.prompt()
    assert terminal.lines("echo [$x]") == ["[]"]
    terminal.type("exit 3", r"^\[shell ended, starting another\]\r?\n")
    terminal.prompt()


def test_interrupt_ends_the_foreground_job_and_the_rest_of_the_line(terminal):
    terminal.type("sleep 1000; echo not reached", key=CTRL_C)
    terminal.prompt()
    assert terminal.lines("echo $?") == ["130"]
    assert "\nnot reached" not in terminal.guest.text


def test_interrupt_at_the_prompt_drops_the_line(terminal):
    terminal.guest.send("echo not reached")
    terminal.guest.expect(r"echo not reached$")
    terminal.guest.send(CTRL_C)
    terminal.prompt()
    assert terminal.lines("echo $?") == ["130"]


SETTLE = 40  # times 50 ms of guest time

INTERRUPTED = (
    "sleep 1000 | cat | wc", "cat", "yes >/dev/null", "yes", "while :; do :; done", "while true; do /bin/true; done",
    "wait", "(sleep 1000; sleep 1000)", "echo $(sleep 1000)", "read x", "for i in 1 2 3; do sleep 1000; done",
    "time sleep 1000", "cat <<END", "sh -c 'sleep 1000; echo not reached'", "mlfq_hogs")


def test_interrupt_ends_what_runs_and_leaves_the_background_alone(terminal):
    terminal.type("sleep 2000 &", r"^\[1\] \d+\r?\n")
    terminal.prompt()
    processes = terminal.lines("ps | wc -l")
    for line in INTERRUPTED:
        terminal.type(line, key=CTRL_C)  # so early that the shell may not have started anything yet
        terminal.prompt()
        assert terminal.lines("jobs") == ["[1] Running      sleep 2000"], line
        for _ in range(SETTLE):  # the prompt comes when the job's first process has ended, the others follow
            left = terminal.lines("ps | wc -l")
            if left == processes:
                break
            terminal.lines("sleep 0.05")
        assert left == processes, f"{line}: something is left behind"
    assert terminal.lines("kill %1; wait") == []


def test_shell_in_a_shell_can_be_left_and_interrupted(terminal):
    terminal.type("sh", PROMPT)
    terminal.type("sleep 1000", key=CTRL_C)
    terminal.prompt()
    terminal.guest.send(CTRL_D)
    terminal.prompt()
    assert terminal.lines("echo $?") == ["130"]
    terminal.type("sleep 1000", key=CTRL_C)
    terminal.prompt()


def test_shell_reads_commands_from_a_terminal_that_it_was_given_only_to_read(terminal):
    terminal.lines("x=outer")
    terminal.type("sh </dev/console", PROMPT)
    assert terminal.lines("echo [$x]") == ["[]"]
    terminal.guest.send(CTRL_D)
    terminal.prompt()
    assert terminal.lines("echo [$x]") == ["[outer]"]


def test_jobs_in_the_background_are_listed_and_reported(terminal):
    terminal.type("sleep 1000 | cat &", r"^\[1\] \d+\r?\n")
    terminal.prompt()
    terminal.type("sh -c 'exit 3' &", r"^\[2\] \d+\r?\n")
    terminal.prompt()
    terminal.lines("sleep 0.5")
    assert "\n[2] Exit 3       sh -c 'exit 3'\n" in terminal.guest.text
    assert terminal.lines("jobs") == ["[1] Running      sleep 1000 | cat"]
    terminal.type("fg", r"^sleep 1000 \| cat\r?\n", CTRL_C)
    terminal.prompt()
    assert terminal.lines("jobs") == []


def test_fork_that_fails_is_reported_and_the_shell_goes_on(kinglet):
    terminal = Terminal(kinglet.boot(mem="32M"))
    # Whether the last one to end has closed its sessions depends on the host's clock here.
    def count():
        return [line for line in terminal.lines("free -o")[2:] if not line.startswith("sessions")]
    before = count()
    # A copy of the shell takes more than the program that it becomes, or finds no room for: some is left.
    for _ in range(3):
        terminal.lines("while sleep 1000 & do :; done 2>/dev/null")
    many = " | ".join(["sleep 1000"] * 60)
    assert terminal.lines("cd /tmp; cd /; test -d /tmp && echo alive")[0] == "alive"
    for line in (f"{many};", f"({many});", f"x=$({many});", f"{many} &"):
        said = terminal.lines(line + " echo status $?")
        assert [text for text in said if re.fullmatch(r"sh: cannot (start|make) .*: out of memory", text)], line
        assert "status 1" in said
    terminal.lines("kill %1 %2 %3 %4 %5 %6 %7 %8; wait %1 %2 %3 %4 %5 %6 %7 %8")
    assert terminal.lines("seq 2") == ["1", "2"]
    terminal.lines("for i in $(seq 9 900); do kill %$i; done 2>/dev/null; wait")
    assert terminal.lines("jobs") == []
    # Children of subshells that have ended are init's to wait for: it has not run yet, perhaps.
    for _ in range(50):
        left = count()
        if left == before:
            break
        terminal.lines("sleep 0.1")
    assert left == before
