/*
 * Sorts what trap.S brings in other than system calls: faults go to the room above, interrupts
 * are polled. Called by trap.S, and by anyone in the kernel who has time (trap_poll).
 * Decides nothing itself and touches no process.
 */
#include "riscv/trap.h"
#include <stddef.h>
#include "riscv/csr.h"
#include "riscv/hart.h"
#include "riscv/panic.h"
#include "riscv/plic.h"

_Static_assert(offsetof(struct trap_frame, pc) == FRAME_PC, "trap.S relies on this");
_Static_assert(offsetof(struct trap_frame, t2) == FRAME_X(7), "trap.S relies on this");
_Static_assert(offsetof(struct trap_frame, a) == FRAME_X(10), "trap.S relies on this");
_Static_assert(offsetof(struct trap_frame, s2_11) == FRAME_X(18), "trap.S relies on this");
_Static_assert(offsetof(struct trap_frame, t3_6) == FRAME_X(28), "trap.S relies on this");
_Static_assert(offsetof(struct trap_frame, sstatus) == FRAME_SSTATUS, "trap.S relies on this");
_Static_assert(sizeof(struct trap_frame) == FRAME_SIZE, "trap.S relies on this");
_Static_assert(offsetof(struct trap_upcalls, system_call) == 0, "trap.S relies on this");
_Static_assert(offsetof(struct trap_upcalls, before_user) == 40, "trap.S relies on this");

struct trap_upcalls trap_upcalls;

extern char trap_entry[];
void trap_user(struct trap_frame *frame, uint64_t scause);
void trap_stack_overflow(void) __attribute__((noreturn));

void trap_init_hart(void)
{
    csr_write(sscratch, 0);
    csr_write(stvec, (uint64_t)trap_entry); /* direct mode: all traps go there */
    csr_clear(sstatus, SSTATUS_SIE | SSTATUS_SPIE | SSTATUS_SUM | SSTATUS_FS_MASK);
    csr_write(scounteren, SCOUNTEREN_CY | SCOUNTEREN_TM | SCOUNTEREN_IR);
    csr_write(sie, SIE_SSIE | SIE_STIE | SIE_SEIE);
}

bool trap_poll(void)
{
    uint64_t pending = csr_read(sip) & (SIE_SSIE | SIE_STIE | SIE_SEIE);
    if (!pending)
        return false;
    this_hart()->in_interrupt = true;
    if (pending & SIE_SSIE) {
        csr_clear(sip, SIE_SSIE);
        panic_check(STOPPED_IN_KERNEL);
        trap_upcalls.ipi();
    }
    if (pending & SIE_STIE)
        trap_upcalls.timer();
    if (pending & SIE_SEIE) {
        unsigned source;
        while ((source = plic_claim()) != 0)
            trap_upcalls.interrupt(source);
    }
    this_hart()->in_interrupt = false; /* the same hart: none of these switches away */
    return true;
}

void trap_user(struct trap_frame *frame, uint64_t scause)
{
    if (scause & SCAUSE_INTERRUPT) {
        panic_check(STOPPED_IN_USER);
        trap_poll();
    } else {
        trap_upcalls.user_fault(frame, scause, csr_read(stval));
    }
}

void trap_stack_overflow(void)
{
    panic("kernel stack overflow: the canary below 0x%lx is gone", this_hart()->kernel_stack_top);
}

const char *trap_cause_name(uint64_t scause)
{
    static const char *const names[] = {
        [CAUSE_FETCH_MISALIGNED] = "misaligned jump",
        [CAUSE_FETCH_ACCESS] = "fetch access fault",
        [CAUSE_ILLEGAL_INSTRUCTION] = "illegal instruction",
        [CAUSE_BREAKPOINT] = "breakpoint",
        [CAUSE_LOAD_MISALIGNED] = "misaligned load",
        [CAUSE_LOAD_ACCESS] = "load access fault",
        [CAUSE_STORE_MISALIGNED] = "misaligned store",
        [CAUSE_STORE_ACCESS] = "store access fault",
        [CAUSE_ECALL_FROM_U] = "system call",
        [CAUSE_FETCH_PAGE_FAULT] = "fetch page fault",
        [CAUSE_LOAD_PAGE_FAULT] = "load page fault",
        [CAUSE_STORE_PAGE_FAULT] = "store page fault",
    };
    if (scause >= sizeof names / sizeof names[0] || !names[scause])
        return "unknown trap";
    return names[scause];
}
