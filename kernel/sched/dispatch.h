/*
 * A hart's dispatcher: its run queue, who runs, and up to when that one has been charged.
 * Only for the files of this room.
 */
#ifndef KERNEL_SCHED_DISPATCH_H
#define KERNEL_SCHED_DISPATCH_H

#include "riscv/clock.h"
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
    uint32_t tell;    /* bit i: interrupt harts[i] once the lock is free (dispatch_unlock) */

    /* balance.c; atomic */
    _Atomic uint8_t level_now; /* that the running task runs at; SCHED_NO_LEVEL: idle */
    _Atomic uint32_t asked;    /* not 0: another hart has work that this one should take */

    /* touched by its own hart only */
    struct hart *hart;
    uint64_t clock_set;    /* what the clock is set for; SCHED_NEVER: nothing */
    uint64_t clock_wanted; /* what it is to be set for once the lock is free, if that is earlier */
    uint64_t look_at;      /* idle: when it is to look at the other harts' queues once more */
    struct task *left;     /* whom the last switch came from */
    struct task idle;
};

extern struct dispatcher dispatchers[MAX_HARTS];

/* The dispatcher of the hart this runs on. */
static inline struct dispatcher *dispatcher_here(void)
{
    return this_hart()->dispatcher;
}

static inline bool is_idle(const struct dispatcher *d, const struct task *t)
{
    return t == &d->idle;
}

/* Puts a ready task on the queue; the lock is held. */
void dispatch_enqueue(struct dispatcher *d, struct task *t, enum enqueue_reason why, uint64_t now);

/* Has the clock come by `when`, from the next dispatch_unlock on. This hart's dispatcher. */
static inline void dispatch_clock_by(struct dispatcher *d, uint64_t when)
{
    if (when < d->clock_wanted)
        d->clock_wanted = when;
}

/* Gives the lock back, and only then does what takes long and has others wait: sets this hart's clock, and
 * interrupts other harts. */
void dispatch_unlock(struct dispatcher *d);
/* The first half of it, for who holds no lock. */
void dispatch_set_clock(struct dispatcher *d);

/* The hart should choose anew who runs; it is told by an interrupt if it is not this one. The lock is held. */
void dispatch_ask(struct dispatcher *d);

/* balance.c: several harts (docs/architecture.md, "Many harts") */
/* No lock held, about to reschedule: takes a better task from another hart's queue to this one's, if this
 * hart was asked to or has nothing else to do. */
void balance_take(struct dispatcher *d);
/* Lock held: makes sure that harts which run something worse, or nothing, hear of those who wait here, or
 * tells them now. */
void balance_offer(struct dispatcher *d, uint64_t now);
/* Where a task that was blocked on `d`, not this hart's, should go. No run queue's
 * lock held. */
struct dispatcher *balance_place(struct dispatcher *d, const struct task *t);
/* This hart has nothing to do: from now on it is known for that. True when it should look again at once. */
bool balance_idle(struct dispatcher *d);
/* It has something to do again. */
void balance_busy(struct dispatcher *d);

/* Charges the running task up to `now`; the lock is held. True when its slice, or its turn, has ended. */
bool dispatch_charge(struct dispatcher *d, uint64_t now);

/* Ticks that the running task has not been charged yet; the lock is held. They may be many: a slice can be
 * long, and an idle hart takes no ticks. */
static inline uint64_t dispatch_uncharged(const struct dispatcher *d)
{
    uint64_t now = clock_ticks();
    return now > d->charged_until ? now - d->charged_until : 0; /* the harts' clocks may differ a little */
}

#endif
