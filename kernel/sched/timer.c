/*
 * One-shot timers: see timer.h. Called by sleep, poll, channels' timers; run by the timer interrupt
 * through sched_timer. Sets no hardware: sched.c programs the clock for the earliest of everything.
 */
#include "sched/timer.h"

#include "riscv/spinlock.h"
#include "sched/sched.h"

#define EXPIRE_BATCH 128 /* at one time: the others' interrupt comes at once, after whoever is due in between */

static struct timer_queue {
    struct spinlock lock;
    struct heap heap;
    struct timer *_Atomic expiring; /* whose callback runs now, outside the lock */
} queues[MAX_HARTS];

void timers_init(void)
{
    for (unsigned i = 0; i < MAX_HARTS; i++) {
        spin_init(&queues[i].lock, "timers", LOCK_TIMERS);
        heap_init(&queues[i].heap);
    }
}

void timer_init(struct timer *t, void (*expire)(struct timer *))
{
    heap_node_init(&t->node);
    t->armed = false;
    t->hart = this_hart();
    t->expire = expire;
}

void timer_arm(struct timer *t, uint64_t when)
{
    timer_cancel(t);
    t->hart = this_hart();
    struct timer_queue *q = &queues[t->hart->index];
    spin_lock(&q->lock);
    t->node.key = when;
    t->armed = true;
    heap_insert(&q->heap, &t->node);
    spin_unlock(&q->lock);
    sched_clock_by(when);
}

void timer_cancel(struct timer *t)
{
    struct timer_queue *q = &queues[t->hart->index];
    spin_lock(&q->lock);
    if (t->armed) {
        heap_remove(&q->heap, &t->node);
        t->armed = false;
    }
    spin_unlock(&q->lock);
    /* Only another hart can be in the callback now: this one's runs to its end without a break. */
    while (t->hart != this_hart() && atomic_load_explicit(&q->expiring, memory_order_acquire) == t)
        panic_check(STOPPED_IN_KERNEL);
}

uint64_t timers_next(void)
{
    struct timer_queue *q = &queues[this_hart()->index];
    spin_lock(&q->lock);
    struct heap_node *first = heap_first(&q->heap);
    uint64_t when = first ? first->key : SCHED_NEVER;
    spin_unlock(&q->lock);
    return when;
}

bool timers_run(uint64_t now)
{
    struct timer_queue *q = &queues[this_hart()->index];
    bool any = false;
    for (unsigned n = 0;; n++) {
        spin_lock(&q->lock);
        struct heap_node *first = heap_first(&q->heap);
        if (!first || first->key > now || n == EXPIRE_BATCH)
            break;
        struct timer *t = container_of(first, struct timer, node);
        heap_remove(&q->heap, first);
        t->armed = false;
        atomic_store_explicit(&q->expiring, t, memory_order_relaxed);
        spin_unlock(&q->lock);
        t->expire(t);
        atomic_store_explicit(&q->expiring, NULL, memory_order_release);
        any = true;
    }
    spin_unlock(&q->lock);
    return any;
}
