/*
 * The machine that kernel/mem/ runs on in tests on the host: an arena as RAM, harts with a simulated TLB
 * each, and user programs' accesses through it, which fault as on a real hart.
 */
#ifndef HOST_MEM_MACHINE_H
#define HOST_MEM_MACHINE_H

#include <stdbool.h>
#include <stdint.h>
#include "mem/space.h"
#include "riscv/hart.h"

#define KIB(n) ((uint64_t)(n) << 10)
#define MIB(n) ((uint64_t)(n) << 20)

/* Switch on: RAM of `bytes` with a kernel image, a device tree and an initrd in it, frame_init done.
 * The initrd has stub_initrd_pages, page i filled with byte i, not yet adopted. */
#define INITRD_PAGES 40 /* unless a test says otherwise */
extern unsigned stub_initrd_pages;
void machine_on(uint64_t bytes);
extern uint64_t initrd_phys;

/* Who pays for segments in the tests: the payer is &stub_paid, the pages it pays for, at most stub_pay_limit. */
extern int64_t stub_paid, stub_pay_limit;
extern unsigned stub_payers_free; /* how often segment_freed was called */

/* Bits of the ASID field that the harts have (16 unless a test says otherwise, before any activation). */
extern unsigned stub_asid_bits;

/* A user program on this hart reads or writes the aligned word at `va` of the active space. 0, or what
 * space_fault said. Fails the test when faults do not end. */
int user_load(uint64_t va, uint64_t sp, uint64_t *word);
int user_store(uint64_t va, uint64_t sp, uint64_t word);
int user_fetch(uint64_t va);

/* Faults taken so far by user_load and the others. */
extern unsigned long user_faults;

/* Books: fails the test unless charges, free frames and reference counts agree with `spaces`, all there are,
 * and `pins` references that are held otherwise. */
void check_books(struct space **spaces, unsigned n, unsigned pins);

/* What is promised to nobody and what is free; for "all came back". */
struct held {
    uint64_t available, free;
};
struct held held_now(void);
void check_held(struct held before);

#endif
