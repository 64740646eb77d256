#!/usr/bin/env python3
"""Where the instructions of one operation go: how many in which function of kernel and programs.

    profile_op.py --kernel=… --initrd=… [--qemu=…] [--lines=40] NAME        (make profile OP=NAME)

A developer's tool. /bench/ops -p NAME does one round between two marks; QEMU writes down each instruction
that it executes (icount, one hart, one instruction at a time), and this program counts those between the
marks. For operations in which two processes take part by turns (a server, or the other end of a pipe); with
more of them, user functions may get wrong names, since every context switch is taken for one between the two.
"""

import argparse
import bisect
import collections
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import ksyms  # noqa: E402
import machine  # noqa: E402
from bench_table import OPERATIONS  # noqa: E402

LINE = re.compile(rb"^Trace \d+: 0x[0-9a-f]+ \[[0-9a-f]+/([0-9a-f]+)/", re.MULTILINE)
KERNEL_BASE = 0xffffffc000000000
# What the other process is, where two take part.
FILE_OPERATIONS = re.compile("open_|stat|fstat|read_|write_|create_")


class Symbols:
    """The functions of an ELF file, by address."""

    def __init__(self, path):
        _, self.functions = ksyms.read_functions(str(path))
        self.addresses = [address for address, _ in self.functions]

    def at(self, address):
        i = bisect.bisect_right(self.addresses, address) - 1
        return self.functions[i][1] if i >= 0 else f"0x{address:x}"

    def extent(self, name):
        """The addresses of a function's instructions."""
        address = self.address(name)
        return range(address, self.addresses[bisect.bisect_right(self.addresses, address)])

    def address(self, name):
        return next(address for address, found in self.functions if found == name)


def rooms_of(build):
    """{function of the kernel: the folder of its source}"""
    found = {}
    for path in (build / "kernel").rglob("*.o"):
        for _, name in ksyms.read_functions(str(path))[1]:
            found.setdefault(name, str(path.parent.relative_to(build / "kernel")))
    return found


def executed(options, begin, end, callers):
    """The addresses of the instructions between the marks, in order. Other programs have instructions at the
    marks' addresses too; only this one comes to them from inside `callers`."""
    with tempfile.TemporaryDirectory(prefix="kinglet-") as folder:
        fifo = os.path.join(folder, "log")
        os.mkfifo(fifo)
        guest = machine.Machine(options.kernel, options.initrd, qemu=options.qemu, icount="1",
                                run=f"/bench/ops -p {options.name}")
        qemu = machine.start(guest.command(*machine.CONSOLE_PIPES, *machine.log_instructions(guest.qemu, fifo)),
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        found, inside, before, rest = [], False, 0, b""
        try:
            with open(fifo, "rb") as log:
                while data := log.read(1 << 20):
                    data = rest + data
                    cut = data.rfind(b"\n") + 1
                    data, rest = data[:cut], data[cut:]
                    if not inside and b"%016x" % begin not in data:
                        continue
                    for text in LINE.findall(data):
                        address = int(text, 16)
                        if address == begin and before in callers:
                            inside, found = True, []
                        elif address == end and inside and before in callers:
                            return found
                        elif inside and (not found or found[-1] != address):  # a repeated one was cut short
                            found.append(address)
                        before = address
        finally:
            machine.stop(qemu)
    sys.exit("profile: the guest ended before its marks")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=[operation.name for operation in OPERATIONS])
    for name in "kernel", "initrd":
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--qemu", default="")
    parser.add_argument("--lines", default=40, type=int)
    options = parser.parse_args()
    build = pathlib.Path(options.kernel).parent
    kernel = Symbols(options.kernel)
    client = Symbols(build / "user/bench/ops.elf")
    other = Symbols(build / "user/servers/ramfs.elf") if FILE_OPERATIONS.match(options.name) else client
    addresses = executed(options, client.address("profile_begin"), client.address("profile_end"),
                         client.extent("profile"))

    counts = collections.Counter()
    room_of = rooms_of(build)
    switch = kernel.address("context_switch")
    in_client = True
    for address in addresses:
        if address == switch:
            in_client = not in_client
        if address >= KERNEL_BASE:
            name = kernel.at(address)
            counts[room_of.get(name, "kernel"), name] += 1
        else:
            counts["client" if in_client else "other", (client if in_client else other).at(address)] += 1
    rooms = collections.Counter()
    for (room, _), n in counts.items():
        rooms[room] += n
    print(f"{options.name}: {len(addresses)} instructions, without the firmware's\n")
    for room, n in rooms.most_common():
        print(f"{n:8} {100 * n / len(addresses):5.1f}%  {room}")
    print()
    for (room, function), n in counts.most_common(options.lines):
        print(f"{n:8} {100 * n / len(addresses):5.1f}%  {room:14} {function}")


if __name__ == "__main__":
    sys.exit(main())
