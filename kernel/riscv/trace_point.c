/*
 * What a trace point does when the trace is on: adds the hart and the time. See trace_point.h.
 */
#include "riscv/trace_point.h"

#include "riscv/clock.h"

void trace_here(uint64_t what, uint32_t pid, uint32_t arg)
{
    struct trace_ring *ring = this_hart()->trace_ring;
    if (ring && trace_append(ring, clock_ticks(), what, pid, arg))
        trace_due();
}

void trace_name_here(uint32_t pid, const char *name)
{
    struct trace_ring *ring = this_hart()->trace_ring;
    if (ring && trace_name(ring, clock_ticks(), pid, name))
        trace_due();
}

void trace_due(void)
{
    __atomic_fetch_or(&this_hart()->work, WORK_TRACE, __ATOMIC_RELAXED);
}
