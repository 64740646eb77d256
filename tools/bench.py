#!/usr/bin/env python3
"""Measures what Kinglet's operations cost, for make bench. docs/benchmarks.md says how to read it.

    bench.py --kernel=… --initrd=… [--qemu=…] [--only="NAME …"] [--harts="1 2 4"] [--base=OLD.json]
             [--json=NEW.json] [--jobs=N] [--toolchain=TEXT]

Operations (user/bench/ops) are counted in instructions under icount on one hart, each in guests of its own
and twice: both counts must be the same to the instruction, else the status is 1. The boot is read from the
trace, twice as well. Parallel work (user/bench/parallel.c) is timed on several harts, best of some runs.
"""

import argparse
import concurrent.futures
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import machine  # noqa: E402
import trace_file  # noqa: E402
from bench_table import BOOT, OPERATIONS, PARALLEL, WORKERS  # noqa: E402
from machine import Banner, BadSetting, CannotStart, Machine  # noqa: E402

SCHEMA = "kinglet-bench-1"
LIMIT = 180     # seconds that a guest may take: none takes so long unless it hangs
RUNS = 3        # of each parallel work on each number of harts
NS_OF_INSTRUCTION = 8  # of guest time, by machine.py's icount shift
PROMPT = b"$ "
SETTLED = 0.3   # seconds without a new record: the guest sleeps at its prompt


class BenchError(Exception):
    """A measurement failed; the text says which and why."""


# ---- guests ----

def image_machine(options, **settings):
    return Machine(options.kernel, options.initrd, qemu=options.qemu, **settings)


def follow(guest, done):
    """Starts a guest and collects its console until it ends or done(text so far) is true; (text, status)."""
    with tempfile.TemporaryFile() as said:
        qemu = machine.start(guest.command(*machine.CONSOLE_PIPES), stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=said)
        alarm = concurrent.futures.ThreadPoolExecutor(1)
        deadline = time.monotonic() + LIMIT
        try:
            output, banner = b"", Banner()
            while not done(output):
                # One read at a time in a thread, since a pipe has no time limit of its own.
                data = alarm.submit(os.read, qemu.stdout.fileno(), 65536).result(deadline - time.monotonic())
                if not data:
                    return output + banner.rest(), qemu.wait()
                output += banner.feed(data)
            return output, None
        except concurrent.futures.TimeoutError:
            raise BenchError(f"no end within {LIMIT} s:\n{output.decode(errors='replace')}") from None
        finally:
            machine.stop(qemu)
            alarm.shutdown()


def run_guest(options, command, **settings):
    """What a command printed that ended with status 0."""
    output, status = follow(image_machine(options, run=command, **settings), lambda _: False)
    text = output.decode(errors="replace").replace("\r\n", "\n")
    if status:
        raise BenchError(f"{command} ended with status {status}:\n{text}")
    return text


# ---- operations ----

def parse_operation(text, name):
    """The figures in a line that /bench/ops printed (its format: user/bench/ops/main.c)."""
    found = re.search(rf"^op {name} rounds (\d+) units (\d+) tick (\d+) empty (\d+)"
                      r" ticks ([\d,]+) flushes ([\d,]+) remote ([\d,]+)$", text, re.MULTILINE)
    if not found:
        raise BenchError(f"no figures for {name} in:\n{text}")
    rounds, units, tick, empty = (int(found[i]) for i in range(1, 5))
    if tick == 0:
        raise BenchError("the counter does not count instructions (it does under icount)")
    count = rounds * units
    batches = sorted((int(ticks) - empty) / tick / count for ticks in found[5].split(","))

    def each(list_of_numbers):
        return round(statistics.median(int(n) for n in list_of_numbers.split(",")) / count, 3)
    return {"instructions": round(statistics.median(batches), 2), "least": round(batches[0], 2),
            "most": round(batches[-1], 2), "tlb_flushes": each(found[6]), "tlb_remote": each(found[7]),
            "rounds": rounds, "units": units, "batches": len(batches)}


def measure_operation(options, operation):
    one, two = (run_guest(options, f"/bench/ops {operation.name}", icount="1") for _ in range(2))
    figures = parse_operation(one, operation.name)
    figures["repeatable"] = parse_operation(two, operation.name) == figures and one == two
    return figures


# ---- the boot ----

def entry_ticks(kernel, ram):
    """The clock when the firmware let the kernel in, from the guest's memory."""
    at = trace_file.symbol(kernel, "clock_entry_ticks") - trace_file.DIRECT_MAP
    with open(ram, "rb") as memory:
        return int.from_bytes(trace_file.read_ram(memory, at, 8, "clock_entry_ticks"), "little")


def instructions_since_entry(trace, entry, record):
    return round((record.ticks - entry) * 1e9 / trace.timebase_hz / NS_OF_INSTRUCTION)


def booted(options, command):
    """Instructions from kernel entry until the prompt stands there and all sleep, or the power goes off."""
    with tempfile.NamedTemporaryFile(prefix="kinglet-ram-") as ram:
        guest = image_machine(options, run=command, icount="1", trace_ram=ram.name)
        def at_prompt(output):
            if command is not None or not output.endswith(PROMPT):
                return False
            seen = -1
            while True:  # until nothing happens any more
                records = len(trace_file.parse(options.kernel, ram.name))
                if records == seen:
                    return True
                seen = records
                time.sleep(SETTLED)
        _, status = follow(guest, at_prompt)
        if status:
            raise BenchError(f"the boot ended with status {status}")
        trace = trace_file.parse(options.kernel, ram.name)
        if trace.dropped:
            raise BenchError("the trace has no room for the whole boot")
        if command is None:
            last = next((r for r in trace if r.event == "switch_in" and r.pid == 0), None)
        else:
            last = trace[-1]
        if last is None:
            raise BenchError("the guest does not sleep at its prompt")
        return instructions_since_entry(trace, entry_ticks(options.kernel, ram.name), last)


def measure_boot(options, operation):
    one, two = (booted(options, None if operation.name == "boot_prompt" else "true") for _ in range(2))
    return {"instructions": one, "least": min(one, two), "most": max(one, two), "tlb_flushes": None,
            "tlb_remote": None, "rounds": 1, "units": 1, "batches": 1, "repeatable": one == two}


# ---- parallel work ----

def measure_parallel(options, work):
    """Milliseconds on each number of harts; the runs take turns, so that a busy host hits all alike."""
    runs = {harts: [] for harts in options.harts}
    online = {}
    for _ in range(RUNS):
        for harts in options.harts:
            text = run_guest(options, f"/bench/parallel {work.name} {WORKERS}", smp=str(harts))
            found = re.search(rf"^parallel {work.name} workers \d+ harts (\d+) ns (\d+)$", text, re.MULTILINE)
            if not found:
                raise BenchError(f"no figures for {work.name} in:\n{text}")
            online[harts] = int(found[1])
            runs[harts].append(round(int(found[2]) / 1e6, 1))
    return {"workers": WORKERS, "harts": {
        str(harts): {"milliseconds": min(times), "runs": times, "harts_running": online[harts]}
        for harts, times in runs.items()}}


# ---- the report ----

def number(value, width):
    if value is None:
        return " " * (width - 1) + "-"
    text = f"{value:,.1f}" if isinstance(value, float) and value < 100 and value != int(value) else f"{value:,.0f}"
    return text.rjust(width)


def flushes_text(figures, goal):
    value = figures["tlb_flushes"]
    if value is None:
        return "-".rjust(7)
    text = f"{value:.2f}".rstrip("0").rstrip(".") if value else "none"
    return text.rjust(7) + ("" if goal is None else f" (goal {goal:g})" if value > goal else " (met)")


def change_text(now, before):
    if not before:
        return ""
    return f" {number(before, 11)} {100 * (now - before) / before:+7.1f}%"


def operations_table(results, base):
    before = base.get("operations", {})
    lines = ["Instructions for one operation, one hart",
             f"{'':51} {'Kinglet':>10} {'goal':>10} {'Linux':>8}" + (f" {'before':>11} {'change':>8}" if base else "")
             + "  TLB flushes"]
    for operation in OPERATIONS + BOOT:
        figures = results.get(operation.name)
        if not figures:
            continue
        now = figures["instructions"]
        line = (f"{operation.name:16} {operation.what:34} {number(now, 10)} {number(operation.goal, 10)}"
                f" {number(operation.linux, 8)}")
        if base:
            line += change_text(now, before.get(operation.name, {}).get("instructions")).ljust(21)
        lines.append(line + "  " + flushes_text(figures, operation.flushes)
                     + ("" if figures["repeatable"] else "  NOT REPEATABLE"))
    return lines


def parallel_table(results, base, harts):
    before = base.get("parallel", {})
    lines = ["", f"Milliseconds for {WORKERS} workers, best of {RUNS}, on {os.cpu_count()} cores of the host",
             f"{'':51}" + "".join(f" {f'{n} hart' + 's' * (n > 1):>16}" for n in harts)]
    for work in PARALLEL:
        if work.name not in results:
            continue
        line = f"{work.name:16} {work.what:34}"
        first = results[work.name]["harts"][str(harts[0])]["milliseconds"]
        for n in harts:
            figures = results[work.name]["harts"][str(n)]
            old = before.get(work.name, {}).get("harts", {}).get(str(n), {}).get("milliseconds")
            ms = figures["milliseconds"]
            aside = f"({100 * (ms - old) / old:+.0f}%)" if old else f"(x{first / ms:.2f})" if n != harts[0] else ""
            line += f" {number(ms, 8)} {aside:>7}"
            if figures["harts_running"] != n:
                line += f" [only {figures['harts_running']} ran]"
        lines.append(line)
    return lines


def tell(name):
    print(f"  BENCH   {name}", file=sys.stderr, flush=True)


def chosen(table, only):
    return [entry for entry in table if not only or entry.name in only]


def measure(options):
    only = options.only.split()
    unknown = set(only) - {entry.name for entry in OPERATIONS + BOOT + PARALLEL}
    if unknown:
        raise BadSetting(f"OPS: there is no {' or '.join(sorted(unknown))} (tools/bench_table.py has them all)")
    jobs = [(measure_operation, o) for o in chosen(OPERATIONS, only)] + [(measure_boot, o) for o in chosen(BOOT, only)]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        running = [(operation.name, pool.submit(job, options, operation)) for job, operation in jobs]
        operations = {}
        for name, future in running:
            operations[name] = future.result()
            tell(name)
    parallel = {}
    for work in chosen(PARALLEL, only):
        parallel[work.name] = measure_parallel(options, work)
        tell(work.name)
    return operations, parallel


def described(options):
    version = subprocess.run([options.qemu or "qemu-system-riscv64", "--version"], stdout=subprocess.PIPE, text=True)
    return {"toolchain": options.toolchain, "build": "debug" if "-debug/" in options.kernel else "release",
            "qemu": re.sub(r".*version (\S+).*", r"\1", version.stdout.splitlines()[0]),
            "host_cores": os.cpu_count()}


def merged(figures, table, key):
    """The JSON has with each figure what it is and what it is compared with."""
    return {entry.name: {"what": entry.what, **({"goal": entry.goal, "linux": entry.linux,
                         "tlb_flushes_goal": entry.flushes} if key == "operations" else {}), **figures[entry.name]}
            for entry in table if entry.name in figures}


def read_base(path):
    if not path:
        return {}
    try:
        with open(path) as file:
            base = json.load(file)
    except (OSError, ValueError) as error:
        raise BadSetting(f"BASE={path}: {error}") from None
    if not isinstance(base, dict) or base.get("schema") != SCHEMA:
        raise BadSetting(f"BASE={path}: no figures of make bench ({SCHEMA})")
    return base


def bench(options):
    base = read_base(options.base)
    operations, parallel = measure(options)
    made = described(options)
    lines = [f"{options.toolchain or 'unknown compiler'}, {made['build']} build, QEMU {made['qemu']}", ""]
    if base and base["made"] != made:
        lines[1:1] = [f"compared with {', '.join(str(v) for v in base['made'].values())}"]
    if operations:
        lines += operations_table(operations, base)
    if parallel:
        lines += parallel_table(parallel, base, options.harts)
    print("\n".join(lines))
    if options.json:
        os.makedirs(os.path.dirname(os.path.abspath(options.json)), exist_ok=True)
        with open(options.json, "w") as file:
            json.dump({"schema": SCHEMA, "made": made,
                       "operations": merged(operations, OPERATIONS + BOOT, "operations"),
                       "parallel": merged(parallel, PARALLEL, "parallel")}, file, indent=2)
            file.write("\n")
        print(f"\n[all figures: {options.json}]")
    changing = [name for name, figures in operations.items() if not figures["repeatable"]]
    if changing:
        raise BenchError(f"two runs differ, although time is counted in instructions: {', '.join(changing)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--initrd", required=True)
    parser.add_argument("--harts", default="1 2 4", type=lambda text: [int(word) for word in text.split()])
    parser.add_argument("--jobs", default=1, type=int)
    for name in "qemu", "only", "base", "json", "toolchain":
        parser.add_argument("--" + name, default="")
    try:
        bench(parser.parse_args())
        return 0
    except (BadSetting, CannotStart) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
