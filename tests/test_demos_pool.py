"""What the demos of lib/mp's Pool show: tests/cases/demos_pool.txt, and the same on four harts."""

import re

import pytest

from cases import Group, read_cases


@pytest.fixture(scope="module")
def group():
    return Group("demos_pool")


@pytest.mark.parametrize("case", read_cases("demos_pool"), ids=lambda case: case.promise)
def test_output(group, case):
    group.check(case)


def test_demos_give_everything_back(group):
    group.finish()


def printed(result):
    return [line for line in result.lines if not line.startswith("Kinglet: ")]


def test_pool_sieve_on_four_harts(kinglet):
    primes = [n for n in range(2, 101) if all(n % d for d in range(2, n))]
    assert printed(kinglet.run("pool_sieve", smp=4)) == [str(n) for n in primes]


def test_pool_worker_dies_on_four_harts(kinglet):
    wanted = next(case.output for case in read_cases("demos_pool") if case.script == "pool_worker_dies\n")
    lines = printed(kinglet.run("pool_worker_dies", smp=4))
    assert lines[1:] == wanted[1:]
    assert re.fullmatch(wanted[0][1:], lines[0])
