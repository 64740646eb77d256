/*
 * Condition: wait, with a lock held, until somebody who holds it says that something has changed. Like
 * multiprocessing.Condition: with an RLock of its own, or with a Lock or RLock that it shares with whoever else uses
 * that, other conditions too. Memory and timeouts: <mp/lock.h>.
 */
#ifndef MP_CONDITION_H
#define MP_CONDITION_H

#include <mp/rlock.h>

/* Full of zeroes it has a free lock of its own. */
struct mp_condition {
    struct mp_rlock lock; /* its own, if it uses that */
    mp_word word;         /* 0, or FUTEX_WAITERS: somebody may be waiting */
    uint32_t plain;       /* 1: the other lock is a Lock */
    int64_t other;        /* where the other lock is, in bytes from here; 0: it uses its own */
};

/* Nobody waits, and the lock is free. flags: those of its lock. Does not block. 0; -EINVAL: flags. */
int mp_condition_init(struct mp_condition *condition, int flags);

/* Nobody waits, and the lock is this one, as it is. Lock and condition must lie in the same shared memory (or both in
 * memory of the one process), since what is kept is the way from the one to the other. Of a Lock, only the thread that
 * acquired it counts as its holder here, and one that others release meanwhile is lost. They do not block. */
void mp_condition_init_with_lock(struct mp_condition *condition, struct mp_lock *lock);
void mp_condition_init_with_rlock(struct mp_condition *condition, struct mp_rlock *lock);

/* The condition's lock: as mp_rlock_acquire and mp_rlock_release, or mp_lock_acquire and mp_lock_release. */
int mp_condition_acquire(struct mp_condition *condition, int timeout_ms);
int mp_condition_release(struct mp_condition *condition);

/* Lets go of the lock, however often the caller has it, waits to be notified, at most so long, and has the lock as often
 * again when it returns; that may take longer than the timeout. 0: notified; -ETIMEDOUT; -EPERM: the caller does not hold
 * the lock, and nothing was done; -EOWNERDEAD: robust, and who held the lock meanwhile has ended; -ENOMEM: there is no memory
 * to see to it, and the lock was not let go. With all but -EPERM the caller holds the lock. */
int mp_condition_wait(struct mp_condition *condition, int timeout_ms);

/* Waits until is_true(argument), which is called with the lock held; blocks as wait does. 0; -ETIMEDOUT: and it is false;
 * others as wait. */
int mp_condition_wait_for(struct mp_condition *condition, int (*is_true)(void *), void *argument, int timeout_ms);

/* Wakes n of those who wait, the longest waiting first; exactly n, or all if there are fewer. One that has been killed,
 * or whose time is up, does not count. Does not block. How many; -EPERM: the caller does not hold the lock. */
int mp_condition_notify(struct mp_condition *condition, unsigned n);
int mp_condition_notify_all(struct mp_condition *condition);

#endif
