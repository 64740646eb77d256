"""Editing a command at the shell's prompt: keys, long lines, earlier lines, completion, what is typed ahead.

Somebody types at a terminal (tests/screen.py) and looks at what it shows.
"""

import random
import re

import pytest

from kinglet import CTRL_C, CTRL_D, CTRL_P
from screen import Screen, Sitting

UP, DOWN, RIGHT, LEFT = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"
HOME, END, DELETE, ERASE = "\x1b[H", "\x1b[F", "\x1b[3~", "\x7f"
WORD_LEFT, WORD_RIGHT, ERASE_WORD, DELETE_WORD = "\x1bb", "\x1bf", "\x1b\x7f", "\x1bd"
TAB, BELL = "\t", "\a"
P = "kinglet:/$ "


def control(letter):
    return chr(ord(letter) & 0x1f)


CLEAR = control("e") + control("u")


def sit(kinglet, columns=80, rows=24, answers=True, **settings):
    sitting = Sitting(kinglet.boot(**settings), columns, rows, answers)
    sitting.shows(P.rstrip())
    return sitting


def enter(sitting, line, *shown):
    """Types a command and waits for what it prints, and the next prompt."""
    start = len(sitting.guest.output)
    sitting.type(line + "\n")
    sitting.wait(lambda: P.encode() in sitting.guest.output[start:], "no prompt")
    sitting.shows(*shown, P.rstrip())


# ---- keys ----

KEYS = [  # typed, the line, the cursor's column in it
    ("abc" + LEFT + "X", "abXc", 3),
    ("abc" + 5 * LEFT + "X", "Xabc", 1),
    ("abc" + 2 * LEFT + RIGHT + "X", "abXc", 3),
    ("abc" + control("b") + control("b") + control("f") + "X", "abXc", 3),
    ("abc" + HOME + "X", "Xabc", 1),
    ("abc" + "\x1bOH" + "X" + "\x1bOF" + "Y", "XabcY", 5),
    ("abc" + "\x1b[1~" + "X" + "\x1b[4~" + "Y", "XabcY", 5),
    ("abc" + "\x1b[7~" + "X" + "\x1b[8~" + "Y", "XabcY", 5),
    ("abc" + HOME + END + "X", "abcX", 4),
    ("abc" + control("a") + "X" + control("e") + "Y", "XabcY", 5),
    ("abc" + ERASE + "\b" + "X", "aX", 2),
    ("abc" + LEFT + ERASE + "X", "aXc", 2),
    ("abc" + HOME + DELETE + control("d"), "c", 0),
    ("one two" + 3 * LEFT + control("k"), "one ", 4),
    ("one two" + 3 * LEFT + control("u"), "two", 0),
    ("one two" + 3 * LEFT + control("k") + HOME + control("y"), "twoone", 3),
    ("one two-three" + control("w") + "X", "one X", 5),
    ("one two-three" + ERASE_WORD + "X", "one two-X", 9),
    ("one two  " + 2 * control("w") + "X", "X", 1),
    ("one two three" + 2 * WORD_LEFT + "X", "one Xtwo three", 5),
    ("one two three" + HOME + WORD_RIGHT + "X", "oneX two three", 4),
    ("one two three" + HOME + "\x1b[1;5C" + "\x1b[1;5C" + "\x1b[1;5D" + "X", "one Xtwo three", 5),
    ("one two three" + HOME + DELETE_WORD, " two three", 0),
    ("abcd" + control("t"), "abdc", 4),
    ("abcd" + 2 * LEFT + control("t"), "acbd", 3),
    ("ab" + control("v") + control("a") + "c" + 2 * LEFT + "X", "abX^Ac", 3),
    ("a" + "\x1b[99~" + "\x1b[5~" + "\x1bz" + "\x1b[200~" + "b", "ab", 2),
    ("f" + "".join(f"\x1b[[{letter}" for letter in "ABCDE") + "\x1bOP" + "g", "fg", 2),  # F1 to F5
    ("é漢😀" + LEFT + "x", "é漢x😀", 4),
    ("é漢😀" + ERASE + ERASE + "x", "éx", 2),
    ("é漢😀" + HOME + RIGHT + DELETE + "x", "éx😀", 2),
    ("ne\u0301on" + 2 * LEFT + ERASE + "o", "noon", 2),
    ("ne\u0301on" + 2 * LEFT + LEFT + "x", "nxe\u0301on", 2),
    ("a" + control("v") + TAB + "b", "a    b", 6),
]


def test_keys(kinglet):
    sitting = sit(kinglet)
    for typed, line, cursor in KEYS:
        sitting.type(CLEAR + typed)
        sitting.shows((P + line).rstrip(), cursor=len(P) + cursor)


def test_a_key_that_cannot_do_anything_rings_the_bell(kinglet):
    sitting = sit(kinglet)
    for key in (ERASE, DELETE, control("k"), control("u"), control("w"), DOWN, UP, control("t"), control("q")):
        bells = sitting.screen.bells
        sitting.type(key)
        sitting.wait(lambda: sitting.screen.bells > bells, f"no bell for {key!r}")
    enter(sitting, "echo fine", "fine")


def test_the_line_is_run_as_it_is_shown(kinglet):
    sitting = sit(kinglet)
    enter(sitting, "cho hello" + HOME + "e" + END + " you" + 3 * LEFT, "hello you")
    enter(sitting, "echo 漢字é" + LEFT + "x", "漢字xé")
    enter(sitting, "echo a\\" + "\n" + "b", "> b", "ab")
    enter(sitting, "echo '" + control("v") + control("a") + "'| hexdump -n 1 -b", re.compile("0000000 001 *"), "0000001")


def test_bytes_that_are_no_utf8_are_taken_one_by_one(kinglet):
    sitting = sit(kinglet)
    sitting.guest.qemu.stdin.write(b"echo -n '\xff\x80\xc3\xe6\xbcx\xf0\x9f\x98' | hexdump -C\n")
    sitting.guest.qemu.stdin.flush()
    sitting.shows(P + "echo -n '?????x???' | hexdump -C",
                  "00000000  ff 80 c3 e6 bc 78 f0 9f  98                       |.....x...|", "00000009", P.rstrip())
    sitting.guest.qemu.stdin.write(b"e\xc3\xa9\x7f\xff\x7fcho \xf0\x9f\x98\x80\x7fgood\n")
    sitting.guest.qemu.stdin.flush()
    sitting.shows("good", P.rstrip())


def test_any_bytes_leave_the_shell_alive(kinglet):
    sitting = Sitting(kinglet.boot())  # what these bytes bring to the screen is not looked at
    sitting.guest.expect(r"\$ ")
    rng = random.Random(7)
    for _ in range(60):
        noise = bytes(rng.choice(b"\x1b[;~OABCDH\t\x01\x02\x05\x06\x0b\x0c\x12\x14\x15\x16\x17\x19\x7f'\"$`{(\\ /a\xc3\xa9\xe6\xff")
                      for _ in range(40))
        sitting.guest.qemu.stdin.write(noise.replace(b"\n", b"") + b"\x07" + CLEAR.encode() + CTRL_C.encode())
        sitting.guest.qemu.stdin.flush()
        sitting.guest.expect(r"\^C\r\n")
    sitting.guest.send("\necho al''ive\n")
    sitting.guest.expect(r"^alive\r$")


# ---- the line on the screen ----

@pytest.mark.parametrize("columns", [57, 80, 100])
def test_a_line_of_several_rows(kinglet, columns):
    """The terminal is asked how wide it is, once it matters."""
    sitting = sit(kinglet, columns)
    line = "echo " + "".join(str(i % 10) for i in range(3 * columns))

    def rows(line):
        whole = P + line
        return [whole[i:i + columns].rstrip() for i in range(0, len(whole), columns)]
    sitting.type(line)
    sitting.shows(*rows(line))
    sitting.type(HOME)
    sitting.wait(lambda: sitting.screen.cursor == (len(sitting.screen.lines) - len(rows(line)), len(P)), "HOME")
    sitting.type("true; ")
    sitting.shows(*rows("true; " + line))
    sitting.type(END + 5 * ERASE)
    sitting.shows(*rows("true; " + line[:-5]), cursor=len(rows("true; " + line[:-5])[-1]))
    sitting.type("\n")
    output = line[5:-5]
    sitting.shows(*[output[i:i + columns] for i in range(0, len(output), columns)], P.rstrip())


def test_lines_that_end_at_the_margin(kinglet):
    sitting = sit(kinglet, columns=60)
    full = "echo " + (60 - len(P) - 5) * "x"
    sitting.type(full + LEFT + RIGHT)
    sitting.shows(P + full)
    sitting.wait(lambda: sitting.screen.cursor[1] == 0, "the cursor at the start of the next row")
    sitting.type("y" + LEFT)
    sitting.shows(P + full, "y", cursor=0)
    sitting.type(ERASE)
    sitting.shows(P + full[:-1] + "y", cursor=59)
    sitting.type(END + ERASE + ERASE)
    sitting.shows(P + full[:-2], cursor=58)
    sitting.type("漢")  # two columns: just fits
    sitting.shows(P + full[:-2] + "漢")
    sitting.type(HOME + "e" + END)  # and now does not
    sitting.shows(P + "e" + full[:-2], "漢", cursor=2)
    sitting.type(CLEAR + "echo short\n")
    sitting.shows(P + "echo short", "short", P.rstrip())


def test_a_terminal_that_does_not_say_its_width_has_80_columns(kinglet):
    sitting = sit(kinglet, answers=False)
    line = "echo " + 40 * "ab"
    sitting.type(line + HOME)
    sitting.shows(P + line[:69], line[69:])
    sitting.wait(lambda: sitting.screen.cursor[1] == len(P), "HOME")
    enter(sitting, "X" + ERASE + END, re.compile("(ab){40}"))
    enter(sitting, "COLUMNS=40")  # or as many as the variable says
    other = Screen(40)
    other.row = other.rows - 1
    other.feed(P.encode())
    sitting.screen = other
    sitting.type("echo 1234567890 1234567890 1234567890" + HOME + "X")
    sitting.shows(P + "Xecho 1234567890 1234567890 1", "234567890")


def test_a_long_line_is_run_whole(kinglet):
    sitting = sit(kinglet, rows=100)
    enter(sitting, "echo " + 5000 * "x" + " | wc -c", "5001")


def test_a_very_long_line_can_be_pasted(kinglet):
    """What one more byte costs does not grow with the line."""
    guest = kinglet.boot()
    guest.expect(r"\$ ")
    guest.send("echo " + 40000 * "x" + " | wc -c\n")
    guest.expect(r"^40001\r$")


def test_clearing_the_screen_keeps_the_line(kinglet):
    sitting = sit(kinglet)
    sitting.type("echo ok" + 2 * LEFT + control("l"))
    sitting.wait(lambda: sitting.screen.lines == [P + "echo ok"] and sitting.screen.cursor == (0, len(P) + 5),
                 "the line was not alone on the screen")
    enter(sitting, "", "ok")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_screen_shows_the_line_whatever_is_typed(kinglet, seed):
    """Against a model of the line, and the terminal's own idea of wrapping."""
    rng = random.Random(seed)
    columns = rng.choice([44, 61, 80])
    sitting = sit(kinglet, columns, rows=50)
    line, at = [], 0
    for step in range(60):
        typed = ""
        for _ in range(rng.randrange(1, 8)):
            key = rng.choice(["insert"] * 6 + ["left", "right", "home", "end", "erase", "delete", "kill"])
            if key == "insert":
                text = [rng.choice("abc é漢😀ü ") for _ in range(rng.randrange(1, 12))]
                line[at:at] = text
                at += len(text)
                typed += "".join(text)
            elif key == "left":
                at, typed = max(at - 1, 0), typed + LEFT
            elif key == "right":
                at, typed = min(at + 1, len(line)), typed + RIGHT
            elif key == "home":
                at, typed = 0, typed + HOME
            elif key == "end":
                at, typed = len(line), typed + END
            elif key == "erase":
                typed += ERASE
                del line[max(at - 1, 0):at]
                at = max(at - 1, 0)
            elif key == "delete":
                typed += DELETE
                del line[at:at + 1]
            elif key == "kill" and len(line) > 200:
                typed += control("k")
                del line[at:]
        wanted = Screen(columns, 50)
        wanted.feed((P + "".join(line)).encode())
        place = Screen(columns, 50)
        place.feed((P + "".join(line[:at])).encode())
        rest = "".join(line[at:])
        if place.hanging or (rest and rest[0] in "漢😀" and place.column == columns - 1):
            place.go(place.row + 1, 0)
        alternatives = {place.cursor[1]}
        if at == len(line) and place.cursor[1] == 0:
            alternatives.add(columns - 1)  # written, and the terminal has not gone on yet
        if rest and rest[0] in "漢😀" and place.column == 0:
            alternatives.add(columns - 1)  # before the gap that a wide character leaves
        sitting.type(typed)
        n = len(wanted.lines)
        sitting.wait(lambda: sitting.screen.lines[-n:] == wanted.lines and sitting.screen.cursor[1] in alternatives,
                     f"step {step}: {typed!r} should have given {wanted.lines}, cursor {alternatives}")


# ---- ^C, ^D, ^P ----

def test_interrupt_gives_a_new_prompt_below_the_line(kinglet):
    sitting = sit(kinglet, columns=60)
    sitting.type("echo " + 100 * "x" + HOME)
    sitting.wait(lambda: len(sitting.screen.lines[-1]) == 56 and sitting.screen.cursor[1] == len(P), "HOME")
    sitting.type(CTRL_C)
    sitting.shows(re.compile(".*\\^C.*"), re.compile("x+"), P.rstrip())
    enter(sitting, "echo $?", "130")
    sitting.type("if true\n")
    sitting.shows(">")
    sitting.type("then")
    sitting.shows("> then")
    sitting.type(CTRL_C)
    sitting.shows("> then^C", P.rstrip())


def test_end_of_file_only_on_an_empty_line(kinglet):
    sitting = sit(kinglet)
    sitting.type("echo ok" + CTRL_D + HOME + CTRL_D)
    sitting.shows(P + "cho ok", cursor=len(P))
    sitting.type(CLEAR + CTRL_D)
    sitting.shows("[shell ended, starting another]", P.rstrip())


def test_the_list_of_processes_can_be_asked_for_while_a_line_is_edited(kinglet):
    guest = kinglet.boot()
    guest.expect(r"\$ ")
    guest.send("echo be" + CTRL_P)
    guest.expect(r"PID +PPID +JOB +STATE.*\n(.*\n)* +\d.* sh\r$")
    guest.send("fore\n")
    guest.expect(r"^before\r$")


# ---- typing ahead ----

def test_what_is_typed_while_a_command_runs_is_the_next_command_or_its_input(kinglet):
    sitting = sit(kinglet)
    sitting.type("sleep 0.5\necho one\nec")
    sitting.shows("one", P + "ec")
    sitting.type("ho two\n")
    sitting.shows("two", P.rstrip())
    # All at once: the command's part of it comes to the command, line editing and all.
    sitting.type("cat\nline X" + ERASE + "1\nline 2\n" + CTRL_D + "echo en''d\n")
    sitting.shows(re.compile(".*" + re.escape(P + "echo en''d")), "end", P.rstrip())
    # What is typed and what cat prints may come on one row: nobody waited for anybody.
    assert [found for line in sitting.screen.lines for found in re.findall(r"line \d", line)] == 2 * ["line 1", "line 2"]
    sitting.type("read x\nal pha\necho got $x\n")
    sitting.shows("got al pha", P.rstrip())


def test_a_shell_in_a_shell_edits_too(kinglet):
    sitting = sit(kinglet)
    enter(sitting, "sh")
    enter(sitting, "cho in" + HOME + "e", "in")
    sitting.type(CTRL_D)
    sitting.shows(P.rstrip(), P.rstrip())
    enter(sitting, "cho out" + HOME + "e", "out")


def test_the_terminal_is_in_line_mode_for_commands_even_after_one_that_was_killed(kinglet):
    sitting = sit(kinglet)
    sitting.type("top\n")
    sitting.wait(lambda: any("PID" in line for line in sitting.screen.lines), "top")
    sitting.type(CTRL_C)
    sitting.shows(P.rstrip())
    sitting.type("cat\nab" + ERASE + "c\n" + CTRL_D)
    sitting.shows("ac", "ac", P.rstrip())
    enter(sitting, "echo still here", "still here")


# ---- history ----

def test_history_with_the_arrow_keys(kinglet):
    sitting = sit(kinglet)
    enter(sitting, "echo 1", "1")
    enter(sitting, "echo 2", "2")
    enter(sitting, "echo 3", "3")
    sitting.type("new" + UP)
    sitting.shows(P + "echo 3")
    sitting.type(UP + UP)
    sitting.shows(P + "echo 1")
    sitting.type(UP)  # there is none before
    sitting.shows(P + "echo 1")
    sitting.type("0" + DOWN)  # what was changed stays changed while the line is not done
    sitting.shows(P + "echo 2")
    sitting.type(UP)
    sitting.shows(P + "echo 10")
    sitting.type(3 * DOWN)
    sitting.shows(P + "new")
    sitting.type(DOWN + CLEAR + "\x1bOA\x1bOA\x1bOB" + control("n"))
    sitting.shows(P.rstrip())
    enter(sitting, UP + UP + ERASE + "two", "two")
    enter(sitting, UP + UP + UP, "2")


def test_history_holds_each_line_once(kinglet):
    sitting = sit(kinglet)
    for line, shown in (("echo a", ["a"]), ("echo b", ["b"]), ("echo a", ["a"]), ("", []), ("   ", []),
                        (" echo secret", ["secret"])):
        enter(sitting, line, *shown)
    enter(sitting, "history", "    1  echo b", "    2  echo a", "    3  history")
    enter(sitting, "history 2", "    3  history", "    4  history 2")
    enter(sitting, "history x", "sh: history: a number of lines, or -c to forget them, is expected")
    enter(sitting, "history -c")
    enter(sitting, "history", "    1  history")


def test_history_outlives_the_shell(kinglet):
    sitting = sit(kinglet)
    enter(sitting, "echo first", "first")
    sitting.type("exit\n")
    sitting.shows("[shell ended, starting another]", P.rstrip())
    sitting.type(UP + UP)
    sitting.shows(P + "echo first")
    enter(sitting, CLEAR + "kill -9 $$")
    enter(sitting, UP + UP + UP, "first")
    enter(sitting, "HISTFILE=")  # what follows is not kept
    enter(sitting, "echo lost", "lost")
    sitting.type("exit\n")
    sitting.shows("[shell ended, starting another]", P.rstrip())
    enter(sitting, "history 1; history | grep -c lost", re.compile(" +\\d+  history 1; .*"), "1")


def test_history_forgets_the_oldest(kinglet):
    guest = kinglet.boot()
    guest.expect(r"\$ ")
    guest.send("i=0; while [ $i -lt 1200 ]; do i=$((i + 1)); echo \": $i\"; done >/tmp/.sh_history; echo ma''de; exec sh\n")
    guest.expect(r"^made\r$")
    guest.expect(r"\$ ")  # of the new shell: what is typed earlier the old one may have read
    guest.send("history | head -n 1; history | tail -n 1; exit\n")
    guest.expect(r"^ +1  : 702\r\n +500  history \| head")
    guest.expect(r"\$ ")
    guest.send("wc -l </tmp/.sh_history\n")
    guest.expect(r"^50[012]\r$")


def test_searching_earlier_lines(kinglet):
    sitting = sit(kinglet)
    for line, shown in (("echo apple", "apple"), ("echo banana", "banana"), ("echo apricot", "apricot")):
        enter(sitting, line, shown)
    sitting.type("draft" + control("r"))
    sitting.shows("(search '') draft")
    sitting.type("ap")
    sitting.shows("(search 'ap') echo apricot")
    sitting.type(control("r"))
    sitting.shows("(search 'ap') echo apple")
    sitting.type(control("r"))
    sitting.shows("(not found 'ap') echo apple")
    sitting.type(control("g"))
    sitting.shows(P + "draft", cursor=len(P) + 5)
    sitting.type(control("r") + "banx" + ERASE)
    sitting.shows("(search 'ban') echo banana")
    sitting.type(END + "s")
    sitting.shows(P + "echo bananas")
    enter(sitting, "", "bananas")
    enter(sitting, control("r") + "ple", "apple")
    sitting.type("draft" + control("r") + ERASE)  # there is nothing to erase
    sitting.shows("(search '') draft")
    sitting.type("ap" + control("r") + 2 * ERASE + "a")  # and when all is erased, the newest is looked at first
    sitting.shows("(search 'a') echo apple")
    sitting.type(control("g") + CLEAR + control("r") + "nothing")
    sitting.shows(re.compile(r"\(not found 'nothing'\).*"))
    sitting.type(CTRL_C)
    sitting.shows(re.compile(r"\(not found 'nothing'\).*\^C.*"), P.rstrip())


# ---- completion ----

PREPARE = ("mkdir -p '/tmp/my dir/sub' /tmp/x; cd /tmp; >'my dir/it'\"'\"'s'; >'my dir/été'; >.hidden; >x/one.c; >x/one.h; "
           ">'x/a$b'; alpha() { echo $1; }; A=/tmp/x; cp /bin/true x/prog")
T = "kinglet:/tmp$ "
COMPLETIONS = [  # typed before Tab, and the line after it
    ("una", "uname "),
    ("his", "history "),
    ("alp", "alpha "),
    ("whi", "while "),
    ("true; una", "true; uname "),
    ("true|una", "true|uname "),
    ("true && una", "true && uname "),
    ("if una", "if uname "),
    ("X=1 una", "X=1 uname "),
    ("time una", "time uname "),
    ("echo $(una", "echo $(uname "),
    ("echo `una", "echo `uname "),
    ("echo \"a$(una", "echo \"a$(uname "),
    ("(una", "(uname "),
    ("{ una", "{ uname "),
    (">x/new una", ">x/new uname "),
    ("/bin/una", "/bin/uname "),
    ("./x/pr", "./x/prog "),
    ("x/on", "x/on"),               # not programs
    ("cat my", "cat my\\ dir/"),
    ("cat my\\ d", "cat my\\ dir/"),
    ("cat my\\ dir/i", "cat my\\ dir/it\\'s "),
    ("cat \"my", "cat \"my dir/"),
    ("cat \"my dir/i", "cat \"my dir/it's\" "),
    ("cat 'my dir/i", "cat 'my dir/it'\\''s' "),
    ("cat 'my dir'/i", "cat 'my dir'/it\\'s "),
    ("cat \"my dir\"/\"i", "cat \"my dir\"/\"it's\" "),
    ("cat my\\ dir/é", "cat my\\ dir/été "),
    ("cat x/a", "cat x/a\\$b "),
    ("cat \"x/a", "cat \"x/a\\$b\" "),
    ("cat x/o", "cat x/one."),
    ("cat x/one.h", "cat x/one.h "),
    ("cat <x/one.c", "cat <x/one.c "),
    ("echo a >x/one.h", "echo a >x/one.h "),
    ("cat .h", "cat .hidden "),
    ("cat ..", "cat ../"),
    ("cd m", "cd my\\ dir/"),
    ("cd x/o", "cd x/o"),           # no directories
    ("echo $HISTF", "echo $HISTF"),
    ("echo $OLDP", "echo $OLDPWD"),
    ("echo ${OLDP", "echo ${OLDPWD}"),
    ("echo \"$OLDP", "echo \"$OLDPWD"),
    ("cat $A/one.c", "cat $A/one.c "),
    ("cat ${A}/o", "cat ${A}/one."),
    ("cat /$(true)o", "cat /$(true)o"),
    ("V=x/o", "V=x/one."),
    ("cat --file=x/one.c", "cat --file=x/one.c "),
    ("cat /etc/../tm", "cat /etc/../tmp/"),
    ("true # una", "true # una"),
    ("zzzz", "zzzz"),
    ("cat /nowhere/x", "cat /nowhere/x"),
    (TAB, "  "),                    # at the start of a line it is a tab
]


def test_completion(kinglet):
    sitting = sit(kinglet)
    sitting.type(PREPARE + "\n")
    sitting.shows(T.rstrip())
    for typed, line in COMPLETIONS:
        sitting.type(CLEAR + typed + ("" if typed == TAB else TAB))
        sitting.shows((T + line).rstrip(), cursor=len(T) + len(line))
        sitting.type("|")  # and nothing comes after it
        sitting.shows(T + line + "|")


def test_completion_in_the_middle_of_a_line(kinglet):
    sitting = sit(kinglet)
    sitting.type("una | cat" + 6 * LEFT + TAB)
    sitting.shows(P + "uname  | cat", cursor=len(P) + 6)
    enter(sitting, "", "Kinglet")
    for name in "PAT", "PATH":  # one that is there, too, gets its brace, and no second one
        sitting.type(CLEAR + "echo ${" + name + "}/x" + 3 * LEFT + TAB)
        sitting.shows(P + "echo ${PATH}/x", cursor=len(P) + 12)


def test_second_tab_lists_what_there_is(kinglet):
    sitting = sit(kinglet)
    enter(sitting, "mkdir /tmp/d /tmp/d/sub; >/tmp/d/second; >/tmp/d/seq; cd /tmp/d; cd /")
    sitting.type("cat /tmp/d/s")
    bells = sitting.screen.bells
    sitting.type(TAB)
    sitting.wait(lambda: sitting.screen.bells > bells, "no bell")
    sitting.type(TAB)
    sitting.shows(P + "cat /tmp/d/s", "second  seq     sub/", P + "cat /tmp/d/s", cursor=len(P) + 12)
    sitting.type("e" + TAB + TAB)
    sitting.shows("second  seq", P + "cat /tmp/d/se")
    sitting.type(CLEAR)
    enter(sitting, "seq 250 | xargs -n 1 sh -c '>/tmp/d/file$0'; echo made", "made")
    sitting.type("ls /tmp/d/f" + TAB + TAB)
    sitting.shows("Show all 250 names? (y or n)")
    sitting.type("n")
    sitting.shows("Show all 250 names? (y or n)", P + "ls /tmp/d/file")
    sitting.type(TAB + "y")
    sitting.wait(lambda: sitting.screen.lines[-1] == P + "ls /tmp/d/file" and
                 sum(len(re.findall(r"file\d+", line)) for line in sitting.screen.lines) > 150, "the list")


def test_names_for_completion_come_from_path(kinglet):
    sitting = sit(kinglet)
    enter(sitting, "mkdir /tmp/bin; cp /bin/true /tmp/bin/frobnicate; >/tmp/bin/frobtext; PATH=$PATH:/tmp/bin")
    enter(sitting, "frob" + TAB + "; echo $?", "0")
