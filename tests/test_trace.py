"""The trace itself: what make run TRACE=file writes is well-formed and tells a story that can be true."""

import re

import pytest

from kinglet import make
from sched_trace import MS, RunQueue, boot
import trace_file

COMMAND = ("ls -l / | wc; cat /README >/tmp/x; (sleep 0.02; echo late) & mlfq_hogs >/dev/null; "
           "schedctl slice=3ms boost=50ms; sched_work a:c9000 b:c300,s100*9 c:f30 d:k5000*3 e:k100,s700*9; "
           "daemon_ends; wait; thread_rows 5; schedctl policy=rr; sched_work f:c9000 g:c9000,y; kill -9 1; no_such_program")


@pytest.fixture(scope="module")
def booted():
    return boot("test_trace", COMMAND, status=127)


@pytest.fixture(scope="module")
def trace(booted):
    return booted[1]


def test_every_line_is_a_record(booted):
    """us since boot, hart, event, pid, name, and the values that trace.h names, in this order."""
    events, causes, _ = trace_file.tables()
    values = {name: [key for key in (small, arg) if key != "-"] for name, small, arg in events.values()}
    values["name"] = []
    result, trace = booted
    assert not trace.comments  # nothing was dropped
    for e in trace.events:
        assert list(e.args) == values[e.event], e
        assert e.hart == 0
        if e.event == "switch_out":
            assert e.cause in causes.values()
    assert all(re.fullmatch(r"[ -~]+", line) for line in result.trace.splitlines())


def test_every_kind_of_record_comes(trace):
    events = {name for name, _, _ in trace_file.tables()[0].values()} - {
        "steal", "migrate", "lock_wait",  # tests/test_harts.py: these need several harts
        "predict", "arrive"}  # tests/test_fcfs_sjf.py
    assert events - {e.event for e in trace.events} == set()


def test_time_never_goes_backwards(trace):
    for one, two in zip(trace.events, trace.events[1:]):
        assert one.time <= two.time, (one, two)


def test_every_switch_in_has_its_switch_out(trace):
    running = 0
    switching = False
    for e in trace.events:
        if e.event == "switch_out":
            assert not switching and e.pid == running, e
            switching = True
        elif e.event == "switch_in":
            assert switching, e
            running, switching = e.pid, False
        else:
            assert not switching, e
            if e.event in ("syscall_enter", "syscall_leave", "call", "reply", "fault", "exit", "block"):
                assert e.pid == running, e


def test_whoever_runs_was_queued_or_handed_to(trace):
    model = RunQueue()
    for e in trace.events:
        model.feed(e)
    assert model.decisions > 500


def test_whoever_blocks_says_why(trace):
    reason, reasons = None, set()
    for e in trace.events:
        if e.event == "switch_in":
            reason = None
        elif e.event == "block":
            reason = e.reason
            reasons.add(reason)
        elif e.event == "switch_out" and e.pid != 0 and e.cause in ("block", "handoff"):
            assert reason, e
    # The first four characters of sleep, call, receive, child, poll.
    assert {"sleep", "call", "receive", "child", "poll"} <= reasons


def test_every_process_is_born_named_and_ends_once(trace):
    children = [e.child for e in trace.events if e.event == "fork"]
    assert len(children) == len(set(children)) > 20
    for pid in children:
        own = [e for e in trace.events if e.pid == pid]
        assert own[0].event == "name" and own[1].event == "enqueue"
        exits = [n for n, e in enumerate(own) if e.event == "exit"]
        assert len(exits) <= 1
        if exits:
            assert own[-1].event == "switch_out" and own[-1].cause == "exit"
    # Only the servers and the shell are left at the end.
    assert len(children) - len([e for e in trace.events if e.event == "exit"]) <= 3


def test_system_calls_are_left_that_were_entered(trace):
    inside = {}
    for e in trace.events:
        if e.event == "syscall_enter":
            assert inside.get(e.pid) is None, e
            inside[e.pid] = e.number
        elif e.event in ("syscall_leave", "exec"):
            # A new program begins outside any call; so does a child of fork.
            assert e.event == "exec" or inside.get(e.pid) is not None, e
            inside[e.pid] = None


def test_records_that_are_dropped_are_counted():
    """A small machine has small rings. The newest records are the ones that are kept."""
    result, trace = boot("test_trace_drops", "sched_work many:g100000; sched_work last:c1000", mem="32M")
    found = re.fullmatch(r"# hart0: the oldest (\d+) records were dropped, the last (\d+) are here",
                         "\n".join(trace.comments))
    assert found, trace.comments
    dropped, kept = int(found[1]), int(found[2])
    assert kept & (kept - 1) == 0 and kept + dropped > 200_000 and dropped > 60_000
    # A name is one line of text, but four records.
    names = len([e for e in trace.events if e.event == "name"])
    assert kept - 3 <= len(trace.events) + 3 * names <= kept
    assert trace.of("last", "exit")
    assert not [e for e in trace.events if e.event == "exec" and e.name == "init"]


def test_make_run_writes_the_trace_to_a_file(tmp_path):
    path = tmp_path / "trace.txt"
    done = make("run", "CMD=sleep 0.01", "ICOUNT=1", f"TRACE={path}")
    assert done.returncode == 0, done.stderr
    lines = path.read_text().splitlines()
    assert any("syscall_enter" in line and "name=sleep" in line for line in lines)
    assert any(" switch_in pid=0 " in line for line in lines)
