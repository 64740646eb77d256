/*
 * What debug builds check at every switch and at every change of a wait queue. A panic here names what is
 * wrong close to where it went wrong, not when somebody runs into it. Costs nothing in release builds.
 */
#ifndef KERNEL_SCHED_CHECK_H
#define KERNEL_SCHED_CHECK_H

#include "riscv/panic.h"
#include "sched/dispatch.h"
#include "sched/waitq.h"

/* The functions behind the two below; not for others. */
void check_run_queue(struct dispatcher *d, const struct task *next);
void check_wait_queue(const struct wait_queue *q);

/* This hart is about to go on as `next`. The dispatcher's lock is held. */
static inline void debug_check_switch(struct dispatcher *d, const struct task *next)
{
    if (DEBUG_BUILD)
        check_run_queue(d, next);
}

/* Somebody has been put on the queue or is about to be taken off. Its owner's lock is held. */
static inline void debug_check_waiters(const struct wait_queue *q)
{
    if (DEBUG_BUILD)
        check_wait_queue(q);
}

#endif
