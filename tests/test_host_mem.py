"""Host tests of kernel/mem/: each tests/host_mem/test_*.c runs the room on a simulated machine (machine.h
there), built with the address and undefined-behaviour sanitizers and the kernel's own debug checks. Its
cases (program --list) are cases here."""

import pytest

from hostprograms import ROOT, host_cases, programs

FLAGS = ["-pthread", "-DKINGLET_DEBUG=1", "-Itests/host_mem/stub", "-Itests/host_mem", "-Ikernel"]
MACHINE = ["tests/host_mem/machine.c", "kernel/riscv/spinlock.c"]
ROOM = sorted(str(f.relative_to(ROOT)) for f in (ROOT / "kernel" / "mem").glob("*.c"))


@pytest.mark.parametrize("case", host_cases(
    "host_mem", dict.fromkeys(programs("host_mem"), MACHINE + ROOM), inputs=["kernel/mem", "kernel/riscv"],
    flags=FLAGS))
def test_host_mem(case):
    case.run()
