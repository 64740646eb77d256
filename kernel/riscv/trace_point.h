/*
 * TRACE(event, small, pid, arg): a trace point on this hart, now. Nothing but one predictable branch
 * when the trace is off; the arguments are not evaluated then, and the recording is out of line.
 */
#ifndef KERNEL_RISCV_TRACE_POINT_H
#define KERNEL_RISCV_TRACE_POINT_H

#include "riscv/hart.h"
#include "trace/trace.h"

void trace_here(uint64_t what, uint32_t pid, uint32_t arg) __attribute__((cold));
/* The name of a process, for the trace's reader. */
void trace_name_here(uint32_t pid, const char *name) __attribute__((cold));
/* The tracer should read the rings: it is told on this hart's next way to user mode. */
void trace_due(void) __attribute__((cold));

/* Who does what happens now: the pid of the process that runs, 0 when it is an interrupt or the idle loop. */
static inline uint32_t trace_doer(void)
{
    struct hart *hart = this_hart();
    return hart->in_interrupt ? 0 : hart->pid;
}

/* Whether an event is recorded now. Off, that is a load and a branch: the compiler must not look for the event's
 * bit before it has looked for any. */
#define TRACING(event) \
    ({ \
        uint64_t events = trace_on; \
        bool wanted = false; \
        if (__builtin_expect(events != 0, 0)) { \
            __asm__("" : "+r"(events)); \
            wanted = (events & TRACE_EVENT_BIT(TRACE_##event)) != 0; \
        } \
        wanted; \
    })

#define TRACE(event, small, pid, arg) \
    do { \
        if (TRACING(event)) \
            trace_here(TRACE_WHAT(TRACE_##event, small), (uint32_t)(pid), (uint32_t)(arg)); \
    } while (0)

#define TRACE_NAME(pid, text) \
    do { \
        if (TRACING(name)) \
            trace_name_here((uint32_t)(pid), (text)); \
    } while (0)

#endif
