/*
 * Dispatch: see sched.h. Called by wait queues (block, wake), traps (timer, preempt) and channels
 * (hand-off). Knows tasks and policies; must never look at what a task is part of.
 */
#include "sched/sched.h"

#include "riscv/clock.h"
#include "riscv/panic.h"
#include "riscv/sbi.h"
#include "riscv/spinlock.h"
#include "riscv/trace_point.h"
#include "riscv/trap.h"
#include "sched/check.h"
#include "sched/dispatch.h"
#include "sched/figures.h"
#include "sched/timer.h"

#include <common/string.h>

#define NS_PER_US 1000ul

struct sched_upcalls sched_upcalls;
struct dispatcher dispatchers[MAX_HARTS];

static struct dispatcher *here(void)
{
    return dispatcher_here();
}

struct dispatcher *dispatch_home(const struct task *t)
{
    for (;;) {
        struct hart *hart = atomic_load_explicit(&t->hart, memory_order_relaxed);
        struct dispatcher *d = hart->dispatcher;
        spin_lock(&d->lock);
        if (atomic_load_explicit(&t->hart, memory_order_relaxed) == hart)
            return d;
        spin_unlock(&d->lock); /* it has moved meanwhile */
    }
}

void dispatch_rehome(struct task *t, struct dispatcher *to)
{
    if (atomic_load_explicit(&t->hart, memory_order_relaxed) == to->hart)
        return;
    struct dispatcher *from = dispatch_home(t);
    atomic_store_explicit(&t->hart, to->hart, memory_order_relaxed);
    spin_unlock(&from->lock);
    TRACE(migrate, to->hart->index, t->pid, from->hart->index);
}

/* ---- charging and the clock; the dispatcher's lock is held ---- */

static void trace_slice(struct sched_entity *account, unsigned level, uint64_t used)
{
    int32_t pid = container_of(account, struct task, entity)->pid;
    TRACE(slice, level, pid, ns_of_ticks(used) / NS_PER_US);
    if (account->level != level)
        TRACE(demote, account->level, pid, 0);
}

bool dispatch_charge(struct dispatcher *d, uint64_t now)
{
    /* Another hart may have charged here last, and clocks agree only to within one tick (unprivileged
     * specification, "Zicntr"): time must not run backwards. */
    uint64_t ran = now > d->charged_until ? now - d->charged_until : 0;
    d->charged_until += ran;
    if (is_idle(d, d->running)) {
        d->idle_ticks += ran;
        return false;
    }
    struct sched_entity *account = d->running->entity.account;
    unsigned before = account->level;
    uint64_t used = account->used + ran;
    bool ended = d->policy->charge(&d->queue, &d->running->entity, ran);
    if (ended) {
        d->slice_ended = true;
        if (account->used < used) /* not just a turn at an inherited level */
            trace_slice(account, before, used);
    }
    return ended;
}

void dispatch_set_clock(struct dispatcher *d)
{
    if (d->clock_wanted < d->clock_set) {
        d->clock_set = d->clock_wanted;
        clock_deadline(d->clock_set);
    }
    d->clock_wanted = SCHED_NEVER;
}

/* Apart, so that dispatch_unlock, which every switch and every wake-up goes through, mostly saves no registers. */
static __attribute__((noinline)) void after_unlock(struct dispatcher *d, bool clock, uint32_t tell)
{
    if (clock)
        dispatch_set_clock(d);
    if (tell)
        sbi_send_ipi(tell); /* they may be in user mode, or asleep */
}

void dispatch_unlock(struct dispatcher *d)
{
    uint32_t tell = d->tell;
    bool clock = false;
    d->tell = 0;
    spin_unlock(&d->lock);
    if (d == here()) {
        clock = d->clock_wanted < d->clock_set;
        if (!clock)
            d->clock_wanted = SCHED_NEVER; /* as dispatch_set_clock */
    }
    if (clock || tell)
        after_unlock(d, clock, tell);
}

void dispatch_show_level(struct dispatcher *d)
{
    unsigned level = is_idle(d, d->running) ? SCHED_NO_LEVEL : d->policy->level(&d->queue, &d->running->entity);
    atomic_store_explicit(&d->level_now, (uint8_t)level, memory_order_relaxed);
}

void dispatch_clock_for_running(struct dispatcher *d)
{
    if (is_idle(d, d->running))
        return; /* nobody to stop and nobody to boost: an idle hart takes no ticks */
    uint64_t left = d->policy->slice_left(&d->queue, &d->running->entity);
    uint64_t slice_end = left == SCHED_NEVER ? SCHED_NEVER : d->charged_until + left;
    dispatch_clock_by(d, slice_end < d->queue.next_boost ? slice_end : d->queue.next_boost);
}

void dispatch_enqueue(struct dispatcher *d, struct task *t, enum enqueue_reason why, uint64_t now)
{
    /* Boosts first: the hart that the task comes from may have had one that this one, idle, has not. */
    dispatch_advance(d, now);
    t->ready_at = now;
    d->policy->enqueue(&d->queue, &t->entity, why);
    if (why == ENQUEUE_WOKEN)
        TRACE(wake, t->entity.queued_level, t->pid, trace_doer());
    else
        TRACE(enqueue, t->entity.queued_level, t->pid, 0);
    if (__builtin_expect(trace_on, 0) && d->policy->expects)
        TRACE(predict, 0, t->pid, ns_of_ticks(d->policy->expects(&d->queue, t->entity.account)) / NS_PER_US);
}

void dispatch_ask(struct dispatcher *d)
{
    uint32_t before = __atomic_fetch_or(&d->hart->work, WORK_RESCHED, __ATOMIC_RELEASE);
    if (d->hart != this_hart() && !(before & WORK_RESCHED))
        d->tell |= 1u << d->hart->index;
}

void dispatch_check_preemption(struct dispatcher *d, struct task *by)
{
    if (d->policy->expects) /* what it compares is the time that is left */
        dispatch_charge(d, clock_ticks());
    if (is_idle(d, d->running)) {
        dispatch_ask(d);
    } else if (d->policy->preempts(&d->queue, &d->running->entity)) {
        TRACE(preempt, d->policy->level(&d->queue, &d->running->entity), d->running->pid, by ? by->pid : 0);
        dispatch_ask(d);
    }
}

/* ---- the switch ---- */

void sched_arrived(void)
{
    struct dispatcher *d = here();
    /* Only now is nobody on the old stack: another hart may run that task, or free it. */
    atomic_store_explicit(&d->left->on_hart, false, memory_order_release);
}

void dispatch_switch_to(struct dispatcher *d, struct task *next, enum switch_cause cause)
{
    struct task *previous = this_task();
    debug_check_switch(d, next);
    atomic_store_explicit(&next->state, PROC_RUNNING, memory_order_relaxed);
    d->running = next;
    d->slice_ended = false;
    dispatch_show_level(d);
    __atomic_fetch_and(&d->hart->work, ~(uint32_t)WORK_RESCHED, __ATOMIC_RELAXED);
    dispatch_clock_for_running(d);
    balance_offer(d, d->charged_until);
    figures_switched(previous, next, cause, d->charged_until);
    if (next == previous) {
        dispatch_unlock(d);
        return;
    }
    d->switches++;
    TRACE(switch_out, cause, previous->pid, previous->waits_for);
    TRACE(switch_in, is_idle(d, next) ? 0 : d->policy->level(&d->queue, &next->entity), next->pid, 0);
    dispatch_unlock(d);
    if (is_idle(d, previous))
        balance_busy(d);
    dispatch_leave_for(d, previous, next);
}

static void reschedule(enum switch_cause cause)
{
    struct dispatcher *d = here();
    struct task *me = this_task();
    balance_take(d);
    spin_lock(&d->lock);
    uint64_t now = clock_ticks();
    dispatch_charge(d, now);
    dispatch_advance(d, now);
    if (!is_idle(d, me) && atomic_load_explicit(&me->state, memory_order_relaxed) == PROC_RUNNING) {
        /* Called here in vain (somebody else has taken the work): no reason to go to the tail. */
        if (cause == SWITCH_preempted && !d->slice_ended && !d->policy->preempts(&d->queue, &me->entity)) {
            dispatch_switch_to(d, me, cause);
            return;
        }
        enum enqueue_reason why = cause == SWITCH_yield ? ENQUEUE_YIELDED : ENQUEUE_PREEMPTED;
        if (d->slice_ended) {
            why = ENQUEUE_SLICE_END;
            cause = SWITCH_slice;
        }
        atomic_store_explicit(&me->state, PROC_READY, memory_order_relaxed);
        dispatch_enqueue(d, me, why, now);
    }
    dispatch_switch_to(d, dispatch_pick(d), cause);
}

void sched_block(void)
{
    reschedule(SWITCH_block);
}

void sched_yield(void)
{
    reschedule(SWITCH_yield);
}

void sched_preempt(void)
{
    reschedule(SWITCH_preempted);
}

void sched_leave(void)
{
    reschedule(SWITCH_exit);
    panic("a zombie ran: pid %d", this_task()->pid);
}

void sched_breathe(void)
{
    spin_assert_none_held("sched_breathe");
    trap_poll();
    if (this_hart()->work & WORK_RESCHED)
        sched_preempt();
}

void sched_idle(void)
{
    struct dispatcher *d = here();
    for (;;) {
        trap_poll();
        if ((__atomic_load_n(&d->hart->work, __ATOMIC_RELAXED) & WORK_RESCHED) ||
            __atomic_load_n(&d->queue.count, __ATOMIC_RELAXED))
            reschedule(SWITCH_block);
        else if (!balance_idle(d))
            hart_wait(); /* a wake-up from elsewhere leaves an interrupt pending, which ends this */
    }
}

void sched_ipi(void)
{
    /* Mostly it came to get this hart out of user mode or sleep, which it has done. */
    struct dispatcher *d = here();
    if (atomic_load_explicit(&d->asked, memory_order_relaxed))
        dispatch_ask(d);
    spin_lock(&d->lock);
    dispatch_clock_for_running(d); /* another hart may have changed its level, or put a task here: it cannot set our clock */
    balance_offer(d, clock_ticks());
    dispatch_unlock(d);
}

/* ---- ready ---- */

void dispatch_ready(struct task *t, enum enqueue_reason why, bool admit)
{
    struct dispatcher *d = atomic_load_explicit(&t->hart, memory_order_relaxed)->dispatcher;
    if (d != here()) {
        d = balance_place(d, t);
        dispatch_rehome(t, d);
    }
    spin_lock(&d->lock);
    uint64_t now = clock_ticks();
    if (t->arrives)
        why = ENQUEUE_NEW;
    if (why == ENQUEUE_NEW) {
        if (admit)
            d->policy->admit(&d->queue, &t->entity);
        figures_made(t, now);
    } else {
        figures_woken(t, now);
    }
    dispatch_enqueue(d, t, why, now);
    dispatch_check_preemption(d, t);
    balance_offer(d, now);
    dispatch_unlock(d);
}

bool sched_wake(struct task *t)
{
    uint32_t blocked = PROC_BLOCKED;
    if (!atomic_compare_exchange_strong(&t->state, &blocked, PROC_READY))
        return false;
    dispatch_ready(t, ENQUEUE_WOKEN, true);
    return true;
}

void sched_start(struct task *t)
{
    dispatch_ready(t, ENQUEUE_NEW, true); /* READY since sched_task_init */
}

void sched_start_like_me(struct task *t)
{
    struct dispatcher *d = here();
    spin_lock(&d->lock);
    if (dispatch_charge(d, clock_ticks())) /* what has been used up to now is used for the new one, too */
        dispatch_ask(d);
    const struct sched_entity *mine = this_task()->entity.account;
    t->entity.level = mine->level;
    t->entity.used = mine->used;
    t->entity.epoch = mine->epoch; /* if the policy changes now, the new one sees by it that it has yet to admit it */
    t->entity.declared = mine->declared;
    memcpy(t->entity.own, mine->own, sizeof mine->own);
    dispatch_unlock(d);
    dispatch_ready(t, ENQUEUE_NEW, false);
}

void sched_use(struct task *t, uint64_t ticks)
{
    struct dispatcher *d = dispatch_home(t);
    d->policy->level(&d->queue, &t->entity); /* if there was a boost meanwhile, it comes first, and does not clear this */
    t->entity.used += ticks;
    spin_unlock(&d->lock);
}

void sched_timer(void)
{
    struct dispatcher *d = here();
    uint64_t now = clock_ticks();
    d->clock_set = SCHED_NEVER;
    TRACE(interrupt, 0, 0, 0);
    timers_run(now);
    uint64_t next = timers_next();
    spin_lock(&d->lock);
    now = clock_ticks();
    if (dispatch_charge(d, now))
        dispatch_ask(d);
    dispatch_advance(d, now);
    dispatch_check_preemption(d, NULL);
    dispatch_show_level(d);
    dispatch_clock_for_running(d);
    balance_offer(d, now);
    if (is_idle(d, d->running) && now < d->look_at)
        dispatch_clock_by(d, d->look_at); /* this was another deadline; the look is still to come: balance_idle */
    dispatch_clock_by(d, next);
    /* None, and the interrupt is no longer pending. But whoever was woken above may have set the clock already. */
    if (d->clock_wanted == SCHED_NEVER && d->clock_set == SCHED_NEVER)
        clock_deadline(SCHED_NEVER);
    dispatch_unlock(d);
}

void sched_clock_by(uint64_t when)
{
    dispatch_clock_by(here(), when);
    dispatch_set_clock(here());
}

unsigned sched_level(struct task *t)
{
    struct dispatcher *d = dispatch_home(t);
    unsigned level = d->policy->level(&d->queue, &t->entity);
    dispatch_unlock(d);
    return level;
}

unsigned sched_level_here(void)
{
    return atomic_load_explicit(&here()->level_now, memory_order_relaxed);
}
