#!/usr/bin/env python3
"""make soak: the stress programs of user/test, again and again, until the time is up or one of them fails.

    soak.py --kernel=… --initrd=… [--minutes=30] [--qemu=…] [--seed=…] [--harts="1 2 4 8"] [--output=build/soak]

Each run boots the debug kernel on a machine of its own and has a fresh seed. A failure ends the soak: its output is
kept in the output folder, and what repeats it is printed. At the end there is a table, on the screen and as a
section for docs/soak.md in report.md of that folder. --seed repeats the order of a soak, with its seeds.
"""

import argparse
import datetime
import glob
import json
import os
import platform
import random
import re
import select
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import machine  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MEMORY = ("64M", "128M", "512M")
POLICIES = ("", "", "", "rr", "fcfs", "sjf")  # mlfq mostly
CASE_MS = (300, 1000, 3000)            # guest time of each case
LIMIT = 600                            # seconds: what no run takes unless it hangs, on a slow machine too
CTRL_P = b"\x10"


def programs():
    return sorted(os.path.basename(name)[:-2] for name in glob.glob(f"{ROOT}/user/test/stress_*.c"))


def cases(program):
    with open(f"{ROOT}/user/test/{program}.c") as source:
        return re.findall(r"^    RUN\((\w+)\);", source.read(), re.MULTILINE)


class Run:
    """One guest. After go(): text, status (None: it hung), seconds."""

    def __init__(self, choice, harts):
        self.program = choice.choice(programs())
        self.harts = choice.choice(harts)
        self.mem = choice.choice(MEMORY)
        self.sched = choice.choice(POLICIES)
        self.ms = choice.choice(CASE_MS)
        self.seed = choice.randrange(1, 1 << 32)
        self.command = f"/test/{self.program} -s {self.seed} -t {self.ms}"

    def repeat(self):
        sched = f" SCHED={self.sched}" if self.sched else ""
        return f"make run DEBUG=1 SMP={self.harts} MEM={self.mem}{sched} TIMEOUT={LIMIT} CMD=\"{self.command}\""

    def go(self, options):
        guest = machine.Machine(options.kernel, options.initrd, mem=self.mem, smp=str(self.harts), sched=self.sched,
                                run=self.command, qemu=options.qemu)
        begin = time.monotonic()
        output, self.status = bytearray(), None
        with tempfile.TemporaryFile() as errors:
            qemu = machine.start(guest.command(*machine.CONSOLE_PIPES), stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, stderr=errors)
            try:
                if read_until(qemu, output, begin + LIMIT):
                    self.status = qemu.wait()
                else:  # does the console still answer? Its list of processes says who waits for whom
                    qemu.stdin.write(CTRL_P)
                    qemu.stdin.flush()
                    read_until(qemu, output, time.monotonic() + 5)
            finally:
                machine.stop(qemu)
            errors.seek(0)
            output += errors.read()
        self.seconds = time.monotonic() - begin
        self.text = output.decode(errors="replace").replace("\r\n", "\n")

    def failure(self):
        """What went wrong, or None."""
        if self.status is None:
            return f"hang: no end within {LIMIT} s"
        if "terminating on signal" in self.text or self.status < 0:
            return "QEMU was ended from outside"
        if self.status == machine.STATUS_PANIC:
            return "the kernel panicked"
        lines = self.text.splitlines()
        bad = [line for line in lines if "FAILED" in line]
        missing = [case for case in cases(self.program) if f"{case}: ok" not in lines]
        if bad or missing or self.status:
            return bad[0] if bad else f"status {self.status}, not done: {', '.join(missing) or 'nothing'}"
        return None

    def rounds(self):
        return sum(int(n) for n in re.findall(r"^  (\d+) rounds$", self.text, re.MULTILINE))


def read_until(qemu, output, deadline):
    """Collects output; False when time is up before the end."""
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([qemu.stdout], [], [], left)[0]:
            return False
        data = os.read(qemu.stdout.fileno(), 65536)
        if not data:
            return True
        output += data


def table(runs, harts):
    """Runs and rounds by program and number of harts, in Markdown."""
    lines = ["| program | " + " | ".join(f"{h} hart{'s' * (h > 1)}" for h in harts) + " |",
             "|---|" + "---|" * len(harts)]
    for program in programs():
        cells = []
        for h in harts:
            these = [r for r in runs if r.program == program and r.harts == h]
            cells.append(f"{len(these)} runs, {sum(r.rounds() for r in these)} rounds" if these else "-")
        lines.append(f"| `/test/{program}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def commit():
    try:
        told = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
        return told.stdout.strip() or "unknown"
    except OSError:
        return "unknown"


def report(options, runs, began, failure, harts):
    seeds = ", ".join(str(r.seed) for r in runs[:3]) + (f", ..., {runs[-1].seed}" if len(runs) > 3 else "")
    guest_seconds = sum(r.ms * len(cases(r.program)) for r in runs) // 1000
    return "\n".join([
        f"## {began:%Y-%m-%d %H:%M} UTC", "",
        f"Commit `{commit()}`, debug build, {len(runs)} runs in {sum(r.seconds for r in runs) / 60:.0f} minutes, with "
        f"{guest_seconds} s of guest time in the cases. QEMU on {os.cpu_count()} cores ({platform.machine()}), "
        f"memory {', '.join(MEMORY)}.", "",
        f"Seed of the soak: {options.seed} (`make soak SOAK_SEED={options.seed}` chooses the same machines, programs and "
        f"seeds in the same order; {seeds}).", "",
        table(runs, harts), "",
        f"Found: {failure or 'nothing'}.", ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, value in (("kernel", None), ("initrd", None), ("minutes", "30"), ("qemu", ""), ("seed", ""),
                        ("harts", "1 2 4 8"), ("output", "build/soak")):
        parser.add_argument("--" + name, default=value, required=value is None)
    options = parser.parse_args()
    try:
        until = time.monotonic() + 60 * float(options.minutes)
        harts = [int(word) for word in options.harts.split()]
        options.seed = int(options.seed, 0) if options.seed else random.SystemRandom().randrange(1, 1 << 32)
    except ValueError as error:
        sys.exit(f"soak: {error}")
    choice = random.Random(options.seed)
    os.makedirs(options.output, exist_ok=True)
    began = datetime.datetime.now(datetime.timezone.utc)
    runs, failure = [], None
    print(f"soak: seed {options.seed}, {options.minutes} minutes", flush=True)
    with open(os.path.join(options.output, "runs.jsonl"), "w") as record:
        while time.monotonic() < until and not failure:
            run = Run(choice, harts)
            try:
                run.go(options)
            except KeyboardInterrupt:
                break  # what was done until now is reported all the same
            runs.append(run)
            failure = run.failure()
            print(f"  {len(runs):4} {run.program:14} {run.harts} harts {run.mem:>5} {run.sched or 'mlfq':4} seed {run.seed:10}"
                  f" {run.seconds:6.1f} s {run.rounds():8} rounds  {failure or 'ok'}", flush=True)
            record.write(json.dumps({"repeat": run.repeat(), "failure": failure, "seconds": run.seconds,
                                     "rounds": run.rounds()}) + "\n")
            record.flush()
    if failure:
        log = os.path.join(options.output, f"failed-{runs[-1].program}-{runs[-1].seed}.log")
        with open(log, "w") as kept:
            kept.write(runs[-1].text)
        failure = f"{failure} (`{runs[-1].repeat()}`)"
    text = report(options, runs, began, failure, harts)
    with open(os.path.join(options.output, "report.md"), "w") as out:
        out.write(text)
    print("\n" + text)
    if failure:
        print("\n".join(runs[-1].text.splitlines()[-60:]))
        sys.exit(f"soak: failed: {failure}; all that it printed is in {log}")


if __name__ == "__main__":
    try:
        main()
    except (machine.BadSetting, machine.CannotStart) as error:
        sys.exit(f"soak: {error}")
    except KeyboardInterrupt:
        sys.exit("soak: stopped")
