"""Host tests of kernel/mem/: each tests/host_mem/test_*.c runs the room on a simulated machine (machine.h
there), built with the address and undefined-behaviour sanitizers and the kernel's own debug checks. Its
cases (program --list) are cases here."""

import fcntl
import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCES = ROOT / "tests" / "host_mem"
BUILD = ROOT / "build" / "host_mem"

FLAGS = ["-std=gnu11", "-g", "-O1", "-Wall", "-Wextra", "-Wno-unused-parameter", "-fno-omit-frame-pointer",
         "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-pthread", "-DKINGLET_DEBUG=1",
         "-Itests/host_mem/stub", "-Itests/host_mem", "-Itests/host", "-Ikernel", "-Ilib/common/include"]
MACHINE = ["tests/host_mem/machine.c", "kernel/riscv/spinlock.c"]
ROOM = sorted(str(f.relative_to(ROOT)) for f in (ROOT / "kernel" / "mem").glob("*.c"))

SECONDS = 60  # for one case; they take a second or two


def compiler():
    for name in (os.environ.get("HOST_CC"), "gcc", "cc", "clang"):
        if name and shutil.which(name):
            return name
    return "gcc"  # and let its absence be the error


def newest_input():
    folders = [SOURCES, ROOT / "tests" / "host", ROOT / "kernel" / "mem", ROOT / "kernel" / "riscv",
               ROOT / "lib" / "common"]
    files = [f for folder in folders for f in folder.rglob("*.[ch]")] + [pathlib.Path(__file__)]
    return max(f.stat().st_mtime for f in files)


def run(*command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return done.stderr if done.returncode else None


def build(test, objects):
    """Bring one test program up to date. Gives the compiler's complaint, or None."""
    program = BUILD / test.stem
    if program.exists() and program.stat().st_mtime > newest_input():
        return None
    sources = [str(test.relative_to(ROOT)), *MACHINE, *ROOM]
    for source in sources:
        if source not in objects:
            objects[source] = str(BUILD / f"{source.replace('/', '-')}.o")
            complaint = run(compiler(), *FLAGS, "-c", source, "-o", objects[source])
            if complaint:
                return complaint
    complaint = run(compiler(), *FLAGS, *dict.fromkeys(objects[s] for s in sources), "-o", f"{program}.new")
    if not complaint:
        os.replace(f"{program}.new", program)
    return complaint


def cases():
    """(program, case) for all; a program that cannot be built has the one case "builds", which fails."""
    found = []
    objects = {}
    BUILD.mkdir(parents=True, exist_ok=True)
    with open(BUILD / "lock", "w") as lock:  # several test runners may collect at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        for test in sorted(SOURCES.glob("test_*.c")):
            complaint = build(test, objects)
            if complaint is not None:
                found.append((test.stem, "builds", complaint))
                continue
            listing = subprocess.run([BUILD / test.stem, "--list"], capture_output=True, text=True)
            names = listing.stdout.split()
            if listing.returncode or not names:
                found.append((test.stem, "lists_its_cases", listing.stderr or "no cases"))
            found += [(test.stem, case, None) for case in names]
    return found


@pytest.mark.parametrize("program, case, complaint", [
    pytest.param(program, case, complaint, id=f"{program.removeprefix('test_')}-{case}")
    for program, case, complaint in cases()
])
def test_host_mem(program, case, complaint):
    if complaint is not None:
        pytest.fail(complaint, pytrace=False)
    environment = dict(os.environ, UBSAN_OPTIONS="print_stacktrace=1")
    try:
        done = subprocess.run([BUILD / program, case], env=environment, capture_output=True, text=True,
                              errors="replace", timeout=SECONDS)
    except subprocess.TimeoutExpired:
        pytest.fail(f"{program} {case}: not done after {SECONDS} s", pytrace=False)
    if done.returncode:
        pytest.fail(f"{program} {case}: status {done.returncode}\n{done.stdout}{done.stderr}", pytrace=False)
