"""The whole image builds without a warning with every compiler that is installed, and nothing is built twice."""

import json
import os
import shutil

import pytest
from kinglet import ROOT, host_program, make, run_host

COMPILERS = {"riscv64-unknown-elf-": "riscv64-unknown-elf-gcc", "riscv64-elf-": "riscv64-elf-gcc",
             "riscv64-linux-gnu-": "riscv64-linux-gnu-gcc", "clang": "clang"}


def installed(cross):
    return shutil.which(COMPILERS[cross]) and (cross != "clang" or shutil.which("ld.lld"))


@pytest.mark.parametrize("cross", [cross for cross in COMPILERS if installed(cross)])
def test_builds_without_warnings(cross):
    # In folders of its own: the images that other tests are running must not change under them.
    build = ["image", f"CROSS={cross}", "STRICT_WARNINGS=1", "BUILD_ROOT=build/strict",
             "EXTRA=tests/xv6/lib.c"]  # with it comes lib/xv6
    first, second = make(*build), make(*build)
    assert first.returncode == 0, first.stdout[-4000:] + first.stderr[-8000:]
    assert "warning" not in first.stderr, first.stderr[-8000:]
    assert "  CC " not in second.stderr and "  LD " not in second.stderr, "built twice:\n" + second.stderr


def test_compile_commands():
    with open(os.path.join(ROOT, "compile_commands.json")) as stream:
        entries = json.load(stream)
    files = {entry["file"] for entry in entries}
    assert "user/servers/init.c" in files or any(f.startswith("user/servers/init/") for f in files)
    assert any(f.startswith("kernel/riscv/") for f in files)
    assert all(os.path.exists(os.path.join(ROOT, f)) for f in files)


def test_compilers_helpers():
    """lib/common/bits.c stands in for the compiler's own library in the kernel."""
    run_host(host_program("bits", "tests/host_build/bits.c", "lib/common/bits.c"))
