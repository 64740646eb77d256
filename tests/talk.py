"""Talking to an interactive shell in a guest: commands, processes, and what the system holds."""

import re

from kinglet import LIMIT

PROMPT = r"kinglet:[^ ]*\$ "


def shell(kinglet, **settings):
    """A guest whose shell has just asked for a command."""
    guest = kinglet.boot(**settings)
    guest.expect(PROMPT)
    return guest


def say(guest, line, answer):
    """Types a command, and waits for its answer and the next prompt."""
    guest.send(line + "\n")
    found = guest.expect(answer)
    guest.expect(PROMPT)
    return found


def table(guest):
    """What ps says, by pid: (ppid, state, name). Without ps, and the child by which the shell now and then
    looks whether ^C was typed."""
    guest.send("ps; echo the 'end'\n")
    guest.expect(r"NAME\r\n")
    start = guest.at
    guest.expect(r"^the end\r$")
    rows = [line.split() for line in guest.output[start:guest.at].decode().splitlines()[:-1]]
    guest.expect(PROMPT)
    return {int(row[0]): (int(row[1]), row[3], row[-1]) for row in rows if row[-1] not in ("ps", "^C")}


def held(guest):
    """What the system holds: how many of each kind of object, and KiB of memory in use."""
    guest.send("free -o; echo the 'end'\n")
    guest.expect(r"^the end\r$", limit=LIMIT)
    text = guest.output[:guest.at].decode().split("free -o; ")[-1]
    guest.expect(PROMPT)
    counts = {name: int(number) for name, number in re.findall(r"^([a-z][a-z ]+?) +(\d+)\r$", text, re.MULTILINE)}
    return counts, int(re.search(r"^KiB +\d+ +(\d+)", text, re.MULTILINE)[1])


def leaves_nothing(guest, before):
    """The system holds as many objects as before, and (but for a few pages of heaps) as much memory. What is
    still ending gets a moment. A session more or less may be there: that of `free` itself, if ramfs has not
    yet heard that it was closed."""
    for _ in range(20):
        counts, used = held(guest)
        if abs(counts["sessions"] - before[0]["sessions"]) == 1:
            counts["sessions"] = before[0]["sessions"]
        if counts == before[0] and used <= before[1] + 64:
            return
        say(guest, "sleep 0.05", "")
    assert counts == before[0]
    assert used <= before[1] + 64
