"""Bad input to system calls: always a named error, and nothing lost (user/test/badpointer.c)."""

import pytest

from inside import cases, verdict


@pytest.mark.parametrize("case", cases("badpointer"))
def test_bad_pointer(kinglet, case):
    verdict(kinglet, "badpointer", case)
