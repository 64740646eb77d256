/*
 * Stands in for kernel/riscv/sv39.h in tests on the host: physical memory is an arena of the test
 * program, and TLB flushes go to a simulated TLB (machine.c). All else is the kernel's.
 */
#ifndef STUB_RISCV_SV39_H
#define STUB_RISCV_SV39_H

#include "riscv/csr.h"

#define phys_to_virt kernel_phys_to_virt
#define virt_to_phys kernel_virt_to_phys
#define tlb_flush_all kernel_tlb_flush_all
#define tlb_flush_asid kernel_tlb_flush_asid
#define tlb_flush_page kernel_tlb_flush_page
#define fence_i kernel_fence_i
#include "../../../../kernel/riscv/sv39.h"
#undef phys_to_virt
#undef virt_to_phys
#undef tlb_flush_all
#undef tlb_flush_asid
#undef tlb_flush_page
#undef fence_i

#define ARENA_PHYS 0x80000000ul
extern char *stub_arena;

static inline void *phys_to_virt(uint64_t phys)
{
    return (void *)((uint64_t)stub_arena + (phys - ARENA_PHYS));
}

static inline uint64_t virt_to_phys(const void *virt)
{
    return (uint64_t)virt - (uint64_t)stub_arena + ARENA_PHYS;
}

void tlb_flush_all(void);
void tlb_flush_asid(uint64_t asid);
void tlb_flush_page(uint64_t va, uint64_t asid);

#endif
