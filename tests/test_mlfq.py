"""The six rules of MLFQ (docs/architecture.md), each read off the trace in guest time.

One guest does all the experiments, one after the other; each has its own names of processes.
"""

import itertools

import pytest

from sched_trace import KERNEL_PATH, MS, PROMPT, US, RunQueue, boot, near

SLEEP, YIELD = 14, 15  # system calls

EXPERIMENTS = [
    "sched_work alone:c1200000",                    # default parameters
    "schedctl boost=0",                             # from here on levels change by slices alone
    "sched_work first:c1000 second:c1000 third:c1000",
    "sched_work -c18000 newcomer:c1000",
    "sched_work gamer:c4000,s1000*12 rival:c60000",
    "sched_work yielder:c4000,y*12 other:c60000",
    "sched_work hog1:c250000 hog2:c250000 quick:u200000,c200,s7000*12",
    "sched_work back:c20000,s3000,c1000,s3000,c1000 busy:c60000",
    "schedctl slice=1ms,3ms,7ms levels=3",
    "sched_work odd:c40000",
    "schedctl slice=1ms levels=6",
    "sched_work six:c100000",
    "schedctl levels=4 slice=5ms,10ms,20ms,40ms boost=100ms",
    "sched_work boost1:c300000 boost2:c300000 blocked:c18000,s250000,c1000",
]


@pytest.fixture(scope="module")
def trace():
    return boot("test_mlfq", "; ".join(EXPERIMENTS))[1]


@pytest.fixture(scope="module")
def options_trace():
    return boot("test_mlfq_options", "sched_work hog:c120000", append="slice=2ms levels=3 boost=50ms")[1]


def slices(trace, name, until=None):
    """[(level, processor time there)] of a process: from the end of one slice to that of the next."""
    start, level, found = trace.born(name), 0, []
    for e in trace.of(name, "slice"):
        if until and e.time > until:
            break
        assert e.level == level
        found.append((level, trace.cpu([name], start, e.time)))
        start = e.time
        level = next((d.level for d in trace.of(name, "demote") if 0 <= d.time - e.time <= PROMPT), level)
    return found


def check_slices(found, expected):
    assert [level for level, _ in found] == [level for level, _ in expected]
    for (level, ticks), (_, slice_ms) in zip(found, expected):
        assert near(ticks, slice_ms * MS), f"level {level}: {ticks / MS} ms"


def test_every_decision_follows_the_rules(trace):
    """A model of the run queue predicts who runs next, at every switch of the whole run."""
    model = RunQueue()
    for e in trace.events:
        model.feed(e)
    assert model.decisions > 200


def test_rule_1_slices_of_5_10_20_40_ms(trace):
    first_boost = next(e.time for e in trace.events if e.event == "boost" and e.time > trace.born("alone"))
    found = slices(trace, "alone", until=first_boost)
    check_slices(found, [(0, 5), (1, 10), (2, 20)] + [(3, 40)] * (len(found) - 3))
    assert len(found) > 10


def test_rule_1_slices_from_the_command_line_double(options_trace):
    first_boost = next(e.time for e in options_trace.events
                       if e.event == "boost" and e.time > options_trace.born("hog"))
    found = slices(options_trace, "hog", until=first_boost)
    check_slices(found, ([(0, 2), (1, 4)] + [(2, 8)] * 10)[:len(found)])
    assert len(found) >= 3


def test_rule_1_slices_and_levels_set_while_running(trace):
    found = slices(trace, "odd")
    check_slices(found, [(0, 1), (1, 3)] + [(2, 7)] * (len(found) - 2))
    found = slices(trace, "six")
    check_slices(found, [(level, 1 << level) for level in range(5)] + [(5, 32)] * (len(found) - 5))
    assert len(found) >= 7


def test_rule_1_the_last_level_is_round_robin(trace):
    runs = [run for run in trace.runs_of("hog1", "hog2") if run.level == 3 and run.cause == "slice"]
    before_quick = [run for run in runs if run.end < trace.born("quick") + 200 * MS]
    assert len(before_quick) >= 3
    for one, two in itertools.pairwise(before_quick):
        assert one.pid != two.pid
        assert near(two.ticks, 40 * MS)


def test_rule_2_a_new_process_enters_at_the_tail_of_the_top(trace):
    names = ["first", "second", "third"]
    for name in names:
        assert trace.of(name, "enqueue")[0].level == 0
    # All three were ready before any of them ran, so their order is that of the queue.
    assert trace.born("third") < min(run.start for run in trace.runs_of(*names))
    order = [run.name for run in trace.runs_of(*names)]
    assert list(dict.fromkeys(order)) == names


def test_rule_2_a_new_process_comes_before_a_parent_at_a_lower_level(trace):
    fork = next(e for e in trace.events if e.event == "fork" and e.child == trace.pid("newcomer"))
    demoted = [e for e in trace.events if e.event == "demote" and e.pid == fork.pid and e.time < fork.time]
    assert [e.level for e in demoted] == [1, 2]
    run = trace.runs_of("newcomer")[0]
    assert run.level == 0
    assert run.start - trace.born("newcomer") <= PROMPT


@pytest.mark.parametrize("name", ["gamer", "yielder"])
def test_rule_3_a_slice_used_up_in_pieces_is_used_up(trace, name):
    """It gives the processor up 1 ms before its slice would end, each time; it sinks all the same."""
    found = slices(trace, name)
    check_slices(found, [(0, 5), (1, 10), (2, 20)][:len(found)])
    assert len(found) == 3
    demoted = trace.of(name, "demote")
    assert [e.level for e in demoted] == [1, 2, 3]
    # In pieces indeed: it left of its own accord several times at each level.
    for start, end in itertools.pairwise([trace.born(name)] + [e.time for e in demoted]):
        calls = {e.number for e in trace.of(name, "syscall_enter") if start < e.time < end}
        assert calls & {SLEEP, YIELD}


def test_rule_3_a_used_up_slice_moves_to_the_tail_of_the_next_level(trace):
    for name in ("hog1", "hog2", "rival", "other"):
        for demoted in trace.of(name, "demote"):
            later = [e for e in trace.of(name, "enqueue") if e.time >= demoted.time]
            assert later[0].level == demoted.level
            assert later[0].time - demoted.time <= PROMPT


def test_rule_4_a_wake_up_at_a_higher_level_preempts_at_once(trace):
    woken = [e for e in trace.of("quick", "wake") if e.time > trace.born("quick") + 200 * MS]
    assert len(woken) >= 10
    for e in woken:
        run = trace.next_run(e)
        assert e.level < 3
        assert run.start - e.time <= PROMPT
        left = next(r for r in trace.runs if r.end <= run.start and run.start - r.end <= 1 * US)
        assert left.cause == "preempted" and left.level == 3


def test_rule_4_the_preempted_goes_to_the_tail_of_its_level_with_the_rest_of_its_slice(trace):
    hogs = {"hog1", "hog2"}
    runs = [run for run in trace.runs_of(*hogs) if run.level == 3 and run.cause == "preempted"]
    assert len(runs) >= 10
    for run in runs:
        after = [r for r in trace.runs_of(*hogs) if r.start >= run.end]
        if after and after[0].pid == run.pid:
            # Only when the other has left or sleeps is it the first of its level again.
            other = (hogs - {run.name}).pop()
            assert not [r for r in trace.runs_of(other) if r.start >= run.end]
    # The pieces of a slice add up to a slice.
    for name in hogs:
        at_last_level = [ticks for level, ticks in slices(trace, name) if level == 3]
        assert len(at_last_level) >= 3
        assert all(near(ticks, 40 * MS) for ticks in at_last_level)


def test_rule_4_a_level_runs_only_while_all_above_are_empty(trace):
    """From the moment that somebody better is ready, nobody worse keeps the processor."""
    for e in trace.events:
        if e.event == "preempt":
            left = next(run for run in trace.runs if run.end >= e.time)
            assert left.end - e.time <= KERNEL_PATH, e


def test_rule_5_a_boost_comes_every_500_ms(trace):
    boosts = [e.time for e in trace.between(trace.born("alone"), trace.ended("alone"), "boost")]
    assert len(boosts) >= 2
    for one, two in itertools.pairwise(boosts):
        assert near(two - one, 500 * MS, KERNEL_PATH)


def test_rule_5_a_boost_raises_all_that_are_ready_or_run(trace):
    names = ["boost1", "boost2"]
    start, end = max(map(trace.born, names)), min(map(trace.ended, names))
    boosts = trace.between(start, end - 50 * MS, "boost")
    assert len(boosts) >= 4
    for one, two in itertools.pairwise(boosts):
        assert near(two.time - one.time, 100 * MS, KERNEL_PATH)
        for name in names:
            # It had sunk; it starts again at the top, with the top's slice.
            assert [e for e in trace.of(name, "demote") if one.time < e.time < two.time and e.level >= 2]
            used = next(e for e in trace.of(name, "slice") if e.time > two.time)
            assert used.level == 0
            assert near(trace.cpu([name], two.time, used.time), 5 * MS)


def test_rule_5_a_boost_raises_the_blocked_too(trace):
    slept = next(e for e in trace.of("blocked", "block") if e.time > trace.of("blocked", "demote")[1].time)
    woken = next(e for e in trace.of("blocked", "wake") if e.time > slept.time)
    assert trace.of("blocked", "demote")[1].level == 2
    assert not [e for e in trace.of("blocked", "demote") if slept.time < e.time < woken.time]
    assert trace.between(slept.time, woken.time, "boost")
    assert woken.level == 0


def test_rule_5_no_boosts_when_they_are_switched_off(trace):
    assert not trace.between(trace.born("first"), trace.ended("six"), "boost")


def test_rule_6_one_that_blocks_returns_to_the_level_it_left(trace):
    woken = [e for e in trace.of("back", "wake") if e.time > trace.of("back", "demote")[1].time]
    assert [e.level for e in woken[:2]] == [2, 2]
    assert [trace.next_run(e).level for e in woken[:2]] == [2, 2]
