"""Memory as programs see it: the heap, fork's copies, and what happens when there is none left."""

import pytest

from inside import cases, verdict


@pytest.mark.parametrize("case", cases("heap"))
def test_heap(kinglet, case):
    verdict(kinglet, "heap", case)


@pytest.mark.parametrize("case", cases("copies"))
def test_copy_on_write(kinglet, case):
    verdict(kinglet, "copies", case)


@pytest.mark.parametrize("case", cases("copies"))
def test_copy_on_write_with_all_kernel_checks(kinglet, case):
    verdict(kinglet, "copies", case, debug=True)


@pytest.mark.parametrize("settings", [{}, {"debug": True}, {"smp": 4, "debug": True}], ids=["", "checks", "4 harts"])
@pytest.mark.parametrize("case", cases("memory_objects"))
def test_memory_objects(kinglet, case, settings):
    verdict(kinglet, "memory_objects", case, **settings)


PRESSED = [(program, case) for program in ("pressure", "mp_pressure") for case in cases(program)]


@pytest.mark.parametrize("mem", ["32M", "64M"])
@pytest.mark.parametrize("program,case", PRESSED)
def test_memory_runs_out(kinglet, program, case, mem):
    verdict(kinglet, program, case, mem=mem)


@pytest.mark.parametrize("program,case", PRESSED)
def test_memory_runs_out_with_all_kernel_checks(kinglet, program, case):
    verdict(kinglet, program, case, mem="32M", debug=True)
