/*
 * The PLIC's registers (plic.h). Each hart has one context for S-mode with an enable bit per
 * source, a threshold and a claim register; which context is in the device tree.
 */
#include "riscv/plic.h"
#include "riscv/hart.h"
#include "riscv/machine.h"
#include "riscv/mmio.h"
#include "riscv/spinlock.h"

/* RISC-V PLIC specification 1.0, "Memory Map" */
#define PRIORITY(source) (machine.plic_base + 4ul * (source))
#define ENABLE(hart, word) (machine.plic_base + 0x2000 + 0x80ul * machine.plic_context[hart] + 4ul * (word))
#define THRESHOLD(hart) (machine.plic_base + 0x200000 + 0x1000ul * machine.plic_context[hart])
#define CLAIM(hart) (THRESHOLD(hart) + 4)

/* Enable words are read, changed and written back. */
static struct spinlock plic_lock = SPINLOCK_INIT("plic", LOCK_INTERRUPT);

void plic_init(void)
{
    for (unsigned hart = 0; hart < machine.harts; hart++)
        for (unsigned word = 0; word <= machine.plic_sources / 32; word++)
            mmio_write(ENABLE(hart, word), 0);
}

void plic_init_hart(void)
{
    mmio_write(THRESHOLD(this_hart()->index), 0); /* every priority above 0 comes through */
}

static void set_enabled(unsigned source, unsigned hart, bool on)
{
    uint32_t bit = 1u << source % 32;
    uint32_t word = mmio_read(ENABLE(hart, source / 32));
    mmio_write(ENABLE(hart, source / 32), on ? word | bit : word & ~bit);
}

void plic_disable(unsigned source)
{
    ASSERT(source > 0 && source <= machine.plic_sources);
    spin_lock(&plic_lock);
    for (unsigned hart = 0; hart < machine.harts; hart++)
        set_enabled(source, hart, false);
    spin_unlock(&plic_lock);
}

void plic_enable(unsigned source, unsigned hart)
{
    ASSERT(source > 0 && source <= machine.plic_sources && hart < machine.harts);
    spin_lock(&plic_lock);
    mmio_write(PRIORITY(source), 1);
    for (unsigned other = 0; other < machine.harts; other++)
        set_enabled(source, other, other == hart);
    spin_unlock(&plic_lock);
}

unsigned plic_claim(void)
{
    return mmio_read(CLAIM(this_hart()->index));
}

void plic_complete(unsigned source, unsigned hart)
{
    mmio_write(CLAIM(hart), source);
}
