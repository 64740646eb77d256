"""First come, first served, and shortest job first, in the guest: who runs, in which order, and for how long."""

import re

import pytest

from sched_trace import MS, PROMPT, US, boot, near

# All sleep first, so that they are ready in a certain order while somebody runs.
FCFS = [
    "sched_work a:u20000,c30000 b:u20100,c30000 c:u20200,c30000",
    "sched_work hog:u20000,c60000 nap:u21000,c100,s6000*8 late:u22000,c1000",
    "sched_work yielder:u20000,c1000,y*10 other:u20100,c1000,y*10",
]
# `first` computes while the others become ready; they say how long they will compute.
DECLARED = "first:u20000,c20000 long:d30000,u21000,c30000 middle:d20000,u22000,c20000 short:d1000,u23000,c1000 " \
           "twin:d20000,u24000,c20000"
SPIN = "spinner:d1000,u20000,c10,y*200 lengthy:d50000,u20100,c20000"


@pytest.fixture(scope="module")
def fcfs():
    return boot("test_fcfs", "; ".join(FCFS), sched="fcfs")[1]


@pytest.fixture(scope="module")
def sjf():
    return boot("test_sjf", f"sched_work {DECLARED}; sched_work {SPIN}", sched="sjf")[1]


@pytest.fixture(scope="module")
def shortest_remaining():
    return boot("test_srtf", f"sched_work {DECLARED}", sched="sjf", append="preemptive=yes")[1]


def long_runs(trace, *names):
    """Runs of more than 50 us, those of one process with only servers in between joined: [[name, ticks, start]]."""
    joined = []
    for run in trace.runs_of(*names):
        if joined and joined[-1][0] == run.name:
            joined[-1][1] += run.ticks
        else:
            joined.append([run.name, run.ticks, run.start])
    return [run for run in joined if run[1] > 50 * US]


def test_fcfs_runs_each_to_its_end_in_order_of_arrival(fcfs):
    runs = long_runs(fcfs, "a", "b", "c")
    computing = [run for run in runs if run[1] > 10 * MS]
    assert [run[0] for run in computing] == ["a", "b", "c"]
    assert all(near(run[1], 30 * MS, 1 * MS) for run in computing)


def test_fcfs_is_the_convoy(fcfs):
    """A short one behind a long one waits for all of it: who naps runs once for each turn of the hog."""
    hog = next(run for run in long_runs(fcfs, "hog", "nap", "late") if run[0] == "hog" and run[1] > 10 * MS)
    assert near(hog[1], 60 * MS, 1 * MS)
    assert fcfs.ended("late") > fcfs.ended("hog") and fcfs.ended("nap") > fcfs.ended("hog")


def test_fcfs_no_job_preempts_and_the_clock_does_not_come(fcfs):
    jobs = {fcfs.pid(name) for name in ("a", "b", "c", "hog", "nap", "late")}
    assert not [e for e in fcfs.events if e.event == "preempt" and e.pid in jobs and e.by in jobs]
    hog = [run for run in fcfs.runs_of("hog") if run.ticks > 10 * MS]
    for run in hog:
        # nap and late wake by a timer each: nothing else does
        assert len(fcfs.between(run.start + PROMPT, run.end - PROMPT, "interrupt")) <= 3
    assert not [e for e in fcfs.events if e.event in ("slice", "boost", "demote")]


def test_fcfs_whoever_yields_goes_to_the_tail(fcfs):
    runs = [run.name for run in fcfs.runs_of("yielder", "other") if run.ticks > 500 * US]
    assert len(runs) == 20
    assert all(one != two for one, two in zip(runs[1:18], runs[2:19]))


def test_sjf_takes_the_shortest_of_those_that_wait(sjf):
    """Of equals, the one that came first; nobody is preempted."""
    runs = [run for run in long_runs(sjf, "first", "long", "middle", "short", "twin") if run[1] > 500 * US]
    names = [run[0] for run in runs if run[2] > sjf.of("first", "wake")[-1].time]
    assert names == ["first", "short", "middle", "twin", "long"]


def test_sjf_one_that_yields_lets_a_longer_one_run(sjf):
    """Else it could spin for ever, waiting for what the longer one is to do."""
    assert sjf.ended("lengthy") < sjf.ended("spinner")


def test_sjf_preemptive_a_shorter_one_takes_the_processor(shortest_remaining):
    trace = shortest_remaining
    runs = [run for run in long_runs(trace, "first", "long", "middle", "short", "twin") if run[1] > 500 * US]
    names = [run[0] for run in runs if run[2] > trace.of("first", "wake")[-1].time]
    # `first` said nothing and is expected to take 10 ms: by 23 ms it has 7 left. `short` comes in between, and when
    # 10 ms have passed it is expected to end at any moment.
    assert names == ["first", "short", "first", "middle", "twin", "long"]
    short = trace.of("short", "wake")[-1]
    assert trace.next_run(short).start - short.time <= PROMPT


def test_sjf_learns_how_long_bursts_are():
    """After a few rounds the guess is near: whoever computes for 1 ms is expected to."""
    rounds = " ".join(f"{name}:u20000,c{us},s3000*12" for name, us in (("brief", 1000), ("broad", 8000)))
    _, trace = boot("test_sjf_learns", f"sched_work {rounds}", sched="sjf", append="alpha=0.5 first-guess=10ms")
    brief = [e.us for e in trace.of("brief", "predict")]
    broad = [e.us for e in trace.of("broad", "predict")]
    assert 900 <= brief[-1] <= 1300 and 7800 <= broad[-1] <= 8400
    # Each guess is the mean of the burst before and the guess before: it halves its distance.
    steps = [one - two for one, two in zip(brief[2:8], brief[3:9])]
    assert all(0.4 <= two / one <= 0.6 for one, two in zip(steps, steps[1:]) if one > 40)


def test_sjf_alpha_0_learns_nothing_and_1_remembers_nothing():
    work = "sched_work x:u20000,c1000,s2000,c5000,s2000*4"
    _, never = boot("test_sjf_alpha0", work, sched="sjf", append="alpha=0 first-guess=7ms")
    assert {e.us for e in never.of("x", "predict")} == {7000}
    _, always = boot("test_sjf_alpha1", work, sched="sjf", append="alpha=1 first-guess=7ms")
    guesses = [e.us for e in always.of("x", "predict")][-4:]
    assert sorted(near(us * 10, ms * MS, 1 * MS) and ms for us, ms in zip(sorted(guesses), (1, 1, 5, 5))) == [1, 1, 5, 5]


@pytest.mark.parametrize("policy", ["fcfs", "sjf"])
def test_a_key_is_seen_while_somebody_computes(kinglet, policy):
    """No job gives way, but the console does its work: ^C ends what runs."""
    guest = kinglet.boot(sched=policy)
    guest.expect(r"\$ ")
    guest.send("yes >/dev/null\n")
    guest.send("\x03")
    guest.expect(r"\$ ")
    text, status = guest.command("echo alive")
    assert "alive" in text and status == 0


@pytest.mark.parametrize("smp", [1, 4])
def test_policies_change_under_load_and_lose_nobody(kinglet, smp):
    """All of them, every few milliseconds, on one hart and on four."""
    flips = ",".join(f"s{2000 + 500 * i},p{i}" for i in range(8)) + "*12"
    busy = "hog1:c80000 hog2:c80000 gamer:c900,s1000*60 nap:s1500*80 reader:f900 caller:k100,s200*150 yielder:c300,y*200"
    result = kinglet.run(f"sched_work flipper:{flips} {busy} && echo all ended; schedctl policy=mlfq levels=4; pinfo",
                         smp=smp, icount=smp == 1, debug=True)
    assert "all ended" in result.lines
    assert not re.search(r"\b(hog1|gamer|caller)\b", result.text.split("all ended")[1])


def test_figures_are_those_of_the_trace():
    """What getpinfo says of a process is what the trace shows."""
    work = "sched_work hog:c50000,i nap:s3000,c500,i*10 caller:k400,s700,i*12 reader:f40,i"
    result, trace = boot("test_figures", work, sched="mlfq")
    for name in ("hog", "nap", "caller", "reader"):
        line = next(line for line in reversed(result.lines) if line.startswith(f"{name} arrival="))
        told = {key: int(value) for key, value in (word.split("=") for word in line.split()[1:])}
        pid = trace.pid(name)
        made = next(e for e in trace.events if e.event == "enqueue" and e.pid == pid)
        events = [e for e in trace.events if e.pid == pid and e.event in
                  ("switch_in", "switch_out", "wake", "enqueue", "block", "syscall_enter")]
        now = next(e.time for e in reversed(events) if e.event == "syscall_enter" and e.number == getpinfo_number())
        events = [e for e in events if e.time <= now]
        waiting = ready = voluntary = involuntary = 0
        first, again = None, False
        for e in events:
            if e.event in ("wake", "enqueue"):
                ready, again = e.time, e.event == "enqueue"
            elif e.event == "switch_in":
                first = first or e.time
                waiting += e.time - ready if ready else 0
                ready = 0
            elif e.event == "switch_out":
                if again and e.cause in ("block", "handoff"):
                    ready = 0  # it was at the tail, was the first again, and went on: it left later
                involuntary += e.cause in ("slice", "preempted")
                voluntary += e.cause not in ("slice", "preempted")
        assert abs(told["arrival"] - made.time // US) <= 2
        assert abs(told["response"] - (first - made.time) // US) <= 20
        assert abs(told["waiting"] - waiting // US) <= 20 + len(events) // 4
        assert (told["voluntary"], told["involuntary"]) == (voluntary, involuntary)
        assert told["bursts"] == 1 + sum(e.event == "wake" for e in events) + handed_to(trace, pid, now)


def test_what_a_busy_server_did_belongs_to_the_burst_that_waited_for_it():
    """The server goes on with the next client: all the same this one is charged before its burst ends."""
    trace = boot("test_sjf_server", "sched_work a:u20000,k3000,s1000 b:d100,u21000,k3000", sched="sjf",
                 append="preemptive=yes")[1]
    replied = trace.of("a", "wake")[-2]  # the last is that of its sleep
    assert trace.of("a", "call")[-1].time < trace.of("b", "call")[-1].time < replied.time
    before = [e for e in trace.of("a", "predict") if e.time < replied.time][-1]
    after = next(e for e in trace.of("a", "predict") if e.time >= replied.time)
    assert abs(after.us - (before.us + 3000) // 2) <= 50


def test_a_job_counts_from_its_arrival():
    """Whatever it did before: its figures, and for the policy it is new. Only once, or a slice could be had anew."""
    result, trace = boot("test_arrival", "run_jobs early,0,30 late,10,7,5,7; sched_work twice:c8000,a10,i,c8000,a10")
    early, late = trace.of("early", "arrive")[0], trace.of("late", "arrive")[0]
    assert near(late.time - early.time, 10 * MS)
    for arrival in early, late:
        queued = next(e for e in trace.events if e.pid == arrival.pid and e.time >= arrival.time and e.event == "enqueue")
        assert 0 <= queued.time - arrival.time <= PROMPT and queued.level == 0
    told = dict(word.split("=") for word in next(line for line in result.lines if line.startswith("twice ")).split()[1:])
    assert int(told["run"]) < 1000 and int(told["turnaround"]) < 2000 and told["bursts"] == "1"
    assert "sched_work: arrived before" in result.text


def test_who_arrives_late_arrives_at_once():
    """The time is over when it is asked for: it is new from now on, and not from whatever it waits for next."""
    result, trace = boot("test_arrival_late", "sched_work past:c8000,a0,i,c8000,s1000,i")
    arrival, = trace.of("past", "arrive")
    told = [dict(word.split("=") for word in line.split()[1:]) for line in result.lines if line.startswith("past ")]
    assert int(told[0]["turnaround"]) < 2000 and told[0]["bursts"] == "1"
    assert int(told[1]["turnaround"]) > 8000 and told[1]["bursts"] != "1"
    assert told[0]["arrival"] == told[1]["arrival"] and abs(int(told[0]["arrival"]) - arrival.time // US) <= 5
    assert all(0 <= int(one["run"]) - int(one["levels"]) <= 300 for one in told)


def handed_to(trace, pid, now):
    """How often it was woken by a hand-off. One that did not go through is followed by its going on a queue."""
    return sum(one.event == "handoff" and one.to == pid and one.time <= now and
               not (two.event in ("wake", "enqueue") and two.pid == pid)
               for one, two in zip(trace.events, trace.events[1:]))


def getpinfo_number():
    header = open("lib/common/include/kinglet/syscall.h").read()
    return int(re.search(r"S\((\d+), getpinfo\)", header)[1])
