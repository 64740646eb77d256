/*
 * The hart's counters, which programs may read without a system call (RISC-V unprivileged specification,
 * "Counters"): cycles, instructions, and the time. Kinglet allows them on every hart.
 *
 * Each hart has its own, and a process may be moved between two reads: differences of cycle_count and
 * instruction_count mean something only while one hart runs. The time is the same on all harts.
 * What QEMU counts: docs/benchmarks.md.
 */
#ifndef KINGLET_COUNTERS_H
#define KINGLET_COUNTERS_H

#include <stdint.h>

static inline uint64_t cycle_count(void)
{
    uint64_t value;
    __asm__ volatile("csrr %0, cycle" : "=r"(value) : : "memory");
    return value;
}

static inline uint64_t instruction_count(void)
{
    uint64_t value;
    __asm__ volatile("csrr %0, instret" : "=r"(value) : : "memory");
    return value;
}

/* Ticks since the machine was switched on; system_info's timebase_hz is how many there are in a second. */
static inline uint64_t time_ticks(void)
{
    uint64_t value;
    __asm__ volatile("csrr %0, time" : "=r"(value) : : "memory");
    return value;
}

#endif
