/*
 * RLock (mp/rlock.h): a Lock, and a count beside it that is the holder's own.
 */
#include "internal.h"
#include <mp/rlock.h>
#include <mp/self.h>

int mp_rlock_init(struct mp_rlock *lock, int flags)
{
    lock->count = 0;
    return mp_lock_init(&lock->lock, flags);
}

int mp_rlock_acquire(struct mp_rlock *lock, int timeout_ms)
{
    if (mp_lock_owner(&lock->lock) == mp_self()) {
        if (lock->count == UINT32_MAX)
            return -EOVERFLOW;
        lock->count++;
        return 0;
    }
    int result = mp_lock_acquire(&lock->lock, timeout_ms);
    if (!result || result == -EOWNERDEAD)
        lock->count = 1;
    return result;
}

int mp_rlock_release(struct mp_rlock *lock)
{
    if (mp_lock_owner(&lock->lock) != mp_self())
        return -EPERM;
    if (lock->count > 1) {
        lock->count--;
        return 0;
    }
    lock->count = 0;
    return mp_lock_release(&lock->lock);
}
