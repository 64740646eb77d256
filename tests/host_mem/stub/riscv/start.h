/*
 * Stands in for kernel/riscv/start.h in tests on the host: the kernel image is a piece of the arena.
 */
#ifndef STUB_RISCV_START_H
#define STUB_RISCV_START_H

extern char *stub_text, *stub_kernel_end;
#define _text stub_text
#define _kernel_end stub_kernel_end

#endif
