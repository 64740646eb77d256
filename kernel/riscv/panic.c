/*
 * The report of a panic (panic.h). Takes no lock and trusts little: a panic during it ends the run.
 * Other harts are stopped by an interrupt; one that spins for a lock looks by itself. A hart that is
 * deep in the kernel, with interrupts off, or hung, does not answer in time, and the report says so.
 */
#include "riscv/panic.h"
#include <kinglet/process.h>
#include <stdarg.h>
#include "riscv/backtrace.h"
#include "riscv/clock.h"
#include "riscv/hart.h"
#include "riscv/kprintf.h"
#include "riscv/power.h"
#include "riscv/sbi.h"
#include "riscv/spinlock.h"
#include "riscv/trap.h"

#define STOP_PATIENCE_NS 100000000ul /* no path of the kernel takes longer than 1 ms, on a host that runs us */

struct panic_upcalls panic_upcalls;
struct hart *panic_reporter;

void panic_stop(int where)
{
    struct hart *hart = this_hart();
    hart->stopped_ra = (uint64_t)__builtin_return_address(0);
    hart->stopped_fp = (uint64_t)__builtin_frame_address(0);
    __atomic_store_n(&hart->stopped, (uint8_t)where, __ATOMIC_RELEASE);
    for (;;)
        hart_wait();
}

static bool is_other(const struct hart *hart)
{
    return hart != this_hart() && __atomic_load_n(&hart->online, __ATOMIC_ACQUIRE);
}

static bool all_stopped(void)
{
    for (unsigned i = 0; i < hart_count; i++)
        if (is_other(&harts[i]) && !__atomic_load_n(&harts[i].stopped, __ATOMIC_ACQUIRE))
            return false;
    return true;
}

static void stop_others(void)
{
    uint64_t others = 0;
    for (unsigned i = 0; i < hart_count; i++)
        if (is_other(&harts[i]))
            others |= 1ul << i;
    if (!others)
        return;
    sbi_send_ipi(others);
    uint64_t until = clock_ticks() + ticks_of_ns(STOP_PATIENCE_NS);
    while (!all_stopped() && clock_ticks() < until)
        ;
}

/* From here on this hart prints without the lock. */
static void begin(void)
{
    struct hart *hart = this_hart();
    if (hart->panicking) {
        static const char again[] = "panic: another one while reporting the first\n";
        sbi_console_write(again, sizeof again - 1);
        power_off(RUN_STATUS_PANIC);
    }
    hart->panicking = true;
    struct hart *nobody = NULL;
    if (!__atomic_compare_exchange_n(&panic_reporter, &nobody, hart, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        panic_stop(STOPPED_IN_PANIC); /* the other one's report shows where */
    stop_others();
    kprintf("\npanic: ");
}

static void describe(const struct hart *hart)
{
    if (panic_upcalls.describe)
        panic_upcalls.describe(hart);
}

static void where(void)
{
    kprintf("\nhart %u\n", this_hart()->index);
    describe(this_hart());
}

static void report_other(const struct hart *hart)
{
    static const char *const states[] = {
        [HART_RUNS] = "did not stop: in the kernel for too long, or hung",
        [STOPPED_IN_USER] = "was in user mode",
        [STOPPED_IN_KERNEL] = "was in the kernel",
        [STOPPED_AT_LOCK] = "was waiting for a lock",
        [STOPPED_IN_PANIC] = "was about to panic as well",
    };
    unsigned state = __atomic_load_n(&hart->stopped, __ATOMIC_ACQUIRE);
    const struct spinlock *lock = __atomic_load_n(&hart->waits_for, __ATOMIC_RELAXED);
    kprintf("\nhart %u %s", hart->index, states[state]);
    if (lock)
        kprintf(": %s", lock->name);
    kprintf("\n");
    describe(hart);
    if (state == STOPPED_IN_USER)
        kprintf("  pc 0x%lx\n", trap_frame_of((void *)hart->kernel_stack_top)->pc);
    else if (state != HART_RUNS)
        backtrace((uint64_t)panic_stop, hart->stopped_ra, hart->stopped_fp);
}

/* Of each other hart, then off. */
static void finish(void) __attribute__((noreturn));
static void finish(void)
{
    for (unsigned i = 0; i < hart_count; i++)
        if (is_other(&harts[i]))
            report_other(&harts[i]);
    power_off(RUN_STATUS_PANIC);
}

void panic(const char *format, ...)
{
    begin();
    va_list args;
    va_start(args, format);
    kvprintf(format, args);
    va_end(args);
    where();
    backtrace(0, 0, (uint64_t)__builtin_frame_address(0));
    finish();
}

static void print_registers(const struct trap_frame *frame)
{
    static const char names[32][4] = {
        "pc", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0",  "a1",  "a2", "a3", "a4", "a5",
        "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
    };
    const uint64_t *values = &frame->pc; /* x1..x31 follow (trap.h) */
    for (int i = 0; i < 32; i++)
        kprintf("%4s %016lx%s", names[i], values[i], i % 4 == 3 ? "\n" : "");
}

void panic_trap(const struct trap_frame *frame, uint64_t scause, uint64_t stval)
{
    begin();
    kprintf("%s in the kernel, address 0x%lx, pc 0x%lx", trap_cause_name(scause), stval, frame->pc);
    if (!kstack_intact((void *)(this_hart()->kernel_stack_top - KSTACK_SIZE)))
        kprintf(" (the kernel stack has overflowed)");
    where();
    print_registers(frame);
    backtrace(frame->pc, frame->ra, frame->s0);
    finish();
}
