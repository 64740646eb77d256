/*
 * TRACE(event, small, pid, arg): a trace point on this hart, now. Nothing but one predictable branch
 * when the trace is off; the arguments are not evaluated then, and the recording is out of line.
 */
#ifndef KERNEL_RISCV_TRACE_POINT_H
#define KERNEL_RISCV_TRACE_POINT_H

#include "trace/trace.h"

void trace_here(enum trace_event event, unsigned small, uint32_t pid, uint32_t arg) __attribute__((cold));
/* The name of a process, for the trace's reader. */
void trace_name_here(uint32_t pid, const char *name) __attribute__((cold));

#define TRACE(event, small, pid, arg) \
    do { \
        if (__builtin_expect(trace_on, 0)) \
            trace_here(TRACE_##event, (small), (uint32_t)(pid), (uint32_t)(arg)); \
    } while (0)

#define TRACE_NAME(pid, name) \
    do { \
        if (__builtin_expect(trace_on, 0)) \
            trace_name_here((uint32_t)(pid), (name)); \
    } while (0)

#endif
