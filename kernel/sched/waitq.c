/*
 * Wait queues: see waitq.h for how blocking is done. Called by every room above for everything that
 * blocks. Knows nothing of what is waited for.
 */
#include "sched/waitq.h"

#include "riscv/clock.h"
#include "riscv/trace_point.h"
#include "sched/check.h"
#include "sched/sched.h"
#include "sched/timer.h"

#include <kinglet/errno.h>

void wait_join(struct wait_queue *q, struct waiter *w)
{
    w->task = this_task();
    list_push_back(&q->waiters, &w->node);
    debug_check_waiters(q);
}

void wait_block(enum wait_reason reason)
{
    struct task *me = this_task();
    me->reason = reason;
    me->blocked_at = clock_ticks();
    TRACE(block, 0, me->pid, reason);
    /* Sequentially consistent, against kill: either kill sees BLOCKED and wakes us, or we see
     * `killed` in wait_switch. */
    atomic_store(&me->state, PROC_BLOCKED);
}

void wait_unblock(void)
{
    uint32_t blocked = PROC_BLOCKED;
    if (!atomic_compare_exchange_strong(&this_task()->state, &blocked, PROC_RUNNING))
        sched_block(); /* woken meanwhile, so on a run queue: go and come back */
}

void wait_enter(struct wait_queue *q, struct waiter *w)
{
    wait_join(q, w);
    wait_block(q->reason);
}

void wait_leave(struct waiter *w)
{
    if (list_linked(&w->node))
        list_remove(&w->node);
}

int wait_switch(void)
{
    struct task *me = this_task();
    if (atomic_load(&me->killed)) {
        uint32_t blocked = PROC_BLOCKED;
        if (atomic_compare_exchange_strong(&me->state, &blocked, PROC_RUNNING)) {
            me->waits_for = 0;
            return -EINTR;
        }
        /* Somebody has woken us already and put us on a run queue: go and come back. */
    }
    sched_block();
    me->waits_for = 0;
    return atomic_load(&me->killed) ? -EINTR : 0;
}

struct sleeper {
    struct timer timer;
    struct task *task;
    bool expired;
};

static void sleeper_expire(struct timer *t)
{
    struct sleeper *s = container_of(t, struct sleeper, timer);
    s->expired = true;
    sched_wake(s->task);
}

int wait_switch_until(uint64_t when)
{
    if (when == SCHED_NEVER)
        return wait_switch();
    struct sleeper s = {.task = this_task()};
    timer_init(&s.timer, sleeper_expire);
    timer_arm(&s.timer, when);
    int result = wait_switch();
    timer_cancel(&s.timer);
    return result ? result : s.expired ? -ETIMEDOUT : 0;
}

int wait_on(struct wait_queue *q, struct spinlock *lock)
{
    struct waiter w;
    wait_enter(q, &w);
    spin_unlock(lock);
    int result = wait_switch();
    spin_lock(lock);
    if (list_linked(&w.node))
        list_remove(&w.node);
    else if (result)
        wake_one(q); /* we were chosen but will not use it */
    return result;
}

unsigned wake_first(struct wait_queue *q)
{
    struct list_node *node;
    debug_check_waiters(q);
    while ((node = list_pop_front(&q->waiters)) != NULL)
        if (sched_wake(list_entry(node, struct waiter, node)->task))
            return 1;
    return 0;
}
