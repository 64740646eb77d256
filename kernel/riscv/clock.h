/*
 * Time: the timebase counter, its conversion to nanoseconds, and one one-shot deadline per
 * hart. Used by sched/ timers; the interrupt comes back as trap_upcalls.timer.
 */
#ifndef KERNEL_RISCV_CLOCK_H
#define KERNEL_RISCV_CLOCK_H

#include <stdint.h>
#include "riscv/csr.h"

#define CLOCK_NEVER (~0ul)
#define NS_PER_SECOND 1000000000ul

/* Ticks of the timebase (machine.timebase_hz). Starts near 0 at power-on. */
static inline uint64_t clock_ticks(void)
{
    return csr_read(time);
}

/* Nanoseconds since power-on. */
uint64_t clock_ns(void);

/* When the firmware let the kernel in; for measuring the boot (tools/bench.py reads it too). */
extern uint64_t clock_entry_ticks;

/* Conversions, rounded down, exact; good for centuries. */
uint64_t ns_of_ticks(uint64_t ticks);
uint64_t ticks_of_ns(uint64_t ns);

/* Ask for this hart's timer interrupt at an absolute time in ticks; CLOCK_NEVER: none. Replaces
 * the earlier deadline and takes back an interrupt that is pending. */
void clock_deadline(uint64_t ticks);

#endif
