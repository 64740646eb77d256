"""Host unit tests of the pure parts of libc: each C program in tests/host_libc/ names the sources that it
tests in a line `// sources: …` and is built with the address and undefined-behaviour sanitizers. Its cases
(program --list) are cases here. The sources get names of their own by tests/host_libc/names.h."""

import fcntl
import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCES = ROOT / "tests" / "host_libc"
BUILD = ROOT / "build" / "host_libc"

FLAGS = ["-std=gnu11", "-g", "-O1", "-Wall", "-Wextra", "-Wno-unused-parameter", "-fno-omit-frame-pointer",
         "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-Ilib/common/include"]
TEST_FLAGS = ["-Itests/host"]
LIBC_FLAGS = ["-ffreestanding", "-fno-builtin", "-Ilib/libc/include", "-include", "tests/host_libc/names.h"]

SECONDS = 60  # for one case; they take a second or two


def compiler():
    for name in (os.environ.get("HOSTCC"), "gcc", "cc", "clang"):
        if name and shutil.which(name):
            return name
    return "gcc"  # and let its absence be the error


def newest_input():
    folders = [SOURCES, ROOT / "tests" / "host", ROOT / "lib"]
    files = [f for folder in folders for f in folder.rglob("*.[ch]")] + [pathlib.Path(__file__)]
    return max(f.stat().st_mtime for f in files)


def build(test):
    """Bring one test program up to date. Gives the compiler's complaint, or None."""
    program = BUILD / test.stem
    if program.exists() and program.stat().st_mtime > newest_input():
        return None
    units = {str(test.relative_to(ROOT)): TEST_FLAGS}
    for line in test.read_text().splitlines():
        if line.startswith("// sources:"):
            units.update({source: LIBC_FLAGS for source in line.split(":")[1].split()})
    objects = []
    for source, flags in units.items():
        objects.append(str(BUILD / f"{test.stem}-{source.replace('/', '-')}.o"))
        done = subprocess.run([compiler(), *FLAGS, *flags, "-c", source, "-o", objects[-1]], cwd=ROOT,
                              capture_output=True, text=True)
        if done.returncode:
            return done.stderr
    done = subprocess.run([compiler(), "-fsanitize=address,undefined", *objects, "-lm", "-o",
                           f"{program}.new"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        return done.stderr
    os.replace(f"{program}.new", program)
    return None


def cases():
    """(program, case, complaint) for all; a program that cannot be built has the one case "builds"."""
    found = []
    BUILD.mkdir(parents=True, exist_ok=True)
    with open(BUILD / "lock", "w") as lock:  # several test runners may collect at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        for test in sorted(SOURCES.glob("test_*.c")):
            complaint = build(test)
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
def test_host_libc(program, case, complaint):
    if complaint is not None:
        pytest.fail(complaint, pytrace=False)
    try:
        done = subprocess.run([BUILD / program, case], capture_output=True, text=True, errors="replace",
                              timeout=SECONDS)
    except subprocess.TimeoutExpired:
        pytest.fail(f"{program} {case}: not done after {SECONDS} s", pytrace=False)
    if done.returncode:
        pytest.fail(f"{program} {case}: status {done.returncode}\n{done.stdout}{done.stderr}", pytrace=False)
