/*
 * What a trace point does when the trace is on: adds the hart and the time. See trace_point.h.
 */
#include "riscv/trace_point.h"

#include "riscv/clock.h"
#include "riscv/hart.h"

void trace_here(enum trace_event event, unsigned small, uint32_t pid, uint32_t arg)
{
    trace(this_hart()->index, clock_ticks(), event, small, pid, arg);
}

void trace_name_here(uint32_t pid, const char *name)
{
    trace_name(this_hart()->index, clock_ticks(), pid, name);
}
