"""ramfs ended at every single store into the memory that outlives it, simulated on the host: the programs in
tests/host_crash/. The servers' sources are compiled so that each store calls tests/host_crash/crash.c first; the
sanitizers look at all the rest."""

import pytest

from hostprograms import host_cases, programs

FOUND = programs("host_crash")
INSTRUMENTED = {source: ["-fno-sanitize=all", "-fsanitize=thread"]
                for sources in FOUND.values() for source in sources if source.startswith("user/servers/")}


@pytest.mark.parametrize("case", host_cases("host_crash", FOUND, inputs=["user/servers", "tests/host_servers"],
                                            own_flags=INSTRUMENTED))
def test_host_crash(case):
    case.run(ASAN_OPTIONS="detect_leaks=0")  # what ends in the middle frees nothing
