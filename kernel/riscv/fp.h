/*
 * The floating-point registers of a process, saved and loaded by sched/ when a process that
 * has used them (sstatus.FS in its trap frame) goes off or comes on. The kernel itself never
 * computes with them.
 */
#ifndef KERNEL_RISCV_FP_H
#define KERNEL_RISCV_FP_H

#include <stdint.h>

struct fp_state {
    uint64_t f[32];
    uint64_t fcsr;
};

/* Both switch the unit on for the copy and leave sstatus as it was. */
void fp_save(struct fp_state *state);
void fp_restore(const struct fp_state *state);

#endif
