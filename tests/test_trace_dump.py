"""tools/trace_file.py: decodes what the kernel writes, from a kernel and a memory made here."""

import pathlib
import struct
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import trace_file  # noqa: E402

EVENTS = {event[0]: number for number, event in trace_file.tables()[0].items()}
CAUSES = {name: number for number, name in trace_file.tables()[1].items()}

HZ = 10_000_000
AREA_PHYS = 0x80400100
RINGS_PHYS = 0x80500000


def kernel(path, symbols=None):
    """An ELF file with nothing but a symbol table."""
    symbols = {"other": 1, "trace_area": trace_file.DIRECT_MAP + AREA_PHYS} if symbols is None else symbols
    strings, table = b"\0", bytes(24)
    for name, value in symbols.items():
        table += struct.pack("<IBBHQQ", len(strings), 0x11, 0, 1, value, 8)
        strings += name.encode() + b"\0"
    section = "<IIQQQQIIQQ"
    sections = (bytes(64) + struct.pack(section, 0, 2, 0, 0, 256, len(table), 2, 0, 8, 24)
                + struct.pack(section, 0, 3, 0, 0, 256 + len(table), len(strings), 0, 0, 1, 0))
    header = b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 2, 243, 1, 0, 0, 64, 0, 64, 0, 0,
                                                      64, 3, 0)
    path.write_bytes(header + sections + table + strings)
    return path


def record(ticks, event, small=0, pid=0, arg=0):
    number = EVENTS[event] if isinstance(event, str) else event
    return struct.pack("<QII", ticks << 16 | number << 8 | small, pid, arg & 0xffffffff)


def chars(text):
    return int.from_bytes(text.encode()[:4].ljust(4, b"\0"), "little")


def name(ticks, pid, text):
    return [record(ticks, "name", part, pid, chars(text[4 * part:4 * part + 4])) for part in range(4)]


def memory(path, rings, capacity=16, magic=trace_file.MAGIC, hz=HZ, size=16 << 20):
    """Memory whose hart h wrote rings[h], a list of records."""
    phys = [RINGS_PHYS + hart * capacity * 16 for hart in range(len(rings))]
    written = [len(ring) for ring in rings]
    fill = [0] * (8 - len(rings))
    with open(path, "wb") as ram:
        ram.truncate(size)
        ram.seek(AREA_PHYS - trace_file.RAM_BASE)
        ram.write(struct.pack("<20Q", magic, hz, capacity, len(rings), *phys, *fill, *written, *fill))
        for hart, ring in enumerate(rings):
            for n, one in enumerate(ring):
                ram.seek(phys[hart] - trace_file.RAM_BASE + n % capacity * 16)
                ram.write(one)
    return path


@pytest.fixture
def decode(tmp_path):
    """The Trace of some rings."""
    def decode(*rings, **settings):
        return trace_file.parse(kernel(tmp_path / "kernel.elf"), memory(tmp_path / "ram", rings, **settings))
    return decode


def lines(trace):
    return [str(one) for one in trace]


def test_tables_are_those_of_the_header():
    events, causes, reasons = trace_file.tables()
    header = trace_file.HEADER.read_text()
    assert len(events) == header.count(" T(") >= 20
    assert events[2] == ("switch_out", "cause", "waits_for")
    assert reasons[8] == "pipe_read"
    assert causes == {0: "slice", 1: "block", 2: "yield", 3: "preempted", 4: "exit", 5: "handoff"}


def test_each_record_is_a_line_with_its_values_by_name(decode):
    trace = decode(name(0, 3, "hog") + [
        record(1000, "switch_in", small=2, pid=3),
        record(1005, "switch_out", small=CAUSES["block"], pid=3, arg=7),
        record(1006, "block", pid=3, arg=8),
        record(1015, "exit", small=9, pid=3, arg=-1),
        record(1016, "boost"),
    ])
    assert lines(trace) == [
        "0.0 hart0 name pid=3 name=hog",
        "100.0 hart0 switch_in pid=3 name=hog level=2",
        "100.5 hart0 switch_out pid=3 name=hog cause=block waits_for=7",
        "100.6 hart0 block pid=3 name=hog reason=pipe_read",
        "101.5 hart0 exit pid=3 name=hog signal=9 code=-1",
        "101.6 hart0 boost pid=0 name=-",
    ]
    assert trace[2].args == {"cause": "block", "waits_for": 7}
    assert (trace[1].ticks, trace[1].us, trace[1].hart, trace[1].event) == (1000, 100.0, 0, "switch_in")


def test_harts_are_merged_in_order_of_time(decode):
    def wakes(*times):
        return [record(t, "wake", pid=t) for t in times]

    trace = decode(wakes(1, 4, 5, 9), wakes(2, 3, 8), [], wakes(6))
    assert [(r.ticks, r.hart) for r in trace] == [(1, 0), (2, 1), (3, 1), (4, 0), (5, 0), (6, 3), (8, 1),
                                                  (9, 0)]


def test_records_of_one_hart_keep_their_order_within_a_tick(decode):
    trace = decode([record(5, "wake", pid=n) for n in range(10)])
    assert [r.pid for r in trace] == list(range(10))


def test_a_full_ring_gives_the_newest_and_says_what_it_dropped(decode):
    trace = decode([record(t, "wake", pid=t) for t in range(37)], [record(100, "boost")])
    assert [r.pid for r in trace if r.hart == 0] == list(range(21, 37))
    assert trace.dropped == {0: 21}


def test_names_follow_exec_and_last_from_then_on(decode):
    trace = decode(name(1, 2, "sh") + [record(2, "exec", pid=2)] + name(3, 2, "sixteen_letters_") +
                   [record(4, "wake", pid=2, small=1, arg=1), record(5, "wake", pid=4)])
    assert [(r.event, r.name) for r in trace] == [
        ("name", "sh"), ("exec", "sh"), ("name", "sixteen_letters_"), ("wake", "sixteen_letters_"),
        ("wake", "-"),
    ]


def test_a_name_known_on_one_hart_holds_on_all(decode):
    trace = decode(name(1, 2, "cat"), [record(2, "wake", pid=2)])
    assert trace[1].name == "cat"


def test_a_name_cut_off_by_the_ring_is_left_out(decode):
    trace = decode(name(1, 2, "abcdefgh") + [record(2 + n, "boost") for n in range(14)])
    assert [r.event for r in trace] == ["boost"] * 14
    assert trace.dropped == {0: 2}


def test_a_name_cannot_forge_fields(decode):
    trace = decode(name(1, 2, "a b=c\nd\x7f\x01e"))
    assert str(trace[0]) == "0.1 hart0 name pid=2 name=a_b_c_d__e"


def test_an_unknown_event_is_shown_by_number(decode):
    trace = decode([record(1, 200, small=3, pid=2, arg=4)])
    assert str(trace[0]) == "0.1 hart0 event200 pid=2 name=- small=3 arg=4"


def test_no_ring_is_an_empty_trace(decode):
    trace = decode([], capacity=0)
    assert trace == [] and trace.dropped == {}


@pytest.mark.parametrize("settings, complaint", [
    ({"magic": 0}, "KGTRACE1"),
    ({"capacity": 15}, "damaged"),
    ({"capacity": 1 << 40}, "outside the guest's memory"),
    ({"hz": 0}, "timebase"),
    ({"size": 0x400000}, "outside the guest's memory"),
])
def test_memory_without_a_trace_is_an_error(decode, settings, complaint):
    with pytest.raises(trace_file.TraceError, match=complaint):
        decode([], **settings)


@pytest.mark.parametrize("contents", [b"", b"#!/bin/sh\n", b"\x7fELF\1\1", b"\x7fELF\2\1\1" + b"\xff" * 200],
                         ids=["empty", "script", "32-bit", "offsets-that-lie"])
def test_a_kernel_that_is_none_is_an_error(tmp_path, contents):
    (tmp_path / "kernel.elf").write_bytes(contents)
    with pytest.raises(trace_file.TraceError, match="ELF"):
        trace_file.parse(tmp_path / "kernel.elf", memory(tmp_path / "ram", [[]]))


def test_a_kernel_without_the_symbol_is_an_error(tmp_path):
    with pytest.raises(trace_file.TraceError, match="no symbol trace_area"):
        trace_file.parse(kernel(tmp_path / "kernel.elf", {"a": 1}), memory(tmp_path / "ram", [[]]))


def run_tool(*arguments):
    return subprocess.run([sys.executable, ROOT / "tools" / "trace_dump.py", *arguments], capture_output=True,
                          text=True)


def test_the_command_prints_text_and_what_was_dropped(tmp_path):
    ring = [record(t, "switch_in", pid=1) for t in range(20)]
    done = run_tool(kernel(tmp_path / "kernel.elf"), memory(tmp_path / "ram", [ring]))
    assert done.returncode == 0 and not done.stderr
    assert done.stdout.splitlines()[:2] == [
        "# hart0: the oldest 4 records were dropped, the last 16 are here",
        "0.4 hart0 switch_in pid=1 name=- level=0",
    ]


def test_the_command_says_what_is_wrong_in_one_line(tmp_path):
    done = run_tool(kernel(tmp_path / "kernel.elf"), memory(tmp_path / "ram", [[]], magic=1))
    assert done.returncode == 1 and not done.stdout
    assert done.stderr.startswith("trace_dump: no trace in ") and done.stderr.count("\n") == 1
    assert run_tool("/no/such/kernel", "/no/such/ram").returncode == 1
    assert run_tool().returncode == 2
