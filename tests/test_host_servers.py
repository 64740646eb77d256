"""Host unit tests of the servers' pure parts: each C program in tests/host_servers/ names the sources that it
tests in lines `// sources: …`, and each of its CASEs is a case here, under the sanitizers."""

import pytest

from hostprograms import host_cases, programs


@pytest.mark.parametrize("case", host_cases("host_servers", programs("host_servers"), inputs=["user/servers"],
                                            prefix=""))
def test_host_servers(case):
    case.run()
