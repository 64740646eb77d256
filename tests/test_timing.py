"""Timers, sleep and idling, in guest time; and that a run under icount repeats to the instruction."""

import pytest

from sched_trace import KERNEL_PATH, MS, PROMPT, US, boot

SLEEP = 14  # system call
NAPS_US = [1, 2, 3, 7, 10, 99, 100, 1000, 1001, 4999, 12345, 100000, 1000000]

EXPERIMENTS = [
    "sched_work idler:c1000,s10000000",
    "sched_work " + "naps:" + ",".join(f"s{us}" for us in NAPS_US),
    "schedctl boost=0",
    "sched_work hog:c400000 busynap:" + "u100000," + ",".join(f"s{us}" for us in NAPS_US[:-1]) + ",s2500*3",
    # Fifty sleepers that are due at different times, the last made first.
    "sched_work " + " ".join(f"s{n}:u{60000 - n * 1000}" for n in range(50)),
]


@pytest.fixture(scope="module")
def trace():
    return boot("test_timing", "; ".join(EXPERIMENTS))[1]


def sleeps(trace, name):
    """(asked for, slept) in ticks, of each step s of a process of sched_work."""
    enters = [e for e in trace.of(name, "syscall_enter") if e.number == SLEEP]
    for e in enters:
        leave = next(r for r in trace.of(name, "syscall_leave") if r.time > e.time)
        yield e, leave.time - e.time


def test_an_idle_machine_takes_no_ticks(trace):
    """In ten seconds of sleep nothing happens but what was set before, and the end."""
    slept = trace.of("idler", "block")[-1]
    woken = next(e for e in trace.of("idler", "wake") if e.time > slept.time)
    assert woken.time - slept.time >= 10_000 * MS
    assert len(trace.between(slept.time, woken.time, "interrupt")) <= 2
    assert len(trace.between(slept.time, woken.time, "switch_in")) <= 2
    idle = max(run.ticks for run in trace.runs if run.pid == 0)
    assert idle >= 9_990 * MS


@pytest.mark.parametrize("name, asked",
                         [("naps", NAPS_US), ("busynap", [None] + (NAPS_US[:-1] + [2500]) * 3)])
def test_sleep_is_never_early_and_prompt(trace, name, asked):
    """Late by no more than the way from the timer's interrupt to the process; also when another computes."""
    slept = [ticks for _, ticks in sleeps(trace, name)]
    assert len(slept) == len(asked)
    for us, ticks in zip(asked, slept):
        if us is not None:
            assert us * US <= ticks <= us * US + 2 * PROMPT, f"asked for {us} us, slept {ticks / US} us"


def test_the_timer_is_one_shot(trace):
    """A process that computes alone is interrupted when a slice ends or somebody is due, not otherwise."""
    start = next(e for e in trace.of("hog", "demote") if e.level == 3).time
    end = trace.ended("hog")
    naps = len([e for e in trace.of("busynap", "wake") if start < e.time < end])
    slices = len([e for e in trace.of("hog", "slice") if start < e.time < end])
    # Coming back from a short stay of another, the clock may still be set for that one's slice: once each.
    assert len([e for e in trace.between(start, end, "interrupt") if e.source == 0]) <= slices + 2 * naps + 2


def test_many_timers_expire_in_order(trace):
    woken = [(trace.of(f"s{n}", "wake")[-1].time, n) for n in range(50)]
    assert [n for _, n in sorted(woken)] == list(reversed(range(50)))
    for (one, _), (two, _) in zip(sorted(woken), sorted(woken)[1:]):
        assert abs(two - one - 1 * MS) <= KERNEL_PATH


def test_a_run_under_icount_repeats_exactly():
    """All of it: what is printed, and each record of the trace with its time."""
    command = ("sched_work a:c3000,s500*20 b:f200 c:k300*20 d:c20000; ls -l /bin | wc; cat /README | grep i; "
               "schedctl policy=rr; sched_work e:c9000 f:c9000; daemon_ends; false")
    first, one = boot("test_repeatable_1", command, status=1)
    second, two = boot("test_repeatable_2", command, status=1)
    assert first.text == second.text
    assert first.trace == second.trace
    assert len(one.events) == len(two.events) > 2000
