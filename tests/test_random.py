"""Random numbers: getrandom from inside (user/test/random.c), and where they come from."""

import re
import struct

import pytest

from inside import cases, verdict

TREE_MAGIC = b"\xd0\x0d\xfe\xed"  # Devicetree Specification 0.4, section 5.2
SEED_BYTES = 32  # of QEMU's rng-seed


@pytest.mark.parametrize("harts", (1, 4))
@pytest.mark.parametrize("case", cases("random"))
def test_random(kinglet, case, harts):
    verdict(kinglet, "random", case, smp=harts, debug=True)


def test_two_runs_draw_different_numbers(kinglet):
    first, second = (kinglet.run("random show").text.splitlines()[-1] for _ in range(2))
    assert re.fullmatch("[0-9a-f]{32}", first) and first != second


def test_icount_repeats_the_numbers(kinglet):
    first, second = (kinglet.run("random show", icount=True).text.splitlines()[-1] for _ in range(2))
    assert first == second


def seeds(memory):
    """The value of each rng-seed in each device tree in the guest's memory."""
    for start in (m.start() for m in re.finditer(re.escape(TREE_MAGIC), memory)):
        size, structure, strings, _, version = struct.unpack_from(">5I", memory, start + 4)
        if version != 17 or size > 2 << 20:
            continue
        tree = memory[start:start + size]
        name = tree.find(b"\0rng-seed\0", strings) + 1
        if name:
            at = tree.find(struct.pack(">3I", 3, SEED_BYTES, name - strings), structure)  # 3: a property
            if at >= 0:
                yield tree[at + 12:at + 12 + SEED_BYTES]


def test_the_seed_is_wiped_once_it_is_used(kinglet):
    guest = kinglet.boot(run="random show", trace=True, mem="32M")
    guest.wait()
    with open(guest.settings.trace_ram, "rb") as ram:
        found = list(seeds(ram.read()))
    assert found == [bytes(SEED_BYTES)] * len(found) and found
