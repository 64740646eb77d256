"""Host tests of what is not a policy in kernel/sched/: each tests/host_sched/test_*.c, built with the sanitizers and
as a debug kernel. Its cases (program --list) are cases here. The policies' own are in test_host.py."""

import pytest

from hostprograms import host_cases, programs

# The C library has a sched_yield, too, which the sanitizers call.
FLAGS = ["-DKINGLET_DEBUG=1", "-Itests/host_mem/stub", "-Ikernel", "-Dsched_yield=kinglet_sched_yield"]


@pytest.mark.parametrize("case", host_cases("host_sched", programs("host_sched"), inputs=["kernel/sched", "kernel/riscv"],
                                            flags=FLAGS))
def test_host_sched(case):
    case.run()
