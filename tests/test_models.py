"""The kernel's protocols between harts, as models that spin searches state by state (tests/models/*.pml).

A model has scenarios. Each is searched to the last state: no assertion may fail, and nobody may be stuck. Each
mutation takes out one thing that the protocol needs; spin must find what goes wrong then, or the model would prove
nothing. How many states each search had is in its output (build/test-output/models/) and in junit.xml.
"""

import os
import re
import subprocess

import pytest

from kinglet import LIMIT, ROOT

MODELS = os.path.join(ROOT, "tests/models")
OUTPUT = os.path.join(ROOT, "build/test-output/models")
SEARCH_LIMIT = 20 * LIMIT  # to find hangs; the longest takes about a minute on a machine that does nothing else

# Model and scenario -> what it is about.
SCENARIOS = {
    ("sleep", 1): "a wake-up is not lost with the one that was chosen and killed",
    ("sleep", 2): "a kill reaches a task before, while and after it sleeps",
    ("sleep", 3): "a sleeper's timer and its waker",
    ("sleep", 4): "a zombie's stack is freed when nobody is on it",
    ("sleep", 5): "claim and hand-off",
    ("channel", 1): "a client is killed; the server uses tokens again",
    ("channel", 2): "the server is killed",
    ("channel", 3): "the server is killed again and again",
    ("channel", 4): "client and server are killed",
    ("futex", 1): "a lock is for one at a time, and nobody sleeps on a free one",
    ("futex", 2): "holders and waiters are killed",
    ("futex", 3): "a robust lock goes on to the next",
    ("watchers", 1): "an end reaches each of the many who wait for it",
}

# With the formula at the model's end, under weak fairness: the smaller ones.
LIVE = [("sleep", 3), ("sleep", 4), ("channel", 3)]

# Model, scenario, what is changed -> what spin must find.
MUTATIONS = {
    ("sleep", 1, "M_WAKE_IN_TWO_STEPS"): "assertion violated",
    ("sleep", 1, "M_BLOCKED_AFTER_UNLOCK"): "invalid end state",
    ("sleep", 1, "M_THIEF_IGNORES_ON_HART"): "assertion violated",
    ("sleep", 1, "M_WAKE_UP_ENDS_WITH_THE_CHOSEN"): "invalid end state",
    ("sleep", 2, "M_IPI_CLEARED_LATE"): "invalid end state",
    ("sleep", 2, "M_KILLED_BEFORE_BLOCKED"): "invalid end state",
    ("sleep", 2, "M_KILL_TRUSTS_THE_SWITCH"): "invalid end state",
    ("sleep", 2, "M_KILL_LOOKS_FIRST"): "invalid end state",
    ("sleep", 3, "M_CANCEL_DOES_NOT_WAIT"): "assertion violated",
    ("sleep", 4, "M_FREED_WHILE_ON_HART"): "assertion violated",
    ("sleep", 4, "M_PLACED_WHILE_ON_HART"): "assertion violated",
    ("sleep", 5, "M_CLAIM_LOOKS_FIRST"): "assertion violated",
    ("sleep", 5, "M_CLAIM_IGNORES_ON_HART"): "assertion violated",
    ("channel", 1, "M_NO_GENERATION"): "assertion violated",
    ("channel", 1, "M_LEAVES_ITS_REQUEST"): "assertion violated",
    ("channel", 1, "M_PAYER_NOT_HELD"): "assertion violated",
    ("channel", 1, "M_CLAIMED_WITHOUT_A_LOOK"): "assertion violated",
    ("channel", 1, "M_WOKEN_WITH_ITS_ACCOUNT_IN_USE"): "assertion violated",
    ("channel", 2, "M_KILLED_BEFORE_BLOCKED"): "invalid end state",
    ("channel", 3, "M_RETRIED_FOR_EVER"): "assertion violated",
    ("futex", 1, "M_COMPARED_WITHOUT_THE_LOCK"): "assertion violated",
    ("futex", 1, "M_BIT_IS_DROPPED"): "assertion violated",
    ("futex", 2, "M_CHANGE_AND_WAKE_APART"): "assertion violated",
    ("futex", 2, "M_WAKE_UP_DIES_WITH_THE_CHOSEN"): "assertion violated",
    ("futex", 2, "M_NOT_HANDED_ON"): "assertion violated",
    ("futex", 3, "M_OWNER_NOT_LOOKED_AT"): "assertion violated",
    ("watchers", 1, "M_ONLY_THE_END_WAKES"): "invalid end state",
    ("watchers", 1, "M_THE_KILLED_DO_NOT_PASS_IT_ON"): "invalid end state",
}


def search(model, scenario, *defines, live=False):
    """Builds spin's verifier for a scenario and runs it; gives its report."""
    name = "-".join([model, str(scenario), *defines])
    folder = os.path.join(OUTPUT, name)
    os.makedirs(folder, exist_ok=True)
    words = [f"-D{d}" for d in (f"SCENARIO={scenario}", *defines)]
    spin = subprocess.run(["spin", *words, "-a", f"{MODELS}/{model}.pml"], cwd=folder, text=True,
                          capture_output=True, timeout=SEARCH_LIMIT)
    assert "Error" not in spin.stdout + spin.stderr and os.path.exists(f"{folder}/pan.c"), spin.stdout + spin.stderr
    # COLLAPSE stores states smaller, and all the same exactly: no hashing that could take two for one.
    flags = ["-DCOLLAPSE", "-DMEMLIM=4000", *(["-DNFAIR=3"] if live else ["-DSAFETY"])]
    subprocess.run(["cc", "-O2", "-w", *flags, "-o", "pan", "pan.c"], cwd=folder, check=True, timeout=SEARCH_LIMIT)
    report = subprocess.run(["./pan", "-m100000", "-n", *(["-a", "-f"] if live else [])], cwd=folder, text=True,
                            capture_output=True, timeout=SEARCH_LIMIT).stdout
    with open(f"{folder}/report", "w") as kept:
        kept.write(report)
    assert "error: max search depth too small" not in report and "out of memory" not in report, report
    return report


def states(report):
    return int(float(re.search(r"^\s*([\d.e+]+) states, stored", report, re.MULTILINE)[1]))


@pytest.mark.parametrize("model, scenario", SCENARIOS, ids=[f"{m}: {text}" for (m, _), text in SCENARIOS.items()])
def test_every_state_is_right(model, scenario, record_property):
    report = search(model, scenario)
    assert "errors: 0" in report and "Search not completed" not in report, report
    record_property("states", states(report))
    print(f"{model}, scenario {scenario}: {states(report)} states")


@pytest.mark.parametrize("model, scenario", LIVE, ids=[f"{m}: {SCENARIOS[m, n]}" for m, n in LIVE])
def test_everybody_comes_to_an_end(model, scenario, record_property):
    report = search(model, scenario, "LIVENESS", live=True)
    assert "errors: 0" in report and "Search not completed" not in report, report
    record_property("states", states(report))


@pytest.mark.parametrize("model, scenario, change", MUTATIONS, ids=[f"{m}: {c}" for m, _, c in MUTATIONS])
def test_spin_rejects(model, scenario, change):
    with open(f"{MODELS}/{model}.pml") as source:
        assert re.search(rf"\b{change}\b", source.read()), f"no {change} in {model}.pml"
    report = search(model, scenario, change)
    assert MUTATIONS[model, scenario, change] in report, report
