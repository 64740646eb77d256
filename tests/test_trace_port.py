"""The trace port and what is made of it: all records come out, whoever dies, and make trace shows them."""

import json
import os
import re

import pytest

import bench
import machine
import trace_file
from kinglet import ROOT, make
from test_trace_file import slices

SMALL = "32M"  # a machine whose ring holds 131072 records
MILLION = "sched_work many:g500000"  # two records for each call
MOST_INSTRUCTIONS = 40  # a record


def record(kinglet, command, status=0, **settings):
    """Runs a command with port and memory; gives (Result, what came through the port, what the rings held)."""
    guest = kinglet.boot(run=command, trace=True, port=True, **settings)
    try:
        result = guest.wait(status)
        port = trace_file.read(guest.settings.trace_port)
        return result, port, trace_file.from_memory(guest.settings.kernel, guest.settings.trace_ram)
    finally:
        guest.stop()


def all_bytes(recording, hart, start, end):
    """The records start..end of a hart, all of which must be there."""
    data = b"".join(bytes(piece)[max(0, start - first) * 16:] for first, piece in recording.blocks[hart]
                    if first + len(piece) // 16 > start)
    assert len(data) >= (end - start) * 16
    return data[:(end - start) * 16]


def tracers(recording):
    """How often a tracer ended."""
    return len([e for e in trace_file.decode(recording) if e.event == "exit" and e.name == "tracer"])


@pytest.mark.parametrize("smp", [1, 4])
def test_what_comes_through_the_port_is_what_lies_in_the_rings(kinglet, smp):
    _, port, memory = record(kinglet, "ls -l / | wc; mlfq_hogs | tail -n 1; daemon_ends", smp=smp, debug=True)
    assert not port.dropped() and not memory.dropped()
    for hart in range(smp):
        end = port.end(hart)
        assert all_bytes(port, hart, 0, end) == all_bytes(memory, hart, 0, end)
        # Before the power goes, all is asked for; what follows is the way to the power.
        assert 0 < end <= memory.end(hart) <= end + 200


def test_a_million_records_through_small_rings(kinglet):
    _, port, memory = record(kinglet, MILLION, mem=SMALL, icount=True)
    assert memory.capacity <= 131072 and memory.dropped()[0] > 800_000
    assert port.records() > 1_000_000
    assert not trace_file.merged(port, memory).dropped()
    # The tracer sleeps but for full quarters of the ring and the power-off.
    woken = [e for e in trace_file.decode(memory) if e.event == "switch_in" and e.name == "tracer"]
    assert len(woken) <= 5


def busy(workers, rounds):
    """Shell text: so many that compute and call in turns, which makes a record in some 2000 instructions. Faster ones
    overflow a ring when the host does not run the hart that the tracer is on for some ten milliseconds."""
    return "sched_work " + " ".join(f"w{n}:c3000,g100*{rounds}" for n in range(workers))


def test_four_harts_through_rings_that_overflow(kinglet):
    _, port, memory = record(kinglet, busy(8, 280), mem="64M", smp=4)
    assert memory.dropped()
    both = trace_file.merged(port, memory)
    assert both.records() > 440_000 and not both.dropped()


def test_without_a_port_the_trace_goes_on_and_drops_are_counted(kinglet):
    guest = kinglet.boot(run=MILLION, trace=True, mem=SMALL, icount=True)
    guest.wait()
    memory = trace_file.from_memory(guest.settings.kernel, guest.settings.trace_ram)
    assert memory.records() == memory.capacity
    assert memory.dropped() == {0: memory.end(0) - memory.capacity}


def test_a_port_without_a_trace_is_left_alone(kinglet):
    """The tracer is only there when the trace was asked for."""
    guest = kinglet.boot(run="ps", port=True, append="trace=ready", icount=True)
    assert "tracer" in guest.wait().text  # ready: it could be switched on
    guest = kinglet.boot(run="ps", trace=True, icount=True)
    assert "tracer" not in guest.wait().text


def kill_tracer(times, pause):
    """Shell text that kills the tracer so often. There is no awk: read takes the line apart."""
    return (f"for i in $(seq {times}); do ps | grep 'tracer$' | while read pid rest; do kill -9 $pid; done; "
            f"sleep {pause}; done")


def test_a_killed_tracer_comes_back_and_nothing_is_lost(kinglet):
    _, port, memory = record(kinglet, f"sched_work a:g40000; {kill_tracer(1, 0.3)}; sched_work b:g100000", mem=SMALL,
                             append="session=system", icount=True)
    assert memory.dropped()
    both = trace_file.merged(port, memory)
    assert tracers(both) == 1 and not both.dropped()
    assert port.records() > 200_000


def test_tracers_that_die_by_the_dozen(kinglet):
    """While four harts write: whatever a tracer was at, the next one goes on from there."""
    _, port, memory = record(kinglet, f"{busy(8, 280)} & {kill_tracer(20, 0.02)}; wait", mem="64M", smp=4,
                             append="session=system restarts=unlimited")
    both = trace_file.merged(port, memory)
    assert memory.dropped() and not both.dropped() and both.records() > 440_000
    assert tracers(both) >= 10
    for hart in range(4):
        end, start = port.end(hart), memory.blocks[hart][0][0]
        if end > start:
            assert all_bytes(port, hart, start, end) == all_bytes(memory, hart, start, end)


def test_a_tracer_that_cannot_live_is_given_up(kinglet):
    """Without it all goes on as without a port, and the power-off waits for nobody."""
    result, port, memory = record(kinglet, f"{kill_tracer(8, 6)}; ps", append="session=system", icount=True)
    assert "tracer (pid" in result.text and "giving it up" in result.text
    assert not trace_file.merged(port, memory).dropped()


def test_switching_off_brings_out_what_there_is(kinglet):
    """At a prompt, without anybody asking for it."""
    guest = kinglet.boot(port=True, append="trace=ready")
    guest.expect(r"\$ $")
    assert trace_file.read(guest.settings.trace_port, cut_off=True).records() == 0
    guest.command("trace on; ls /bin >/dev/null; trace off; sleep 0.2")
    trace = trace_file.decode(trace_file.read(guest.settings.trace_port))
    guest.stop()
    assert re.match("policy( quantum)+ boost_period ", " ".join(e.event for e in trace[:12]))
    # Everybody's name, though they were born before.
    assert {"init", "console", "ramfs", "tracer", "sh", "trace"} <= {e.name for e in trace[:40] if e.event == "name"}
    assert [e for e in trace if e.name == "ls" and e.event == "exit"]
    assert trace[-1].event == "syscall_enter" and trace[-1].name == "trace"


def test_filter(kinglet):
    result, port, memory = record(kinglet, "trace filter switch_in,wake; sleep 0.01; ls / >/dev/null; trace status; "
                                  "trace filter all; ls / >/dev/null", icount=True)
    trace = trace_file.decode(trace_file.merged(port, memory))
    # Three programs' execs were not recorded: sleep, ls, trace status; that of the last `trace filter` neither.
    assert [e.name for e in trace if e.event == "switch_in"].count("sleep") >= 1
    names = [e.name for e in trace if e.event == "exec"]
    assert "sleep" not in names and trace[-1].event == "syscall_enter"
    assert [e for e in trace if e.event == "exit" and e.name == "ls"]
    assert re.search(r"^on, events: switch_in,wake,name$", result.text, re.MULTILINE)


def test_filter_names_what_it_does_not_know(kinglet):
    result = kinglet.run("trace filter wake,nonsense; echo [$?]; trace filter ''; trace; trace maybe; trace on x; "
                         "trace status", append="trace=ready")
    assert "trace: there is no event nonsense; the events are" in result.text
    listed = next(line for line in result.lines if line.startswith("switch_in,"))
    assert listed.split(",") == [name for name, _, _ in trace_file.tables()[0].values()]
    assert "[2]" in result.lines and result.text.count("usage: trace on") == 3
    assert "off, events: all" in result.lines
    result = kinglet.run("trace on", status=1)
    assert "boot with trace=ready or trace=on" in result.text


def test_an_interrupt_is_nobodys_doing(kinglet):
    """Whoever a timer wakes was woken by 0, and not by the hog that happened to run."""
    _, port, memory = record(kinglet, "sched_work hog:c200000 early:k1000,s9000*9", icount=True)
    trace = trace_file.decode(trace_file.merged(port, memory))
    wakes = [e for e in trace if e.event == "wake" and e.name == "early"]
    hog = next(e.pid for e in trace if e.name == "hog")
    assert len(wakes) >= 9
    assert [e.args["by"] for e in wakes].count(0) >= 9 and hog not in [e.args["by"] for e in wakes]
    # Who wakes by a call is named.
    assert [e for e in trace if e.event == "wake" and e.args["by"] != 0]


def test_lock_waits_name_the_lock_and_who_waits(kinglet):
    """Forks and exits on four harts want the same locks."""
    _, port, memory = record(kinglet, "stress_tree", smp=4)
    with open(os.path.join(ROOT, "kernel/riscv/lock_order.h")) as header:
        ranks = len(re.findall(r"^\s+LOCK_\w+,", header.read(), re.MULTILINE))
    number = {event[0]: number for number, event in trace_file.tables()[0].items()}
    both, waits = trace_file.merged(port, memory), 0
    for hart in range(4):
        running = 0
        for _, _, event, small, pid, ns in trace_file.unpack(both, hart):
            if event == number["switch_in"]:
                running = pid
            elif event == number["lock_wait"]:
                waits += 1
                assert pid == running and small < ranks and ns > 0
    assert waits > 0


def test_instructions_of_a_record(kinglet):
    """getpid makes two records, whose arguments count too; off, it costs what docs/benchmarks.md says."""
    cost = {}
    for setting in "ready", "on":
        text = kinglet.run("/bench/ops getpid", icount=True, append=f"trace={setting}").text
        cost[setting] = bench.parse_operation(text, "getpid")["instructions"]
    assert 0 < (cost["on"] - cost["ready"]) / 2 <= MOST_INSTRUCTIONS, cost


# ---- make trace ----

def pictures(folder):
    trace = trace_file.decode(trace_file.read(folder / "trace.bin"))
    return trace, json.loads((folder / "trace.json").read_text())


def test_make_trace(tmp_path):
    done = make("trace", "CMD=mlfq_hogs; (exit 7)", "SMP=4", f"OUT={tmp_path}/new/folder")
    assert done.returncode == 7 and re.search(r"run: trace: \d+ records, none dropped: ", done.stderr), done.stderr
    trace, chrome = pictures(tmp_path / "new/folder")
    assert chrome["otherData"]["dropped"] == 0
    tracks = slices(chrome)
    harts = {number for group, number in tracks if group == 1}
    assert len(harts) > 1 and harts <= {0, 1, 2, 3}
    ran = {e.pid for e in trace if e.event == "switch_in" and e.pid}
    assert {number for group, number in tracks if group == 2} >= ran
    names = {e["args"]["name"] for e in chrome["traceEvents"] if e["name"] == "thread_name"}
    assert {"hart 0", "init (1)"} <= names and any(name.startswith("hog (") for name in names)
    # A hart and the process that it runs say the same.
    running = sum(end - begin for (group, _), found in tracks.items() if group == 2
                  for begin, end, name in found if name == "running")
    busy = sum(end - begin for (group, _), found in tracks.items() if group == 1 for begin, end, _ in found)
    assert abs(running - busy) <= busy / 100
    states = {name for (group, _), found in tracks.items() if group == 2 for _, _, name in found}
    assert {"running", "ready", "blocked: sleep", "blocked: receive", "blocked: child"} <= states
    instants = {e["name"] for e in chrome["traceEvents"] if e["ph"] == "i"}
    assert {"fork", "exec", "exit", "boost", "policy", "demote"} <= instants
    started = {e["id"] for e in chrome["traceEvents"] if e["ph"] == "s"}
    ended = [e["id"] for e in chrome["traceEvents"] if e["ph"] == "f"]
    assert ended and len(ended) == len(set(ended)) and set(ended) <= started


def test_make_trace_after_a_panic(tmp_path):
    done = make("trace", "CMD=true", "APPEND=test=panic", f"OUT={tmp_path}")
    assert done.returncode == machine.STATUS_PANIC
    trace, _ = pictures(tmp_path)
    assert [e for e in trace if e.event == "policy"]


def test_make_trace_after_a_hang(tmp_path):
    done = make("trace", "CMD=sleep 1000", "TIMEOUT=4", f"OUT={tmp_path}")
    assert done.returncode == machine.STATUS_HANG and "run: hang" in done.stderr
    trace, chrome = pictures(tmp_path)
    assert [e for e in trace if e.event == "exec" and e.name == "sh"]
    assert [e for e in trace if e.event == "block" and e.name == "sleep"]
    assert slices(chrome)


def test_make_trace_to_a_place_that_is_none(tmp_path):
    (tmp_path / "file").write_text("")
    done = make("trace", "CMD=true", f"OUT={tmp_path}/file")
    assert done.returncode == machine.STATUS_BAD_OPTION and f"OUT={tmp_path}/file" in done.stderr
    assert os.listdir(tmp_path) == ["file"]
