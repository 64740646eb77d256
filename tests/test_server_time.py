"""Whose time it is: servers work on their clients' slices and at their clients' levels."""

import collections
import itertools

import pytest

from sched_trace import KERNEL_PATH, MS, PROMPT, US, boot

SLEEP = 14  # system call
NAP = 1100 * US

EXPERIMENTS = [
    "schedctl boost=0",
    "sched_work reader:f2500",
    "sched_work mixed:c300,k700*60",
    "sched_work lazy:k1500*40",
    "ps",
    "sched_work low:c40000,k50000*2 quick:u70000,c200,s3000*30",
    "sched_work writer:c40000,w6000 written:u50000,c200,s1100*50",
    "sched_work lender:c40000,b6000 lent:u50000,c200,s1100*50",
    "sched_work forker:c40000,m6000 forked:u50000,c200,s1100*50",
]

# Only the system's servers inherit levels, so this one is run as such, and once more as it is.
INHERITANCE = [
    # Level 1 is long here, so that `middle` stays there. `bottom` has a request of 30 ms under way at the
    # lowest level when `middle` comes, and then `best`, who wants the same server, and `peer`, who does not.
    "schedctl boost=0 slice=5ms,60ms,5ms,40ms",
    "sched_work bottom:c75000,u140000,k30000 middle:c8000,u150000,c40000 best:u152000,k300 "
    "peer:u153000,c4000",
]


@pytest.fixture(scope="module")
def booted():
    return boot("test_server_time", "; ".join(EXPERIMENTS))


@pytest.fixture(scope="module")
def trace(booted):
    return booted[1]


@pytest.fixture(scope="module")
def inheriting():
    return boot("test_server_inherits", "; ".join(INHERITANCE), append="session=system")[1]


def server_of(trace, client):
    """The pid of the server that a process calls."""
    calls = collections.Counter(e.server for e in trace.of(client, "call"))
    return calls.most_common(1)[0][0]


def ticks_of(trace, pids, start, end):
    return sum(max(0, min(run.end, end) - max(run.start, start)) for run in trace.runs if run.pid in pids)


def longest_wait(trace, name):
    """From a wake-up of the process to its running, after the first one."""
    return max(trace.next_run(e).start - e.time for e in trace.of(name, "wake")[1:])


@pytest.mark.parametrize("client", ["reader", "mixed", "lazy"])
def test_a_client_pays_for_its_server(trace, client):
    """It sinks just as a process that only computes, after 5, 10, 20 ms of its own and its server's time:
    no hand-off gives it a slice anew, whoever does most of the work."""
    pids = {trace.pid(client), server_of(trace, client)}
    demoted = trace.of(client, "demote")
    assert [e.level for e in demoted] == [1, 2, 3]
    for (start, end), slice_ms in zip(itertools.pairwise([trace.born(client)] + [e.time for e in demoted]),
                                      [5, 10, 20]):
        used = ticks_of(trace, pids, start, end)
        calls = len([e for e in trace.between(start, end, "call") if e.pid in pids])
        # What a switch costs before it shows in the trace is charged too, twice a call.
        assert slice_ms * MS - calls * 10 * US - PROMPT <= used <= slice_ms * MS + PROMPT


@pytest.mark.parametrize("client", ["reader", "mixed", "lazy"])
def test_a_server_runs_at_its_clients_level(trace, client):
    server = server_of(trace, client)
    times = [e.time for e in trace.of(client, "demote") + trace.of(client, "call")[-1:]]
    for start, end, level in zip(times, times[1:], [1, 2, 3]):
        runs = [run for run in trace.runs if run.pid == server and start < run.start and run.end < end]
        assert runs
        assert {run.level for run in runs} == {level}


def test_a_server_pays_nothing_itself(booted):
    result, trace = booted
    head, *rows = [line.split() for line in result.lines if len(line.split()) == 10]
    assert head[:8] == ["PID", "PPID", "JOB", "STATE", "LEVEL", "HART", "CPU-TIME", "WAITS-FOR"]
    ramfs = next(row for row in rows if row[-1] == "ramfs")
    # Its own are its start and the files that were closed.
    worked = ticks_of(trace, {int(ramfs[0])}, trace.born("reader"), trace.ended("reader"))
    assert worked > 30 * MS
    assert float(ramfs[6]) <= 0.015  # what it took to fill itself from the initrd
    assert ramfs[4] == "0"
    for name in ("ramfs", "console"):
        serves_since = trace.of(name, "reply")[0].time  # filling itself may have taken more than a slice
        assert not [e for e in trace.of(name, "demote") if e.time > serves_since]


def test_a_server_at_work_for_a_low_client_is_preempted_at_once(trace):
    server = server_of(trace, "low")
    start, end = trace.of("quick", "wake")[1].time, trace.ended("quick")
    assert [run for run in trace.runs if run.pid == server and run.level == 3 and run.cause == "preempted"
            and start < run.end < end]
    assert longest_wait(trace, "quick") <= PROMPT


@pytest.mark.parametrize("busy, prompt", [("writer", "written"), ("lender", "lent"), ("forker", "forked")])
def test_no_long_work_in_the_kernel_holds_anybody_up(trace, busy, prompt):
    """A file of 6 MB written in one call; as much copied by a server in one call; fork and sbrk of 6 MB."""
    entered = [e.time for e in trace.of(prompt, "syscall_enter") if e.number == SLEEP][1:]
    left = [next(e.time for e in trace.of(prompt, "syscall_leave") if e.time > time) for time in entered]
    assert entered[1] < trace.ended(busy)
    assert max(end - start for start, end in zip(entered, left)) <= NAP + KERNEL_PATH


def window_of_best(trace):
    called = trace.of("best", "call")[0]
    replied = next(e for e in trace.events if e.event == "reply" and e.client == trace.pid("best"))
    return called.time, replied.time


def test_a_busy_server_inherits_the_level_of_the_best_who_waits(inheriting):
    """The server was at the lowest level, behind `middle`; it is at the top while `best` waits for it."""
    trace = inheriting
    server = server_of(trace, "bottom")
    assert server == server_of(trace, "best")
    start, end = window_of_best(trace)
    before = [run for run in trace.runs if run.pid == server and run.end < start][-1]
    assert before.level == 3 and before.cause == "preempted"
    assert [e.level for e in trace.between(start, end, "enqueue") if e.pid == server][0] == 0
    assert {run.level for run in trace.runs if run.pid == server and start < run.start < end} == {0}
    # Between the call and its answer nobody from level 1 ran.
    assert trace.cpu(["middle"], start, end) == 0
    # Then `middle` goes on, before `bottom`, to whom level 3 is all that is left.
    middle = [run for run in trace.runs_of("middle") if run.start > end]
    bottom = [run for run in trace.runs_of("bottom") if run.start > end]
    assert middle and bottom and middle[-1].end <= bottom[0].start


def test_inheriting_a_level_does_not_change_who_pays(inheriting):
    """All the while `bottom` was charged, at its own level, in slices of 40 ms."""
    trace = inheriting
    assert not trace.of("best", "demote")
    assert [e.level for e in trace.of("bottom", "demote")] == [1, 2, 3]
    request = ticks_of(trace, {server_of(trace, "bottom")}, trace.of("bottom", "call")[-1].time,
                       trace.ended("bottom"))
    assert 30 * MS <= request <= 31 * MS


def test_a_server_at_an_inherited_level_takes_turns_there(inheriting):
    """It works for `bottom`, whose slice is 40 ms, but at the top level a turn is 5 ms."""
    trace = inheriting
    woken = trace.of("peer", "wake")[0]
    start, end = window_of_best(trace)
    assert start < woken.time < end
    assert trace.next_run(woken).start - woken.time <= 5 * MS + PROMPT


def test_a_server_that_anybody_started_inherits_nothing():
    """Else a process could lift another by waiting for it: `middle` goes first, whoever waits for the server."""
    trace = boot("test_server_inherits_not", "; ".join(INHERITANCE))[1]
    start, end = window_of_best(trace)
    assert trace.cpu(["middle"], start, end) > 30 * MS
    server = server_of(trace, "best")
    assert {run.level for run in trace.runs if run.pid == server and start < run.start < end} == {3}
