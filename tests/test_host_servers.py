"""Host unit tests of the servers' pure parts: each C program in tests/host_servers/ names the sources that it
tests in lines `// sources: …`, and each of its CASEs is a case here, under the sanitizers."""

import functools
import pathlib
import re

import pytest

from kinglet import host_program, run_host

SOURCES = pathlib.Path(__file__).resolve().parent / "host_servers"
PROGRAMS = {path.stem: path.read_text() for path in sorted(SOURCES.glob("test_*.c"))}


@functools.lru_cache(maxsize=None)
def built(program):
    sources = re.findall(r"^// sources: (.*)$", PROGRAMS[program], re.MULTILINE)
    return host_program(program, f"tests/host_servers/{program}.c", *" ".join(sources).split(),
                        flags=["-Itests/host"])


@pytest.mark.parametrize("program, case", [
    (program, case) for program, text in PROGRAMS.items()
    for case in re.findall(r"^CASE\((\w+)\)", text, re.MULTILINE)
])
def test_host_servers(program, case):
    run_host(built(program), case)
