"""tools/trace_file.py and tools/trace_json.py on traces made here: what is put together, what is lost, what is refused."""

import json
import pathlib
import subprocess
import sys

import pytest

import trace_file
import trace_json
from kinglet import ROOT

EVENTS = {event[0]: number for number, event in trace_file.tables()[0].items()}
CAUSES = {name: number for number, name in trace_file.tables()[1].items()}
REASONS = {name: number for number, name in trace_file.tables()[2].items()}
HZ = 10_000_000


def record(ticks, event, small=0, pid=0, arg=0):
    return trace_file.RECORD.pack(ticks << 16 | EVENTS[event] << 8 | small, pid, arg)


def wakes(first, count):
    return b"".join(record(n, "wake", pid=1 + n) for n in range(first, first + count))


def header(hz=HZ, harts=2, magic=trace_file.FILE_MAGIC):
    return trace_file.FILE_HEADER.pack(magic, hz, harts, 0, 0)


def block(hart, first, count, data=None):
    return trace_file.FILE_BLOCK.pack(hart, count, first) + (wakes(first, count) if data is None else data)


@pytest.fixture
def read(tmp_path):
    def read(*pieces, **settings):
        path = tmp_path / "trace.bin"
        path.write_bytes(b"".join(pieces))
        return trace_file.read(path, **settings)
    return read


def pids(recording, hart=0):
    return [record.pid - 1 for record in trace_file.decode(recording) if record.hart == hart and record.event != "lost"]


def test_layouts_are_those_of_the_header():
    text = trace_file.HEADER.read_text()
    assert f"0x{trace_file.FILE_MAGIC:x}ULL" in text and f"0x{trace_file.MAGIC:x}ULL" in text
    assert trace_file.FILE_MAGIC.to_bytes(8, "little") == b"KGTRACE2"
    assert (trace_file.FILE_HEADER.size, trace_file.FILE_BLOCK.size, trace_file.RECORD.size) == (32, 16, 16)


def test_what_is_written_is_read(tmp_path, read):
    recording = read(header(), block(0, 0, 3), block(1, 0, 2), block(0, 3, 4), block(0, 9, 2))
    trace_file.write(recording, tmp_path / "again.bin")
    again = trace_file.read(tmp_path / "again.bin")
    assert [[(first, bytes(data)) for first, data in blocks] for blocks in again.blocks] == [
        [(0, wakes(0, 7)), (9, wakes(9, 2))], [(0, wakes(0, 2))]]
    assert again.hz == HZ and again.records() == 11


def test_gaps_are_counted(read):
    recording = read(header(), block(0, 5, 3), block(0, 10, 2), block(1, 0, 1))
    assert recording.dropped() == {0: 7}
    trace = trace_file.decode(recording)
    assert trace.dropped == {0: 7}
    assert [str(r) for r in trace if r.event == "lost"] == ["1.0 hart0 lost pid=0 name=- records=2"]


def test_a_tracer_that_begins_again_loses_and_doubles_nothing(read):
    recording = read(header(), block(0, 0, 5), header(), block(0, 3, 4), block(0, 7, 1), header(), block(0, 8, 1))
    assert pids(recording) == list(range(9)) and not recording.dropped()


def test_what_was_overwritten_while_it_was_sent_is_taken_back(read):
    recording = read(header(), block(0, 0, 4), block(0, 4, 6), block(0, 7, 0), block(0, 10, 2))
    assert pids(recording) == [0, 1, 2, 3, 7, 8, 9, 10, 11]
    assert recording.dropped() == {0: 3}
    assert pids(read(header(), block(0, 0, 4), block(0, 9, 0), block(0, 9, 1))) == [9]


def test_memory_fills_what_the_port_has_not(read):
    port = read(header(), block(0, 0, 4), block(0, 6, 2), block(1, 2, 2))
    memory = trace_file.Recording(HZ, 2, capacity=8)
    memory.add(0, 3, wakes(3, 8))
    memory.add(1, 0, wakes(0, 5))
    both = trace_file.merged(port, memory)
    assert pids(both, 0) == list(range(11)) and pids(both, 1) == list(range(5))
    assert not both.dropped()


@pytest.mark.parametrize("pieces, complaint", [
    ([], "is no trace"),
    ([b"#!/bin/sh\n" * 10], "is no trace"),
    ([b"\0" * 64], "is no trace"),
    ([header()[:31]], "is no trace"),
    ([header(magic=trace_file.MAGIC)], "is no trace"),
    ([header(hz=0)], "damaged"),
    ([header(harts=0)], "damaged"),
    ([header(harts=9)], "damaged"),
    ([header(), block(2, 0, 1)], "damaged: at byte 32"),
    ([header(), block(0, 0, 2), b"\xff" * 16], "damaged: at byte 80"),
    ([header(), block(0, 0, 2)[:-1]], "cut off"),
    ([header(), block(0, 0, 2), b"\0" * 5], "cut off"),
    ([header(), block(0, 0, 0xffffffff, b"")], "cut off"),
])
def test_what_is_no_trace_is_refused_in_one_line(tmp_path, read, pieces, complaint):
    with pytest.raises(trace_file.TraceError, match=complaint):
        read(*pieces)
    for tool in "trace_dump", "trace_json":
        done = subprocess.run([sys.executable, f"{ROOT}/tools/{tool}.py", tmp_path / "trace.bin"],
                              capture_output=True, text=True)
        assert done.returncode == 1 and done.stderr.count("\n") == 1 and complaint in done.stderr


def test_every_cut_of_a_file_is_refused_or_read(tmp_path, read):
    whole = header() + block(0, 0, 3) + block(1, 0, 2) + block(0, 3, 1)
    for length in range(len(whole)):
        good = length >= 32 and length in (32, 96, 144)
        try:
            read(whole[:length])
            assert good
        except trace_file.TraceError:
            assert not good
        if length >= 32:  # a machine that was stopped: all that is whole
            assert read(whole[:length], cut_off=True).records() <= 6
    assert pids(read(whole[:95], cut_off=True)) == [0, 1]


def test_the_tools_read_a_file(tmp_path):
    path = tmp_path / "trace.bin"
    path.write_bytes(header(harts=1) + block(0, 2, 2))
    done = subprocess.run([sys.executable, f"{ROOT}/tools/trace_dump.py", path], capture_output=True, text=True)
    assert done.stdout.splitlines() == ["# hart0: 2 records were dropped", "0.2 hart0 wake pid=3 name=- level=0 by=0",
                                        "0.3 hart0 wake pid=4 name=- level=0 by=0"]
    assert subprocess.run([sys.executable, f"{ROOT}/tools/trace_dump.py", tmp_path], capture_output=True).returncode == 1


# ---- the Chrome trace ----

def slices(chrome):
    """{(group, track): [(begin, end, name)]} in order; checks that they do not overlap."""
    tracks = {}
    for event in chrome["traceEvents"]:
        if event["ph"] == "X":
            tracks.setdefault((event["pid"], event["tid"]), []).append(
                (event["ts"], event["ts"] + event["dur"], event["name"]))
    for track, found in tracks.items():
        found.sort()
        for one, two in zip(found, found[1:]):
            assert one[0] <= one[1] <= two[0], (track, one, two)
    return tracks


def chrome_of(*rings):
    recording = trace_file.Recording(HZ, len(rings))
    for hart, ring in enumerate(rings):
        recording.add(hart, 0, b"".join(ring))
    return json.loads(json.dumps(trace_json.chrome(trace_file.decode(recording))))


def test_states_of_a_process():
    found = slices(chrome_of([
        record(0, "enqueue", pid=7),
        record(10, "switch_in", pid=7, small=1),
        record(20, "block", pid=7, arg=REASONS["sleep"]),
        record(20, "switch_out", pid=7, small=CAUSES["block"]),
        record(20, "switch_in", pid=0),
        record(50, "wake", pid=7),
        record(60, "switch_out", pid=0),
        record(60, "switch_in", pid=7),
        record(90, "switch_out", pid=7, small=CAUSES["exit"]),
    ]))
    assert found[trace_json.PROCESSES, 7] == [(0, 1, "ready"), (1, 2, "running"), (2, 5, "blocked: sleep"),
                                              (5, 6, "ready"), (6, 9, "running")]
    assert found[trace_json.HARTS, 0] == [(1, 2, "- (7)"), (6, 9, "- (7)")]


def test_one_that_is_woken_before_it_has_left_is_ready():
    found = slices(chrome_of([
        record(0, "switch_in", pid=7),
        record(10, "block", pid=7),
        record(30, "switch_out", pid=7, small=CAUSES["block"]),
    ], [record(20, "wake", pid=7)]))
    assert found[trace_json.PROCESSES, 7] == [(0, 3, "running"), (3, 3, "ready")]


def test_one_that_has_come_to_another_hart_in_the_same_tick():
    found = slices(chrome_of(
        [record(0, "switch_in", pid=8), record(10, "switch_out", pid=8, small=CAUSES["yield"]),
         record(10, "switch_in", pid=7), record(30, "switch_out", pid=7, small=CAUSES["exit"])],
        [record(0, "switch_in", pid=7), record(10, "switch_out", pid=7, small=CAUSES["preempted"])]))
    assert found[trace_json.PROCESSES, 7] == [(0, 1, "running"), (1, 3, "running")]


def test_an_arrow_leads_from_the_waker_to_where_the_woken_runs():
    chrome = chrome_of([
        record(0, "switch_in", pid=7),
        record(10, "wake", pid=8, arg=7),
        record(20, "switch_out", pid=7, small=CAUSES["yield"]),
        record(20, "switch_in", pid=8),
        record(30, "boost"),
    ])
    arrows = [(e["ph"], e["tid"], e["ts"], e["id"]) for e in chrome["traceEvents"] if e["ph"] in "sf"]
    assert arrows == [("s", 7, 1.0, 1), ("f", 8, 2.0, 1)]
    assert [e["name"] for e in chrome["traceEvents"] if e["ph"] == "i"] == ["boost"]


def test_nothing_is_claimed_across_a_gap():
    recording = trace_file.Recording(HZ, 1)
    recording.add(0, 0, record(0, "switch_in", pid=7))
    recording.add(0, 5, record(100, "switch_in", pid=8))
    chrome = trace_json.chrome(trace_file.decode(recording))
    assert chrome["otherData"]["dropped"] == 4
    assert [e["args"] for e in chrome["traceEvents"] if e["name"] == "lost"] == [{"records": 4}]
    assert slices(chrome)[trace_json.PROCESSES, 7] == [(0, 10, "running")]


def test_an_empty_trace_is_valid(tmp_path):
    path = tmp_path / "trace.json"
    trace_json.write(trace_file.decode(trace_file.Recording(HZ, 1)), path)
    assert json.loads(pathlib.Path(path).read_text())["otherData"] == {"dropped": 0}
