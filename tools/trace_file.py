"""The trace on the host: where it is read from, the file it is kept in, and what its records say.

A Recording is what was written by each hart, as bytes: read() takes it from a trace.bin or from what came out of the
trace port, from_memory() from the rings in a guest's memory, merged() from both; write() makes a trace.bin.
decode() turns it into a Trace, a list of Records in order of time. Formats, events and the names of their values are
read from lib/common/include/kinglet/trace.h (docs/trace.md). Used by everything here that looks at a trace.
"""

import heapq
import pathlib
import re
import struct

HEADER = pathlib.Path(__file__).resolve().parent.parent / "lib/common/include/kinglet/trace.h"

RAM_BASE = 0x80000000            # physical, of the virt machine
DIRECT_MAP = 0xffffffc000000000  # the kernel's address of physical 0

MAX_HARTS = 8
RECORD = struct.Struct("<QII")                        # struct trace_record
MAGIC = 0x314543415254474b                            # "KGTRACE1"
AREA = struct.Struct(f"<4Q{MAX_HARTS}Q{MAX_HARTS}Q")  # struct trace_area
FILE_MAGIC = 0x324543415254474b                       # "KGTRACE2"
FILE_HEADER = struct.Struct("<QQIIQ")                 # struct trace_file_header
FILE_BLOCK = struct.Struct("<IIQ")                    # struct trace_file_block

NAME_PARTS = 4
SIGNED = {"code", "result"}       # values that are int32_t
CHARACTERS = {"chars", "policy"}  # values that are four characters


class TraceError(ValueError):
    """There is no trace to read here, or it is damaged."""


# ---- what was recorded ----

class Recording:
    """blocks[hart] is a list of (index of the first record, bytes of records): in order, without overlap."""

    def __init__(self, hz, harts, source=0, capacity=0):
        self.hz, self.source, self.capacity = hz, source, capacity
        self.blocks = [[] for _ in range(harts)]

    def add(self, hart, first, data):
        """The next records of a hart. What is there already, because a tracer died and the next one sent it again,
        is left out."""
        have = self.end(hart)
        if first < have:
            data, first = data[(have - first) * RECORD.size:], have
        if data:
            self.blocks[hart].append((first, data))

    def end(self, hart):
        """How many records the hart had written behind the last one that is here."""
        blocks = self.blocks[hart]
        return blocks[-1][0] + len(blocks[-1][1]) // RECORD.size if blocks else 0

    def take_back(self, hart, good):
        """Of the hart's last block, the records before `good` are not to be believed."""
        blocks = self.blocks[hart]
        if blocks and blocks[-1][0] < good:
            first, data = blocks.pop()
            data = data[(good - first) * RECORD.size:]
            if data:
                blocks.append((good, data))

    def records(self):
        return sum(len(data) for blocks in self.blocks for _, data in blocks) // RECORD.size

    def gaps(self, hart):
        """(index, how many) for each stretch of records that is not here, up to the last one that is."""
        expected = 0
        for first, data in self.blocks[hart]:
            if first > expected:
                yield expected, first - expected
            expected = first + len(data) // RECORD.size

    def dropped(self):
        """{hart: records that are lost}, of those harts that lost any."""
        lost = {hart: sum(n for _, n in self.gaps(hart)) for hart in range(len(self.blocks))}
        return {hart: n for hart, n in lost.items() if n}


def merged(one, other):
    """What is in either of two Recordings of the same run."""
    both = Recording(one.hz, max(len(one.blocks), len(other.blocks)), one.source)
    for hart in range(len(both.blocks)):
        pieces = [piece for part in (one, other) if hart < len(part.blocks) for piece in part.blocks[hart]]
        for first, data in sorted(pieces, key=lambda piece: piece[0]):
            both.add(hart, first, data)
    return both


def write(recording, path):
    """Make a trace.bin. Neighbouring blocks are put together."""
    with open(path, "wb") as out:
        out.write(FILE_HEADER.pack(FILE_MAGIC, recording.hz, len(recording.blocks), recording.source, 0))
        for hart, blocks in enumerate(recording.blocks):
            together = []  # [first, parts]
            end = None
            for first, data in blocks:
                if first != end:
                    together.append((first, []))
                together[-1][1].append(data)
                end = first + len(data) // RECORD.size
            for first, parts in together:
                out.write(FILE_BLOCK.pack(hart, sum(map(len, parts)) // RECORD.size, first))
                out.writelines(parts)


def read(path, cut_off=False):
    """The Recording in a trace.bin, or in what came through the trace port. `cut_off`: the end may be missing, for the
    machine was stopped. TraceError when it is none, or damaged."""
    data = memoryview(pathlib.Path(path).read_bytes())
    if len(data) < FILE_HEADER.size or data[:8] != FILE_MAGIC.to_bytes(8, "little"):
        raise TraceError(f"{path} is no trace: it does not begin with KGTRACE2")
    _, hz, harts, source, _ = FILE_HEADER.unpack_from(data)
    if not hz or not 1 <= harts <= MAX_HARTS:
        raise TraceError(f"{path} is damaged: {harts} harts, {hz} ticks a second")
    recording = Recording(hz, harts, source)
    at = FILE_HEADER.size
    while at < len(data):
        if data[at:at + 8] == data[:8]:  # another tracer began
            at += FILE_HEADER.size
            continue
        if at + FILE_BLOCK.size > len(data):
            break
        hart, count, first = FILE_BLOCK.unpack_from(data, at)
        if hart >= harts or first >= 1 << 48:
            raise TraceError(f"{path} is damaged: at byte {at} there is no block (hart {hart}, {count} records)")
        at += FILE_BLOCK.size
        whole = min(count * RECORD.size, (len(data) - at) // RECORD.size * RECORD.size)
        if count == 0:
            recording.take_back(hart, first)
        else:
            recording.add(hart, first, data[at:at + whole])
        at += count * RECORD.size
    if at != len(data) and not cut_off:
        raise TraceError(f"{path} is cut off: its last block is not there to the end")
    return recording


# ---- the guest's memory ----

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


def from_memory(kernel_elf, ram_file):
    """The Recording that is left in the rings. TraceError when there are none."""
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
            return Recording(hz, harts)  # tracing was never switched on
        if hz == 0:
            raise TraceError(f"trace_area in {ram_file} does not tell the timebase")
        recording = Recording(hz, harts, capacity=capacity)
        for hart in range(harts):
            first = max(0, written[hart] - capacity)
            ring = read_ram(ram, phys[hart], capacity * RECORD.size, f"the ring of hart {hart}")
            turn = first % capacity * RECORD.size
            recording.add(hart, first, (ring[turn:] + ring[:turn])[:(written[hart] - first) * RECORD.size])
    return recording


def left_by(kernel_elf, ram_file, port_file, tell):
    """The Recording of a run: what came out of the port, and what was still in the rings when the machine stopped,
    however it did. What is wrong with the port's file goes to tell(text)."""
    left = from_memory(kernel_elf, ram_file)
    try:
        return merged(read(port_file, cut_off=True), left)
    except (OSError, ValueError) as error:
        tell(f"trace: only what the rings still hold: {error}")
        return left


def parse(kernel_elf, ram_file, header=HEADER):
    """The Trace that a run left in its memory. TraceError (a ValueError) when there is none."""
    return decode(from_memory(kernel_elf, ram_file), header)


# ---- what the records say ----

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
    """All records in order of time, and `dropped`: {hart: records that were lost}. Where the lost ones would be there is
    a Record `lost` with how many (`records`), if any are left before it."""

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


def characters(value):
    """The text in an arg: up to four characters; what would break a line into other fields becomes _."""
    text = value.to_bytes(4, "little").split(b"\0")[0].decode("ascii", "replace")
    return re.sub(r"[^!-<>-~]", "_", text)


LOST = -1  # in place of an event's number


def unpack(recording, hart):
    """(ticks, hart, event, small, pid, arg) of one hart, oldest first, names as in the rings. Where some are missing,
    (ticks, hart, LOST, 0, 0, how many) with the time of the next."""
    end = None
    for first, data in recording.blocks[hart]:
        lost = first - end if end is not None else 0
        end = first + len(data) // RECORD.size
        for when, pid, arg in RECORD.iter_unpack(data):
            if lost:
                yield when >> 16, hart, LOST, 0, 0, lost
                lost = 0
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
    if event == LOST:
        return "lost", {"records": arg}
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


def decode(recording, header=HEADER):
    """The Trace in a Recording."""
    events, causes, reasons = tables(header)
    name_event = next(number for number, event in events.items() if event[0] == "name")
    rings = [join_names(unpack(recording, hart), name_event) for hart in range(len(recording.blocks))]
    records, names = [], {}
    for ticks, hart, event, small, pid, arg in heapq.merge(*rings, key=lambda record: record[0]):
        if event == name_event:
            names[pid] = arg or "-"
        name, args = named_values(events, causes, reasons, event, small, arg)
        records.append(Record(ticks, ticks * 1e6 / recording.hz, hart, name, pid, names.get(pid, "-"), args))
    return Trace(records, recording.dropped(), recording.capacity, recording.hz)
