/*
 * The context switch: the registers a C function may expect to find unchanged, saved and
 * loaded. Used by sched/ only. Floating-point registers are fp.h, page tables mem/space.h.
 */
#ifndef KERNEL_RISCV_SWITCH_H
#define KERNEL_RISCV_SWITCH_H

#include <stdint.h>

struct context {
    uint64_t ra;
    uint64_t sp;
    uint64_t s[12];
};

/* Save the caller's context in *save and go on where *load was saved. Returns when somebody
 * switches back to *save. Panics when the stack being left has lost its canary. */
void context_switch(struct context *save, struct context *load);

/* Make *context start `entry` on an empty stack. `entry` must not return. */
static inline void context_init(struct context *context, void *stack_top, void (*entry)(void))
{
    *context = (struct context){.ra = (uint64_t)entry, .sp = (uint64_t)stack_top};
}

#endif
