/*
 * The trace rings: see kernel/trace/trace.h. Called from trace points in every room, also
 * while locks are held and in the middle of a switch: it must not lock, allocate, fault or print.
 */
#include "trace/trace.h"

#include <stddef.h>

uint32_t trace_on;

struct trace_area trace_area = { .magic = TRACE_MAGIC };

static struct trace_record *ring[TRACE_MAX_HARTS]; /* kernel addresses of trace_area.ring_phys */
static uint64_t last_index;                        /* in a ring: trace_area.records - 1 */

void trace_set_ring(unsigned hart, void *memory, uint64_t physical, uint64_t records)
{
    if (hart >= TRACE_MAX_HARTS || records == 0 || (records & (records - 1)) != 0)
        return;
    trace_area.records = records;
    last_index = records - 1;
    trace_area.ring_phys[hart] = physical;
    if (trace_area.harts <= hart)
        trace_area.harts = hart + 1;
    ring[hart] = memory;
}

void trace_append(uint64_t hart, uint64_t when, uint32_t pid, uint32_t arg)
{
    if (hart >= TRACE_MAX_HARTS || ring[hart] == NULL)
        return;

    uint64_t n = trace_area.written[hart];
    struct trace_record *record = &ring[hart][n & last_index];

    record->when = when;
    record->pid = pid;
    record->arg = arg;
    /* the count goes up last, so that a panic in between leaves no half record to be believed */
    __atomic_signal_fence(__ATOMIC_RELEASE);
    trace_area.written[hart] = n + 1;
}

void trace_name(unsigned hart, uint64_t ticks, uint32_t pid, const char *name)
{
    if (trace_on == 0)
        return;
    for (unsigned part = 0; part < TRACE_NAME_PARTS; part++) {
        trace(hart, ticks, TRACE_name, part, pid, trace_chars(name));
        for (int i = 0; i < 4 && *name != '\0'; i++)
            name++;
    }
}
