"""ramfs killed at any moment, from inside: user/test/fs_deaths.c. Under icount the moments are exact, and each run is
the same; on four harts they are anything."""

import pytest

from inside import cases, verdict
from kinglet import LIMIT

APPEND = "session=system restarts=unlimited"


@pytest.mark.parametrize("case", cases("fs_deaths"))
def test_ramfs_killed_at_any_moment(kinglet, case):
    verdict(kinglet, "fs_deaths", case, icount=True, append=APPEND, limit=8 * LIMIT)


@pytest.mark.parametrize("case", cases("fs_deaths"))
def test_ramfs_killed_at_any_moment_on_four_harts(kinglet, case):
    verdict(kinglet, "fs_deaths", case, smp=4, append=APPEND, limit=12 * LIMIT)
