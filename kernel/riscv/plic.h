/*
 * The platform-level interrupt controller (RISC-V PLIC specification 1.0). Sources are numbered
 * from 1. A source that was claimed stays quiet until it is completed: so an interrupt is masked
 * from its arrival until its driver, a user process, has acknowledged it.
 */
#ifndef KERNEL_RISCV_PLIC_H
#define KERNEL_RISCV_PLIC_H

/* All sources off. start.c calls both, once and once per hart. */
void plic_init(void);
void plic_init_hart(void);

/* Deliver a source to one hart (index in harts[]), or to none. Locks: LOCK_INTERRUPT. */
void plic_enable(unsigned source, unsigned hart);
void plic_disable(unsigned source);

/* The source that wants this hart's attention; 0: none (left). */
unsigned plic_claim(void);

/* Let a source that was claimed on `hart` interrupt again; any hart may say so. The PLIC ignores this for
 * a source that is not enabled for that hart: complete first, then disable. */
void plic_complete(unsigned source, unsigned hart);

#endif
