"""A program's own faults end it, with one line that says what happened: program, pid, cause, address, pc."""

import re

import pytest

from inside import cases, output, verdict

# Case, and for each fault in it the cause and the address (None: some other).
LINES = {
    "null_read": [("load page fault", 0)],
    "null_write": [("store page fault", 0)],
    "null_jump": [("fetch page fault", 0)],
    "kernel_memory": [("load page fault", 0xffffffc080200000), ("store page fault", 0xffffffc080200000),
                      ("fetch page fault", 0xffffffc080200000), ("load page fault", 0x8000000000000000),
                      ("load page fault", 0x4000000000)],
    "write_to_text": [("store page fault", None)],
    "write_to_constants": [("store page fault", None)],
    "execute_data": [("fetch page fault", None)] * 4,
    "illegal_instruction": [("illegal instruction", None)],
    "privileged_instructions": [("illegal instruction", None)] * 4 + [("breakpoint", None)],
    "illegal_after_floating_point": [("illegal instruction", None)] * 2,
    "misaligned_data_is_no_fault": [],
    "division_by_zero_is_no_fault": [],
    "stack_overflow": [("store page fault", None)],
    "large_frames_are_no_fault": [],
    "the_stack_grows_at_or_above_sp_only": [("store page fault", None)] * 2,
    "a_bad_stack_pointer_harms_only_its_owner": [("store page fault", 0xfffffffffffffff8),
                                                ("store page fault", 0xfffffffffffffff0)],
    "tp_and_gp_are_the_users_own": [],
    "a_name_cannot_break_the_line": [("load page fault", 0)],
}


@pytest.mark.parametrize("case", cases("faults"))
def test_a_fault_ends_only_its_program_with_the_right_signal(kinglet, case):
    verdict(kinglet, "faults", case)


@pytest.mark.parametrize("case", cases("faults"))
def test_a_fault_is_told_in_one_line(kinglet, case):
    lines = output(kinglet, "faults")["text"].splitlines()
    verdicts = [i for i, line in enumerate(lines) if re.match(r"\w+: (ok|FAILED)", line)]
    end = next(i for i in verdicts if lines[i].startswith(case + ":"))
    start = max([i for i in verdicts if i < end], default=0)
    told = [line for line in lines[start:end] if "(pid" in line]
    assert len(told) == len(LINES[case]), told
    for line, (cause, address) in zip(told, LINES[case]):
        match = re.fullmatch(r"(?:faults|a\?b\?\?\[2J\?) \(pid (\d+)\): (.*), address (0x[0-9a-f]+), "
                             r"pc (0x[0-9a-f]+): ended by signal (\d+)", line)
        assert match, line
        assert match[2] == cause
        assert address is None or int(match[3], 16) == address
