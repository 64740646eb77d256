"""The console, as the person at it sees it: line editing, ^C, ^D, ^P, two readers, complete output."""

import re
import time
import unicodedata

import pytest

from kinglet import CTRL_C, CTRL_D, CTRL_P
from talk import PROMPT, held, leaves_nothing, shell, table

ERASE, ERASE_LINE, ERASE_WORD, AGAIN = "\x7f", "\x15", "\x17", "\x12"


def alive(guest):
    """The shell takes a command and runs it, and asks for the next."""
    alive.count = getattr(alive, "count", 0) + 1
    guest.send(f"echo alive-{alive.count}-$((6 * 7))\n")
    guest.expect(rf"alive-{alive.count}-42\r$")
    guest.expect(PROMPT)


def processes(guest):
    """The names of all processes, but for ps itself."""
    return sorted(name for _, _, name in table(guest).values())


def screen(text):
    """The last line that a terminal would show: backspace moves by a column, wide characters take two."""
    cells = []
    at = 0
    for c in text.split("\r\n")[-1]:
        if c == "\b":
            at = max(at - 1, 0)
            continue
        if unicodedata.combining(c):
            cells[at - 1] += c
            continue
        wide = 0x1100 <= ord(c) <= 0x115f or 0x2e80 <= ord(c) <= 0xffe6 or ord(c) >= 0x1f300
        for part in [c, ""][:1 + wide]:
            cells[at:at + 1] = [part]
            at += 1
    return "".join(cells).rstrip()


# ---- editing ----

def reader(kinglet, behind=""):
    """A guest with a program that reads what is typed, line by line."""
    guest = shell(kinglet)
    guest.send(f"cat{behind}\n")
    guest.expect(r"\n")
    return guest


@pytest.mark.parametrize("typed, becomes", [
    ("abX" + ERASE + "c", "abc"),
    ("abX\bc", "abc"),
    ("é漢😀" + 2 * ERASE + "z", "éz"),
    ("漢字" + ERASE + "か" + ERASE + ERASE + "ok", "ok"),
    ("ne\u0301" + ERASE + "o", "no"),
    ("x" + 5 * ERASE + "y", None),
    ("one two" + ERASE_WORD + "three", "one three"),
    ("one two  " + ERASE_WORD + ERASE_WORD + "three", "three"),
    ("caf\u00e9 na\u00efve" + ERASE_WORD + "x", "caf\u00e9 x"),
    ("a" + AGAIN + "b", "ab"),
    ("quick" + AGAIN + ERASE + "t", "quict"),
])
def test_line_editing(kinglet, typed, becomes):
    """For programs that read lines. (The shell edits its own: test_editing.py.)"""
    guest = reader(kinglet)
    if becomes is None:  # more erased than was typed: nothing more happens, and the line is empty
        guest.send(typed + ERASE + "fine\n")
        guest.expect(r"^fine\r$")
        return
    guest.send(typed + "\n")
    if AGAIN in typed:
        guest.expect(r"\^R\r\n")
    guest.expect(r"\r\n")
    line = guest.output[:guest.at - 2].decode()
    guest.expect(rf"^{becomes}\r$")
    assert screen(line) == becomes


def test_erasing_a_line(kinglet):
    guest = reader(kinglet)
    guest.send("not this 漢字" + ERASE_LINE + "clean\n")
    guest.expect(r"^clean\r$")


def test_a_line_can_be_too_long(kinglet):
    guest = reader(kinglet)
    guest.send("x" * 2000)
    guest.expect("\a")
    guest.send(ERASE_LINE + "y" * 1023 + "\n")  # the longest there is
    guest.expect(r"^y{1023}\r$")
    guest.send(CTRL_D)
    guest.expect(PROMPT)
    alive(guest)


def test_lines_typed_ahead(kinglet):
    guest = shell(kinglet)
    guest.send("sleep 0.3\n" + "".join(f"echo is $((1000 + {i}))\n" for i in range(150)) + "echo do''ne\n")
    guest.expect(r"(^|\$ )done\r$")  # after a prompt, or amid the echo
    numbers = re.findall(r"is (\d+)$", guest.text, re.MULTILINE)  # amid the echo of what is typed
    assert numbers == [str(1000 + i) for i in range(150)]


def test_control_characters_and_bytes_that_are_no_text(kinglet):
    guest = reader(kinglet, " | wc -c")
    all_but_keys = bytes(b for b in range(256) if b not in b"\b\r\n\x03\x04\x10\x12\x15\x17\x7f")
    guest.qemu.stdin.write(all_but_keys + b"\n" + CTRL_D.encode())
    guest.qemu.stdin.flush()
    guest.expect(rf"^{len(all_but_keys) + 1}\r$")
    guest.expect(PROMPT)
    guest.send("cat >/dev/null\n")
    guest.qemu.stdin.write(b"\xff\x80\xbf\x7f\x7f\x7f\x7f\x7f\xc0\xe0\x7f\x7f\x00\x7f\x7f\x7f\n" + CTRL_D.encode())
    guest.qemu.stdin.flush()
    guest.expect(PROMPT)
    alive(guest)


@pytest.mark.parametrize("case", ["raw_mode", "poll_and_nonblock", "bad_buffers"])
def test_from_inside(kinglet, case):
    guest = shell(kinglet)
    answers = {"raw": "a" + CTRL_C + CTRL_D + ERASE, "half": "half", "rest": "rest\n", "line": "line\n",
               "more": "more\n"}
    guest.send(f"/test/con_modes {case}\n")
    while (said := guest.expect(r"(?:type (\w+)|^(.+: (?:ok|FAILED.*)))\r$"))[1]:
        guest.send(answers[said[1]])
    assert said[2] == f"{case}: ok"
    if case == "poll_and_nonblock":
        shown = guest.text.split("type rest")[-1]
        written = [int(n) for n in re.findall(r"^written=(\d+)$", shown, re.MULTILINE)]
        assert sum(map(len, re.findall(r"\.+$", shown, re.MULTILINE))) == written[-1] > 0
    alive(guest)


# ---- ^C ----

SITUATIONS = {
    "a program that computes": "sh -c 'while :; do :; done'",
    "the shell that computes": "while :; do :; done",
    "a read": "cat",
    "a sleep": "sleep 1000",
    "a pipeline that sleeps": "sleep 1000 | cat | wc",
    "a pipeline that works": "yes | cat | cat >/dev/null",
    "a pipe that is full": "yes | sleep 1000",
    "writing to a file": "yes >/dev/null",
    "reading a file": "cat /dev/zero >/dev/null",
    "creating and removing": "while :; do echo x >/tmp/x; rm /tmp/x; done",
    "a loop of programs": "while :; do true; done",
    "a list": "sleep 1000; echo wrong",
    "a condition": "sleep 1000 && echo wrong || echo wrong",
    "a subshell": "(sleep 1000; echo wrong)",
    "a script": "sh -c 'sleep 1000; echo wrong'",
    "a substitution": "x=$(sleep 1000)",
    "waiting for a job": "sleep 1000 & wait",
    "the builtin read": "read x",
    "printing": "yes",
    "printing a lot": "while :; do cat /bin/sh | wc -c; done",
    "printing through a pipeline": "yes 0123456789 | cat",
    "many processes": " | ".join(7 * ["sleep 1000"]),
    "a job put to the front": "sleep 1000 & fg",
    "a program that makes many": "sh -c 'while :; do true & true & wait; done'",
}


def interrupt(guest, command, pause):
    guest.send(command + "\n")
    time.sleep(pause)
    guest.send(CTRL_C)
    guest.expect(r"\^C\r\n")
    guest.expect(PROMPT)


@pytest.mark.parametrize("debug", [False, True], ids=["", "with all kernel checks"])
def test_interrupt(kinglet, debug):
    guest = shell(kinglet, debug=debug)
    before, objects = processes(guest), held(guest)
    for situation, command in SITUATIONS.items():
        interrupt(guest, command, 0.03)
        alive(guest)
        guest.send("kill %1; wait\n" if "&" in command.split() and "fg" not in command else "\n")
        guest.expect(PROMPT)
        left = processes(guest)
        assert left == before, f"after ^C in {situation}: {left}"
    leaves_nothing(guest, objects)
    assert not re.search(r"^wrong", guest.text, re.MULTILINE)
    guest.send("poweroff\n")
    guest.wait()


def test_interrupt_at_any_moment(kinglet):
    guest = shell(kinglet)
    before = held(guest)
    commands = ["yes | cat | wc", "true; true; true; ls / /bin /etc; true", "cat /bin/sh >/tmp/y; rm /tmp/y",
                "for i in 1 2 3 4; do echo $i | cat; done"]
    for i in range(60):
        interrupt(guest, commands[i % len(commands)], i % 13 / 1000)
    alive(guest)
    guest.send("rm -f /tmp/y\n")
    guest.expect(PROMPT)
    leaves_nothing(guest, before)


def test_interrupt_status_and_what_is_left(kinglet):
    guest = shell(kinglet)
    interrupt(guest, "sleep 1000", 0.05)
    guest.send("echo status $?\n")
    guest.expect(r"^status 130\r$")
    guest.expect(PROMPT)
    guest.send("echo not this" + CTRL_C)     # at the prompt: the line is dropped
    guest.expect(r"\^C\r\n")
    guest.expect(PROMPT)
    guest.send("sleep 1000 &\n")
    guest.expect(PROMPT)
    for _ in range(3):                       # and background jobs live on
        guest.send(CTRL_C)
        guest.expect(PROMPT)
    assert "sleep" in processes(guest)
    interrupt(guest, "sleep 500", 0.05)
    assert processes(guest).count("sleep") == 1
    guest.send("if true\n")                  # in the middle of a command of several lines
    guest.expect(r"^> ")
    guest.send(CTRL_C)
    guest.expect(PROMPT)
    alive(guest)
    assert not re.search(r"^not this", guest.text, re.MULTILINE)


def test_what_was_typed_ahead_is_dropped_by_interrupt(kinglet):
    guest = shell(kinglet)
    guest.send("sleep 1000\necho dropped\nhalf a li")
    time.sleep(0.1)
    guest.send(CTRL_C)
    guest.expect(PROMPT)
    alive(guest)
    assert not re.search(r"^dropped", guest.text, re.MULTILINE)


# ---- ^D ----

def test_end_of_file(kinglet):
    guest = shell(kinglet)
    guest.send("cat; echo ended\n" + "one\n")
    guest.expect(r"one\r\none\r$")
    guest.send("two" + CTRL_D)               # what was typed goes to the reader
    guest.expect(r"twotwo")
    guest.at -= 6
    guest.send(CTRL_D)
    guest.expect(r"twotwoended\r$")
    guest.expect(PROMPT)
    guest.send("cat | wc -l\n" + "a\nb\nc\n" + CTRL_D)
    guest.expect(r"^3\r$")
    guest.expect(PROMPT)
    alive(guest)


def test_end_of_file_ends_the_shell_and_another_starts(kinglet):
    guest = shell(kinglet)
    for how in (CTRL_D, "exit 3\n", "kill -9 $$\n"):
        guest.send(how)
        guest.expect(r"\[shell ended, starting another\]")
        guest.expect(PROMPT)
        alive(guest)
    names = processes(guest)
    assert names.count("sh") == 1, names


# ---- ^P ----

DUMP_TRIES = 200


def dump(guest):
    """The rows of one ^P, each split into words; the last ones may be missing if the host is slow."""
    guest.send(CTRL_P)
    guest.expect(r"PID +PPID +JOB +STATE +LEVEL +HART +CPU-MS +WAITS-FOR\r\n")
    start = guest.at
    time.sleep(0.05)
    return [line.split() for line in guest.output[start:].decode().splitlines() if line.strip()]


def dump_until(guest, good):
    """Presses ^P until what it shows is as wanted: what was started takes its time to get there."""
    for _ in range(DUMP_TRIES):
        rows = dump(guest)
        if good(rows):
            return rows
    raise AssertionError(f"^P never showed it; last: {rows}")


def named(rows, name):
    return [row for row in rows if row[-1] == name]


def test_dump_while_a_hog_runs(kinglet):
    guest = shell(kinglet)
    guest.send("sleep 1000 & sleep 1000 | cat &\n")
    guest.expect(PROMPT)
    guest.send("sh -c 'while :; do :; done'\n")

    def hog_has_sunk(rows):
        shells = named(rows, "sh")
        hog = [row for row in shells if row[3] in ("running", "ready")]
        return ([row[:2] for row in named(rows, "init")] == [["1", "0"]] and "poll" in named(rows, "init")[0] and
                [row[3] for row in named(rows, "cat")] == ["blocked"] and
                [row[3] for row in named(rows, "sleep")] == ["blocked", "blocked"] and
                [row[3] for row in shells].count("blocked") == 1 and len(hog) == 1 and int(hog[0][4]) > 0)
    for _ in range(3):
        dump_until(guest, hog_has_sunk)
    guest.send(CTRL_C)
    guest.expect(PROMPT)
    alive(guest)


def test_dump_says_whom_they_wait_for(kinglet):
    guest = shell(kinglet)
    guest.send("sh -c 'cat; true'\n")

    def all_wait(rows):
        console = [row[0] for row in named(rows, "console")]
        reader = [row[7:-1] for row in named(rows, "cat")]
        return ([row[3] for row in named(rows, "console")] == ["running"] and
                [row[7:-1] for row in named(rows, "sh")] == [["child"], ["child"]] and
                reader == [["call", "pid", console[0]]])
    dump_until(guest, all_wait)
    guest.send(CTRL_D)
    guest.expect(PROMPT)


def test_dump_leaves_the_line_alone(kinglet):
    guest = shell(kinglet)
    guest.send("echo be" + CTRL_P + "fore\n")
    guest.expect(r"^before\r$")


# ---- readers and writers ----

def test_two_readers_share_the_lines(kinglet):
    guest = shell(kinglet)
    # In a shell of their own: the one that prompts would read, too, as soon as the first of them has ended.
    guest.send("(cat </dev/console >/tmp/a & cat >/tmp/b; wait)\n")
    for i in range(40):
        guest.send(f"text {i} of many\n")
    guest.expect(r"^text 39 of many\r$")
    guest.send(CTRL_D + CTRL_D)
    guest.expect(PROMPT)
    guest.send("cat /tmp/a /tmp/b | wc -l; cat /tmp/a /tmp/b; echo end\n")
    guest.expect(r"^40\r$")
    start = guest.at
    guest.expect(r"^end\r$")
    got = re.findall(r"^text (\d+) of many\r$", guest.output[start:guest.at].decode(), re.MULTILINE)
    assert sorted(map(int, got)) == list(range(40))


def test_output_is_complete_and_in_order(kinglet):
    result = kinglet.run("seq 1 13000 | cat; seq 13001 16000; echo last words")
    assert result.lines[-1] == "last words"
    numbers = [int(line) for line in result.lines if line.isdigit()]
    assert numbers == list(range(1, 16001))


def test_output_while_someone_types(kinglet):
    guest = shell(kinglet)
    guest.send("seq 100001 106000; echo finish''ed\n")
    for i in range(200):
        guest.send("z")
    guest.expect(r"finished\r$")
    text = guest.text.split("ish''ed\n", 1)[1].split("finished", 1)[0].replace("z", "")
    assert [int(line) for line in text.split()] == list(range(100001, 106001))
    guest.send(ERASE_LINE)
    alive(guest)


def test_three_writers_lose_nothing(kinglet):
    command = "for n in a b c; do (for i in $(seq 1 100); do echo $n-$i-; done) & done; wait"
    result = kinglet.run(command)
    for n in "abc":
        numbers = re.findall(rf"^{n}-(\d+)-$", result.text, re.MULTILINE)
        assert numbers == [str(i) for i in range(1, 101)]


def test_the_same_to_the_instruction(kinglet):
    outputs = {kinglet.run("seq 1 3000 | cat; ls -l /bin; ps", icount=True).text for _ in range(2)}
    assert len(outputs) == 1
