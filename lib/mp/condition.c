/*
 * Condition (mp/condition.h). The kernel's queue on the word is the list of those who wait, and there is no other: it
 * lets go of the lock only when the waiter is on it (`release` of futex_wait), and who notifies has the lock. So it finds
 * all who wait and nobody else, and one that is killed or times out is off it by itself.
 */
#include "internal.h"
#include <mp/condition.h>
#include <mp/self.h>

int mp_condition_init(struct mp_condition *condition, int flags)
{
    atomic_store(&condition->word, 0);
    return mp_rlock_init(&condition->lock, flags);
}

int mp_condition_acquire(struct mp_condition *condition, int timeout_ms)
{
    return mp_rlock_acquire(&condition->lock, timeout_ms);
}

int mp_condition_release(struct mp_condition *condition)
{
    return mp_rlock_release(&condition->lock);
}

static bool is_mine(const struct mp_condition *condition)
{
    return mp_lock_owner(&condition->lock.lock) == mp_self();
}

int mp_condition_wait(struct mp_condition *condition, int timeout_ms)
{
    if (!is_mine(condition))
        return -EPERM;
    uint32_t count = condition->lock.count;
    int64_t deadline = mp_deadline(timeout_ms);
    int result;
    condition->lock.count = 0;
    do { /* -EAGAIN: somebody has notified without the lock; it was not let go */
        atomic_store(&condition->word, FUTEX_WAITERS);
        result = futex_wait(&condition->word, FUTEX_WAITERS, mp_left(deadline), 0, 0, &condition->lock.lock.word);
    } while (result == -EAGAIN);
    int locked = mp_lock_acquire(&condition->lock.lock, -1);
    condition->lock.count = count;
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
