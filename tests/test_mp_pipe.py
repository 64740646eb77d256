"""Message pipes, seen from inside: the kernel's (user/test/message_pipe.c) and lib/mp's Pipe over them (mp_pipe.c)."""

import pytest

from inside import cases, verdict
from kinglet import LIMIT


@pytest.mark.parametrize("harts", (1, 4))
@pytest.mark.parametrize("case", cases("message_pipe"))
def test_message_pipe(kinglet, case, harts):
    verdict(kinglet, "message_pipe", case, smp=harts, debug=True, limit=5 * LIMIT)


@pytest.mark.parametrize("case", cases("message_pipe"))
def test_message_pipe_with_exact_time(kinglet, case):
    verdict(kinglet, "message_pipe", case, icount=True)


@pytest.mark.parametrize("harts", (1, 4))
@pytest.mark.parametrize("case", cases("mp_pipe"))
def test_pipe(kinglet, case, harts):
    verdict(kinglet, "mp_pipe", case, smp=harts, debug=True, limit=5 * LIMIT)


@pytest.mark.parametrize("case", cases("mp_pipe"))
def test_pipe_with_exact_time(kinglet, case):
    verdict(kinglet, "mp_pipe", case, icount=True)
