/*
 * Wait queues: where every blocked task is. A queue is protected by the lock of the object it
 * belongs to, and its reason (<kinglet/trace.h>) is what ps and the trace show.
 *
 * Blocking, in full:
 *     spin_lock(&object->lock);
 *     while (!condition) {
 *         wait_enter(&object->queue, &w);      // on the queue and BLOCKED, before anyone can wake
 *         spin_unlock(&object->lock);
 *         result = wait_switch();            // away; 0, or -EINTR for a killed task
 *         spin_lock(&object->lock);
 *         wait_leave(&w);                      // a killed task may still be on the queue
 *         if (result) ...
 *     }
 * wait_on does all of it once. No wake-up can be lost: the condition was tested under the lock, the
 * waker changes it under the lock, and by the time the lock is free the waiter is on the queue.
 */
#ifndef KERNEL_SCHED_WAITQ_H
#define KERNEL_SCHED_WAITQ_H

#include "riscv/spinlock.h"
#include "sched/task.h"

struct wait_queue {
    struct list waiters; /* the owner's lock */
    enum wait_reason reason;
};

struct waiter {
    struct list_node node; /* the queue's owner's lock */
    struct task *task;
};

static inline void wait_queue_init(struct wait_queue *q, enum wait_reason reason)
{
    list_init(&q->waiters);
    q->reason = reason;
}

static inline bool wait_queue_empty(const struct wait_queue *q)
{
    return list_empty(&q->waiters);
}

/* The owner's lock is held. poll calls wait_join for each queue and wait_block once. */
void wait_enter(struct wait_queue *q, struct waiter *w);
void wait_join(struct wait_queue *q, struct waiter *w);
void wait_leave(struct waiter *w);

/* State BLOCKED with this reason; from here on a wake-up counts. Needs no lock. */
void wait_block(enum wait_reason reason);

/* "pipe read" */
const char *wait_reason_words(enum wait_reason reason);

/* Takes wait_block back: what was to be waited for is there already. */
void wait_unblock(void);

/* Switches away. No spinlock held. 0 after a wake-up, -EINTR when the task was killed before or
 * while it was blocked. The task is RUNNING again on return. */
int wait_switch(void);

/* As wait_switch, at most until `when` (ticks): -ETIMEDOUT. */
int wait_switch_until(uint64_t when);

/* Enter, unlock, switch, lock, leave. The owner's lock is held before and after. 0 or -EINTR; when a
 * killed task had been chosen by wake_one, the wake-up goes on to the next waiter. */
int wait_on(struct wait_queue *q, struct spinlock *lock);

/* The owner's lock is held. Return how many were woken. Mostly nobody waits, which costs no call. */
unsigned wake_first(struct wait_queue *q);
static inline unsigned wake_one(struct wait_queue *q)
{
    return wait_queue_empty(q) ? 0 : wake_first(q);
}
static inline unsigned wake_all(struct wait_queue *q)
{
    unsigned n = 0;
    while (wake_one(q))
        n++;
    return n;
}

#endif
