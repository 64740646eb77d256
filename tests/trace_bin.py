"""trace.bin for tests: a writer of made-up traces, a reader, and the textbook's numbers, all apart from the page's own."""

import collections
import pathlib
import random
import struct

import trace_file  # in tools/, which kinglet.py puts on the path

EVENTS, CAUSES = trace_file.tables()[:2]
NUMBER = {name: number for number, (name, *_) in EVENTS.items()}
CAUSE = {name: number for number, name in CAUSES.items()}
HEADER, BLOCK, RECORD = struct.Struct("<QQIIQ"), struct.Struct("<IIQ"), struct.Struct("<QII")
MAGIC = 0x324543415254474b
HZ = 10_000_000
US = 10  # ticks

Event = collections.namedtuple("Event", "ticks hart name small pid arg")


def read(path):
    """(ticks per second, all records in order of time)."""
    data = pathlib.Path(path).read_bytes()
    magic, hz = HEADER.unpack_from(data)[:2]
    assert magic == MAGIC
    at, events = HEADER.size, []
    while at < len(data):
        hart, count, _ = BLOCK.unpack_from(data, at)
        at += BLOCK.size
        for when, pid, arg in RECORD.iter_unpack(data[at:at + count * RECORD.size]):
            number = when >> 8 & 0xff
            events.append(Event(when >> 16, hart, EVENTS[number][0], when & 0xff, pid, arg))
        at += count * RECORD.size
    return hz, sorted(events, key=lambda e: e.ticks)


def shell(events):
    """The pid of the shell that runs the command: the first that is called so."""
    name = int.from_bytes(b"sh", "little")
    return next(e.pid for e in events if e.name == "name" and e.small == 0 and e.arg == name)


def numbers(path):
    """{pid: {"turnaround", "response", "waiting", "running": microseconds}} of those that were made and have ended."""
    hz, events = read(path)
    born, first, ended = {}, {}, {}
    on, queued, woken = {}, {}, set()  # since when it runs, is queued; woken while it was leaving
    running, waiting = collections.Counter(), collections.Counter()
    for e in events:
        if e.name == "fork":
            born[e.arg] = e.ticks
        elif e.name == "arrive":
            born[e.pid] = e.ticks
            running[e.pid] = waiting[e.pid] = 0
            first.pop(e.pid, None)
        elif e.name in ("wake", "enqueue"):
            if e.pid in on:
                if e.name == "wake":
                    woken.add(e.pid)
            else:
                queued.setdefault(e.pid, e.ticks)
        elif e.name == "switch_in" and e.pid:
            first.setdefault(e.pid, e.ticks)
            on[e.pid] = e.ticks
            woken.discard(e.pid)
            if e.pid in queued:
                waiting[e.pid] += e.ticks - queued.pop(e.pid)
        elif e.name == "switch_out" and e.pid in on:
            running[e.pid] += e.ticks - on.pop(e.pid)
            if CAUSES[e.small] in ("slice", "preempted", "yield") or e.pid in woken and CAUSES[e.small] != "exit":
                queued[e.pid] = e.ticks
        elif e.name == "exit":
            ended[e.pid] = e.ticks
    us = 1e6 / hz
    return {pid: {"turnaround": (ended[pid] - born[pid]) * us, "response": (first[pid] - born[pid]) * us,
                  "waiting": waiting[pid] * us, "running": running[pid] * us}
            for pid in ended if pid in born}


class Writer:
    """Makes a trace, record by record, of one or more harts."""

    def __init__(self, harts=1, source=0):
        self.harts, self.source = harts, source
        self.records = [[] for _ in range(harts)]

    def add(self, ticks, name, small=0, pid=0, arg=0, hart=0):
        self.records[hart].append(RECORD.pack(ticks << 16 | NUMBER[name] << 8 | small, pid, arg & 0xffffffff))

    def name(self, ticks, pid, text, hart=0):
        for part in range(4):
            chars = text.encode()[part * 4:part * 4 + 4].ljust(4, b"\0")
            self.add(ticks, "name", part, pid, int.from_bytes(chars, "little"), hart)

    def save(self, path, first=0):
        """`first`: so many records of hart 0 are said to be lost."""
        data = HEADER.pack(MAGIC, HZ, self.harts, self.source, 0)
        for hart, records in enumerate(self.records):
            data += BLOCK.pack(hart, len(records), 0 if hart else first) + b"".join(records)
        pathlib.Path(path).write_bytes(data)
        return path


def many(path, switches=20_000, processes=24, seed=1):
    """A busy hart: so many switches among so many processes, with slices, demotions, sleep, wake-ups and boosts."""
    random_ = random.Random(seed)
    out, now = Writer(), 1000 * US
    out.name(now, 4, "sh")
    out.add(now, "switch_in", 0, 4)
    level, asleep = {}, set()
    for pid in range(5, 5 + processes):
        out.add(now, "fork", 0, 4, pid)
        out.name(now, pid, f"work{pid - 4}")
        out.add(now, "enqueue", 0, pid)
        level[pid] = 0
        now += 20 * US
    ready = collections.deque(level)
    out.add(now, "block", 0, 4, 1)
    out.add(now, "switch_out", CAUSE["block"], 4)
    done, boost = 1, now + 500_000 * US
    while done < switches:
        pid = min(ready, key=lambda p: level[p])
        ready.remove(pid)
        out.add(now, "switch_in", level[pid], pid)
        blocks = random_.random() < 0.45
        ran = random_.randrange(20, 400) if blocks else 500 << level[pid]
        now += ran * US
        if asleep and random_.random() < 0.7 or not ready and not blocks and asleep:
            other = random_.choice(sorted(asleep))
            asleep.remove(other)
            ready.append(other)
            out.add(now, "wake", level[other], other, pid)
        if now > boost:
            boost += 500_000 * US
            out.add(now, "boost")
            level = dict.fromkeys(level, 0)
        if blocks and ready:
            out.add(now, "block", 0, pid, 3)
            out.add(now, "switch_out", CAUSE["block"], pid)
            asleep.add(pid)
        else:
            out.add(now, "slice", level[pid], pid, ran)
            if level[pid] < 3:
                level[pid] += 1
                out.add(now, "demote", level[pid], pid)
            out.add(now, "enqueue", level[pid], pid)
            out.add(now, "switch_out", CAUSE["slice"], pid)
            ready.append(pid)
        done += 1
    return out.save(path)


def crowd(path, processes=60):
    """Many processes, each of which lives for 10 ms after the one before."""
    out, now = Writer(), 1000 * US
    out.name(now, 4, "sh")
    out.add(now, "switch_in", 0, 4)
    for pid in range(5, 5 + processes):
        out.add(now, "fork", 0, 4, pid)
        out.add(now, "enqueue", 0, pid)
        out.add(now + 50 * US, "block", 0, 4, 1)
        out.add(now + 50 * US, "switch_out", CAUSE["block"], 4, pid)
        out.add(now + 50 * US, "switch_in", 0, pid)
        now += 10_000 * US
        out.add(now, "exit", 0, pid, 0)
        out.add(now, "wake", 0, 4, pid)
        out.add(now, "switch_out", CAUSE["exit"], pid)
        out.add(now, "switch_in", 0, 4)
    out.add(now + 10, "exit", 0, 4)
    out.add(now + 10, "switch_out", CAUSE["exit"], 4)
    return out.save(path)
