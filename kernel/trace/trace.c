/*
 * The trace rings: see kernel/trace/trace.h. Called from trace points in every room, also
 * while locks are held and in the middle of a switch: it must not lock, allocate, fault or print.
 */
#include "trace/trace.h"

#include <stddef.h>

uint64_t trace_on;
uint64_t trace_wanted = TRACE_ALL_EVENTS;

struct trace_area trace_area = { .magic = TRACE_MAGIC };
_Static_assert(sizeof(struct trace_area) == 4096, "nothing else lies in the page that the tracer may read");

static struct trace_ring rings[TRACE_MAX_HARTS];

struct trace_ring *trace_set_ring(unsigned hart, void *memory, uint64_t physical, uint64_t records)
{
    if (hart >= TRACE_MAX_HARTS || records == 0 || (records & (records - 1)) != 0)
        return NULL;
    trace_area.records = records;
    trace_area.ring_phys[hart] = physical;
    if (trace_area.harts <= hart)
        trace_area.harts = hart + 1;
    rings[hart] = (struct trace_ring){ memory, records - 1, &trace_area.written[hart] };
    return &rings[hart];
}

bool trace_name(const struct trace_ring *ring, uint64_t ticks, uint32_t pid, const char *name)
{
    bool due = false;

    for (unsigned part = 0; part < TRACE_NAME_PARTS; part++) {
        due |= trace_append(ring, ticks, TRACE_WHAT(TRACE_name, part), pid, trace_chars(name));
        for (int i = 0; i < 4 && *name != '\0'; i++)
            name++;
    }
    return due;
}
