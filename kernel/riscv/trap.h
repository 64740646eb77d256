/*
 * Traps: everything that brings a hart from user mode into the kernel and back. The kernel runs
 * with interrupts off, so a trap taken in the kernel is a bug and panics. What a trap means is
 * decided in the rooms above, through trap_upcalls; trap.S and trap.c only sort.
 */
#ifndef KERNEL_RISCV_TRAP_H
#define KERNEL_RISCV_TRAP_H

/* Offset of register x<n> in a frame, for assembly; x0's place holds the pc. */
#define FRAME_X(n) (8 * (n))
#define FRAME_PC FRAME_X(0)
#define FRAME_SSTATUS FRAME_X(32)
#define FRAME_SIZE 272 /* a multiple of 16, as sp has to be */

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stdint.h>

/* A user program's registers, at the very top of its kernel stack: x1..x31 in order. */
struct trap_frame {
    uint64_t pc, ra, sp, gp, tp, t0, t1, t2, s0, s1;
    uint64_t a[8];
    uint64_t s2_11[10];
    uint64_t t3_6[4];
    uint64_t sstatus; /* for a new process: the hart's (UXL!), without SPP and SPIE, FS as wanted */
} __attribute__((aligned(16)));

/* Upward calls, filled in by main. All run with interrupts off, on the process's kernel stack;
 * timer, interrupt and ipi also from wherever trap_poll is called. */
struct trap_upcalls {
    /* frame->pc is past the ecall already. Results go into frame->a[]; changes to s0..s11 in the
     * frame only count when the way back is trap_leave(). */
    void (*system_call)(struct trap_frame *frame);
    void (*user_fault)(struct trap_frame *frame, uint64_t scause, uint64_t stval);
    void (*timer)(void);                        /* must set the next clock_deadline() */
    void (*interrupt)(unsigned source);         /* stays masked until plic_complete */
    void (*ipi)(void);
    void (*before_user)(struct trap_frame *frame); /* called until this_hart()->work is 0 */
};
extern struct trap_upcalls trap_upcalls;

/* Point this hart's trap vector at the kernel and enable its interrupts in sie. */
void trap_init_hart(void);

/* Handle every interrupt that is pending on this hart, from kernel context with no lock held.
 * True when there was one. */
bool trap_poll(void);

/* To user mode with the frame that sp points at: where a new process's context starts. */
void trap_return(void) __attribute__((noreturn));

/* The same, leaving the current kernel stack's contents behind: how exec ends. */
void trap_leave(struct trap_frame *frame) __attribute__((noreturn));

static inline struct trap_frame *trap_frame_of(void *kernel_stack_top)
{
    return (struct trap_frame *)((char *)kernel_stack_top - FRAME_SIZE);
}

/* "load page fault" … for a scause that is no interrupt. */
const char *trap_cause_name(uint64_t scause);

#endif
#endif
