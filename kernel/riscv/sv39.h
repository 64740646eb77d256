/*
 * Sv39 paging: the address space's layout, page table entries, the direct map, TLB fences.
 * RISC-V privileged specification, "Sv39: Page-Based 39-bit Virtual-Memory System".
 * Used by start.c for the kernel's own table and by mem/ for user tables; allocates nothing.
 */
#ifndef KERNEL_RISCV_SV39_H
#define KERNEL_RISCV_SV39_H

#define PAGE_SHIFT 12
#define PAGE_SIZE 4096
#define PAGE_MASK 4095 /* offset within a page */

/* Upper half: virtual = physical + KERNEL_BASE, for RAM and for the kernel's devices. */
#define KERNEL_BASE 0xffffffc000000000

#ifndef __ASSEMBLER__

#include <stdint.h>
#include "riscv/csr.h"
#include "riscv/hart.h"

#define DIRECT_MAP_BYTES (1ul << 38) /* what the upper half has room for */

/* Lower half, the user's, from bottom to top */
#define USER_MIN 0x10000ul           /* nothing below: a null pointer faults */
#define USER_MAP_BASE 0x1000000000ul /* map() regions go up from here */
#define USER_HEAP_END (USER_MAP_BASE - 2 * PAGE_SIZE) /* as on xv6, whose MAXVA lib/xv6 lays at USER_MAP_BASE */
#define USER_STACK_LIMIT 0x800000ul  /* bytes a stack may grow to */
#define USER_STACK_TOP 0x3fffff0000ul
#define USER_END (1ul << 38)

typedef uint64_t pte_t;

#define PTE_V 0x1ul
#define PTE_R 0x2ul
#define PTE_W 0x4ul
#define PTE_X 0x8ul
#define PTE_U 0x10ul
#define PTE_G 0x20ul
#define PTE_A 0x40ul
#define PTE_D 0x80ul
#define PTE_SOFT0 0x100ul /* two bits that the hardware leaves to us */
#define PTE_SOFT1 0x200ul

#define SV39_LEVELS 3
#define SV39_ENTRIES 512 /* per table */

/* Bytes mapped by one entry at a level: 4 KiB, 2 MiB, 1 GiB. */
#define SV39_SPAN(level) (1ul << (PAGE_SHIFT + 9 * (level)))

/* Index into the table of a level (2 is the root) for a virtual address. */
static inline unsigned sv39_index(uint64_t va, unsigned level)
{
    return (va >> (PAGE_SHIFT + 9 * level)) & (SV39_ENTRIES - 1);
}

/* PPN field: bits 53..10. */
static inline uint64_t pte_phys(pte_t pte)
{
    return ((pte >> 10) & ((1ul << 44) - 1)) << PAGE_SHIFT;
}

/* An entry for the page or table at `phys`; flags are PTE_ bits. A table has PTE_V alone. */
static inline pte_t pte_make(uint64_t phys, pte_t flags)
{
    return (phys >> PAGE_SHIFT << 10) | flags;
}

static inline void *phys_to_virt(uint64_t phys)
{
    return (void *)(phys + KERNEL_BASE);
}

/* Only for addresses in the direct map (all kernel objects and the image are). */
static inline uint64_t virt_to_phys(const void *virt)
{
    return (uint64_t)virt - KERNEL_BASE;
}

/* Whatever empties this hart's TLB counts: the write to satp too, since emulators flush at it (QEMU, whenever
 * the value changes). Next to what such a flush costs, the count is free. */
static inline void tlb_count(void)
{
    uint64_t *count = &this_hart()->tlb_flushes;
    __atomic_store_n(count, *count + 1, __ATOMIC_RELAXED); /* only this hart writes it; others read it */
}

/* Fences of this hart's TLB (sfence.vma). Each also orders earlier stores to page tables
 * before later walks. Other harts: sbi_remote_sfence_vma. */
static inline void tlb_flush_all(void)
{
    tlb_count();
    __asm__ volatile("sfence.vma" : : : "memory");
}

static inline void tlb_flush_asid(uint64_t asid)
{
    tlb_count();
    __asm__ volatile("sfence.vma zero, %0" : : "r"(asid) : "memory");
}

static inline void tlb_flush_page(uint64_t va, uint64_t asid)
{
    tlb_count();
    __asm__ volatile("sfence.vma %0, %1" : : "r"(va), "r"(asid) : "memory");
}

/* Switch this hart to another root table. By the specification that flushes nothing. */
static inline void satp_load(uint64_t root_phys, uint64_t asid)
{
    tlb_count();
    csr_write(satp, (uint64_t)SATP_MODE_SV39 << SATP_MODE_SHIFT | asid << SATP_ASID_SHIFT |
                        root_phys >> PAGE_SHIFT);
}

/* Make this hart fetch the instructions that were stored before. */
static inline void fence_i(void)
{
    __asm__ volatile("fence.i" : : : "memory");
}

/* The kernel's own table (start.c). Entries SV39_ENTRIES/2.. are copied into every space;
 * they never change after boot, so no copy goes stale. */
extern pte_t kernel_root[SV39_ENTRIES];
extern uint64_t kernel_root_phys;

#endif
#endif
