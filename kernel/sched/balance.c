/*
 * Several harts share the work (docs/architecture.md, "Many harts"). Each has its own run queue, and work moves
 * only when somebody would else wait for nothing: an idle hart takes a task that has waited for a while, and so
 * does one that runs a lower level. The hart where they wait calls (balance_offer), the other comes and takes
 * (balance_take). Besides, at the end of a slice a hart takes one from a hart where two more wait.
 * Called by sched.c; holds one run queue's lock at a time.
 */
#include "riscv/clock.h"
#include "riscv/trace_point.h"
#include "sched/dispatch.h"
#include "sched/sched.h"

/* A task is not taken away before it has waited this long: most that are woken run at once, as soon as their
 * waker blocks, next to the data they share. */
#define STEAL_AFTER_NS 50000ul
/* How many of a queue's tasks a thief looks at before it gives up on that level. */
#define LOOK_AT 4

/* Bit i: harts[i] is idle, and nobody has sent it work yet. Set by the hart itself; whoever clears the bit
 * has chosen it. */
static _Atomic uint32_t idle_harts;

static uint32_t bit_of(const struct dispatcher *d)
{
    return 1u << d->hart->index;
}

/* How many wait there; others may change it meanwhile. */
static uint32_t waiting(const struct dispatcher *d)
{
    return __atomic_load_n(&d->queue.count, __ATOMIC_RELAXED);
}

static uint64_t steal_after(void)
{
    return ticks_of_ns(STEAL_AFTER_NS);
}

/* ---- the hart that has too much; its lock is held ---- */

static void ask(struct dispatcher *d, unsigned helper)
{
    if (!atomic_exchange(&dispatchers[helper].asked, 1))
        d->tell |= 1u << helper;
}

/* The hart that runs at the worst level of all, if that is worse than `level`; -1: none. */
static int worst_hart(const struct dispatcher *not_this, unsigned level)
{
    int worst = -1;
    for (unsigned i = 0; i < hart_count; i++) {
        const struct dispatcher *d = &dispatchers[i];
        if (d == not_this || !__atomic_load_n(&d->hart->online, __ATOMIC_RELAXED))
            continue;
        unsigned theirs = atomic_load_explicit(&d->level_now, memory_order_relaxed);
        if (theirs > level) {
            level = theirs;
            worst = (int)i;
        }
    }
    return worst;
}

void balance_offer(struct dispatcher *d, uint64_t now)
{
    if (!d->queue.count || harts_online() < 2 || is_idle(d, d->running))
        return; /* nobody waits, or not for long */
    /* Either we see the other hart's bit, or it sees our queue: balance_idle. */
    atomic_thread_fence(memory_order_seq_cst);
    uint32_t idle = atomic_load_explicit(&idle_harts, memory_order_relaxed) & ~bit_of(d);
    if (d != dispatcher_here()) { /* only that hart can set its clock: it does when it comes here (sched_ipi) */
        if (idle || d->queue.count == 1) /* behind another its clock comes anyway */
            d->tell |= bit_of(d);
        return;
    }
    /* Busy harts are called later: nobody is to wait longer than a slice while they run a lower level. But not for
     * someone whom they would not take yet. */
    uint64_t patience = d->tuning.slice[0] / 2;
    if (idle || patience < steal_after())
        patience = steal_after();
    /* On each level the first: the best may have come just now, while one below them has waited long since. */
    for (uint32_t levels = d->queue.ready_levels; levels; levels &= levels - 1) {
        unsigned level = (unsigned)__builtin_ctz(levels);
        const struct task *first = container_of(list_entry(list_first(&d->queue.level[level]), struct sched_entity, node),
                                                struct task, entity);
        if (now < first->ready_at + patience) {
            dispatch_clock_by(d, first->ready_at + patience);
            continue;
        }
        int helper = idle ? __builtin_ctz(idle) : worst_hart(d, level);
        if (helper >= 0)
            ask(d, (unsigned)helper);
        dispatch_clock_by(d, now + patience); /* see what has come of it */
        return;
    }
}

/* ---- the hart that has too little ---- */

/* A task from another's queue that is better than `limit` and has waited long enough, or NULL. It is ours then,
 * and of this hart. */
static struct task *take_from(struct dispatcher *victim, struct dispatcher *d, unsigned limit, uint64_t now)
{
    struct task *found = NULL;
    if (!waiting(victim))
        return NULL; /* not worth its lock */
    spin_lock(&victim->lock);
    for (unsigned level = 0; level < limit && level < SCHED_MAX_LEVELS && !found; level++) {
        struct list_node *node;
        unsigned looked = 0;
        list_for_each(node, &victim->queue.level[level]) {
            struct task *t = container_of(list_entry(node, struct sched_entity, node), struct task, entity);
            if (looked++ == LOOK_AT || now < t->ready_at + steal_after())
                break; /* those behind it came later, mostly (a boost joins lists) */
            if (atomic_load_explicit(&t->on_hart, memory_order_acquire))
                continue; /* it is still being left there */
            found = t;
            break;
        }
    }
    if (found) {
        TRACE(steal, d->hart->index, found->pid, victim->hart->index);
        victim->policy->remove(&victim->queue, &found->entity);
        atomic_store_explicit(&found->hart, d->hart, memory_order_relaxed);
    }
    spin_unlock(&victim->lock);
    return found;
}

/* The level that a task must be better than to be worth taking. `even_out`: or as good. */
static unsigned limit_of(struct dispatcher *d, bool even_out)
{
    const struct task *me = this_task();
    spin_lock(&d->lock);
    unsigned limit = run_queue_best(&d->queue);
    if (!is_idle(d, d->running) && atomic_load_explicit(&me->state, memory_order_relaxed) == PROC_RUNNING) {
        unsigned mine = d->policy->level(&d->queue, &d->running->entity);
        limit = mine < limit ? mine : limit;
    }
    spin_unlock(&d->lock);
    return limit + even_out;
}

/* Does another hart have so many waiting that both would be better off if one of them waited here? */
static bool uneven(const struct dispatcher *d)
{
    for (unsigned i = 0; i < hart_count; i++)
        if (waiting(&dispatchers[i]) >= waiting(d) + 2)
            return true;
    return false;
}

void balance_take(struct dispatcher *d)
{
    if (harts_online() < 2)
        return;
    bool asked = atomic_load_explicit(&d->asked, memory_order_relaxed);
    bool busy = waiting(d) || (!is_idle(d, this_task()) &&
                               atomic_load_explicit(&this_task()->state, memory_order_relaxed) == PROC_RUNNING);
    bool even_out = !asked && d->slice_ended && uneven(d);
    if (!asked && busy && !even_out)
        return;
    if (asked)
        atomic_store(&d->asked, 0);
    unsigned limit = limit_of(d, even_out);
    uint64_t now = clock_ticks();
    struct task *t = NULL;
    for (unsigned i = 1; i < hart_count && !t; i++) {
        struct dispatcher *other = &dispatchers[(d->hart->index + i) % hart_count];
        if (!even_out || waiting(other) >= waiting(d) + 2)
            t = take_from(other, d, limit, now);
    }
    if (!t)
        return;
    uint64_t waits_since = t->ready_at;
    spin_lock(&d->lock);
    dispatch_enqueue(d, t, ENQUEUE_MOVED, now); /* with what is left of its slice */
    t->ready_at = waits_since;
    dispatch_unlock(d);
}

bool balance_idle(struct dispatcher *d)
{
    if (atomic_load_explicit(&idle_harts, memory_order_relaxed) & bit_of(d))
        return false;
    /* Either the hart that enqueues sees our bit, or we see its queue. */
    atomic_fetch_or(&idle_harts, bit_of(d));
    atomic_thread_fence(memory_order_seq_cst);
    d->look_at = SCHED_NEVER;
    for (unsigned i = 0; i < hart_count; i++)
        if (waiting(&dispatchers[i])) {
            d->look_at = clock_ticks() + steal_after(); /* it has not waited long enough yet */
            dispatch_clock_by(d, d->look_at);
            dispatch_set_clock(d);
            break;
        }
    return true;
}

void balance_busy(struct dispatcher *d)
{
    if (atomic_load_explicit(&idle_harts, memory_order_relaxed) & bit_of(d))
        atomic_fetch_and(&idle_harts, ~bit_of(d));
}

struct dispatcher *balance_place(struct dispatcher *d, const struct task *t)
{
    /* Its own hart would run it at once, or is still leaving it. */
    if (atomic_load_explicit(&d->level_now, memory_order_relaxed) == SCHED_NO_LEVEL ||
        atomic_load_explicit(&t->on_hart, memory_order_acquire))
        return d;
    uint32_t idle = atomic_load_explicit(&idle_harts, memory_order_relaxed);
    while (idle) {
        uint32_t one = idle & -idle;
        if (atomic_compare_exchange_weak(&idle_harts, &idle, idle & ~one))
            return &dispatchers[__builtin_ctz(one)];
    }
    return d;
}
