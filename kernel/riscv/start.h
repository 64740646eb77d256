/*
 * The image's own boundaries (linker/kernel.ld) and where start.c hands over.
 */
#ifndef KERNEL_RISCV_START_H
#define KERNEL_RISCV_START_H

#include <stdbool.h>

/* Page-aligned but for _edata. Text, rodata, data, bss in this order, nothing in between. */
extern char _text[], _etext[], _rodata[], _erodata[], _data[], _edata[], _bss[], _ebss[], _kernel_end[];

/* The kernel proper: entered once, by the boot hart, on its idle stack, with paging on, the
 * machine read, traps and clock ready. Does not return. */
void kernel_main(void) __attribute__((noreturn));

/* Start the machine's other harts and wait until they run the kernel; one that does not come in time is
 * named or simply missed in harts_online(). Called once, when all rooms are ready for several harts.
 * `at_image_entry`: have the firmware let them in there, as OpenSBI does by mistake now and then. */
void harts_start(bool at_image_entry);

/* The same for each of those: entered on its idle stack, traps and clock ready. Does not return. */
void hart_main(void) __attribute__((noreturn));

#endif
