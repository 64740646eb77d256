"""Bad input to the kernel: always a named error, nothing lost, and the caller goes on as it was."""

import pytest

from inside import cases, verdict


@pytest.mark.parametrize("case", cases("badpointer"))
def test_bad_pointer(kinglet, case):
    verdict(kinglet, "badpointer", case)


@pytest.mark.parametrize("case", cases("badprogram"))
def test_bad_program(kinglet, case):
    verdict(kinglet, "badprogram", case)


@pytest.mark.parametrize("case", cases("arguments"))
def test_arguments_of_exec(kinglet, case):
    verdict(kinglet, "arguments", case)


@pytest.mark.parametrize("case", cases("fuzz"))
def test_random_system_calls(kinglet, case):
    verdict(kinglet, "fuzz", case)


@pytest.mark.parametrize("case", cases("fuzz"))
def test_random_system_calls_with_all_kernel_checks(kinglet, case):
    verdict(kinglet, "fuzz", case, debug=True)


def test_random_system_calls_of_threads_on_four_harts(kinglet):
    case = "random_calls_of_threads_harm_nobody"
    verdict(kinglet, "fuzz", case, command=f"/test/fuzz {case}", smp=4, debug=True)
