/*
 * Calls to the firmware (RISC-V SBI specification 2.0): console, timer, interrupts to, TLB fences on
 * and the start of other harts, system reset. All may be called anywhere, holding any lock.
 */
#ifndef KERNEL_RISCV_SBI_H
#define KERNEL_RISCV_SBI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Text to the firmware's console. */
void sbi_console_write(const char *text, size_t n);

/* One-shot timer interrupt of this hart at `ticks`. */
void sbi_set_timer(uint64_t ticks);

/* Start a hart (by the machine's number for it): it enters `entry_phys` with paging off, its number in a0
 * and `argument` in a1. False: the firmware refuses. */
bool sbi_hart_start(uint64_t hart_id, uint64_t entry_phys, uint64_t argument);

/* Software interrupt to other harts: bits of `harts` are indices in harts[]. */
void sbi_send_ipi(uint64_t harts);

#define SBI_ALL_ASIDS (~0ul)
/* sfence.vma on other harts (indices in harts[]) for an address range, of one ASID or of all;
 * size ~0: the whole space. Done when it returns. */
void sbi_remote_sfence_vma(uint64_t harts, uint64_t start, uint64_t size, uint64_t asid);

/* System reset; returns only when the firmware cannot. */
enum sbi_reset { SBI_RESET_SHUTDOWN = 0, SBI_RESET_COLD_REBOOT = 1 };
void sbi_system_reset(enum sbi_reset type);

#endif
