/*
 * Stands in for kernel/riscv/hart.h in tests on the host: a test says which hart it is now.
 */
#ifndef STUB_RISCV_HART_H
#define STUB_RISCV_HART_H

#define this_hart kernel_this_hart
#define hart_wait kernel_hart_wait
#include "../../../../kernel/riscv/hart.h"
#undef this_hart
#undef hart_wait

extern _Thread_local unsigned stub_hart;
void hart_wait(void);

static inline struct hart *this_hart(void)
{
    return &harts[stub_hart];
}

#endif
