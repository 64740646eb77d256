"""make bench and what it counts with: the hart's counters in user mode, TLB flushes, repeatable figures."""

import json
import re

import pytest

import bench
from bench_table import BOOT, OPERATIONS, PARALLEL
from inside import cases, verdict
from kinglet import make

# Calls that neither switch to another address space nor take a page away.
STAY = ["getpid", "yield", "pipe", "pipe_4k", "poll"]
# Calls to a server, and messages to another process and back: there and back, and nothing else.
ROUND_TRIPS = ["call", "call_crowd", "call_4k", "pipe_trip", "pipe_trip_crowd", "stat", "fstat"]
HOPS = ["yield_switch", "ring_2", "ring_60"]


@pytest.mark.parametrize("case", cases("counters"))
@pytest.mark.parametrize("harts", [1, 4])
def test_counters(kinglet, case, harts):
    verdict(kinglet, "counters", case, smp=harts)


def all_operations(kinglet):
    return kinglet.run("/bench/ops $(/bench/ops -l)", icount=True, limit=180).text


@pytest.fixture(scope="module")
def figures():
    """Those of all operations, by name, from one guest; and what it printed."""
    from kinglet import Kinglet
    guests = Kinglet("test_bench")
    try:
        text = all_operations(guests)
    finally:
        guests.stop_all()
    return {operation.name: bench.parse_operation(text, operation.name) for operation in OPERATIONS}, text


def test_figures_are_the_same_twice(kinglet, figures):
    """To the instruction, and to the flush, in every batch of every operation."""
    assert all_operations(kinglet) == figures[1]


@pytest.mark.parametrize("program, table", [("ops", OPERATIONS), ("parallel", PARALLEL)])
def test_programs_and_table_name_the_same(kinglet, program, table):
    listed = [line for line in kinglet.run(f"/bench/{program} -l").lines if not line.startswith("Kinglet:")]
    assert sorted(listed) == sorted(entry.name for entry in table)


@pytest.mark.parametrize("name", [operation.name for operation in OPERATIONS])
def test_operations_cost_something_plausible(figures, name):
    figure = figures[0][name]
    assert 0 < figure["least"] <= figure["instructions"] <= figure["most"]
    assert figure["batches"] > 10
    assert figure["tlb_remote"] == 0  # there is one hart


@pytest.mark.parametrize("name", STAY)
def test_no_flush_without_a_switch(figures, name):
    assert figures[0][name]["tlb_flushes"] == 0


@pytest.mark.parametrize("name", ROUND_TRIPS)
def test_a_round_trip_is_two_flushes(figures, name):
    assert figures[0][name]["tlb_flushes"] == 2


@pytest.mark.parametrize("name", HOPS)
def test_a_switch_is_one_flush(figures, name):
    assert figures[0][name]["tlb_flushes"] == 1


def test_taking_a_page_away_is_a_flush(figures):
    assert figures[0]["page"]["tlb_flushes"] >= 1


@pytest.mark.parametrize("name", ["call", "pipe_trip", "fork_exit"])
def test_nothing_grows_with_the_number_of_processes(figures, name):
    """500 sleepers more; a twentieth is for where things happen to lie."""
    alone, crowd = (figures[0][n]["instructions"] for n in (name, name + "_crowd"))
    assert crowd <= alone * 1.05


def test_a_ring_of_60_costs_what_a_ring_of_2_costs(figures):
    """A hop; a tenth is for the slices that end on the way."""
    assert figures[0]["ring_60"]["instructions"] <= figures[0]["ring_2"]["instructions"] * 1.1


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A short make bench: (its result, its JSON, where that is)."""
    path = tmp_path_factory.mktemp("bench") / "one.json"
    result = make("bench", "OPS=getpid sleep boot_prompt boot_command fork_storm", "HARTS=1 2", f"JSON={path}", "JOBS=1")
    assert result.returncode == 0, result.stderr
    return result, json.loads(path.read_text()), path


def test_json(made):
    found = made[1]
    assert found["schema"] == bench.SCHEMA
    assert set(found["made"]) == {"toolchain", "build", "qemu", "host_cores"}
    assert list(found["operations"]) == ["getpid", "sleep", "boot_prompt", "boot_command"]
    for figure in found["operations"].values():
        assert set(figure) == {"what", "goal", "linux", "tlb_flushes_goal", "instructions", "least", "most",
                               "tlb_flushes", "tlb_remote", "rounds", "units", "batches", "repeatable"}
        assert figure["repeatable"] is True
    storm = found["parallel"]["fork_storm"]
    assert set(storm) == {"what", "workers", "harts"} and set(storm["harts"]) == {"1", "2"}
    for harts, figure in storm["harts"].items():
        assert figure["milliseconds"] == min(figure["runs"]) > 0 and len(figure["runs"]) == bench.RUNS
        assert figure["harts_running"] == int(harts)


def test_boot_ends_after_it_began(made):
    """A million instructions is what initrd and servers take at least; the goal is the design's."""
    operations = made[1]["operations"]
    assert 100_000 < operations["boot_prompt"]["instructions"] <= 4_000_000
    assert operations["boot_prompt"]["instructions"] < operations["boot_command"]["instructions"]


def test_table_has_goals_and_linux(made):
    line = next(line for line in made[0].stdout.splitlines() if line.startswith("getpid"))
    assert line.split()[2:5] == [f"{made[1]['operations']['getpid']['instructions']:.0f}", "120", "171"]


def test_base_shows_the_change(made, tmp_path):
    """Against figures that were twice as high, all halved."""
    old = dict(made[1], operations={
        name: dict(figure, instructions=2 * figure["instructions"]) for name, figure in made[1]["operations"].items()})
    (tmp_path / "old.json").write_text(json.dumps(old))
    result = make("bench", "OPS=getpid", f"BASE={tmp_path}/old.json", f"JSON={tmp_path}/new.json", "JOBS=1")
    assert result.returncode == 0, result.stderr
    assert "-50.0%" in next(line for line in result.stdout.splitlines() if line.startswith("getpid"))
    again = json.loads((tmp_path / "new.json").read_text())["operations"]["getpid"]
    assert again == made[1]["operations"]["getpid"]


def test_wrong_settings_are_named(tmp_path):
    (tmp_path / "other.json").write_text("[]")
    for setting, text in (("OPS=getpid nonsense", "nonsense"), (f"BASE={tmp_path}/none.json", "none.json"),
                          (f"BASE={tmp_path}/other.json", "no figures of make bench")):
        result = make("bench", setting, f"JSON={tmp_path}/new.json")
        assert result.returncode and text in result.stderr and "Traceback" not in result.stderr


def test_a_clock_is_not_taken_for_a_count_of_instructions(kinglet):
    """Without icount QEMU's counter is the host's clock; the harness must see that."""
    text = kinglet.run("/bench/ops getpid").text
    with pytest.raises(bench.BenchError, match="does not count instructions"):
        bench.parse_operation(text, "getpid")


@pytest.mark.parametrize("name, units", [("read_4k", 256), ("lock_handover", 2)])
def test_profile_has_the_whole_round(figures, name, units):
    """As many instructions as the figure says, but for the firmware's and the marks."""
    text = make("profile", f"OP={name}").stdout
    counted = int(re.search(rf"^{name}: (\d+) instructions", text, re.MULTILINE)[1])
    assert counted == pytest.approx(figures[0][name]["instructions"] * units, rel=0.05)
    rooms = re.findall(r"^ *(\d+) +[\d.]+%  (\S+)$", text, re.MULTILINE)
    assert sum(int(n) for n, _ in rooms) == counted


def test_every_operation_is_explained():
    from kinglet import ROOT
    with open(f"{ROOT}/docs/benchmarks.md") as document:
        text = document.read()
    for entry in OPERATIONS + BOOT + PARALLEL:
        assert f"`{entry.name}`" in text, entry.name
