"""Host unit tests of the pure parts: each C program in tests/host/ is one module's, built with the address
and undefined-behaviour sanitizers, and each of its cases (program --list) is a case here."""

import subprocess

import pytest

from hostprograms import host_cases
from kinglet import LIMIT

POLICIES = [f"kernel/sched/{file}.c" for file in ("policy", "fcfs", "mlfq", "rr", "sjf")] + ["lib/common/heap.c"]

# Test program -> what it tests.
PROGRAMS = {
    "test_list": [],  # all in its header
    "test_heap": ["lib/common/heap.c"],
    "test_string": ["lib/common/string.c"],
    "test_format": ["lib/common/format.c"],
    "test_sched_text": ["lib/common/sched_text.c", "lib/common/format.c"],
    "test_errno": ["lib/common/errno_name.c"],
    "test_sha256": ["lib/common/sha256.c", "lib/common/hmac_sha256.c"],
    "test_cpio": ["lib/common/cpio.c"],
    "test_elf": ["lib/common/elf.c"],
    "test_fdt": ["lib/common/fdt.c"],
    "test_fdt_virt": ["lib/common/fdt.c"],
    "test_trace": ["kernel/trace/trace.c"],
    "test_policy": POLICIES,
    "test_policy_random": POLICIES,
}


@pytest.fixture(scope="session")
def virt_tree(tmp_path_factory):
    """The device tree of QEMU's virt machine with four harts and 256 MiB."""
    path = tmp_path_factory.mktemp("dtb") / "virt.dtb"
    subprocess.run(["qemu-system-riscv64", "-machine", f"virt,dumpdtb={path}", "-smp", "4", "-m", "256M",
                    "-display", "none"], check=True, capture_output=True, timeout=LIMIT)
    return path


@pytest.mark.parametrize("case", host_cases(
    "host", PROGRAMS, inputs=["kernel/trace", "kernel/sched"], flags=["-Ikernel"],
    own_flags={"lib/common/string.c": ["-include", "tests/host/kinglet_names.h"]}))
def test_host(case, request):
    if case.program.name == "test_fdt_virt":
        case.run(KINGLET_TEST_DTB=str(request.getfixturevalue("virt_tree")))
    else:
        case.run()
