/*
 * One struct per hart, reached through tp while in the kernel and through sscratch while in
 * user mode. Other rooms keep their per-hart words here; only the hart itself writes them,
 * but for `work`, whose bits other harts set and clear atomically.
 */
#ifndef KERNEL_RISCV_HART_H
#define KERNEL_RISCV_HART_H

#define MAX_HARTS 8

/* Kernel stacks: two frames, aligned to their size, so that the bottom is found from sp. */
#define KSTACK_SIZE 8192
#define KSTACK_CANARY 0x5afe5000 /* lowest word of every kernel stack; one lui loads it */
#define EMERGENCY_STACK_SIZE 4096

/* Offsets that trap.S uses (checked in hart.c). */
#define HART_KERNEL_STACK_TOP 0
#define HART_SCRATCH 8
#define HART_WORK 16
#define HART_EMERGENCY_TOP 24
#define HART_ID 32
#define HART_SIZE 256

/* hart->work: reasons to call trap_upcalls.before_user on the way back to user mode. */
#define WORK_RESCHED 0x1 /* another process should run */
#define WORK_KILLED 0x2  /* the current process has to end */
#define WORK_FENCE_I 0x4 /* new code was written since this hart's last fence.i */
#define WORK_TRACE 0x8   /* the tracer has something to read */

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dispatcher;
struct proc;
struct spinlock;
struct trace_ring;

#define HART_LOCKS_MAX 8

/* Where the stop of a panic on another hart has caught a hart. */
enum hart_stop { HART_RUNS, STOPPED_IN_USER, STOPPED_IN_KERNEL, STOPPED_AT_LOCK, STOPPED_IN_PANIC };

struct hart {
    uint64_t kernel_stack_top;    /* of the current process; its trap frame lies right below */
    uint64_t scratch;             /* trap entry: the interrupted sp */
    uint32_t work;                /* WORK_ */
    uint32_t index;               /* in harts[]; the boot hart is 0 */
    uint64_t emergency_stack_top; /* traps taken in the kernel, that is: panics */

    uint64_t id;          /* the machine's number for it (mhartid) */
    bool online;          /* runs the kernel, and can be interrupted and woken */
    bool panicking;       /* a second panic must not start over */
    bool in_interrupt;    /* what is done now is not the current process's doing */
    uint8_t stopped;      /* enum hart_stop: a panic on another hart has ended its work */
    uint64_t stopped_ra, stopped_fp; /* and this is where, for a backtrace */
    const struct spinlock *waits_for; /* the lock it spins for, or NULL; for panics */
    struct proc *current; /* who runs; the idle task has pid 0 and no PCB around it */
    uint32_t pid;         /* of the same, for the trace */
    struct trace_ring *trace_ring; /* where its records go, or NULL */

    struct dispatcher *dispatcher; /* sched: its run queue */

    /* mem */
    void *active_space;       /* whose table satp holds; NULL: the kernel's */
    uint64_t asid_generation; /* of the last global flush this hart took part in */

    /* Counted for make bench, at the instructions themselves: sv39.h and sbi.c. */
    uint64_t tlb_flushes; /* satp changed, or sfence.vma */
    uint64_t tlb_remote;  /* fences asked of other harts: one for each hart that was asked */

    /* debug builds: spinlocks held, outermost first */
    struct spinlock *locks[HART_LOCKS_MAX];
    unsigned lock_count;
} __attribute__((aligned(HART_SIZE))); /* so that assembly knows its size */

extern struct hart harts[MAX_HARTS];
extern unsigned hart_count; /* harts the machine has (at most MAX_HARTS); see `online` */

/* How many run the kernel. Rises while harts start, and never falls. */
extern unsigned harts_up;
static inline unsigned harts_online(void)
{
    return __atomic_load_n(&harts_up, __ATOMIC_RELAXED);
}
/* This hart is one of them from now on: others may send it work. */
void hart_set_online(void);

/* Of all harts since boot: TLB flushes of their own, and fences asked of others. */
void harts_tlb_totals(uint64_t *flushes, uint64_t *remote);

/* The hart this runs on. Volatile: never kept across a context switch. */
static inline struct hart *this_hart(void)
{
    struct hart *hart;
    __asm__ volatile("mv %0, tp" : "=r"(hart));
    return hart;
}

/* Sleep until an interrupt that sie enables is pending. Takes none: SIE is 0; call trap_poll next. */
static inline void hart_wait(void)
{
    __asm__ volatile("wfi" : : : "memory");
}

/* Write the canary at the bottom of a new kernel stack of KSTACK_SIZE bytes; gives its top. */
void *kstack_init(void *bottom);
/* Whether the canary of the stack that this address lies in is still there. */
bool kstack_intact(const void *in_stack);

/* Give every hart its index and stacks; called by start.c, which sets the ids. */
void harts_init(void);

#endif
#endif
