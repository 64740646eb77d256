"""The file system from inside (user/test/fs_*.c): names, contents, mounts."""

import pytest

from inside import cases, verdict


@pytest.mark.parametrize("case", cases("fs_names"))
def test_names(kinglet, case):
    verdict(kinglet, "fs_names", case)


@pytest.mark.parametrize("case", cases("fs_data"))
def test_data(kinglet, case):
    verdict(kinglet, "fs_data", case)


@pytest.mark.parametrize("case", cases("fs_data"))
def test_data_where_memory_is_small(kinglet, case):
    verdict(kinglet, "fs_data", case, mem="64M")


@pytest.mark.parametrize("case", cases("fs_mount"))
def test_mounts(kinglet, case):
    verdict(kinglet, "fs_mount", case)


@pytest.mark.parametrize("program", ["fs_names", "fs_data", "fs_mount"])
def test_with_all_kernel_checks(kinglet, program):
    for case in cases(program):
        verdict(kinglet, program, case, debug=True, mem="64M")
