"""What must hold of any schedule that the simulator makes, and each rule of each policy, on random lists. Looks at
timelines only."""

import csv
import io
import random

import pytest

from schedsim_model import MS
from schedsim_runs import KINDS, POLICIES, as_text, ns, random_rules, run


class Run:
    """A run of the simulator on a random list: its segments, and where each job was in between."""

    def __init__(self, jobs, rules, options):
        self.jobs, self.rules, self.text = jobs, rules, as_text(jobs)
        rows = csv.DictReader(io.StringIO(run(*options, jobs=self.text)))
        self.segments = [{**row, "start": ns(row["start"]), "end": ns(row["end"]), "level": int(row["level"])}
                         for row in rows]
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


def runs(policy, count=30, **changes):
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
