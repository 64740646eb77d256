"""Memory as programs see it: the heap, fork's copies (user/test/heap.c, copies.c)."""

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
