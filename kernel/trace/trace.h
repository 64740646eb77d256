/*
 * Trace points: what happened, on which hart, when, written to a ring per hart. Every room may call
 * these; they call nothing above lib/common. Off, a trace point costs one predictable branch.
 * Each hart writes its own ring only, with interrupts off: there is no lock, and must be none.
 * What a record holds: <kinglet/trace.h>. Who reads the rings: the tracer (user/servers/tracer), and
 * tools/trace_file.py in guest memory. Neither is waited for: when a ring is full, the oldest records go.
 */
#ifndef KERNEL_TRACE_TRACE_H
#define KERNEL_TRACE_TRACE_H

#include <kinglet/trace.h>
#include <stdbool.h>

#define TRACE_NAME_PARTS 4 /* records that hold a name, four characters each */

extern uint64_t trace_on;            /* TRACE_EVENT_BIT of each event that is recorded now; 0: the trace is off */
extern uint64_t trace_wanted;        /* what trace_on is when the trace is on: the filter; never 0 */
extern struct trace_area trace_area; /* main sets timebase_hz; everything else is trace.c's */

struct trace_ring {
    struct trace_record *first;
    uint64_t last;     /* index of the last record: a power of two less one */
    uint64_t *written; /* its place in trace_area */
};

/* Give a hart (< TRACE_MAX_HARTS) its ring: room for `records` records (a power of two, the same for all
 * harts) at `memory`, which has the physical address `physical`. NULL: these cannot be. */
struct trace_ring *trace_set_ring(unsigned hart, void *memory, uint64_t physical, uint64_t records);

/* The calling hart, whose ring that is, records that something happened to `pid` at `ticks` (timebase). `what` is
 * TRACE_WHAT(event, small); `small` (one byte) and `arg` mean what the event's line in <kinglet/trace.h> says.
 * Interrupts are off. True: another quarter of the ring is full, and whoever reads it should: he
 * has the time of three quarters for it. */
static inline bool trace_append(const struct trace_ring *ring, uint64_t ticks, uint64_t what, uint32_t pid,
                                uint32_t arg)
{
    uint64_t last = ring->last, n = *ring->written;
    volatile struct trace_record *record = &ring->first[n & last]; /* volatile: or it is put together in registers */
    volatile uint64_t *written = ring->written;

    record->when = ticks << 16 | what;
    record->pid = pid;
    record->arg = arg;
    /* The count goes up last: a reader on another hart, or of a machine that stopped in between, must not believe
     * half a record. */
    __atomic_thread_fence(__ATOMIC_RELEASE);
    *written = n + 1;
    return ((n + 1) & last >> 2) == 0;
}
#define TRACE_WHAT(event, small) ((uint64_t)(event) << 8 | (uint8_t)(small))

/* The first four characters of `text`, as `arg` of TRACE_block and TRACE_name holds them. */
static inline uint32_t trace_chars(const char *text)
{
    uint32_t chars = 0;

    for (int i = 0; i < 4 && text[i] != '\0'; i++)
        chars |= (uint32_t)(unsigned char)text[i] << 8 * i;
    return chars;
}

/* Record that `pid` is called `name`, of which 16 characters are kept, in TRACE_NAME_PARTS records. */
bool trace_name(const struct trace_ring *ring, uint64_t ticks, uint32_t pid, const char *name);

#endif
