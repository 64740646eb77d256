"""A terminal for tests: what a guest's output looks like on a screen, and what the terminal answers.

Knows what Kinglet's programs send: text in UTF-8 with wide and combining characters, wrapping at the right
margin as xterm does it, cursor movement, erasing, and the question where the cursor is.
"""

import codecs
import re
import unicodedata

from kinglet import LIMIT

SEQUENCE = re.compile(r"\x1b(?:\[([\d;?]*)([@-~])|([78]))")


class Screen:
    def __init__(self, columns=80, rows=24):
        self.columns, self.rows = columns, rows
        self.cells = [[" "] * columns for _ in range(rows)]
        self.row = self.column = 0
        self.hanging = False  # the last column was written; the next character goes to the next row
        self.saved = (0, 0)
        self.bells = 0
        self.unfinished = ""
        self.decode = codecs.getincrementaldecoder("utf-8")("replace").decode

    @property
    def lines(self):
        """What is on the screen, without blanks at the ends of lines and empty lines at its end."""
        shown = ["".join(row).rstrip() for row in self.cells]
        while shown and not shown[-1]:
            shown.pop()
        return shown

    @property
    def cursor(self):
        return self.row, self.column

    def feed(self, data):
        """Takes output; gives what the terminal answers."""
        answers = ""
        text = self.unfinished + self.decode(data)
        self.unfinished = ""
        at = 0
        while at < len(text):
            if text[at] == "\x1b":
                found = SEQUENCE.match(text, at)
                if not found:
                    assert len(text) - at < 20, f"no sequence that this terminal knows: {text[at:at + 20]!r}"
                    self.unfinished = text[at:]
                    break
                answers += self.sequence(found)
                at = found.end()
            else:
                self.character(text[at])
                at += 1
        return answers

    def go(self, row, column):
        self.row = min(max(row, 0), self.rows - 1)
        self.column = min(max(column, 0), self.columns - 1)
        self.hanging = False

    def down(self):
        if self.row == self.rows - 1:
            self.cells = self.cells[1:] + [[" "] * self.columns]
        else:
            self.row += 1

    def character(self, c):
        if c == "\r":
            self.go(self.row, 0)
        elif c == "\n":
            self.down()
            self.hanging = False
        elif c == "\b":
            self.go(self.row, self.column - 1)
        elif c == "\a":
            self.bells += 1
        elif c < " " or c == "\x7f":
            raise AssertionError(f"control character {c!r} was sent to the terminal")
        elif unicodedata.combining(c):
            self.cells[self.row][self.column if self.hanging else max(self.column - 1, 0)] += c
        else:
            self.letter(c, 2 if unicodedata.east_asian_width(c) in "WF" else 1)

    def letter(self, c, width):
        if self.hanging or self.column + width > self.columns:
            self.column = 0
            self.down()
            self.hanging = False
        for part in [c, ""][:width]:
            self.cells[self.row][self.column] = part
            self.column += 1
        if self.column == self.columns:
            self.column -= 1
            self.hanging = True

    def sequence(self, found):
        numbers, letter, other = found.groups()
        if other:
            if other == "7":
                self.saved = self.row, self.column, self.hanging
            else:
                self.row, self.column, self.hanging = self.saved
            return ""
        numbers = [int(n or 0) for n in numbers.split(";")]
        n = max(numbers[0], 1)
        if letter in "ABCD":
            down, right = {"A": (-n, 0), "B": (n, 0), "C": (0, n), "D": (0, -n)}[letter]
            self.go(self.row + down, self.column + right)
        elif letter == "H":
            self.go(n - 1, (numbers[1] if len(numbers) > 1 else 1) - 1)
        elif letter in "JK":
            self.erase(letter, numbers[0])
        elif letter == "n" and numbers == [6]:
            return f"\x1b[{self.row + 1};{self.column + 1}R"
        elif letter == "m":
            pass  # colours and the like
        else:
            raise AssertionError(f"no sequence that this terminal knows: {found[0]!r}")
        return ""

    def erase(self, letter, how):
        if how == 2:
            self.cells = [[" "] * self.columns for _ in range(self.rows)]
            return
        assert how == 0
        self.cells[self.row][self.column:] = [" "] * (self.columns - self.column)
        if letter == "J":
            for row in range(self.row + 1, self.rows):
                self.cells[row] = [" "] * self.columns


class Sitting:
    """Somebody in front of a screen that shows what a guest prints."""

    def __init__(self, guest, columns=80, rows=24, answers=True):
        self.guest, self.screen, self.answers = guest, Screen(columns, rows), answers
        self.seen = 0

    def update(self):
        data = bytes(self.guest.output[self.seen:])
        self.seen += len(data)
        answers = self.screen.feed(data)
        if answers and self.answers:
            self.guest.send(answers)

    def type(self, text):
        self.guest.send(text)

    def wait(self, ready, what):
        """Looks at the screen until it is as wanted."""
        def look():
            self.update()
            return ready()
        if not self.guest._wait(look, LIMIT) or not ready():
            shown = "\n".join(self.screen.lines)
            self.guest._late(f"{what}; the screen, with the cursor at {self.screen.cursor}:\n{shown}\n---")

    def shows(self, *lines, cursor=None):
        """Waits until these are the last lines on the screen (a text each, or a compiled expression); and the
        cursor is in that column of the last one of its line."""
        def ready():
            shown = self.screen.lines[-len(lines):]
            return (len(shown) == len(lines) and
                    all(wanted.fullmatch(line) if hasattr(wanted, "fullmatch") else wanted == line
                        for wanted, line in zip(lines, shown)) and
                    (cursor is None or self.screen.cursor[1] == cursor))
        self.wait(ready, f"the screen never ended with {lines}" + (f", cursor {cursor}" if cursor is not None else ""))
