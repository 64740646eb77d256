/*
 * TRACE(event, small, pid, arg): a trace point on this hart, now. Nothing but one predictable branch
 * when the trace is off; the arguments are not evaluated then.
 */
#ifndef RISCV_TRACE_POINT_H
#define RISCV_TRACE_POINT_H

#include "riscv/clock.h"
#include "riscv/hart.h"
#include "trace/trace.h"

#define TRACE(event, small, pid, arg) \
    do { \
        if (__builtin_expect(trace_on, 0)) \
            trace(this_hart()->index, clock_ticks(), TRACE_##event, (small), (uint32_t)(pid), (uint32_t)(arg)); \
    } while (0)

#endif
