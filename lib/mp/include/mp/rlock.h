/*
 * RLock: a lock that its holder may acquire again. Like multiprocessing.RLock: only the holder may release it, and
 * has to as often as he acquired it. Memory, timeouts, cost: <mp/lock.h>.
 */
#ifndef MP_RLOCK_H
#define MP_RLOCK_H

#include <mp/lock.h>

/* Full of zeroes it is a free lock without flags. */
struct mp_rlock {
    struct mp_lock lock;
    uint32_t count; /* how often the holder has acquired it; only he looks at it */
};

/* As mp_lock_init. */
int mp_rlock_init(struct mp_rlock *lock, int flags);

/* The holder: one more, at once. Others: as mp_lock_acquire. 0; -ETIMEDOUT; -EOWNERDEAD: robust, the holder has ended,
 * and the caller holds it now, once; -EOVERFLOW: 2^32 - 1 times already. */
int mp_rlock_acquire(struct mp_rlock *lock, int timeout_ms);

/* One less; after the last it is free, and one that waits is woken. Does not block. 0; -EPERM: the caller does not
 * hold it. */
int mp_rlock_release(struct mp_rlock *lock);

#endif
