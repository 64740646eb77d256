#!/usr/bin/env python3
"""The same work under every policy: make compare CMD="...".

    compare.py --kernel=… --initrd=… --command=… [--out=build/compare] [--policies="rr mlfq"]
               [--mem= --smp= --append= --qemu= --timeout=]

Boots once per policy, runs the command, and writes to the folder: a trace per policy (POLICY.bin), compare.html with
the Gantt charts above one another and the textbook's numbers beside them, and compare.svg, the same for a report.
With one hart time is counted in instructions, so that each run, and each picture, is the same.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import machine  # noqa: E402
import trace_file  # noqa: E402
import trace_page  # noqa: E402

ORDER = ["fcfs", "sjf", "rr", "mlfq"]  # of the textbooks; policies of one's own follow


class CompareError(Exception):
    """A run that gives no picture; the text is for the user."""


def policies():
    """The names of all policies that the kernel has: one per file in kernel/sched that says SCHED_POLICY."""
    texts = (path.read_text() for path in (trace_page.ROOT / "kernel/sched").glob("*.c"))
    found = {re.search(r'\.name = "(\w+)"', text)[1] for text in texts if re.search(r"^SCHED_POLICY\(", text, re.MULTILINE)}
    return [name for name in ORDER if name in found] + sorted(found.difference(ORDER))


def record(options, policy, path):
    """One run, whose trace goes to `path`: (the command's status, what it printed)."""
    with tempfile.TemporaryDirectory(prefix="kinglet-trace-") as private, tempfile.TemporaryFile() as messages:
        ram, port = os.path.join(private, "ram"), os.path.join(private, "port")
        guest = machine.Machine(options.kernel, options.initrd, mem=options.mem, smp=options.smp,
                                icount="1" if options.smp == "1" else "", sched=policy, append=options.append,
                                run=options.command, qemu=options.qemu, trace_ram=ram, trace_port=port)
        qemu = machine.start(guest.command(*machine.CONSOLE_PIPES), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=messages)
        try:
            said, _ = qemu.communicate(timeout=machine.seconds(options.timeout))
        except subprocess.TimeoutExpired:
            raise CompareError(f"under {policy}: no end within {options.timeout} s (TIMEOUT=)") from None
        finally:
            machine.stop(qemu)
        banner = machine.Banner()
        text = (banner.feed(said) + banner.rest()).decode(errors="replace").replace("\r\n", "\n")
        if qemu.returncode < 0 or qemu.returncode in (machine.STATUS_PANIC, machine.STATUS_BAD_OPTION,
                                                      machine.STATUS_UNFIT) or not said:
            messages.seek(0)
            why = (text + messages.read().decode(errors="replace")).strip()
            raise CompareError(f"under {policy}: status {qemu.returncode}\n{why}")
        trace_file.write(trace_file.left_by(options.kernel, ram, port, tell), path)
    return qemu.returncode, text


def tell(text):
    print(f"compare: {text}", file=sys.stderr, flush=True)


def compare(options):
    if not options.command.strip():
        raise CompareError('CMD= is empty (example: make compare CMD="mlfq_hogs")')
    trace_page.template()  # what cannot be built is told before the runs
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    traces = []
    for policy in options.policies.split() or policies():
        path = out / f"{policy}.bin"
        status, text = record(options, policy, path)
        print(f"  RUN     {policy}: status {status}", file=sys.stderr, flush=True)
        (out / f"{policy}.txt").write_text(text)
        traces.append((policy, path))
    trace_page.write_compare(traces, out / "compare.html", out / "compare.svg", "Policies compared",
                             options.command)
    print(f"{out / 'compare.html'}\n{out / 'compare.svg'}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in "kernel", "initrd", "command":
        parser.add_argument("--" + name, required=True)
    for name, value in (("out", "build/compare"), ("policies", ""), ("mem", "128M"), ("smp", "1"),
                        ("append", ""), ("qemu", ""), ("timeout", "60")):
        parser.add_argument("--" + name, default=value)
    try:
        compare(parser.parse_args())
    except machine.BadSetting as error:
        print(f"compare: bad option: {error}", file=sys.stderr)
        return machine.STATUS_BAD_OPTION
    except machine.CannotStart as error:
        print(f"compare: {error}", file=sys.stderr)
        return machine.STATUS_NO_QEMU
    except (CompareError, trace_page.PageError, ValueError, OSError) as error:
        print(f"compare: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
