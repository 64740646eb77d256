"""What make bench measures: the names, what one of each is, and the figures to compare with.

The names are those of user/bench/ops, user/bench/parallel.c and, for the boot, of tools/bench.py. `goal` is
what Kinglet should take at most, `linux` what Linux 6.1 takes on the same emulator, in instructions; None:
nobody has set or measured one. `flushes` is the goal for TLB flushes: none for a call that neither switches
nor unmaps, two for a round trip between address spaces. docs/benchmarks.md says what each operation does.
"""

from collections import namedtuple

Operation = namedtuple("Operation", "name what goal linux flushes", defaults=(None, None, None))

OPERATIONS = [
    Operation("getpid", "getpid", 120, 171, 0),
    Operation("yield", "yield with nobody else ready", flushes=0),
    Operation("yield_switch", "yield to another process", flushes=1),
    Operation("call", "call + reply, nothing carried", 900, None, 2),
    Operation("call_crowd", "the same, 500 others asleep", 900, None, 2),
    Operation("call_4k", "call + reply with 4 KiB", flushes=2),
    Operation("pipe", "pipe: write + read 1 byte", 700, 1729, 0),
    Operation("pipe_4k", "pipe: write + read, per KiB", flushes=0),
    Operation("pipe_trip", "pipe round trip, two processes", 1900, 5300, 2),
    Operation("pipe_trip_crowd", "the same, 500 others asleep", 1900, 5300, 2),
    Operation("ring_2", "one hop in a ring of 2", flushes=1),
    Operation("ring_60", "one hop in a ring of 60", flushes=1),
    Operation("poll", "poll, 1 handle, ready", flushes=0),
    Operation("sleep", "sleep + wake by the clock"),
    Operation("submit", "submit a pipe's read, read its result"),
    Operation("fork_exit", "fork + exit + wait", 30000, 119000),
    Operation("fork_exit_crowd", "the same, 500 others asleep", 30000, 119000),
    Operation("fork_exit_8m", "the same, with 8 MiB touched"),
    Operation("fork_exec", "fork + exec + exit + wait", 80000, 224000),
    Operation("page", "heap: grow, touch, shrink 1 page"),
    Operation("page_64", "the same, 64 pages, per page"),
    Operation("open_close", "open + close", 2700, 2734),
    Operation("stat", "stat", flushes=2),
    Operation("fstat", "fstat", flushes=2),
    Operation("read_4k", "re-read in 4 KiB, per KiB", 650, 651, 0.5),
    Operation("read_64k", "re-read in 64 KiB, per KiB"),
    Operation("write_512", "rewrite in 512 bytes, per KiB"),
    Operation("write_64k", "rewrite in 64 KiB, per KiB"),
    Operation("create_unlink", "create + close + unlink"),
    Operation("create_64k", "the same, 64 KiB written, per KiB"),
    Operation("lock", "Lock: acquire + release, free", 40, None, 0),
    Operation("lock_handover", "Lock: to a process that waits", 2000, None, 1),
    Operation("queue", "Queue: put + get, two processes", 2600, None, 1),
    Operation("process", "Process: start + join", 60000),
    Operation("thread", "thread: create + join", 12000),
    Operation("pool_apply", "Pool: apply, one worker"),
    Operation("pool_map", "Pool: map, per item, 16 a chunk"),
    Operation("manager_get", "manager: get from a dict, 8 bytes", 4000, None, 2),
]

BOOT = [
    Operation("boot_prompt", "kernel entry to prompt", 4000000),
    Operation("boot_command", "kernel entry to end of CMD=true"),
]

WORKERS = 4

PARALLEL = [
    Operation("compute", "independent computation"),
    Operation("fork_storm", "fork + exit + wait, 500 each"),
    Operation("pipe_pairs", "5,000 pipe round trips, 4 pairs"),
    Operation("files", "100 files of 64 KiB, each"),
    Operation("clients", "10,000 calls each, one server"),
]
