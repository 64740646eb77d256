"""Round robin behind the same interface as MLFQ, and changing policies while the machine is busy."""

import itertools

import pytest

from sched_trace import KERNEL_PATH, MS, PROMPT, RunQueue, boot, near

QUANTUM = 4 * MS

EXPERIMENTS = [
    "sched_work a:u20000,c30000 b:u20100,c30000 c:u20200,c30000",
    "sched_work hog:c60000 nap:u10000,c100,s6000*8 -u20000 late:c1000",
    "sched_work long:c700000",  # longer than MLFQ's boost period
    "sched_work setter:c3500,p1,c1900,p4,c900",
]

FLIPS = 100
BUSY = ["hog1:c150000", "hog2:c150000", "gamer:c900,s1000*120", "nap:s1500*150", "reader:f1800",
        "caller:k100,s200*300", "yielder:c300,y*400"]


@pytest.fixture(scope="module")
def trace():
    return boot("test_rr", "; ".join(EXPERIMENTS), sched="rr", append="quantum=4ms")[1]


@pytest.fixture(scope="module", params=[False, True], ids=["release", "debug"])
def flipped(request):
    """Processes of every kind, under whom policy and parameters change every few milliseconds."""
    flips = ",".join(f"s{3000 + 700 * i},p{i}" for i in range(5)) + f"*{FLIPS // 5}"
    return boot(f"test_rr_flips_{request.param}", f"sched_work flipper:{flips} {' '.join(BUSY)}; ps",
                debug=request.param)


def test_rr_every_decision_is_first_come_first_served(trace):
    model = RunQueue()
    for e in trace.events:
        model.feed(e)
        if e.event in ("wake", "enqueue", "switch_in", "handoff"):
            assert e.level == 0
    assert model.decisions > 100


def test_rr_each_gets_its_quantum_in_turn(trace):
    names = ["a", "b", "c"]
    begin = max(trace.of(name, "wake")[0].time for name in names)
    end = min(map(trace.ended, names))
    runs = [run for run in trace.runs_of(*names) if run.start >= begin and run.end < end]
    assert len(runs) >= 15
    for one, two, three, four in zip(runs, runs[1:], runs[2:], runs[3:]):
        assert len({one.pid, two.pid, three.pid}) == 3 and four.pid == one.pid
    for run in runs:
        assert run.cause == "slice"
        assert near(run.ticks, QUANTUM)


def test_rr_quantum_is_the_same_however_long_it_runs(trace):
    used = trace.of("hog", "slice")
    assert len(used) >= 10
    assert not trace.of("hog", "demote")
    assert all(near(e.us * 10, QUANTUM) for e in used)


def test_rr_no_newcomer_preempts(trace):
    """Neither one that wakes up nor a new one runs before the quantum of the running one is used up."""
    assert not [e for e in trace.events if e.event == "preempt"]
    assert not [run for run in trace.runs if run.cause == "preempted" and run.start < trace.ended("late")]
    waits = [trace.next_run(e).start - e.time for e in trace.of("nap", "wake") if e.time < trace.ended("hog")]
    assert waits and max(waits) > 1 * MS
    for e in trace.of("nap", "wake") + trace.of("late", "enqueue")[:1]:
        came = trace.next_run(e)
        before = [run for run in trace.runs_of("hog") if run.start <= e.time < run.end]
        if before:
            assert before[0].end <= came.start and before[0].cause in ("slice", "block", "exit")


def test_a_new_slice_begins_with_a_new_policy(trace):
    """What was used under the old one is not held against the new one's shorter slice."""
    assert len(trace.of("setter", "policy")) == 2
    assert not trace.of("setter", "slice")


def test_rr_has_no_boosts(trace):
    """Nor does the clock come for one: there is an interrupt at the end of each quantum, and that is all."""
    assert not [e for e in trace.events if e.event == "boost"]
    quanta = trace.of("long", "slice")
    assert len(quanta) >= 170
    assert len(trace.between(trace.born("long"), trace.ended("long"), "interrupt")) <= len(quanta) + 3


def test_changing_policy_under_load_loses_nobody(flipped):
    result, trace = flipped
    changes = trace.of("flipper", "policy")
    assert len(changes) == FLIPS
    assert {e.policy for e in changes} == {"mlfq", "rr"}
    for word in BUSY + ["flipper:"]:
        assert len(trace.of(word.split(":")[0], "exit")) == 1
    # Whoever is put on a queue is the first of it some time, and nobody runs unless he was.
    model = RunQueue()
    for e in trace.events:
        model.feed(e)
    # At the end everybody else is where he was.
    assert {"init", "console", "ramfs"} <= {line.split()[-1] for line in result.lines if line.strip()}


def test_changing_policy_under_load_stalls_nobody(flipped):
    """Nobody waits longer than it takes all others to use up a slice each (and a boost period on top)."""
    _, trace = flipped
    start, end = trace.born("flipper"), trace.ended("flipper")
    waiting, longest = {}, 0
    for e in trace.events:
        if e.event in ("wake", "enqueue"):
            waiting.setdefault(e.pid, e.time)
        elif e.event == "switch_in" and e.pid in waiting:
            if start < e.time < end:
                longest = max(longest, e.time - waiting[e.pid])
            del waiting[e.pid]
    assert 0 < longest <= (20 + 9 * 5) * MS


def test_changing_policy_takes_effect_at_once(flipped):
    """A slice that ends is one of the policy that rules then; what was used before counts."""
    _, trace = flipped
    changes = trace.of("flipper", "policy")
    for one, two in itertools.pairwise(changes):
        longest = {"rr": 2 * MS, "mlfq": 5 * MS}[one.policy]
        for e in trace.between(one.time + PROMPT, two.time, "slice"):
            assert e.us * 10 <= longest + KERNEL_PATH, e
            assert e.level < one.levels
