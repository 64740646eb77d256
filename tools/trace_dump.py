#!/usr/bin/env python3
"""Decoder of the kernel's trace: from the guest's memory, after the run, to one line of text per record.

    trace_dump.py KERNEL.ELF RAM_FILE

RAM_FILE is what backed the guest's memory (QEMU's memory-backend-file). Used by make run TRACE=file and by
the tests (parse). Which events there are, and what their two values mean, it reads from the tables in
lib/common/include/kinglet/trace.h. A line is

    <us since boot> hart<h> <event> pid=<n> name=<name or -> <key>=<value> ...

in order of time; lines that begin with # say how many records were lost.
"""

import heapq
import pathlib
import re
import struct
import sys

HEADER = pathlib.Path(__file__).resolve().parent.parent / "lib/common/include/kinglet/trace.h"

RAM_BASE = 0x80000000            # physical, of the virt machine
DIRECT_MAP = 0xffffffc000000000  # the kernel's address of physical 0

MAGIC = 0x314543415254474b  # "KGTRACE1"
MAX_HARTS = 8
AREA = struct.Struct(f"<4Q{MAX_HARTS}Q{MAX_HARTS}Q")  # struct trace_area
RECORD = struct.Struct("<QII")                        # struct trace_record

NAME_PARTS = 4
SIGNED = {"code", "result"}     # values that are int32_t
CHARACTERS = {"chars", "policy"}  # values that are four characters


class TraceError(ValueError):
    """There is no trace to read here, or it is damaged."""


class Record:
    """One thing that happened. `args` holds its values by the names of trace.h: record.args["level"]."""

    __slots__ = ("ticks", "us", "hart", "event", "pid", "name", "args")

    def __init__(self, ticks, us, hart, event, pid, name, args):
        self.ticks, self.us, self.hart = ticks, us, hart  # us: microseconds since boot, a float
        self.event = event                                # "switch_in"
        self.pid, self.name = pid, name                   # name: of pid at that time, or "-" when unknown
        self.args = args                                  # {"level": 2}; cause and reason are strings

    def __str__(self):
        values = "".join(f" {key}={value}" for key, value in self.args.items())
        return f"{self.us:.1f} hart{self.hart} {self.event} pid={self.pid} name={self.name}{values}"

    def __repr__(self):
        return f"<{self}>"


class Trace(list):
    """All records in order of time, and `dropped`: {hart: records that the ring had no room for}."""

    def __init__(self, records, dropped, capacity, timebase_hz):
        super().__init__(records)
        self.dropped, self.capacity, self.timebase_hz = dropped, capacity, timebase_hz


def tables(header=HEADER):
    """({number: (event, key of small, key of arg)}, {number: cause}, {number: what a blocked one waits for}),
    from the macros in trace.h."""
    text = pathlib.Path(header).read_text()

    def macro(name, letter):
        found = re.search(rf"#define {name}\({letter}\)((?:.*\\\n)*.*\n)", text)
        if not found:
            raise TraceError(f"{header} has no table {name}")
        return found[1]

    events = {int(number): (name, small, arg) for number, name, small, arg in
              re.findall(r'T\((\d+), (\w+), "([^"]*)", "([^"]*)"\)', macro("KINGLET_TRACE_EVENTS", "T"))}
    causes = {int(number): name
              for number, name in re.findall(r"C\((\d+), (\w+)\)", macro("KINGLET_SWITCH_CAUSES", "C"))}
    reasons = {int(number): name
               for number, name in re.findall(r'R\((\d+), (\w+), "', macro("KINGLET_WAIT_REASONS", "R"))}
    return events, causes, reasons


def symbol(path, wanted):
    """Address of a symbol in an ELF file."""
    elf = pathlib.Path(path).read_bytes()
    try:
        if elf[:6] != b"\x7fELF\2\1":
            raise TraceError(f"{path} is no 64-bit little-endian ELF file")
        shoff, = struct.unpack_from("<Q", elf, 0x28)
        shentsize, shnum = struct.unpack_from("<HH", elf, 0x3a)
        sections = [struct.unpack_from("<IIQQQQII", elf, shoff + i * shentsize) for i in range(shnum)]
        for _, kind, _, _, offset, size, link, _ in sections:
            if kind != 2:  # SHT_SYMTAB
                continue
            strings = sections[link][4]
            for at in range(offset, offset + size, 24):
                name, _, _, _, value, _ = struct.unpack_from("<IBBHQQ", elf, at)
                start = strings + name
                if elf[start:elf.index(b"\0", start)] == wanted.encode():
                    return value
    except TraceError:
        raise
    except (struct.error, IndexError, OverflowError, ValueError):
        raise TraceError(f"{path} is a damaged ELF file") from None
    raise TraceError(f"{path} has no symbol {wanted}")


def read_ram(ram, physical, size, what):
    """`size` bytes of the guest's memory, whose file is open as `ram`."""
    ram.seek(0, 2)
    if not RAM_BASE <= physical <= physical + size <= RAM_BASE + ram.tell():
        raise TraceError(f"{what} at physical 0x{physical:x} is outside the guest's memory")
    ram.seek(physical - RAM_BASE)
    return ram.read(size)


def characters(value):
    """The text in an arg: up to four characters; what would break a line into other fields becomes _."""
    text = value.to_bytes(4, "little").split(b"\0")[0].decode("ascii", "replace")
    return re.sub(r"[^!-<>-~]", "_", text)


def read_ring(ram, hart, physical, capacity, written):
    """(ticks, hart, event, small, pid, arg) of one hart, oldest first, names as in the rings."""
    data = read_ram(ram, physical, capacity * RECORD.size, f"the ring of hart {hart}")
    for n in range(max(0, written - capacity), written):
        when, pid, arg = RECORD.unpack_from(data, n % capacity * RECORD.size)
        yield when >> 16, hart, when >> 8 & 0xff, when & 0xff, pid, arg


def join_names(ring, name_event):
    """Put each name's four records together into one, whose arg is the text. An incomplete one, cut off at
    the start of the ring, is left out."""
    parts = []
    for ticks, hart, event, small, pid, arg in ring:
        if event != name_event:
            yield ticks, hart, event, small, pid, arg
            continue
        if small == 0:
            parts = []
        if small == len(parts):
            parts.append(characters(arg))
            if len(parts) == NAME_PARTS:
                yield ticks, hart, event, 0, pid, "".join(parts)


def named_values(events, causes, reasons, event, small, arg):
    """(event's name, {key: value}) of one record."""
    name, small_key, arg_key = events.get(event, (f"event{event}", "small", "arg"))
    args = {}
    if name == "name":
        return name, args
    for key, value in ((small_key, small), (arg_key, arg)):
        if key == "-":
            continue
        if key == "cause":
            value = causes.get(value, value)
        elif key == "reason":
            value = reasons.get(value, value)
        elif key in CHARACTERS:
            value = characters(value) or "-"
        elif key in SIGNED and value >= 1 << 31:
            value -= 1 << 32
        args[key] = value
    return name, args


def parse(kernel_elf, ram_file, header=HEADER):
    """The Trace that a run left in its memory. TraceError (a ValueError) when there is none."""
    events, causes, reasons = tables(header)
    name_event = next(number for number, event in events.items() if event[0] == "name")
    at = symbol(kernel_elf, "trace_area")
    with open(ram_file, "rb") as ram:
        area = AREA.unpack(read_ram(ram, at - DIRECT_MAP, AREA.size, "trace_area"))
        magic, hz, capacity, harts = area[:4]
        phys, written = area[4:4 + MAX_HARTS], area[4 + MAX_HARTS:]
        if magic != MAGIC:
            raise TraceError(f"no trace in {ram_file}: trace_area begins with 0x{magic:016x}, not KGTRACE1 "
                             "(another kernel's memory, or the kernel never ran)")
        if capacity & capacity - 1 or harts > MAX_HARTS:
            raise TraceError(f"trace_area in {ram_file} is damaged: {harts} harts, {capacity} records")
        if capacity == 0:
            return Trace([], {}, 0, hz)  # tracing was never switched on
        if hz == 0:
            raise TraceError(f"trace_area in {ram_file} does not tell the timebase")
        used = [hart for hart in range(harts) if phys[hart] or written[hart]]
        rings = [join_names(read_ring(ram, hart, phys[hart], capacity, written[hart]), name_event)
                 for hart in used]

        records, names = [], {}
        for ticks, hart, event, small, pid, arg in heapq.merge(*rings, key=lambda record: record[0]):
            if event == name_event:
                names[pid] = arg or "-"
            name, args = named_values(events, causes, reasons, event, small, arg)
            records.append(Record(ticks, ticks * 1e6 / hz, hart, name, pid, names.get(pid, "-"), args))
    dropped = {hart: written[hart] - capacity for hart in used if written[hart] > capacity}
    return Trace(records, dropped, capacity, hz)


def dump(kernel_elf, ram_file, out):
    """Write the trace as text to the open file `out`."""
    trace = parse(kernel_elf, ram_file)
    for hart, lost in trace.dropped.items():
        out.write(f"# hart{hart}: the oldest {lost} records were dropped, "
                  f"the last {trace.capacity} are here\n")
    for record in trace:
        out.write(f"{record}\n")


def main(arguments):
    if len(arguments) != 2:
        print("usage: trace_dump.py KERNEL.ELF RAM_FILE", file=sys.stderr)
        return 2
    try:
        dump(*arguments, sys.stdout)
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except (TraceError, OSError) as error:
        print(f"trace_dump: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
