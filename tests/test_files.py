"""The file system from inside (user/test/fs_*.c): names, paths, contents, no room left, mounts."""

import pytest

from inside import cases, verdict


@pytest.mark.parametrize("case", cases("fs_names"))
def test_names(kinglet, case):
    verdict(kinglet, "fs_names", case)


@pytest.mark.parametrize("case", cases("fs_paths"))
def test_paths(kinglet, case):
    verdict(kinglet, "fs_paths", case)


@pytest.mark.parametrize("case", cases("fs_data"))
def test_data(kinglet, case):
    verdict(kinglet, "fs_data", case)


@pytest.mark.parametrize("mem", ["32M", "64M", "128M"])
def test_full(kinglet, mem):
    for case in cases("fs_full"):
        verdict(kinglet, "fs_full", case, mem=mem)


@pytest.mark.parametrize("case", cases("fs_mount"))
def test_mounts(kinglet, case):
    verdict(kinglet, "fs_mount", case)


@pytest.mark.parametrize("program", ["fs_names", "fs_paths", "fs_data", "fs_full", "fs_mount"])
def test_with_all_kernel_checks(kinglet, program):
    for case in cases(program):
        verdict(kinglet, program, case, debug=True, mem="64M")
