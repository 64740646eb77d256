"""What the tests of the simulator share: the program, and random lists and options for it."""

import functools
import os
import shlex
import subprocess
from fractions import Fraction

from kinglet import ROOT, host_program, make
from schedsim_model import MS, Rules

HEADER = "start,end,hart,job,level,why"
POLICIES = ["mlfq", "rr", "fcfs", "sjf"]


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
        if rng.random() < 0.9 or not rules.declared:
            options += ["--predict", "declared" if rules.declared else "average"]
        options += ["--alpha", str(float(rules.alpha)), "--first-guess", ms(rules.first_guess)]
        options += ["--preemptive"] if rules.preemptive else []
    if rng.random() < 0.4:
        rules.switch_cost = rng.choice([1, rng.randint(1, 9)]) * unit // rng.choice([1, 10])
        options += ["--switch-cost", ms(rules.switch_cost)]
    return rules, options


def refused(message, *options, jobs="a,0,5\n", status=1):
    """It says so in one line, prints nothing else, and fails; under the sanitizers."""
    data = jobs if isinstance(jobs, bytes) else jobs.encode()
    done = subprocess.run([checked_schedsim(), *options], input=data, capture_output=True, timeout=60, cwd=ROOT)
    error = done.stderr.decode(errors="replace")
    assert done.returncode == status and done.stdout == b"", (done, message)
    assert error.startswith("schedsim: ") and error.count("\n") == 1, error
    assert message in error, f"{error} does not say: {message}"
