"""Host unit tests of the pure parts of libc: each C program in tests/host_libc/ names the sources that it
tests in lines `// sources: …` and is built with the address and undefined-behaviour sanitizers. Its cases
(program --list) are cases here. The sources get names of their own by tests/host/kinglet_names.h."""

import pytest

from hostprograms import host_cases, programs

PROGRAMS = programs("host_libc")
LIBC_FLAGS = ["-ffreestanding", "-fno-builtin", "-Ilib/libc/include", "-include", "tests/host/kinglet_names.h"]


@pytest.mark.parametrize("case", host_cases(
    "host_libc", PROGRAMS, inputs=["lib"],
    own_flags={source: LIBC_FLAGS for sources in PROGRAMS.values() for source in sources}))
def test_host_libc(case):
    case.run()
