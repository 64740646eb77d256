"""What the demos in user/demo show: tests/cases/demos*.txt, docs/demos.md, and the shape of MLFQ in mlfq_hogs."""

import os
import re

import pytest

import demos
from cases import Group, read_cases
from kinglet import ROOT

CASES = read_cases("demos*")


@pytest.fixture(scope="module", params=[1, 4], ids=["one_hart", "four_harts"])
def group(request):
    """On one hart under icount, on four with the races that there are."""
    return Group("demos*", smp=request.param, icount=request.param == 1)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.promise)
def test_output(group, case):
    group.check(case)


def test_demos_give_everything_back(group):
    group.finish()


def test_every_demo_has_its_case():
    """The promise of a case begins with the demo's name, and its script runs it."""
    tested = set()
    for case in CASES:
        name = case.promise.split(":")[0]
        assert re.search(rf"\b{name}\b", case.script), f"{case.where} does not run {name}"
        tested.add(name)
    assert sorted(tested) == demos.names()


def test_every_demo_has_its_row():
    """docs/demos.md lists the folder's files and nothing else, and what each shows as the file says it."""
    with open(os.path.join(ROOT, "docs/demos.md"), encoding="utf-8") as document:
        rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \| (.*?) \| (.*?) \|$", document.read(), re.MULTILINE)
    assert sorted(row[0] for row in rows) == demos.names()
    for name, concept, chapters, change, harts in rows:
        assert concept and chapters and change, name
        assert re.fullmatch(r"1|1 and 4|any", harts), name


def test_every_demo_says_what_it_is_about():
    """In its first comment, whose first sentence is what `make demo` lists."""
    for name in demos.names():
        with open(os.path.join(ROOT, "user/demo", name + ".c"), encoding="utf-8") as file:
            assert file.read().startswith("/*\n * Textbook: "), name
        assert 10 < len(demos.description(name)) <= 90, name


def test_mlfq_hogs_shows_hogs_that_sink_and_an_interactive_one_on_top(kinglet):
    result = kinglet.run("mlfq_hogs", icount=True)
    samples = [[int(n) for n in found] for found in
               re.findall(r"^ *(\d+) ms +(\d) +(\d) +(\d) +(\d)$", result.text, re.MULTILINE)]
    assert len(samples) == 24
    assert [sample[0] for sample in samples] == [40 * i for i in range(1, 25)]
    assert all(sample[4] == 0 for sample in samples), "the interactive one stays on the top level"
    for hog in (1, 2, 3):
        levels = [sample[hog] for sample in samples]
        lifts = [i for i in range(1, len(levels)) if levels[i] < levels[i - 1]]
        assert levels[0] < 3 and 3 in levels[:5], "a hog sinks to the last level"
        assert 1 <= len(lifts) <= 2, "a boost every 500 ms, and nothing else, lifts a hog"
        assert all(levels[lift - 1] == 3 for lift in lifts)
    shares = [int(percent) for percent in re.findall(r"processor time, +(\d+)%", result.text)]
    assert len(shares) == 4
    assert all(28 <= share <= 38 for share in shares[:3]), "hogs share alike"
    assert shares[3] <= 3
    responses, mean, worst = map(int, re.search(
        r"interactive: (\d+) responses, mean (\d+) us, worst (\d+) us", result.text).groups())
    assert responses == 40
    assert mean < 2000, "the interactive one is answered at once"
    assert worst < 20000, "right after a boost it waits for a slice of each hog at most"


def test_mlfq_hogs_repeats_exactly(kinglet):
    first, second = (kinglet.run("mlfq_hogs", icount=True).text for _ in range(2))
    assert first == second
