/*
 * Ending the run. A status reaches the host through the test finisher where the machine has
 * one (QEMU exits with it); the SBI's system reset cannot carry one.
 */
#ifndef KERNEL_RISCV_POWER_H
#define KERNEL_RISCV_POWER_H

/* status: 0..255, the exit status of the QEMU process. */
void power_off(int status) __attribute__((noreturn));
void power_reboot(void) __attribute__((noreturn));

#endif
