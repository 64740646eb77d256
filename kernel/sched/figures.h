/*
 * The figures that schedulers are judged by, noted where things happen: a task is made, woken, switched to. Only for the
 * files of this room; the dispatcher's lock is held.
 */
#ifndef KERNEL_SCHED_FIGURES_H
#define KERNEL_SCHED_FIGURES_H

#include "riscv/trace_point.h"
#include "sched/task.h"

#include <common/string.h>

/* It is new, or as new. */
static inline void figures_made(struct task *t, uint64_t now)
{
    if (t->arrives) {
        t->figures = (struct figures){.ran_before = t->entity.ran, .switches_before = t->switches};
        memcpy(t->figures.ran_at_before, t->entity.ran_at, sizeof t->entity.ran_at);
        TRACE(arrive, 0, t->pid, 0);
    }
    t->arrives = false;
    t->figures.made_at = now;
    t->figures.bursts = 1;
}

/* A blocked task has been woken. */
static inline void figures_woken(struct task *t, uint64_t now)
{
    t->figures.blocked[t->reason] += now > t->blocked_at ? now - t->blocked_at : 0;
    t->figures.bursts++;
}

/* `next` has the hart from now on, and `previous` left it so. */
static inline void figures_switched(struct task *previous, struct task *next, enum switch_cause cause, uint64_t now)
{
    if (!next->figures.first_run_at)
        next->figures.first_run_at = now;
    if (next->ready_at && now > next->ready_at)
        next->figures.waited += now - next->ready_at;
    next->ready_at = 0;
    if (next == previous)
        return;
    previous->switches++;
    if (cause == SWITCH_slice || cause == SWITCH_preempted)
        previous->figures.involuntary++;
}

#endif
