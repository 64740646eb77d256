/*
 * Condition: wait, with a lock held, until somebody who holds it says that something has changed. Like
 * multiprocessing.Condition with an RLock (a Lock is not offered: an RLock acquired once is one). Memory and timeouts:
 * <mp/lock.h>.
 */
#ifndef MP_CONDITION_H
#define MP_CONDITION_H

#include <mp/rlock.h>

struct mp_condition {
    struct mp_rlock lock;
    mp_word word; /* 0, or FUTEX_WAITERS: somebody may be waiting */
};

/* Nobody waits, and the lock is free. flags: those of its lock. 0; -EINVAL: flags. */
int mp_condition_init(struct mp_condition *condition, int flags);

/* The condition's lock: as mp_rlock_acquire and mp_rlock_release. */
int mp_condition_acquire(struct mp_condition *condition, int timeout_ms);
int mp_condition_release(struct mp_condition *condition);

/* Lets go of the lock, however often the caller has it, waits to be notified, at most so long, and has the lock as often
 * again when it returns; that may take longer than the timeout. 0: notified; -ETIMEDOUT; -EPERM: the caller does not hold
 * the lock, and nothing was done; -EOWNERDEAD: robust, and who held the lock meanwhile has ended. With all but -EPERM
 * the caller holds the lock. */
int mp_condition_wait(struct mp_condition *condition, int timeout_ms);

/* Waits until is_true(argument), which is called with the lock held. 0; -ETIMEDOUT: and it is false; others as wait. */
int mp_condition_wait_for(struct mp_condition *condition, int (*is_true)(void *), void *argument, int timeout_ms);

/* Wakes n of those who wait, the longest waiting first; exactly n, or all if there are fewer. One that has been killed,
 * or whose time is up, does not count. Does not block. How many; -EPERM: the caller does not hold the lock. */
int mp_condition_notify(struct mp_condition *condition, unsigned n);
int mp_condition_notify_all(struct mp_condition *condition);

#endif
