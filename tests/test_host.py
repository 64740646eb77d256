"""Host unit tests of the pure parts: each C program in tests/host/ is one module's, built with the address
and undefined-behaviour sanitizers, and each of its cases (program --list) is a case here."""

import fcntl
import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCES = ROOT / "tests" / "host"
BUILD = ROOT / "build" / "host"

FLAGS = ["-std=gnu11", "-g", "-O1", "-Wall", "-Wextra", "-Wno-unused-parameter", "-fno-omit-frame-pointer",
         "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
         "-Itests/host", "-Ikernel", "-Ilib/common/include"]

POLICIES = {f"kernel/sched/{file}.c": [] for file in ("policy", "mlfq", "rr")}

# Test program -> what it tests: sources, each with flags of its own.
PROGRAMS = {
    "test_list": {},  # all in its header
    "test_heap": {"lib/common/heap.c": []},
    "test_string": {"lib/common/string.c": ["-include", "tests/host/kinglet_names.h"]},
    "test_format": {"lib/common/format.c": []},
    "test_errno": {"lib/common/errno_name.c": []},
    "test_cpio": {"lib/common/cpio.c": []},
    "test_elf": {"lib/common/elf.c": []},
    "test_fdt": {"lib/common/fdt.c": []},
    "test_fdt_virt": {"lib/common/fdt.c": []},
    "test_trace": {"kernel/trace/trace.c": []},
    "test_policy": POLICIES,
    "test_policy_random": POLICIES,
}

SECONDS = 60  # for one case; they take a second or two


def compiler():
    for name in (os.environ.get("HOST_CC"), "gcc", "cc", "clang"):
        if name and shutil.which(name):
            return name
    return "gcc"  # and let its absence be the error


def newest_input():
    """When anything that a test program is made of last changed."""
    folders = [SOURCES, ROOT / "lib" / "common", ROOT / "kernel" / "trace", ROOT / "kernel" / "sched"]
    files = [f for folder in folders for f in folder.rglob("*.[ch]")] + [pathlib.Path(__file__)]
    return max(f.stat().st_mtime for f in files)


def build(name):
    """Bring one test program up to date. Gives the compiler's complaint, or None."""
    program = BUILD / name
    if program.exists() and program.stat().st_mtime > newest_input():
        return None
    objects = []
    units = {f"tests/host/{name}.c": [], **PROGRAMS[name]}
    for source, flags in units.items():
        objects.append(str(BUILD / f"{name}-{pathlib.Path(source).stem}.o"))
        done = subprocess.run([compiler(), *FLAGS, *flags, "-c", source, "-o", objects[-1]], cwd=ROOT,
                              capture_output=True, text=True)
        if done.returncode:
            return done.stderr
    done = subprocess.run([compiler(), "-fsanitize=address,undefined", *objects, "-o", f"{program}.new"],
                          cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        return done.stderr
    os.replace(f"{program}.new", program)
    return None


def cases():
    """(program, case) for all; a program that cannot be built has the one case "builds", which fails."""
    found = []
    BUILD.mkdir(parents=True, exist_ok=True)
    with open(BUILD / "lock", "w") as lock:  # several test runners may collect at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name in PROGRAMS:
            complaint = build(name)
            if complaint is not None:
                found.append((name, "builds", complaint))
                continue
            listing = subprocess.run([BUILD / name, "--list"], capture_output=True, text=True)
            names = listing.stdout.split()
            if listing.returncode or not names:
                found.append((name, "lists_its_cases", listing.stderr or "no cases"))
            found += [(name, case, None) for case in names]
    return found


@pytest.fixture(scope="session")
def virt_tree(tmp_path_factory):
    """The device tree of QEMU's virt machine with four harts and 256 MiB."""
    path = tmp_path_factory.mktemp("dtb") / "virt.dtb"
    subprocess.run(["qemu-system-riscv64", "-machine", f"virt,dumpdtb={path}", "-smp", "4", "-m", "256M",
                    "-display", "none"], check=True, capture_output=True, timeout=SECONDS)
    return path


@pytest.mark.parametrize("program, case, complaint", [
    pytest.param(program, case, complaint, id=f"{program.removeprefix('test_')}-{case}")
    for program, case, complaint in cases()
])
def test_host(program, case, complaint, request):
    if complaint is not None:
        pytest.fail(complaint, pytrace=False)
    environment = dict(os.environ, UBSAN_OPTIONS="print_stacktrace=1")
    if program == "test_fdt_virt":
        environment["KINGLET_TEST_DTB"] = str(request.getfixturevalue("virt_tree"))
    try:
        done = subprocess.run([BUILD / program, case], env=environment, capture_output=True, text=True,
                              errors="replace", timeout=SECONDS)
    except subprocess.TimeoutExpired:
        pytest.fail(f"{program} {case}: not done after {SECONDS} s", pytrace=False)
    if done.returncode:
        pytest.fail(f"{program} {case}: status {done.returncode}\n{done.stdout}{done.stderr}", pytrace=False)
