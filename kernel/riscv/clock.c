/* Conversions between ticks and nanoseconds, and the deadline (clock.h). */
#include "riscv/clock.h"
#include "riscv/csr.h"
#include "riscv/machine.h"
#include "riscv/sbi.h"

uint64_t clock_entry_ticks;

/* Whole seconds and the rest apart: exact, and no product passes 64 bits. */
static uint64_t scale(uint64_t value, uint64_t from_hz, uint64_t to_hz)
{
    return value / from_hz * to_hz + value % from_hz * to_hz / from_hz;
}

uint64_t ns_of_ticks(uint64_t ticks)
{
    if (machine.ns_per_tick)
        return ticks * machine.ns_per_tick;
    return scale(ticks, machine.timebase_hz, NS_PER_SECOND);
}

uint64_t ticks_of_ns(uint64_t ns)
{
    if (machine.ns_per_tick)
        return ns / machine.ns_per_tick;
    return scale(ns, NS_PER_SECOND, machine.timebase_hz);
}

uint64_t clock_ns(void)
{
    return ns_of_ticks(clock_ticks());
}

void clock_deadline(uint64_t ticks)
{
    if (machine.sstc)
        csr_write(CSR_STIMECMP, ticks);
    else
        sbi_set_timer(ticks);
}
