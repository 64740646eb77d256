/*
 * The image's own boundaries (linker/kernel.ld) and where start.c hands over.
 */
#ifndef KERNEL_RISCV_START_H
#define KERNEL_RISCV_START_H

/* Page-aligned but for _edata. Text, rodata, data, bss in this order, nothing in between. */
extern char _text[], _etext[], _rodata[], _erodata[], _data[], _edata[], _bss[], _ebss[], _kernel_end[];

/* The kernel proper: entered once, by the boot hart, on its idle stack, with paging on, the
 * machine read, traps and clock ready. Does not return. */
void kernel_main(void) __attribute__((noreturn));

#endif
