/*
 * A hart's dispatcher: its run queue, who runs, and up to when that one has been charged.
 * Only for the files of this room.
 */
#ifndef KERNEL_SCHED_DISPATCH_H
#define KERNEL_SCHED_DISPATCH_H

#include "riscv/clock.h"
#include "riscv/panic.h"
#include "riscv/spinlock.h"
#include "riscv/switch.h"
#include "riscv/trace_point.h"
#include "sched/policy.h"
#include "sched/sched.h"

#include <kinglet/trace.h>

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

/* The dispatcher of the hart that a task belongs to, locked. See `hart` in task.h. */
struct dispatcher *dispatch_home(const struct task *t);
/* A task that we own runs on another hart from now on. No lock is held. */
void dispatch_rehome(struct task *t, struct dispatcher *to);

/* A task that we own goes on a run queue. `admit`: if it is new, the policy says where it starts. No run queue's lock held. */
void dispatch_ready(struct task *t, enum enqueue_reason why, bool admit);
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

/* The lock is held. Boosts that are due by `now`. */
static inline void dispatch_advance(struct dispatcher *d, uint64_t now)
{
    if (__builtin_expect(run_queue_advance(d->policy, &d->queue, now), 0))
        TRACE(boost, 0, 0, 0);
}

/* The lock is held. The other harts see the level that runs here: worst_hart. */
void dispatch_show_level(struct dispatcher *d);
/* The lock is held. The clock must come when the running task's slice ends, or when a boost is due. */
void dispatch_clock_for_running(struct dispatcher *d);
/* The lock is held. `by` (NULL: nobody in particular) is ready: is it, or another, to run before who runs? */
void dispatch_check_preemption(struct dispatcher *d, struct task *by);

/* The lock is held. Who is to run next. */
static inline struct task *dispatch_pick(struct dispatcher *d)
{
    struct sched_entity *e = d->policy->pick(&d->queue);
    return e ? container_of(e, struct task, entity) : &d->idle;
}

/* The dispatcher's lock is held and is released here. `next` is RUNNING from now on. */
void dispatch_switch_to(struct dispatcher *d, struct task *next, enum switch_cause cause);

/* From `previous` to `next`, which is RUNNING and `d->running` by now. No lock is held. Inline: every switch goes through it. */
static inline __attribute__((always_inline)) void dispatch_leave_for(struct dispatcher *d, struct task *previous, struct task *next)
{
    spin_assert_none_held("context switch");
    ASSERT(*(uint64_t *)((char *)previous->kernel_stack_top - KSTACK_SIZE) == KSTACK_CANARY);
    ASSERT(!atomic_load_explicit(&next->on_hart, memory_order_acquire));
    DEBUG_ASSERT(atomic_load_explicit(&next->hart, memory_order_relaxed) == d->hart);
    atomic_store_explicit(&next->on_hart, true, memory_order_relaxed);
    d->left = previous;
    d->hart->current = (struct proc *)next;
    d->hart->pid = (uint32_t)next->pid;
    d->hart->kernel_stack_top = (uint64_t)next->kernel_stack_top;
    sched_upcalls.switched(previous, next);
    context_switch(&previous->context, &next->context);
    sched_arrived();
}

/* Charges the running task up to `now`; the lock is held. True when its slice, or its turn, has ended. */
bool dispatch_charge(struct dispatcher *d, uint64_t now);

/* Ticks that the running task has not been charged yet; the lock is held. They may be many: a slice can be
 * long, and an idle hart takes no ticks. */
static inline uint64_t dispatch_uncharged(const struct dispatcher *d)
{
    uint64_t now = clock_ticks();
    return now > d->charged_until ? now - d->charged_until : 0; /* the harts' clocks may differ a little */
}

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

#endif
