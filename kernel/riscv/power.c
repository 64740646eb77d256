/* Power-off and reboot (power.h). Called at the end of a run, by panics, and for unfit machines. */
#include "riscv/power.h"
#include "riscv/hart.h"
#include "riscv/machine.h"
#include "riscv/mmio.h"
#include "riscv/sbi.h"

/* What the finisher understands; a status goes into the upper half. */
#define FINISHER_FAIL 0x3333
#define FINISHER_PASS 0x5555
#define FINISHER_RESET 0x7777

static void finish(uint32_t value, enum sbi_reset otherwise) __attribute__((noreturn));

static void finish(uint32_t value, enum sbi_reset otherwise)
{
    if (machine.finisher)
        mmio_write(machine.finisher, value);
    sbi_system_reset(otherwise);
    static const char halted[] = "Kinglet: this machine cannot be switched off; halted\n";
    sbi_console_write(halted, sizeof halted - 1);
    for (;;)
        hart_wait();
}

void power_off(int status)
{
    finish(status ? (uint32_t)status << 16 | FINISHER_FAIL : FINISHER_PASS, SBI_RESET_SHUTDOWN);
}

void power_reboot(void)
{
    finish(FINISHER_RESET, SBI_RESET_COLD_REBOOT);
}
