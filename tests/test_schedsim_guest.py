"""The same jobs in a guest (user/demo/run_jobs.c, under icount) and in the simulator: the same segments in the same
order, at the same times but for what switches, system calls and interrupts cost."""

import functools
import os
import random
from fractions import Fraction

import pytest

import schedsim_model
from kinglet import Kinglet
from sched_trace import Trace, segments
from schedsim_model import MS, Rules
from schedsim_runs import as_text, run

LISTS = 4                # for each setting
COST = MS // 12          # what a burst costs in a guest beyond what it computes: switches, calls, interrupts; the end
EARLY = MS // 20         # boosts are counted from a little later than arrivals
SETTINGS = {             # of schedctl, and of the simulator
    "mlfq": ("policy=mlfq levels=4 slice=5ms boost=500ms allotment=keep", "--boost 500", {}),
    "mlfq-boosts": ("policy=mlfq levels=3 slice=2ms,3ms,7ms boost=33ms allotment=keep",
                    "--levels 3 --slices 2,3,7 --boost 33", {"levels": 3, "slices": [2 * MS, 3 * MS, 7 * MS],
                                                              "boost": 33 * MS}),
    "mlfq-reset": ("policy=mlfq levels=4 slice=3ms boost=0 allotment=reset",
                   "--slices 3 --boost 0 --keep-allotment no", {"slices": [3 * MS, 6 * MS, 12 * MS, 24 * MS],
                                                                "boost": 0, "keep_allotment": False}),
    "rr": ("policy=rr quantum=4ms", "--policy rr --quantum 4", {"policy": "rr", "quantum": 4 * MS}),
    "fcfs": ("policy=fcfs", "--policy fcfs", {"policy": "fcfs"}),
    "sjf-declared": ("policy=sjf preemptive=no", "--policy sjf", {"policy": "sjf"}),
    "sjf-declared-preemptive": ("policy=sjf preemptive=yes", "--policy sjf --preemptive",
                                {"policy": "sjf", "preemptive": True}),
    "sjf": ("policy=sjf alpha=0.5 first-guess=9ms preemptive=no", "--policy sjf --predict average --first-guess 9",
            {"policy": "sjf", "declared": False, "first_guess": 9 * MS}),
    "sjf-preemptive": ("policy=sjf alpha=0.3 first-guess=20ms preemptive=yes",
                       "--policy sjf --predict average --alpha 0.3 --first-guess 20 --preemptive",
                       {"policy": "sjf", "declared": False, "first_guess": 20 * MS, "alpha": Fraction(3, 10),
                        "preemptive": True}),
}


def make_list(rng):
    jobs, now = [], MS
    for n in range(rng.randint(3, 7)):
        times = [rng.randint(50, 1500) * MS // 100]
        for _ in range(rng.randint(0, 4)):
            times += [rng.choice([0, 1, 1, 1]) * rng.randint(100, 2500) * MS // 100, rng.randint(50, 900) * MS // 100]
        jobs.append((f"j{n}", now, times))
        now += rng.randint(50, 2000) * MS // 100
    return jobs


def order(jobs, rules):
    return [segment[2:] for segment in schedsim_model.simulate(jobs, rules)[0]]


def is_robust(jobs, rules, rng):
    """Nothing hangs on who is first by less than what things cost in the guest."""
    expected = order(jobs, rules)
    for trial in range(60):
        least = rng.randint(0, COST)  # sometimes all cost much the same, sometimes it varies
        most = least if trial % 2 else COST
        slower = [(name, arrival, [time + rng.randint(least, most) if n % 2 == 0 else time
                                   for n, time in enumerate(times)]) for name, arrival, times in jobs]
        changed = Rules(**{**vars(rules), "switch_cost": rng.randint(0, COST // 4)})
        if order(slower, changed) != expected:
            return False
    return True


def lists_for(setting):
    rng, rules, found = random.Random(setting), Rules(**SETTINGS[setting][2]), []
    while len(found) < LISTS:
        jobs = make_list(rng)
        if is_robust(jobs, rules, rng):
            found.append(jobs)
    return found


@functools.lru_cache(maxsize=None)
def guest(setting):
    """A guest runs all lists of a setting; gives its trace."""
    script = []
    for n, jobs in enumerate(lists_for(setting)):
        for line in as_text(jobs).splitlines():
            script.append(f"echo l{n}{line} >>/tmp/{n}")  # names in the trace differ from list to list
        script += [f"schedctl {SETTINGS[setting][0]}", f"run_jobs {'-d ' if 'declared' in setting else ''}/tmp/{n}"]
    script.append("schedctl policy=mlfq")
    guests = Kinglet(f"test_schedsim_guest_{setting}-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}")
    try:
        result = guests.run("; ".join(script), icount=True, trace=True)
    finally:
        guests.stop_all()
    trace = Trace(result.trace)
    assert not trace.comments, "the trace is not whole"
    return trace


def segments_of(trace, prefix):
    """(start, end, job, level, why) of the processes of one list in ns; 0 is when run_jobs set the policy."""
    jobs = {pid: name[len(prefix):] for pid, name in trace.names.items() if name.startswith(prefix)}
    first = next(at for at, e in enumerate(trace.events) if e.pid in jobs)
    begin = next(at for at, e in enumerate(trace.events) if at > first and e.event == "policy")
    zero = trace.events[begin].time
    return [((start - zero) * 100, (end - zero) * 100, jobs[pid], level, why)
            for start, end, pid, level, why in segments(trace.events[begin:]) if pid in jobs]


@pytest.mark.parametrize("n", range(LISTS))
@pytest.mark.parametrize("setting", SETTINGS)
def test_guest_and_simulator_agree(setting, n):
    _, options, _ = SETTINGS[setting]
    jobs = lists_for(setting)[n]
    found = segments_of(guest(setting), f"l{n}")
    has_levels = "mlfq" in setting  # the others have several lists all the same, for servers and those who yield
    expected = [line.split(",") for line in run(*options.split(), jobs=as_text(jobs)).splitlines()[1:]]
    text = as_text(jobs)
    assert [(job, level if has_levels else 0, why) for _, _, job, level, why in found] == \
        [(job, int(level), why) for _, _, _, job, level, why in expected], text
    for at, (guests, simulated) in enumerate(zip(found, expected)):
        start, end = (int(Fraction(time) * MS) for time in simulated[:2])
        assert -EARLY <= guests[0] - start <= EARLY + COST * at, f"{guests} {simulated}\n{text}"
        assert -EARLY <= guests[1] - end <= EARLY + COST * (at + 1), f"{guests} {simulated}\n{text}"
