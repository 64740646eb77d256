"""What the shell promises: tests/cases/shell.txt as scripts, and here what needs somebody who types."""

import pytest

from cases import Group, read_cases



@pytest.fixture(scope="module")
def group():
    return Group("shell")


@pytest.mark.parametrize("case", read_cases("shell"), ids=lambda case: case.promise)
def test_promise(group, case):
    group.check(case)


def test_scripts_give_everything_back(group):
    group.finish()


