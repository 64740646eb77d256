"""The scheduler simulator (docs/schedsim.md): against an independent model of its manual on thousands of random job
lists, against what must hold of any schedule, on bad input, and on a list of a million jobs."""

import base64
import csv
import functools
import io
import json
import os
import random
import re
import shlex
import struct
import subprocess
from fractions import Fraction

import pytest

import sched_trace
import schedsim_model
import trace_dump
from kinglet import ROOT, host_program, make, run_host
from schedsim_model import MS, Rules

LISTS = 400  # random lists for each policy and kind of list
HEADER = "start,end,hart,job,level,why"


@functools.lru_cache(maxsize=None)
def schedsim():
    done = make("-s", "schedsim")
    assert done.returncode == 0 and "warning" not in done.stderr, done.stderr
    return os.path.join(ROOT, "build/schedsim")


@functools.lru_cache(maxsize=None)
def checked_schedsim():
    """The same program under AddressSanitizer and UBSan."""
    sources = make("-s", "show-schedsim").stdout.split()
    return host_program("schedsim_checked", *sources, flags=[
        "-Ikernel", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE",
        f'-DTRACE_PAGE_TEMPLATE="{ROOT}/build/schedsim_template.html"'])


def run(*options, jobs=None, program=None):
    """What it prints for this list; it must succeed."""
    words = [program or schedsim(), *options] + (["-"] if jobs is not None else [])
    done = subprocess.run(words, input=jobs, capture_output=True, text=True, timeout=120, cwd=ROOT)
    assert done.returncode == 0 and done.stderr == "", f"{shlex.join(words)}: {done.returncode}\n{done.stderr}\n{jobs}"
    return done.stdout


# ---- lists and options ----

def ms(ns):
    """As it prints times."""
    whole, fraction = divmod(ns, MS)
    return f"{whole}.{fraction:06}".rstrip("0") if fraction else str(whole)


def ns(text):
    return int(Fraction(text) * MS)


def as_text(jobs):
    return "".join(f"{name},{','.join(map(ms, [arrival, *times]))}\n" for name, arrival, times in jobs)


class Kind:
    """How random lists are made: of what unit times are multiples, and how long the parts are."""

    def __init__(self, unit, jobs=8, gap=6, cpu=25, io=12, bursts=4):
        self.unit, self.jobs, self.gap, self.cpu, self.io, self.bursts = unit, jobs, gap, cpu, io, bursts

    def make(self, rng):
        jobs, now = [], 0
        for n in range(rng.randint(1, self.jobs)):
            now += rng.choice([0, 0, rng.randint(0, self.gap), rng.randint(0, 4 * self.gap)]) * self.unit
            times = [rng.randint(1, self.cpu) * self.unit]
            for _ in range(rng.randint(0, self.bursts)):
                times.append(rng.randint(0 if rng.random() < 0.3 else 1, self.io) * self.unit)
                times.append(rng.randint(1, rng.choice([3, self.cpu])) * self.unit)
            jobs.append((f"j{n}", now, times))
        return jobs


KINDS = {
    "whole": Kind(MS),                                        # much happens at the same time
    "fives": Kind(5 * MS, cpu=12, io=6),                      # ends of slices, returns and boosts coincide
    "decimals": Kind(MS // 100, gap=800, cpu=2000, io=1500),
    "crowd": Kind(MS, jobs=30, gap=2, cpu=9, io=4, bursts=6),
}


def random_rules(policy, unit, rng):
    """Rules, and the options that say so."""
    rules, options = Rules(policy=policy), ["--policy", policy]
    unit = max(unit, MS // 4)
    if policy == "mlfq":
        rules.levels = rng.randint(1, 8)
        given = rng.randint(0, rules.levels)
        rules.slices = [rng.randint(1, 12) * unit for _ in range(given)] or [5 * MS]
        while len(rules.slices) < rules.levels:
            rules.slices.append(rules.slices[-1] * 2)
        rules.boost = rng.choice([0, rng.randint(1, 60), rng.randint(20, 600)]) * unit
        rules.keep_allotment = rng.random() < 0.6
        options += ["--levels", str(rules.levels), "--boost", ms(rules.boost)]
        options += ["--slices", ",".join(map(ms, rules.slices[:given]))] if given else []
        options += ["--keep-allotment", "yes" if rules.keep_allotment else "no"]
    if policy == "rr":
        rules.quantum = rng.randint(1, 12) * unit
        options += ["--quantum", ms(rules.quantum)]
    if policy == "sjf":
        rules.declared = rng.random() < 0.5
        rules.preemptive = rng.random() < 0.5
        rules.alpha = Fraction(rng.choice([0, 1, 2, 3, 4]), 4)
        rules.first_guess = rng.randint(1, 20) * unit
        options += ["--predict", "declared" if rules.declared else "average"] if rng.random() < 0.9 or not rules.declared \
            else []
        options += ["--alpha", str(float(rules.alpha)), "--first-guess", ms(rules.first_guess)]
        options += ["--preemptive"] if rules.preemptive else []
    if rng.random() < 0.4:
        rules.switch_cost = rng.choice([1, rng.randint(1, 9)]) * unit // rng.choice([1, 10])
        options += ["--switch-cost", ms(rules.switch_cost)]
    return rules, options


POLICIES = ["mlfq", "rr", "fcfs", "sjf"]


# ---- the independent model ----

def agree(jobs, rules, options, program=None):
    segments, _ = schedsim_model.simulate(jobs, rules)
    expected = [HEADER] + [f"{ms(start)},{ms(end)},0,{name},{level},{why}" for start, end, name, level, why in segments]
    found = run(*options, jobs=as_text(jobs), program=program).splitlines()
    assert found == expected, f"schedsim {shlex.join(options)} -\n{as_text(jobs)}"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("policy", POLICIES)
def test_timeline_is_the_models(policy, kind):
    rng = random.Random(f"{policy} {kind}")
    for _ in range(LISTS):
        rules, options = random_rules(policy, KINDS[kind].unit, rng)
        agree(KINDS[kind].make(rng), rules, options)


@pytest.mark.parametrize("policy", POLICIES)
def test_timeline_is_the_models_under_the_sanitizers(policy):
    rng = random.Random(f"sanitizers {policy}")
    for kind in KINDS.values():
        for _ in range(15):
            rules, options = random_rules(policy, kind.unit, rng)
            agree(kind.make(rng), rules, options, checked_schedsim())


# ---- what must hold of any schedule ----

class Run:
    """A run of the simulator on a random list: its segments, and where each job was in between."""

    def __init__(self, jobs, rules, options):
        self.jobs, self.rules, self.text = jobs, rules, as_text(jobs)
        rows = csv.DictReader(io.StringIO(run(*options, jobs=self.text)))
        self.segments = [{**row, "start": ns(row["start"]), "end": ns(row["end"]), "level": int(row["level"])} for row in rows]
        self.of = {name: [s for s in self.segments if s["job"] == name] for name, _, _ in jobs}
        for name, arrival, times in jobs:
            ready, waits = arrival, iter(times[1::2])
            for s in self.of[name]:
                s["ready"] = ready  # since when
                ready = s["end"] + (next(waits) if s["why"] in ("io", "yield") else 0)

    def boosts_in(self, start, end):
        """Is there a boost at `start` or later, and before `end`?"""
        every = self.rules.boost
        return every > 0 and max(-(-start // every), 1) * every < end


def runs(policy, count=60, **changes):
    rng = random.Random(f"properties {policy}")
    for kind in KINDS.values():
        for _ in range(count):
            rules, options = random_rules(policy, kind.unit, rng)
            for name, value in changes.items():
                setattr(rules, name, value)
                options += ["--" + name.replace("_", "-"), str(value)]
            yield Run(kind.make(rng), rules, options)


@pytest.mark.parametrize("policy", POLICIES)
def test_work_is_conserved(policy):
    """Each job computes each of its bursts, once and after its arrival and I/O, and nobody at the same time."""
    for r in runs(policy):
        for before, after in zip(r.segments, r.segments[1:]):
            cost = r.rules.switch_cost if before["job"] != after["job"] else 0
            assert before["end"] + cost <= after["start"], r.text
        for name, _, times in r.jobs:
            bursts = [0]
            for s in r.of[name]:
                assert s["ready"] <= s["start"] < s["end"], r.text
                bursts[-1] += s["end"] - s["start"]
                if s["why"] in ("io", "yield"):
                    bursts.append(0)
            assert bursts == times[::2], r.text
            assert [s["why"] for s in r.of[name]].count("done") == 1 and r.of[name][-1]["why"] == "done"
            assert [s["why"] for s in r.of[name] if s["why"] in ("io", "yield")] == \
                ["io" if time else "yield" for time in times[1::2]]


@pytest.mark.parametrize("policy", POLICIES)
def test_no_idling_while_work_waits(policy):
    for r in runs(policy, switch_cost=0):
        end = 0
        for s in r.segments:
            if s["start"] > end:
                assert all(other["ready"] >= s["start"] for other in r.segments if other["start"] >= s["start"]), r.text
            end = s["end"]


@pytest.mark.parametrize("policy", ["fcfs", "rr"])
def test_first_come_first_served(policy):
    for r in runs(policy, switch_cost=0):
        for one, two in zip(r.segments, r.segments[1:]):
            assert one["ready"] <= two["ready"] or two["ready"] >= one["start"], r.text


def test_rr_no_longer_than_the_quantum():
    for r in runs("rr"):
        for s in r.segments:
            long = s["end"] - s["start"]
            assert long == r.rules.quantum if s["why"] == "slice" else long <= r.rules.quantum, r.text


def test_mlfq_rules_1_and_3_a_slice_adds_up_and_then_it_sinks():
    for r in runs("mlfq"):
        for segments in r.of.values():
            level, used = 0, 0
            since = segments[0]["ready"]
            for s in segments:
                if r.boosts_in(since + 1, s["start"] + 1):
                    level = used = 0
                elif r.boosts_in(since, since + 1) and s["level"] == 0:
                    level = used = 0  # at the very time when it came: before the boost
                assert s["level"] == level, (s, r.text)
                if r.boosts_in(s["start"] + 1, s["end"]):
                    boost = (s["end"] - 1) // r.rules.boost * r.rules.boost
                    level, used = 0, s["end"] - boost
                else:
                    used += s["end"] - s["start"]
                whole = r.rules.slices[level]
                assert used <= whole and (s["why"] != "slice" or used == whole), (s, r.text)
                if used == whole:
                    level, used = min(level + 1, r.rules.levels - 1), 0
                elif s["why"] == "io" and not r.rules.keep_allotment:
                    used = 0
                if r.rules.boost and s["end"] % r.rules.boost == 0:
                    level = used = 0  # lifted, whether it ran, waited or was blocked
                since = s["end"]


def test_mlfq_rule_2_a_new_job_starts_at_the_top():
    for r in runs("mlfq"):
        assert all(segments[0]["level"] == 0 for segments in r.of.values()), r.text


def test_mlfq_rule_4_a_level_runs_only_while_all_above_are_empty():
    for r in runs("mlfq", switch_cost=0):
        for s in r.segments:
            for other in r.segments:
                # `other` waited for the processor at its level all the while that s ran, or came while it did.
                if other["start"] >= s["end"] and other["ready"] < s["end"] and other["level"] < s["level"]:
                    assert r.boosts_in(s["start"], other["start"] + 1), (s, other, r.text)


def test_mlfq_rule_5_all_are_at_the_top_after_a_boost():
    for r in runs("mlfq", switch_cost=0):
        if r.rules.boost:
            for segments in r.of.values():
                last = 0
                for s in segments:
                    boost = s["start"] // r.rules.boost * r.rules.boost
                    if boost and last <= boost:
                        assert s["level"] == 0, (s, r.text)
                    last = s["end"]


def test_sjf_waits_no_longer_than_fcfs():
    """Single bursts that arrive together: no order has a shorter mean waiting time than the shortest first."""
    rng = random.Random("sjf")
    for _ in range(300):
        jobs = [(f"j{n}", 0, [rng.randint(1, 40) * MS // 4]) for n in range(rng.randint(1, 15))]
        waiting = {}
        for policy in ("fcfs", "sjf"):
            for more in ([], ["--preemptive"]):
                rows = run("--policy", policy, *more, "--metrics", jobs=as_text(jobs)).splitlines()
                waiting[policy, bool(more)] = float(rows[-1].split(",")[6])
        assert waiting["sjf", False] <= waiting["fcfs", False]
        assert waiting["sjf", True] == waiting["sjf", False]


# ---- what it prints ----

@pytest.mark.parametrize("policy", POLICIES)
def test_metrics(policy):
    rng = random.Random(f"metrics {policy}")
    for _ in range(40):
        rules, options = random_rules(policy, MS, rng)
        jobs = KINDS["decimals"].make(rng)
        segments, made = schedsim_model.simulate(jobs, rules)
        rows = run(*options, "--metrics", jobs=as_text(jobs)).splitlines()
        assert rows[0] == "job,arrival,first_run,completion,turnaround,response,waiting,cpu,io"
        wanted = [[job.arrival, job.first_run, job.completion, job.completion - job.arrival, job.first_run - job.arrival,
                   job.completion - job.arrival - job.cpu - job.io, job.cpu, job.io] for job in made]
        assert rows[1:-1] == [",".join([job.name, *map(ms, values)]) for job, values in zip(made, wanted)]
        means = [ms((2 * sum(column) + len(made)) // (2 * len(made))) for column in list(zip(*wanted))[3:]]
        assert rows[-1] == ",".join(["mean,,,", *means])

        whole = json.loads(run(*options, "--json", jobs=as_text(jobs)), parse_float=Fraction)
        assert whole["policy"] == policy and whole["parameters"]["switch_cost"] * MS == rules.switch_cost
        assert [[ns(s["start"]), ns(s["end"]), s["job"], s["level"], s["why"]] for s in whole["timeline"]] == \
            [list(s) for s in segments]
        assert [[job["job"], *(ns(job[name]) for name in rows[0].split(",")[1:])] for job in whole["jobs"]] == \
            [[job.name, *values] for job, values in zip(made, wanted)]
        assert [ms(ns(value)) for value in whole["means"].values()] == means


def test_random_lists_repeat_and_can_be_printed():
    printed = run("--random", "42,50", "--print-jobs")
    assert len(printed.splitlines()) == 50
    assert printed == run("--random", "42,50", "--print-jobs") != run("--random", "43,50", "--print-jobs")
    assert run("--print-jobs", jobs=printed) == printed
    for policy in POLICIES:
        assert run("--policy", policy, "--random", "42,50") == run("--policy", policy, jobs=printed)


def test_output_goes_to_a_file(tmp_path):
    path = tmp_path / "out"
    assert run("-o", path, jobs="a,0,1\n") == ""
    assert path.read_text() == f"{HEADER}\n0,1,0,a,0,done\n"


# ---- the trace and the page ----

def read_trace(data):
    """The events of a trace.bin of one hart, as sched_trace has them."""
    events, *tables = trace_dump.tables()
    magic, hz, harts, source, zero = struct.unpack_from("<QQIIQ", data)
    assert (magic, hz, harts, source, zero) == (0x324543415254474B, 10**9, 1, 1, 0)
    raw, at = [], 32
    while at < len(data):
        hart, count, first = struct.unpack_from("<IIQ", data, at)
        assert hart == 0 and count > 0 and first == len(raw)
        raw += [(when >> 16, 0, when >> 8 & 255, when & 255, pid, arg)
                for when, pid, arg in struct.iter_unpack("<QII", data[at + 16:at + 16 + 16 * count])]
        at += 16 + 16 * count
    assert at == len(data) and raw == sorted(raw, key=lambda record: record[0])
    name_event = next(number for number, event in events.items() if event[0] == "name")
    names, found = {}, []
    for ticks, hart, event, small, pid, arg in trace_dump.join_names(raw, name_event):
        if event == name_event:
            names[pid] = arg
        name, args = trace_dump.named_values(events, *tables, event, small, arg)
        found.append(sched_trace.Event(str(trace_dump.Record(ticks, ticks / 10, 0, name, pid, names.get(pid, "-"), args))))
    return found


@pytest.mark.parametrize("policy", POLICIES)
def test_trace_shows_the_same(policy, tmp_path):
    """The trace, read as a guest's, gives the timeline; and each decision in it is the first of the best level."""
    rng = random.Random(f"trace {policy}")
    path = tmp_path / "trace.bin"
    for kind in KINDS.values():
        for _ in range(20):
            rules, options = random_rules(policy, kind.unit, rng)
            jobs = kind.make(rng)
            text = run(*options, "--trace", path, jobs=as_text(jobs), program=checked_schedsim())
            events = read_trace(path.read_bytes())
            has_levels = policy == "mlfq"
            found = [f"{ms(start)},{ms(end)},0,j{pid - 1},{level if has_levels else 0},{why}"
                     for start, end, pid, level, why in sched_trace.segments(events)]
            for shown, line in zip(found, text.splitlines()[1:], strict=True):
                # A yield at the very end of the slice: a trace without a switch does not tell which it was.
                assert shown == line or shown.replace("slice", "yield") == line, as_text(jobs)
            if policy != "sjf" and not rules.switch_cost:
                queue = sched_trace.RunQueue()
                for event in events:
                    queue.feed(event)


def test_trace_has_the_parameters(tmp_path):
    path = tmp_path / "trace.bin"
    run("--levels", "2", "--slices", "3,7.5", "--boost", "20", "--trace", path, jobs="a name,0,4,2,1\nb,0,17\n")
    events = read_trace(path.read_bytes())
    assert [(e.event, *e.args.values()) for e in events[:4]] == \
        [("policy", 2, "mlfq"), ("quantum", 0, 3000), ("quantum", 1, 7500), ("boost_period", 20000)]
    assert [e.name for e in events if e.event == "exit"] == ["a_name", "b"]
    assert [(e.pid, e.level, e.us) for e in events if e.event == "slice"] == [(1, 0, 3000), (2, 0, 3000), (2, 1, 7500)]
    assert [(e.pid, e.level) for e in events if e.event == "demote"] == [(1, 1), (2, 1)]
    assert [e.pid for e in events if e.event == "block"] == [1]
    assert [e.time for e in events if e.event == "boost"] == [20 * MS]


def test_page(tmp_path):
    template = os.path.join(ROOT, "build/schedsim_template.html")
    with open(template, "w") as out:
        out.write("<title>@TITLE@</title><script>show('@TRACE_BASE64@')</script>\n")
    jobs, trace = "a,0,7,1,3\nb,2,30\n", tmp_path / "trace.bin"
    page = run("--html", "--trace", trace, jobs=jobs, program=checked_schedsim())
    found = re.fullmatch(r"<title>schedsim: mlfq, 2 jobs</title><script>show\('([\w+/=]+)'\)</script>\n", page)
    assert base64.b64decode(found[1], validate=True) == trace.read_bytes()
    run("--trace", tmp_path / "again.bin", jobs=jobs)
    assert trace.read_bytes() == (tmp_path / "again.bin").read_bytes()
    os.unlink(template)
    refused("make trace-page", "--html", "-", jobs=jobs)


# ---- what is wrong ----

def refused(message, *options, jobs="a,0,5\n", status=1):
    """It says so in one line, prints nothing else, and fails; under the sanitizers."""
    data = jobs if isinstance(jobs, bytes) else jobs.encode()
    done = subprocess.run([checked_schedsim(), *options], input=data, capture_output=True, timeout=60, cwd=ROOT)
    error = done.stderr.decode(errors="replace")
    assert done.returncode == status and done.stdout == b"", (done, message)
    assert error.startswith("schedsim: ") and error.count("\n") == 1, error
    assert message in error, f"{error} does not say: {message}"


GOOD = "# a list\na,0,5,2,5\n\nb,1.5,3\n"  # four lines
BAD_LINES = [  # what follows GOOD, and what is wrong in line 5
    ("c,-1,5", "the arrival is negative: -1"),
    ("c,2,-5", "the CPU time is negative: -5"),
    ("c,2,5,-1,5", "the I/O time is negative: -1"),
    ("c", "the arrival is missing"),
    ("c,", "the arrival is missing"),
    ("c,2", "the CPU time is missing"),
    ("c,2,", "the CPU time is missing"),
    ("c,2,5,", "the I/O time is missing"),
    ("c,2,5,,5", "the I/O time is missing"),
    ("c,2,5,1", "the CPU time after the last I/O is missing"),
    ("c,2,5,1,", "the CPU time is missing"),
    ("c,2,5,1,5,3", "the CPU time after the last I/O is missing"),
    ("c,2,0", "the CPU time is 0"),
    ("c,2,0.0000001", "the CPU time is 0"),
    ("c,2,5,1,0", "the CPU time is 0"),
    ("c,1,5", "it arrives before the job of line 4"),
    (",2,5", "the job has no name"),
    (" ,2,5", "the job has no name"),
    ("a,2,5", "the job of line 2 is called a, too"),
    ('"c",2,5', "quote"),
    ("c\x01,2,5", "control character"),
    ("c\0,2,5", "zero byte"),
    ("c,x,5", "the arrival is not a number: x"),
    ("c,2,5 ms", "the CPU time is not a number: 5 ms"),
    ("c,2,0x10", "not a number"),
    ("c,2,1e3", "not a number"),
    ("c,2,.", "not a number"),
    ("c,2,1.2.3", "not a number"),
    ("c,2,+5", "not a number"),
    ("c,2,nan", "not a number"),
    ("c,2,inf", "not a number"),
    ("c,2,1;5", "not a number"),
    ("c 2 5", "the arrival is missing"),
    ("name,arrival,cpu", "the arrival is not a number: arrival"),
    ("c,2,1000000000001", "is longer than 1000000000000 ms"),
    ("c,2,1000000000000.1", "is longer than 1000000000000 ms"),
    ("c,2," + "9" * 5000, "is longer than 1000000000000 ms"),
    ("c,2," + "x" * 5000, "not a number"),
    ("c," * 3000, "not a number"),
]


@pytest.mark.parametrize("line, message", BAD_LINES, ids=[repr(line)[:24] for line, _ in BAD_LINES])
def test_wrong_lines(line, message, tmp_path):
    path = tmp_path / "jobs.csv"
    path.write_text(GOOD + line + "\nd,3,4\n")
    refused(f"{path}:5: ", path)
    refused(message, path)
    refused("standard input:5: ", "-", jobs=GOOD + line)  # nor does the end of the line matter
    refused("standard input:5: ", "-", jobs=(GOOD + line).replace("\n", "\r\n"))


@pytest.mark.parametrize("jobs, line", [("", 0), ("\n", 1), ("# nothing\n  \n#\n", 3), (b"\xef\xbb\xbf", 1)])
def test_empty_list(jobs, line):
    refused(f"standard input:{line}: no jobs in the list", "-", jobs=jobs)


BAD_OPTIONS = {
    "--policy lottery -": "no such policy: 'lottery'; there are ",
    "--policy": "--policy: a value is missing",
    "--levels 0 -": "'0' is not from 1 to 8",
    "--levels 9 -": "'9' is not from 1 to 8",
    "--levels four -": "'four' is not a whole number",
    "--levels -1 -": "'-1' is negative",
    "--levels 99999999999999999999 -": "is too large",
    "--levels 2 --slices 1,2,3 -": "3 slices for 2 levels",
    "--slices 1,2,3,4,5,6,7,8,9 -": "more than 8 slices",
    "--slices 1,,2 -": "'' is missing",
    "--slices 0 -": "'0' is no time at all",
    "--slices 5,-5 -": "'-5' is negative",
    "--boost -1 -": "'-1' is negative",
    "--boost often -": "'often' is not a number",
    "--quantum 0 -": "'0' is no time at all",
    "--keep-allotment maybe -": "'maybe' is neither yes nor no",
    "--predict magic -": "'magic' is neither declared nor average",
    "--alpha 1.5 -": "'1.5' is greater than 1",
    "--alpha -0.5 -": "'-0.5' is negative",
    "--first-guess 0 -": "'0' is no time at all",
    "--switch-cost -1 -": "'-1' is negative",
    "--preemptive=yes -": "--preemptive takes no value",
    "--random 1": "how many jobs",
    "--random 1,0": "'0' is not from 1 to 10000000",
    "--random 1,-5": "'-5' is negative",
    "--random x,5": "'x' is not a whole number",
    "--random 1,5,5": "'5,5' is not a whole number",
    "--random 1,5 -": "a job list and --random",
    "": "which jobs?",
    "- -": "two job lists",
    "--metrics --json -": "only one of",
    "--fast -": "no such option: --fast",
    "-x -": "no such option: -x",
    "/nowhere/jobs.csv": "cannot read /nowhere/jobs.csv: No such file",
    "/": "cannot read /: Is a directory",
    "-o /nowhere/out -": "cannot write /nowhere/out: No such file",
    "--trace /nowhere/out -": "cannot write /nowhere/out: No such file",
}


@pytest.mark.parametrize("options", BAD_OPTIONS)
def test_wrong_options(options):
    refused(BAD_OPTIONS[options], *options.split())


def test_a_full_disk_is_noticed():
    with open("/dev/full", "w") as full:
        done = subprocess.run([schedsim(), "-"], input="a,0,5\n", stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1 and "cannot write standard output" in done.stderr


@pytest.mark.parametrize("jobs, expected", [
    ("a,0,5", "0,5,0,a,0,done"),
    (" a b , 0 ,\t5 # comment", "0,5,0,a b,0,done"),
    ("\xef\xbb\xbfa,0,5\r\n", "0,5,0,a,0,done"),
    ("é\\,0.5,.5", "0.5,1,0,é\\,0,done"),
    ("a,0.000001,4.9999994", "0.000001,5,0,a,0,done"),
    ("a,1000000000000,1", "1000000000000,1000000000001,0,a,0,done"),
    ("a,0,1,0,1", "0,1,0,a,0,yield\n1,2,0,a,0,done"),
    ("a,0,12", "0,5,0,a,0,slice\n5,12,0,a,1,done"),
    ("a,0,5,1,3", "0,5,0,a,0,io\n6,9,0,a,1,done"),
])
def test_odd_but_right_lists(jobs, expected):
    jobs = jobs.replace("\xef\xbb\xbf", "\ufeff")
    assert run(jobs=jobs, program=checked_schedsim()) == f"{HEADER}\n{expected}\n"
    assert json.loads(run("--json", jobs=jobs, program=checked_schedsim()))["timeline"][0]["job"] == expected.split(",")[3]


def test_time_that_does_not_end_is_an_error_and_no_overflow():
    longest = "1000000000000"
    jobs = f"a,{longest},{longest},{longest},{longest},{longest},{longest},{longest},{longest}\n"
    done = subprocess.run([checked_schedsim(), "--policy", "fcfs", "-"], input=jobs, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr == "schedsim: the simulated time is over 146 years\n"


@pytest.mark.parametrize("options", ["", "--policy rr", "--policy fcfs", "--policy sjf",
                                     "--policy sjf --preemptive --predict average"])
def test_a_million_jobs(options, tmp_path):
    """All ready at once, with I/O that returns at the same times. The time limit is run's."""
    path = tmp_path / "jobs.csv"
    path.write_text("".join(f"j{n},{n // 1000},{1 + n * 7 % 12},5,1\n" for n in range(1_000_000)))
    rows = run(*options.split(), "--metrics", path).splitlines()
    assert len(rows) == 1_000_002
    cpu = sum(1 + n * 7 % 12 + 1 for n in range(1_000_000))
    assert cpu <= max(int(row.split(",")[3]) for row in rows[1:-1]) <= cpu + 5  # at the end all may do I/O


# ---- the manual ----

def test_the_manuals_examples():
    with open(os.path.join(ROOT, "docs/schedsim.md")) as file:
        blocks = re.findall(r"^```\n\$ (.*)\n((?:.*\n)*?)```$", file.read(), re.MULTILINE)
    files, tried = {}, 0
    for command, output in blocks:
        word = command.split()
        if word[0] == "cat":
            files[word[1]] = output
        else:
            assert word[0] == "build/schedsim" and word[-1] in files
            assert run(*word[1:-1], jobs=files[word[-1]]) == output, command
            tried += 1
    assert tried >= 3


def test_help_has_all_options():
    text = run("--help")
    with open(os.path.join(ROOT, "docs/schedsim.md")) as file:
        table = re.findall(r"^\| `(-[\w-]+)", file.read(), re.MULTILINE)
    assert len(table) >= 18
    for option in table:
        assert option == "-" or option in text, option
