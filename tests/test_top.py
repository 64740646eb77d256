"""top, in numbers: shares, levels and waits of processes of which it is known what they do, in guest time."""

import re

from kinglet import CTRL_C
from screen import Sitting

HOG = "sh -c 'while :; do :; done'"
P = "kinglet:/$"


class Page:
    """One page of top -b."""

    def __init__(self, text):
        self.text = text
        self.uptime = sum(float(n) * unit for n, unit in zip(re.search(r"^up (\d+):(\d+):([\d.]+),", text).groups(),
                                                             (3600, 60, 1)))
        self.harts = [float(n) for n in re.findall(r"hart \d+ +([\d.]+)% busy", text)]
        title, *rows = text[text.index("  PID"):].splitlines()
        names = title.split()
        self.rows = []
        for line in rows:
            # REASON may be of two words; the name is the last.
            found = re.fullmatch(r" *(\d+) +(\d+) +(\d+) (\w+) +(\d+) +(\d+) +([\d.]+) +([\d.]+) +(\S+) (.{10}) (.*) (\S+)", line)
            assert found, line
            values = dict(zip(names[:10], found.groups()))
            values["REASON"] = values["REASON"].strip()
            self.rows.append({**values, "levels": [float(n) for n in found[11].split()], "NAME": found[12],
                              "share": float(found[7]), "time": float(found[8])})

    def named(self, name):
        return [row for row in self.rows if row["NAME"] == name]


def pages(result):
    return [Page(text.rstrip("\n")) for text in re.split(r"^(?=up \d)", result.text, flags=re.MULTILINE)[1:]]


def hogs(page):
    """The rows of the two processes that computed most."""
    return sorted(page.rows, key=lambda row: -row["time"])[:2]


def test_shares_of_two_hogs_on_one_hart(kinglet):
    """Each has its half; all shares and the hart's add up; so do the levels of each process."""
    first, second, third = pages(kinglet.run(f"{HOG} & {HOG} & top -b -n 3 -d 1", icount=True))
    assert second.uptime - first.uptime < 1.15 and third.uptime - second.uptime < 1.15
    for before, page in (first, second), (second, third):
        assert page.harts == [100.0]
        assert [row["share"] for row in page.rows] == sorted((row["share"] for row in page.rows), reverse=True)
        assert 99 <= sum(row["share"] for row in page.rows) <= 101
        assert {row["PID"] for row in page.rows[:2]} == {row["PID"] for row in hogs(page)}
        for row in page.rows[:2]:
            assert 44 <= row["share"] <= 56
            then = next(old for old in before.rows if old["PID"] == row["PID"])
            ran, passed = row["time"] - then["time"], page.uptime - before.uptime
            assert abs(ran / passed * 100 - row["share"]) < 12  # the page shows the uptime in tenths
            assert row["STATE"] in ("READY", "RUNNING")
            assert row["levels"][3] - then["levels"][3] > 0.5 * ran  # most of it at the bottom
        for row in page.rows:
            assert abs(sum(row["levels"]) - row["time"]) <= 0.005
    assert third.named("top")[0]["LEVEL"] == "0" and third.named("top")[0]["share"] < 2


def test_an_idle_machine_is_idle(kinglet):
    first, second = pages(kinglet.run("top -b -n 2 -d 2; true", icount=True))
    assert second.harts[0] < 1
    assert all(row["share"] < 1 for row in second.rows)
    assert {row["NAME"] for row in second.rows} >= {"init", "console", "ramfs", "sh", "top"}


def test_what_processes_wait_for(kinglet):
    page = pages(kinglet.run("cat </dev/console & sleep 1 | wc & sleep 0.1; top -b -n 2 -d 0.2; kill %1", icount=True))[1]
    cat, wc, sleep = page.named("cat")[0], page.named("wc")[0], page.named("sleep")[0]
    assert (cat["STATE"], cat["WAITS-FOR"], cat["REASON"]) == ("BLOCKED", page.named("console")[0]["PID"], "call")
    assert (wc["STATE"], wc["WAITS-FOR"], wc["REASON"]) == ("BLOCKED", "-", "pipe read")
    assert (sleep["STATE"], sleep["REASON"]) == ("BLOCKED", "sleep")
    assert (page.named("ramfs")[0]["REASON"], page.named("init")[0]["REASON"]) == ("receive", "poll")
    top = page.named("top")[0]
    assert (top["STATE"], top["REASON"], top["HART"]) == ("RUNNING", "-", "0")
    assert top["PPID"] == page.named("sh")[0]["PID"]


def test_a_new_process_has_its_share_of_the_time_since_it_began(kinglet):
    """One that has computed alone for the last fifth of the second had all of it."""
    first, second = pages(kinglet.run(f"(sleep 0.8; {HOG}; true) & top -b -n 2 -d 1", icount=True))
    busiest = second.rows[0]
    assert busiest["share"] > 90 and busiest["time"] < 0.4
    assert busiest["PID"] not in {row["PID"] for row in first.rows}
    assert 10 <= second.harts[0] <= 40


def test_shares_on_several_harts_are_of_one_hart_each(kinglet):
    first, second, third = pages(kinglet.run(f"{HOG} & {HOG} & top -b -n 3 -d 1", smp=3))
    for page in second, third:
        assert len(page.harts) == 3
        assert all(busy <= 100 for busy in page.harts)
        assert all(row["share"] <= 101 for row in page.rows)
        assert all(row["share"] > 60 for row in hogs(page))
        assert sum(row["share"] for row in page.rows) <= sum(page.harts) + 3
        assert len({row["HART"] for row in hogs(page)}) == 2


# ---- with somebody at the keyboard ----

def sit(kinglet, columns=80, **settings):
    sitting = Sitting(kinglet.boot(**settings), columns)
    sitting.shows(P)
    return sitting


def rows(sitting):
    """The rows of processes on the screen."""
    return [line.split() for line in sitting.screen.lines if re.match(r" +\d+ +\d+ ", line)]


def start(sitting, command):
    sitting.type(command + "\n")
    sitting.wait(lambda: len(rows(sitting)) > 4, "no page")


def test_the_page_fits_the_screen_and_is_drawn_over(kinglet):
    for columns in 60, 80, 130:
        sitting = sit(kinglet, columns)
        start(sitting, "top -d 0.1")
        title = next(line for line in sitting.screen.lines if " PID " in line)
        assert ("WAITS-FOR REASON" in title) == (columns == 130)
        uptimes = set()

        def three_pages():
            uptimes.add(sitting.screen.lines[0].split(",")[0])
            return len(uptimes) >= 3
        sitting.wait(three_pages, "the page does not change")
        assert sum(line.startswith("up ") for line in sitting.screen.lines) == 1
        sitting.type("q")
        sitting.wait(lambda: sitting.screen.lines[-1] == P, "no prompt")
        sitting.guest.stop()


def test_a_row_of_the_screens_width_is_shown_whole(kinglet):
    title = "  PID   JOB STATE   L H  %CPU   TIME WAITS-FOR   L0   L1   L2   L3 NAME"
    sitting = sit(kinglet, len("  PID   JOB STATE   L H  %CPU   TIME WAITS-FOR   L0"))
    start(sitting, "top -n 2 -d 0.1")
    sitting.wait(lambda: sitting.screen.lines[-1] == P, "no prompt")
    assert title[:sitting.screen.columns] in sitting.screen.lines


def test_more_processes_than_rows(kinglet):
    sitting = sit(kinglet)
    sitting.type("for i in $(seq 40); do sleep 1000 & done; echo star''ted\n")
    sitting.guest.expect("started")
    start(sitting, "top")
    sitting.wait(lambda: len(sitting.screen.lines) == 23, "not a full page")
    assert sitting.screen.lines[0].startswith("up ")
    sitting.type("q")
    sitting.wait(lambda: sitting.screen.lines[-1] == P, "no prompt")


def test_keys(kinglet):
    sitting = sit(kinglet, 110)
    sitting.type("sleep 1000 &\n")
    sitting.shows(re.compile(r"\[1\] \d+"), P)
    sleeper = sitting.screen.lines[-2].split()[1]
    start(sitting, "top -d 1000")

    def numbers():
        return sitting.screen.lines[0], sorted((row[0], row[7]) for row in rows(sitting))
    everybody = ["console", "init", "ramfs", "sh", "sleep", "top"]
    sitting.wait(lambda: sorted(row[-1] for row in rows(sitting)) == everybody, "no whole page")
    first = numbers()
    sitting.type("N")
    sitting.wait(lambda: [row[0] for row in rows(sitting)][:4] == ["1", "2", "3", "4"], "not by pid")
    for key, column in ("T", 7), ("P", 6):
        sitting.type(key)
        sitting.wait(lambda: [row[column] for row in rows(sitting)] ==
                     sorted((row[column] for row in rows(sitting)), key=float, reverse=True), f"{key} does not sort")
    sitting.type("M")
    sitting.wait(lambda: rows(sitting)[-1][-1] in ("sleep", "top"), "not by memory")
    sitting.type("h")
    sitting.wait(lambda: any(line.startswith("q quit  space now") for line in sitting.screen.lines), "no help")
    assert numbers() == first  # these keys showed the same numbers anew
    sitting.type(" ")
    sitting.wait(lambda: numbers() != first, "no new page")
    sitting.type("i")
    sitting.wait(lambda: all(row[-1] != "sleep" for row in rows(sitting)), "idle ones are still there")
    sitting.type("i\x1b[A\x1b[Bx")
    sitting.wait(lambda: any(row[-1] == "sleep" for row in rows(sitting)), "idle ones are not there again")
    sitting.type("k")
    sitting.wait(lambda: any("pid to end" in line for line in sitting.screen.lines), "no question")
    sitting.type(f"{sleeper}x\x7f KILL\n")
    sitting.type(" ")
    sitting.wait(lambda: all(row[0] != sleeper for row in rows(sitting)), "it was not killed")
    sitting.type("k99999\n")
    sitting.wait(lambda: any("cannot end 99999: no such process" in line for line in sitting.screen.lines), "no word")
    sitting.type("dx\n")
    sitting.wait(lambda: any("x is no number of seconds" in line for line in sitting.screen.lines), "no word")
    sitting.type("d" + 40 * "0" + "q1000\n")  # all of it is the answer
    sitting.wait(lambda: any("000 is no number of seconds" in line for line in sitting.screen.lines), "no word")
    now = sitting.screen.lines[0]
    sitting.type("d0.05\n")  # which counts at once
    pages_seen = set()

    def many_pages():
        pages_seen.add(sitting.screen.lines[0])
        return len(pages_seen - {now}) > 3
    sitting.wait(many_pages, "no shorter delay")
    sitting.type("q")
    sitting.wait(lambda: sitting.screen.lines[-1] == P, "no prompt")


def test_the_terminal_is_as_it_was_after_top(kinglet):
    """Whether it ends by itself, by a key, by ^C, or by a signal; also in the middle of a list of commands."""
    sitting = sit(kinglet)
    then = "; echo read''y; cat\n"
    kill = "sh -c 'sleep 1; kill -9 $(ps | grep \\ top$ | xargs -n 1 | head -n 1)' & "
    for command in "top -n 2 -d 0.1" + then, "top" + then, kill + "top -d 1000" + then, "top -d 1000\n":
        sitting.type(command)
        if command.startswith("top -d"):
            sitting.wait(lambda: rows(sitting), "no page")
            sitting.type(CTRL_C)
            sitting.shows("^C", P)
            sitting.type(then[2:])
        elif command.startswith("top;"):
            sitting.wait(lambda: rows(sitting), "no page")
            sitting.type("q")
        sitting.shows("ready")
        sitting.type("abX\x7fc\n")
        sitting.shows("abc", "abc")
        sitting.type("\x04")
        sitting.shows(P)
        sitting.type("\x0c")
        sitting.wait(lambda: sitting.screen.lines == [P], "not cleared")


def test_the_terminal_is_as_it_was_after_top_had_no_memory(kinglet):
    """Started with less and less of it, until it cannot start at all. A shell that is not interactive leaves the
    terminal as it is."""
    sitting = sit(kinglet)
    sitting.type("sh -c 'for n in $(seq 40 -1 8); do limit 0 $n top -n 1; done' 2>/tmp/err; "
                 "echo read''y $(sort -u /tmp/err); cat\n")
    sitting.shows("ready top: out of memory")
    sitting.type("abX\x7fc\n")
    sitting.shows("abc", "abc")
