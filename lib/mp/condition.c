/*
 * Condition (mp/condition.h). The kernel's queue on the word is the list of those who wait, and there is no other: it
 * lets go of the lock only when the waiter is on it (`release` of futex_wait), and who notifies has the lock. So it finds
 * all who wait and nobody else, and one that is killed or times out is off it by itself.
 */
#include "internal.h"
#include <mp/condition.h>
#include <mp/self.h>

static void init_with(struct mp_condition *condition, const void *other, bool plain)
{
    atomic_store(&condition->word, 0);
    condition->plain = plain;
    condition->other = other ? (const char *)other - (const char *)condition : 0;
}

int mp_condition_init(struct mp_condition *condition, int flags)
{
    init_with(condition, NULL, false);
    return mp_rlock_init(&condition->lock, flags);
}

void mp_condition_init_with_lock(struct mp_condition *condition, struct mp_lock *lock)
{
    init_with(condition, lock, true);
}

void mp_condition_init_with_rlock(struct mp_condition *condition, struct mp_rlock *lock)
{
    init_with(condition, lock, false);
}

/* NULL: it is a plain lock. */
static struct mp_rlock *rlock_of(struct mp_condition *condition)
{
    void *other = (char *)condition + condition->other;
    return !condition->other ? &condition->lock : condition->plain ? NULL : other;
}

static struct mp_lock *lock_of(struct mp_condition *condition)
{
    void *other = (char *)condition + condition->other;
    struct mp_rlock *rlock = rlock_of(condition);
    return rlock ? &rlock->lock : other;
}

int mp_condition_acquire(struct mp_condition *condition, int timeout_ms)
{
    struct mp_rlock *rlock = rlock_of(condition);
    return rlock ? mp_rlock_acquire(rlock, timeout_ms) : mp_lock_acquire(lock_of(condition), timeout_ms);
}

int mp_condition_release(struct mp_condition *condition)
{
    struct mp_rlock *rlock = rlock_of(condition);
    return rlock ? mp_rlock_release(rlock) : mp_lock_release(lock_of(condition));
}

static bool is_mine(struct mp_condition *condition)
{
    return mp_lock_owner(lock_of(condition)) == mp_self();
}

int mp_condition_wait(struct mp_condition *condition, int timeout_ms)
{
    if (!is_mine(condition))
        return -EPERM;
    struct mp_rlock *rlock = rlock_of(condition);
    struct mp_lock *lock = lock_of(condition);
    uint32_t count = rlock ? rlock->count : 0;
    int64_t deadline = mp_deadline(timeout_ms);
    int result;
    if (rlock)
        rlock->count = 0;
    do { /* -EAGAIN: somebody has notified without the lock; it was not let go */
        atomic_store(&condition->word, FUTEX_WAITERS);
        result = futex_wait(&condition->word, FUTEX_WAITERS, mp_left(deadline), 0,
                            lock->flags & MP_ROBUST ? FUTEX_RELEASE_ALL : 0, &lock->word);
    } while (result == -EAGAIN);
    /* Another error than these: it was not let go (<kinglet/system.h>, futex_wait). */
    int locked = result == 0 || result == -ETIMEDOUT ? mp_lock_acquire(lock, -1) : 0;
    if (rlock)
        rlock->count = count;
    return locked ? locked : result;
}

int mp_condition_wait_for(struct mp_condition *condition, int (*is_true)(void *), void *argument, int timeout_ms)
{
    if (!is_mine(condition))
        return -EPERM;
    int64_t deadline = mp_deadline(timeout_ms);
    while (!is_true(argument)) {
        int64_t left = mp_left(deadline);
        if (left == 0)
            return -ETIMEDOUT;
        int result = mp_condition_wait(condition, left < 0 ? -1 : (int)((left + 999999) / 1000000));
        if (result && result != -ETIMEDOUT)
            return result;
    }
    return 0;
}

int mp_condition_notify(struct mp_condition *condition, unsigned n)
{
    int woken = 0;
    if (!is_mine(condition))
        return -EPERM;
    uint32_t seen = atomic_load(&condition->word);
    if (seen && n && !mp_change(&condition->word, seen, 0, n, &woken))
        return 0;
    return woken;
}

int mp_condition_notify_all(struct mp_condition *condition)
{
    return mp_condition_notify(condition, UINT32_MAX);
}
