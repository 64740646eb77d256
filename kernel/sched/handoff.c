/*
 * Messages: see sched.h. A client gives its server the processor and its account, and the server gives both back, without a
 * run queue; who waits for a server lends it its level. docs/architecture.md, "Whose time it is".
 * Called by channels.
 */
#include "riscv/clock.h"
#include "riscv/trace_point.h"
#include "sched/check.h"
#include "sched/dispatch.h"
#include "sched/figures.h"
#include "sched/sched.h"

bool sched_claim(struct task *t, struct sched_entity *account)
{
    uint32_t blocked = PROC_BLOCKED;
    bool ours = atomic_compare_exchange_strong(&t->state, &blocked, PROC_READY);
    /* Only now does it count where it is: before, it could have been woken, have run, and be leaving again. */
    bool away = ours && !atomic_load_explicit(&t->on_hart, memory_order_acquire);
    if (away) {
        dispatch_rehome(t, dispatcher_here());
        if (account)
            t->entity.account = account;
        return true;
    }
    if (account)
        sched_set_account(t, account);
    if (ours)
        dispatch_ready(t, ENQUEUE_WOKEN, true); /* still leaving another hart, which will find it */
    return false;
}

/* The one who takes over runs on the same account, and neither inherits a level, so both are at the same one; and nothing has
 * come up that asks for a choice (who becomes ready sets WORK_RESCHED, under the lock). Then the account just goes on being
 * used: what it has been charged, its slice and its clock, and what other harts see of this one stay as they are. */
static bool goes_on(const struct dispatcher *d, const struct task *me, const struct task *to)
{
    return to->entity.account == me->entity.account && to->entity.inherited == SCHED_NO_LEVEL &&
           me->entity.inherited == SCHED_NO_LEVEL && !d->slice_ended &&
           !(__atomic_load_n(&d->hart->work, __ATOMIC_RELAXED) & WORK_RESCHED);
}

void sched_handoff(struct task *to, bool leave_account)
{
    struct dispatcher *d = dispatcher_here();
    struct task *me = this_task();
    spin_lock(&d->lock);
    uint64_t now = clock_ticks();
    bool same = goes_on(d, me, to);
    if (!same) {
        dispatch_charge(d, now);
        dispatch_advance(d, now);
    }
    if (leave_account)
        me->entity.account = &me->entity;
    figures_woken(to, now);
    TRACE(handoff, d->policy->level(&d->queue, &to->entity), me->pid, to->pid);
    if (same) {
        debug_check_switch(d, to);
        atomic_store_explicit(&to->state, PROC_RUNNING, memory_order_relaxed);
        d->running = to;
        figures_switched(me, to, SWITCH_handoff, now);
        d->switches++;
        TRACE(switch_out, SWITCH_handoff, me->pid, me->waits_for);
        TRACE(switch_in, d->policy->level(&d->queue, &to->entity), to->pid, 0);
        spin_unlock(&d->lock);
        dispatch_leave_for(d, me, to);
        return;
    }
    if (!d->slice_ended && !d->policy->preempts(&d->queue, &to->entity)) {
        dispatch_switch_to(d, to, SWITCH_handoff);
        return;
    }
    /* Rule 4: better ones are ready, or the slice it would have used has ended. */
    dispatch_enqueue(d, to, d->slice_ended ? ENQUEUE_SLICE_END : ENQUEUE_WOKEN, now);
    dispatch_switch_to(d, dispatch_pick(d), SWITCH_block);
}

void sched_charge_to(struct sched_entity *account)
{
    struct dispatcher *d = dispatcher_here();
    spin_lock(&d->lock);
    dispatch_charge(d, clock_ticks());
    this_task()->entity.account = account;
    if (account != &this_task()->entity)
        d->slice_ended = false; /* it was another's: that one has been demoted and has paid */
    if (d->slice_ended)
        dispatch_ask(d);
    dispatch_check_preemption(d, NULL);
    dispatch_show_level(d);
    dispatch_clock_for_running(d);
    dispatch_unlock(d);
}

void sched_set_account(struct task *t, struct sched_entity *account)
{
    struct dispatcher *d = dispatch_home(t);
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
    dispatch_show_level(d);
    if (d == dispatcher_here())
        dispatch_clock_for_running(d);
    else
        d->tell |= 1u << d->hart->index; /* only that hart can: sched_ipi */
}

void sched_inherit(struct task *t, unsigned level)
{
    if (t->entity.inherited == level)
        return; /* only the holder of the channel's lock changes it */
    struct dispatcher *d = dispatch_home(t);
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
    dispatch_check_preemption(d, t);
    level_changed(d, t);
    dispatch_unlock(d);
}

void sched_keep_top(struct task *t, bool keep)
{
    struct dispatcher *d = dispatch_home(t);
    if (keep && !t->entity.keeps_top)
        d->policy->admit(&d->queue, &t->entity); /* at the top from now on, whatever starting up took */
    t->entity.keeps_top = keep;
    level_changed(d, t);
    dispatch_unlock(d);
}
