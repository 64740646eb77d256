/*
 * A hart's dispatcher: its run queue, who runs, and up to when that one has been charged.
 * Only for the files of this room.
 */
#ifndef KERNEL_SCHED_DISPATCH_H
#define KERNEL_SCHED_DISPATCH_H

#include "riscv/spinlock.h"
#include "sched/policy.h"
#include "sched/task.h"

struct dispatcher {
    struct spinlock lock; /* LOCK_RUNQ; protects the next group, and the entities of this hart's tasks */
    const struct sched_policy *policy;
    struct sched_tuning tuning;
    struct run_queue queue;
    struct task *running;
    uint64_t charged_until; /* ticks: the running task has paid up to here */
    uint64_t idle_ticks;
    uint64_t switches;
    bool slice_ended; /* the running task is to go to the tail as one whose slice was used up */

    /* touched by its own hart only */
    struct hart *hart;
    uint64_t clock_set; /* what the clock is set for; SCHED_NEVER: nothing */
    struct task *left;  /* whom the last switch came from */
    struct task idle;
};

extern struct dispatcher dispatchers[MAX_HARTS];

/* Charges the running task up to `now`; the lock is held. True when its slice, or its turn, has ended. */
bool dispatch_charge(struct dispatcher *d, uint64_t now);

#endif
