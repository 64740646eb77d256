"""The scheduler simulator (docs/schedsim.md): its timelines are those of an independent model of its manual on
thousands of random job lists, its other outputs say the same, and a million jobs are no trouble."""

import base64
import json
import os
import random
import re
import shlex
from fractions import Fraction

import pytest

import sched_trace
import schedsim_model
import trace_file
from kinglet import ROOT
from schedsim_model import MS
from schedsim_runs import HEADER, KINDS, POLICIES, as_text, checked_schedsim, ms, ns, random_rules, refused, run

LISTS = 250  # random lists for each policy and kind of list


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
        wanted = []
        for job in made:
            turnaround = job.completion - job.arrival
            wanted.append([job.arrival, job.first_run, job.completion, turnaround, job.first_run - job.arrival,
                           turnaround - job.cpu - job.io, job.cpu, job.io])
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

def read_trace(path):
    """The events of a trace.bin, as sched_trace has them. Ticks are nanoseconds."""
    recording = trace_file.read(path)
    assert (recording.hz, recording.source, len(recording.blocks), recording.dropped()) == (10**9, 1, 1, {})
    records = trace_file.decode(recording)
    assert [record.ticks for record in records] == sorted(record.ticks for record in records)
    for record in records:
        record.us = record.ticks / 10  # sched_trace takes what it reads for tenths of something
    return [sched_trace.Event(str(record)) for record in records]


@pytest.mark.parametrize("policy", POLICIES)
def test_trace_shows_the_same(policy, tmp_path):
    """The trace, read as a guest's, gives the timeline; and each decision in it is the first of the best level."""
    rng = random.Random(f"trace {policy}")
    path = tmp_path / "trace.bin"
    for kind in KINDS.values():
        for _ in range(8):
            rules, options = random_rules(policy, kind.unit, rng)
            jobs = kind.make(rng)
            text = run(*options, "--trace", path, jobs=as_text(jobs), program=checked_schedsim())
            events = read_trace(path)
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
    events = read_trace(path)
    assert [(e.event, *e.args.values()) for e in events[:5]] == \
        [("policy", 2, "mlfq"), ("quantum", 0, 3000), ("quantum", 1, 7500), ("quantum", 255, 10000),
         ("boost_period", 20000)]
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


# ---- many jobs ----

@pytest.mark.parametrize("options", ["", "--policy sjf --preemptive --predict average"])
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
