/* The report of a panic (panic.h). Takes no lock and trusts little: a panic during it ends the run. */
#include "riscv/panic.h"
#include <kinglet/process.h>
#include <stdarg.h>
#include "riscv/backtrace.h"
#include "riscv/hart.h"
#include "riscv/kprintf.h"
#include "riscv/power.h"
#include "riscv/sbi.h"
#include "riscv/trap.h"

struct panic_upcalls panic_upcalls;

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
    kprintf("\npanic: ");
}

static void where(void)
{
    kprintf("\nhart %u\n", this_hart()->index);
    if (panic_upcalls.describe)
        panic_upcalls.describe();
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
    power_off(RUN_STATUS_PANIC);
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
    power_off(RUN_STATUS_PANIC);
}
