/*
 * Trace points: what happened, on which hart, when, written to a ring per hart. Every room may call
 * these; they call nothing above lib/common. Off, a trace point costs one predictable branch.
 * Each hart writes its own ring only, with interrupts off: there is no lock, and must be none.
 * What a record holds: <kinglet/trace.h>. Who reads the rings: tools/trace_dump.py, in guest memory.
 */
#ifndef KERNEL_TRACE_TRACE_H
#define KERNEL_TRACE_TRACE_H

#include <kinglet/trace.h>

#define TRACE_NAME_PARTS 4 /* records that hold a name, four characters each */

extern uint32_t trace_on;            /* 0 or 1; set by the command line and by trace_control() */
extern struct trace_area trace_area; /* main sets timebase_hz; everything else is trace.c's */

/* Give a hart (< TRACE_MAX_HARTS) its ring: room for `records` records (a power of two, the same for all
 * harts) at `memory`, which has the physical address `physical`. Before that, its records are lost. */
void trace_set_ring(unsigned hart, void *memory, uint64_t physical, uint64_t records);

/* What trace() does when tracing is on. `when` as in struct trace_record. */
void trace_append(uint64_t hart, uint64_t when, uint32_t pid, uint32_t arg);

/* The calling hart records that `event` happened to `pid` at `ticks` (timebase). `small` (one byte) and
 * `arg` mean what the event's line in <kinglet/trace.h> says. Interrupts are off. */
static inline void trace(unsigned hart, uint64_t ticks, enum trace_event event, unsigned small, uint32_t pid,
                         uint32_t arg)
{
    if (__builtin_expect(trace_on != 0, 0))
        trace_append(hart, ticks << 16 | (uint32_t)event << 8 | (uint8_t)small, pid, arg);
}

/* The first four characters of `text`, as `arg` of TRACE_block and TRACE_name holds them. */
static inline uint32_t trace_chars(const char *text)
{
    uint32_t chars = 0;

    for (int i = 0; i < 4 && text[i] != '\0'; i++)
        chars |= (uint32_t)(unsigned char)text[i] << 8 * i;
    return chars;
}

/* Record that `pid` is called `name`, of which 16 characters are kept, in TRACE_NAME_PARTS records. */
void trace_name(unsigned hart, uint64_t ticks, uint32_t pid, const char *name);

#endif
