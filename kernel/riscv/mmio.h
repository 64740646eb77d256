/*
 * Registers of the kernel's own devices, by physical address: they lie in the direct map
 * (start.c). Drivers of other devices are user programs.
 */
#ifndef KERNEL_RISCV_MMIO_H
#define KERNEL_RISCV_MMIO_H

#include <stdint.h>
#include "riscv/sv39.h"

static inline uint32_t mmio_read(uint64_t phys)
{
    return *(volatile uint32_t *)phys_to_virt(phys);
}

static inline void mmio_write(uint64_t phys, uint32_t value)
{
    *(volatile uint32_t *)phys_to_virt(phys) = value;
}

#endif
