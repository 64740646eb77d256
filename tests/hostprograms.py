"""Host unit tests: C programs made with tests/host/check.h, whose cases (program --list) are cases of pytest.

The programs of a folder tests/<folder>/ belong to tests/test_<folder>.py and are built into build/<folder>/,
with the address and undefined-behaviour sanitizers, while pytest collects; again only when something changed.
"""

import fcntl
import functools
import os
import pathlib
import re
import subprocess

import pytest

from kinglet import LIMIT, ROOT, WrongAnswer, host_compile, run_host

ROOT = pathlib.Path(ROOT)
INCLUDE = ["-Itests/host", "-Ilib/common/include"]


class Case:
    """A case of a test program, or with a complaint what is wrong with the program."""

    def __init__(self, program, name, complaint=None):
        self.program, self.name, self.complaint = program, name, complaint

    def run(self, **environment):
        if self.complaint is not None:
            pytest.fail(self.complaint, pytrace=False)
        try:
            run_host(self.program, self.name, **environment)
        except WrongAnswer as failure:
            pytest.fail(f"{self.name}: {failure}", pytrace=False)
        except subprocess.TimeoutExpired:
            pytest.fail(f"{self.program.name} {self.name}: not done after {LIMIT} s", pytrace=False)


def programs(folder):
    """The programs in tests/<folder>/ -> the sources that they name in lines `// sources: …`."""
    return {test.stem: " ".join(re.findall(r"^// sources:(.*)", test.read_text(), re.MULTILINE)).split()
            for test in sorted((ROOT / "tests" / folder).glob("test_*.c"))}


def newest_input(folder, inputs):
    """When anything that the folder's programs are made of last changed."""
    files = [f for name in (f"tests/{folder}", "tests/host", "lib/common", *inputs)
             for f in (ROOT / name).rglob("*.[ch]")]
    files += [ROOT / "tests" / name for name in (f"test_{folder}.py", "hostprograms.py", "kinglet.py")]
    return max(f.stat().st_mtime for f in files)


def host_cases(folder, programs, inputs, flags=(), own_flags={}, prefix="test_"):
    """Parameters for all cases of the programs (name -> what it tests: sources): a Case each. A program that
    cannot be built has the one case "builds", which fails. `inputs`: folders of which the programs are made.
    `own_flags`: what some sources need. `prefix`: what the test ids leave out of the programs' names."""
    build = ROOT / "build" / folder
    newest = newest_input(folder, inputs)

    @functools.lru_cache(maxsize=None)
    def compiled(source):
        """The object made of a source, and the compiler's complaint, or None."""
        path = build / f"{source.replace('/', '-')}.o"
        return path, host_compile(*flags, *INCLUDE, *own_flags.get(source, []), "-c", source, "-o", path)

    def bring_up_to_date(program, sources):
        """Gives the compiler's complaint, or None."""
        if program.exists() and program.stat().st_mtime > newest:
            return None
        objects = []
        for source in (f"tests/{folder}/{program.name}.c", *sources):
            path, complaint = compiled(source)
            if complaint is not None:
                return complaint
            objects.append(path)
        complaint = host_compile(*flags, *objects, "-lm", "-o", f"{program}.new")
        if complaint is None:
            os.replace(f"{program}.new", program)
        return complaint

    found = []
    build.mkdir(parents=True, exist_ok=True)
    with open(build / "lock", "w") as lock:  # several test runners may collect at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name, sources in programs.items():
            program = build / name
            complaint = bring_up_to_date(program, sources)
            if complaint is not None:
                found.append(Case(program, "builds", complaint))
                continue
            listing = subprocess.run([program, "--list"], capture_output=True, text=True)
            names = listing.stdout.split()
            if listing.returncode or not names:
                found.append(Case(program, "lists_its_cases", listing.stderr or "no cases"))
            found += [Case(program, case) for case in names]
    return [pytest.param(case, id=f"{case.program.name.removeprefix(prefix)}-{case.name}") for case in found]
