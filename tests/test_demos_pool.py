"""What the demos of lib/mp's Pool show: tests/cases/demos_pool.txt."""

import pytest

from cases import Group, read_cases


@pytest.fixture(scope="module", params=(1, 4), ids=("1 hart", "4 harts"))
def group(request):
    return Group("demos_pool", **({"smp": request.param} if request.param > 1 else {}))


@pytest.mark.parametrize("case", read_cases("demos_pool"), ids=lambda case: case.promise)
def test_output(group, case):
    group.check(case)


def test_demos_give_everything_back(group):
    group.finish()
