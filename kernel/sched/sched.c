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
#include "sched/timer.h"

#include <common/string.h>

#define NS_PER_US 1000ul

struct sched_upcalls sched_upcalls;
struct dispatcher dispatchers[MAX_HARTS];

static struct dispatcher *here(void)
{
    return dispatcher_here();
}

/* The dispatcher of the hart that a task belongs to, locked. See `hart` in task.h. */
static struct dispatcher *lock_home(const struct task *t)
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

/* A task that we own runs on another hart from now on. */
static void rehome(struct task *t, struct dispatcher *to)
{
    if (atomic_load_explicit(&t->hart, memory_order_relaxed) == to->hart)
        return;
    struct dispatcher *from = lock_home(t);
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

static inline void advance_policy(struct dispatcher *d, uint64_t now)
{
    if (__builtin_expect(run_queue_advance(d->policy, &d->queue, now), 0))
        TRACE(boost, 0, 0, 0);
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

/* The other harts see the level that runs here: worst_hart. */
static void show_level(struct dispatcher *d)
{
    unsigned level = is_idle(d, d->running) ? SCHED_NO_LEVEL : d->policy->level(&d->queue, &d->running->entity);
    atomic_store_explicit(&d->level_now, (uint8_t)level, memory_order_relaxed);
}

/* The clock must come when the running task's slice ends, or when a boost is due. */
static void set_clock_for_running(struct dispatcher *d)
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
    advance_policy(d, now);
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

static void check_preemption(struct dispatcher *d, struct task *by)
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

/* ---- figures; the dispatcher's lock is held ---- */

/* It is new, or as new. */
static void note_made(struct task *t, uint64_t now)
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
static void note_woken(struct task *t, uint64_t now)
{
    t->figures.blocked[t->reason] += now > t->blocked_at ? now - t->blocked_at : 0;
    t->figures.bursts++;
}

/* `next` has the hart from now on, and `previous` left it so. */
static void note_switch(struct task *previous, struct task *next, enum switch_cause cause, uint64_t now)
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

bool sched_arrive(struct task *t)
{
    bool first = !t->arrived;
    t->arrived = true;
    t->arrives = first;
    return first;
}

void sched_ended(struct task *t)
{
    t->figures.ended_at = clock_ticks();
}

/* ---- the switch ---- */

void sched_arrived(void)
{
    struct dispatcher *d = here();
    /* Only now is nobody on the old stack: another hart may run that task, or free it. */
    atomic_store_explicit(&d->left->on_hart, false, memory_order_release);
}

/* From `previous` to `next`, which is RUNNING and `d->running` by now. No lock is held. Inline: every switch goes through it. */
static inline __attribute__((always_inline)) void leave_for(struct dispatcher *d, struct task *previous, struct task *next)
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

/* The dispatcher's lock is held and is released here. `next` is RUNNING from now on. */
static void switch_to(struct dispatcher *d, struct task *next, enum switch_cause cause)
{
    struct task *previous = this_task();
    debug_check_switch(d, next);
    atomic_store_explicit(&next->state, PROC_RUNNING, memory_order_relaxed);
    d->running = next;
    d->slice_ended = false;
    show_level(d);
    __atomic_fetch_and(&d->hart->work, ~(uint32_t)WORK_RESCHED, __ATOMIC_RELAXED);
    set_clock_for_running(d);
    balance_offer(d, d->charged_until);
    note_switch(previous, next, cause, d->charged_until);
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
    leave_for(d, previous, next);
}

static struct task *pick(struct dispatcher *d)
{
    struct sched_entity *e = d->policy->pick(&d->queue);
    return e ? container_of(e, struct task, entity) : &d->idle;
}

static void reschedule(enum switch_cause cause)
{
    struct dispatcher *d = here();
    struct task *me = this_task();
    balance_take(d);
    spin_lock(&d->lock);
    uint64_t now = clock_ticks();
    dispatch_charge(d, now);
    advance_policy(d, now);
    if (!is_idle(d, me) && atomic_load_explicit(&me->state, memory_order_relaxed) == PROC_RUNNING) {
        /* Called here in vain (somebody else has taken the work): no reason to go to the tail. */
        if (cause == SWITCH_preempted && !d->slice_ended && !d->policy->preempts(&d->queue, &me->entity)) {
            switch_to(d, me, cause);
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
    switch_to(d, pick(d), cause);
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
    set_clock_for_running(d); /* another hart may have changed its level, or put a task here: it cannot set our clock */
    balance_offer(d, clock_ticks());
    dispatch_unlock(d);
}

/* ---- ready ---- */

/* A task that we own goes on a run queue. `admit`: if it is new, the policy says where it starts. */
static void make_ready(struct task *t, enum enqueue_reason why, bool admit)
{
    struct dispatcher *d = atomic_load_explicit(&t->hart, memory_order_relaxed)->dispatcher;
    if (d != here()) {
        d = balance_place(d, t);
        rehome(t, d);
    }
    spin_lock(&d->lock);
    uint64_t now = clock_ticks();
    if (t->arrives)
        why = ENQUEUE_NEW;
    if (why == ENQUEUE_NEW) {
        if (admit)
            d->policy->admit(&d->queue, &t->entity);
        note_made(t, now);
    } else {
        note_woken(t, now);
    }
    dispatch_enqueue(d, t, why, now);
    check_preemption(d, t);
    balance_offer(d, now);
    dispatch_unlock(d);
}

bool sched_wake(struct task *t)
{
    uint32_t blocked = PROC_BLOCKED;
    if (!atomic_compare_exchange_strong(&t->state, &blocked, PROC_READY))
        return false;
    make_ready(t, ENQUEUE_WOKEN, true);
    return true;
}

void sched_start(struct task *t)
{
    make_ready(t, ENQUEUE_NEW, true); /* READY since sched_task_init */
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
    make_ready(t, ENQUEUE_NEW, false);
}

void sched_use(struct task *t, uint64_t ticks)
{
    struct dispatcher *d = lock_home(t);
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
    advance_policy(d, now);
    check_preemption(d, NULL);
    show_level(d);
    set_clock_for_running(d);
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

/* ---- messages ---- */

bool sched_claim(struct task *t, struct sched_entity *account)
{
    uint32_t blocked = PROC_BLOCKED;
    bool ours = atomic_compare_exchange_strong(&t->state, &blocked, PROC_READY);
    /* Only now does it count where it is: before, it could have been woken, have run, and be leaving again. */
    bool away = ours && !atomic_load_explicit(&t->on_hart, memory_order_acquire);
    if (away) {
        rehome(t, here());
        if (account)
            t->entity.account = account;
        return true;
    }
    if (account)
        sched_set_account(t, account);
    if (ours)
        make_ready(t, ENQUEUE_WOKEN, true); /* still leaving another hart, which will find it */
    return false;
}

/* The one who takes over runs on the same account and inherits as much, so at the same level; and nothing has come up that asks
 * for a choice (who becomes ready or ends a slice sets WORK_RESCHED, under the lock). Then the account just goes on being
 * used: what it has been charged, its slice and its clock, and what other harts see of this one stay as they are. */
static bool goes_on(const struct dispatcher *d, const struct task *me, const struct task *to)
{
    return to->entity.account == me->entity.account && to->entity.inherited == SCHED_NO_LEVEL &&
           me->entity.inherited == SCHED_NO_LEVEL && !(__atomic_load_n(&d->hart->work, __ATOMIC_RELAXED) & WORK_RESCHED);
}

void sched_handoff(struct task *to, bool leave_account)
{
    struct dispatcher *d = here();
    struct task *me = this_task();
    spin_lock(&d->lock);
    uint64_t now = clock_ticks();
    bool same = goes_on(d, me, to);
    if (!same) {
        dispatch_charge(d, now);
        advance_policy(d, now);
    }
    if (leave_account)
        me->entity.account = &me->entity;
    note_woken(to, now);
    TRACE(handoff, d->policy->level(&d->queue, &to->entity), me->pid, to->pid);
    if (same) {
        debug_check_switch(d, to);
        atomic_store_explicit(&to->state, PROC_RUNNING, memory_order_relaxed);
        d->running = to;
        note_switch(me, to, SWITCH_handoff, now);
        d->switches++;
        TRACE(switch_out, SWITCH_handoff, me->pid, me->waits_for);
        TRACE(switch_in, d->policy->level(&d->queue, &to->entity), to->pid, 0);
        spin_unlock(&d->lock);
        leave_for(d, me, to);
        return;
    }
    if (!d->slice_ended && !d->policy->preempts(&d->queue, &to->entity)) {
        switch_to(d, to, SWITCH_handoff);
        return;
    }
    /* Rule 4: better ones are ready, or the slice it would have used has ended. */
    dispatch_enqueue(d, to, d->slice_ended ? ENQUEUE_SLICE_END : ENQUEUE_WOKEN, now);
    switch_to(d, pick(d), SWITCH_block);
}

void sched_charge_to(struct sched_entity *account)
{
    struct dispatcher *d = here();
    spin_lock(&d->lock);
    dispatch_charge(d, clock_ticks());
    this_task()->entity.account = account;
    if (account != &this_task()->entity)
        d->slice_ended = false; /* it was another's: that one has been demoted and has paid */
    if (d->slice_ended)
        dispatch_ask(d);
    check_preemption(d, NULL);
    show_level(d);
    set_clock_for_running(d);
    dispatch_unlock(d);
}

void sched_set_account(struct task *t, struct sched_entity *account)
{
    struct dispatcher *d = lock_home(t);
    if (d->running == t)
        dispatch_charge(d, clock_ticks()); /* what it has run until now is not the new one's */
    t->entity.account = account;
    dispatch_unlock(d);
}

/* The level of `t` has changed: if it runs, its slice may end earlier. The lock is held. */
static void level_changed(struct dispatcher *d, const struct task *t)
{
    if (d->running != t)
        return;
    show_level(d);
    if (d == here())
        set_clock_for_running(d);
    else
        d->tell |= 1u << d->hart->index; /* only that hart can: sched_ipi */
}

void sched_inherit(struct task *t, unsigned level)
{
    if (t->entity.inherited == level)
        return; /* only the holder of the channel's lock changes it */
    struct dispatcher *d = lock_home(t);
    if (d->running == t && dispatch_charge(d, clock_ticks()))
        dispatch_ask(d); /* what it has run until now is not of its turn at the new level */
    unsigned before = d->policy->level(&d->queue, &t->entity);
    t->entity.inherited = (uint8_t)level;
    if (list_linked(&t->entity.node) && d->policy->level(&d->queue, &t->entity) != before) {
        uint64_t waits_since = t->ready_at;
        d->policy->remove(&d->queue, &t->entity);
        dispatch_enqueue(d, t, ENQUEUE_MOVED, clock_ticks());
        t->ready_at = waits_since;
    }
    check_preemption(d, t);
    level_changed(d, t);
    dispatch_unlock(d);
}

void sched_keep_top(struct task *t, bool keep)
{
    struct dispatcher *d = lock_home(t);
    if (keep && !t->entity.keeps_top)
        d->policy->admit(&d->queue, &t->entity); /* at the top from now on, whatever starting up took */
    t->entity.keeps_top = keep;
    level_changed(d, t);
    dispatch_unlock(d);
}

unsigned sched_level(struct task *t)
{
    struct dispatcher *d = lock_home(t);
    unsigned level = d->policy->level(&d->queue, &t->entity);
    dispatch_unlock(d);
    return level;
}

unsigned sched_level_here(void)
{
    return atomic_load_explicit(&here()->level_now, memory_order_relaxed);
}

void sched_figures(struct task *t, struct figures *figures)
{
    struct dispatcher *d = lock_home(t);
    *figures = t->figures;
    if (t->ready_at && !figures->ended_at) {
        uint64_t now = clock_ticks();
        figures->waited += now > t->ready_at ? now - t->ready_at : 0;
    }
    dispatch_unlock(d);
}

void sched_declare(struct task *t, uint64_t ticks)
{
    struct dispatcher *d = lock_home(t);
    t->entity.declared = ticks;
    dispatch_unlock(d);
}

void sched_times(struct task *t, uint64_t *ran, uint64_t ran_at[SCHED_MAX_LEVELS])
{
    struct dispatcher *d = lock_home(t);
    *ran = t->entity.ran;
    memcpy(ran_at, t->entity.ran_at, sizeof t->entity.ran_at);
    if (d->running->entity.account == &t->entity) {
        uint64_t ticks = dispatch_uncharged(d);
        *ran += ticks;
        ran_at[t->entity.level] += ticks;
    }
    dispatch_unlock(d);
}
