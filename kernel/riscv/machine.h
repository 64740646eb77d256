/*
 * What the device tree says about the machine, read once at boot, constant afterwards.
 * Nothing about the machine is hard-coded but the load address (linker/kernel.ld).
 */
#ifndef KERNEL_RISCV_MACHINE_H
#define KERNEL_RISCV_MACHINE_H

#include <stdbool.h>
#include <stdint.h>
#include "riscv/hart.h"

#define MACHINE_MAX_RANGES 8
#define MACHINE_MIN_MEMORY (32ul << 20) /* bytes, the firmware's share included */

struct memory_range {
    uint64_t base, size; /* physical, page-aligned */
};

struct machine {
    /* RAM from the kernel's load address up, without reserved-memory. The kernel's image, the
     * device tree and the initrd lie inside. Ascending, disjoint. */
    struct memory_range memory[MACHINE_MAX_RANGES];
    unsigned memory_count;

    uint64_t timebase_hz;
    uint64_t ns_per_tick; /* 0: not a whole number */
    bool sstc;            /* every hart has stimecmp */

    uint64_t hart_ids[MAX_HARTS]; /* [0]: the boot hart, then in the tree's order */
    unsigned harts;

    uint64_t plic_base, plic_size;
    unsigned plic_sources;            /* sources 1..plic_sources */
    unsigned plic_context[MAX_HARTS]; /* S-mode context of each hart (index in harts[]) */

    uint64_t finisher; /* sifive,test1; 0: none */

    uint64_t initrd_start, initrd_end; /* physical */
    const char *bootargs;              /* /chosen/bootargs, "" when absent */
    uint64_t fdt_phys, fdt_size;
};
extern struct machine machine;

/* Read the device tree; an unfit machine does not survive it. */
void machine_read(uint64_t boot_hart_id, uint64_t fdt_phys);

/* One line that says what is missing, then power_off(RUN_STATUS_MACHINE). */
void machine_unfit(const char *format, ...) __attribute__((noreturn, cold, format(printf, 1, 2)));

/* Whether all of [phys, phys + size) is RAM in machine.memory. */
bool machine_is_memory(uint64_t phys, uint64_t size);

/* Copies up to `max` bytes of /chosen/rng-seed and gives how many; there and in what is left of it, the seed is
 * overwritten with zeroes. 0: there is none (any more). At boot only. */
uint64_t machine_take_seed(void *to, uint64_t max);

struct device_info; /* <kinglet/syscall.h> */

/* The index-th device (from 0) that is compatible with a string. False when there is none, or when
 * it is one that the kernel drives itself. */
bool machine_find_device(const char *compatible, unsigned index, struct device_info *out);

#endif
