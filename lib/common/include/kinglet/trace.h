/*
 * The trace: what a record is and which events there are. One format for the kernel's
 * rings, the host's decoder (tools/trace_dump.py reads this table) and docs/trace.md.
 */
#ifndef KINGLET_TRACE_H
#define KINGLET_TRACE_H

#include <stdint.h>

struct trace_record {
    uint64_t when; /* timebase ticks << 16 | event << 8 | small */
    uint32_t pid;  /* whom it is about; 0: the idle hart, or nobody */
    uint32_t arg;
};

/* number, name, what `small` means, what `arg` means ("-": nothing) */
#define KINGLET_TRACE_EVENTS(T) \
    T(1, switch_in, "level", "-") \
    T(2, switch_out, "cause", "waits_for") \
    T(3, wake, "level", "by") \
    T(4, enqueue, "level", "-") \
    T(5, demote, "level", "-") \
    T(6, boost, "-", "-") \
    T(7, preempt, "level", "by") \
    T(8, fork, "-", "child") \
    T(9, exec, "-", "-") \
    T(10, exit, "signal", "code") \
    T(11, name, "part", "chars") \
    T(12, block, "-", "reason") \
    T(13, syscall_enter, "-", "number") \
    T(14, syscall_leave, "-", "result") \
    T(15, call, "-", "server") \
    T(16, reply, "-", "client") \
    T(17, fault, "scause", "page") \
    T(18, interrupt, "-", "source") \
    T(19, handoff, "level", "to") \
    T(20, daemon_end, "-", "parent") \
    T(21, policy, "levels", "policy") \
    T(22, slice, "level", "us") \
    T(23, steal, "to_hart", "from_hart") \
    T(24, migrate, "to_hart", "from_hart") \
    T(25, lock_wait, "rank", "ns") \
    T(26, quantum, "level", "us") \
    T(27, boost_period, "-", "us") \
    T(28, predict, "-", "us") \
    T(29, arrive, "-", "-") \
    T(30, thread, "-", "tid")

enum trace_event {
#define KINGLET_TRACE_ENUM(number, name, small, arg) TRACE_##name = number,
    KINGLET_TRACE_EVENTS(KINGLET_TRACE_ENUM)
#undef KINGLET_TRACE_ENUM
};

/* `small` of switch_out */
#define KINGLET_SWITCH_CAUSES(C) \
    C(0, slice) C(1, block) C(2, yield) C(3, preempted) C(4, exit) C(5, handoff)

enum switch_cause {
#define KINGLET_CAUSE_ENUM(number, name) SWITCH_##name = number,
    KINGLET_SWITCH_CAUSES(KINGLET_CAUSE_ENUM)
#undef KINGLET_CAUSE_ENUM
};

/* What a blocked process waits for, `arg` of block: number, name, the words that ps shows. */
#define KINGLET_WAIT_REASONS(R) \
    R(0, nothing, "-") \
    R(1, child, "child") \
    R(2, process, "process") \
    R(3, sleep, "sleep") \
    R(4, poll, "poll") \
    R(5, offset, "offset") \
    R(6, call, "call") \
    R(7, receive, "receive") \
    R(8, pipe_read, "pipe read") \
    R(9, pipe_write, "pipe write") \
    R(10, io, "I/O") /* in the simulator */ \
    R(11, futex, "futex") \
    R(12, thread, "thread") \
    R(13, completion, "completion")

enum wait_reason {
#define KINGLET_REASON_ENUM(number, name, words) WAIT_FOR_##name = number,
    KINGLET_WAIT_REASONS(KINGLET_REASON_ENUM)
#undef KINGLET_REASON_ENUM
    WAIT_REASONS
};

/* TRACE_name: parts 0..3 follow one another on one hart, four characters each in `arg`, for the process
 * `pid`. TRACE_policy: `arg` is the first four characters of the policy's name.
 * TRACE_interrupt: source 0 is the timer. TRACE_slice: `pid` has used up its slice at this level, in so many
 * microseconds of its own or its servers' time. TRACE_quantum: level TRACE_NO_LEVEL is round robin's quantum. Whoever enters a run queue does so with TRACE_wake, or with
 * TRACE_enqueue: new, preempted, at the end of its slice, after a yield, or moved by inheritance. */

#define TRACE_NO_LEVEL 255

/*
 * trace.bin, the trace as a file: a header, then blocks to the end of the file; all little-endian.
 * A block is its 16 bytes and then `count` records of one hart, oldest first. Blocks of one hart follow one another
 * in the file; those of several harts come in any order, and a reader merges the harts by time. A gap between
 * `first + count` and the next block's `first` is that many records lost.
 *
 * What comes out of the trace port (user/servers/tracer) is the same but for two things, which tools/trace_file.py
 * puts right: the header comes again whenever the tracer was started again, and a block without records (`count` 0)
 * takes back those of its hart's block before it that lie before its `first`: they were overwritten while they
 * were sent.
 */
#define TRACE_FILE_MAGIC 0x324543415254474bULL /* "KGTRACE2" */
struct trace_file_header {
    uint64_t magic;
    uint64_t timebase_hz; /* ticks per second */
    uint32_t harts;
    uint32_t source;      /* TRACE_FROM_ */
    uint64_t reserved;    /* 0 */
};
#define TRACE_FROM_GUEST 0
#define TRACE_FROM_SIMULATOR 1
struct trace_file_block {
    uint32_t hart;
    uint32_t count;
    uint64_t first; /* how many records this hart had written before these */
};

/* The symbol `trace_area` in the kernel: where the rings lie, for a reader of guest memory. */
#define TRACE_MAGIC 0x314543415254474bULL /* "KGTRACE1" */
#define TRACE_MAX_HARTS 8
struct trace_area {
    uint64_t magic;
    uint64_t timebase_hz;
    uint64_t records;                    /* per ring, a power of two; 0: no rings */
    uint64_t harts;
    uint64_t ring_phys[TRACE_MAX_HARTS]; /* physical address of each ring */
    uint64_t written[TRACE_MAX_HARTS];   /* records ever written; the ring holds the last `records` */
} __attribute__((aligned(4096)));        /* a page of its own, which the tracer may read */

/* trace_filter() */
#define TRACE_EVENT_BIT(event) (1ULL << (event))
#define TRACE_ALL_EVENTS (~0ULL)
struct trace_state {
    uint64_t events;  /* TRACE_EVENT_BIT of those that are recorded while the trace is on */
    uint64_t records; /* that a ring holds; 0: there are no rings */
    uint32_t on;
    uint32_t harts;
    uint64_t written[TRACE_MAX_HARTS]; /* records of each hart since boot */
};

#endif
