/*
 * Lock (mp/lock.h). The word is the holder's number, 0 when it is free.
 */
#include "internal.h"
#include <mp/self.h>

int mp_lock_init(struct mp_lock *lock, int flags)
{
    if (flags & ~MP_ROBUST)
        return -EINVAL;
    lock->flags = (uint32_t)flags;
    atomic_store(&lock->word, 0);
    return 0;
}

/* The holder named in `seen` has ended: who takes its place in the word is the next. */
static bool inherit(struct mp_lock *lock, uint32_t seen, uint32_t me)
{
    uint32_t now = atomic_load(&lock->word);
    return VALUE(now) == VALUE(seen) && atomic_compare_exchange_strong(&lock->word, &now, me | (now & FUTEX_WAITERS));
}

/* Apart, so that the way through a free lock saves no registers. */
__attribute__((noinline)) static int acquire_slowly(struct mp_lock *lock, int timeout_ms)
{
    uint32_t me = (uint32_t)mp_self();
    int64_t deadline = mp_deadline(timeout_ms);
    int flags = FUTEX_HAND_ON | (lock->flags & MP_ROBUST ? FUTEX_ROBUST : 0);
    for (;;) {
        uint32_t seen = atomic_load(&lock->word);
        if (!VALUE(seen)) {
            if (atomic_compare_exchange_strong(&lock->word, &seen, seen | me))
                return 0;
        } else if (deadline == AT_ONCE && !(flags & FUTEX_ROBUST)) {
            return -ETIMEDOUT;
        } else if (mp_will_wait(&lock->word, &seen)) {
            int result = futex_wait(&lock->word, seen, mp_left(deadline), (int)VALUE(seen), flags, NULL);
            if (result == -EOWNERDEAD && inherit(lock, seen, me))
                return result;
            if (result && result != -EAGAIN && result != -EOWNERDEAD)
                return result;
        }
    }
}

int mp_lock_acquire(struct mp_lock *lock, int timeout_ms)
{
    uint32_t free = 0, me = (uint32_t)libc_known_tid; /* 0: mp_self has to ask */
    if (me &&
        atomic_compare_exchange_strong_explicit(&lock->word, &free, me, memory_order_acquire, memory_order_relaxed))
        return 0;
    return acquire_slowly(lock, timeout_ms);
}

__attribute__((noinline)) static int release_slowly(struct mp_lock *lock)
{
    for (;;) {
        uint32_t seen = atomic_load_explicit(&lock->word, memory_order_relaxed);
        if (!VALUE(seen))
            return -EPERM;
        /* All who wait for a robust one are woken, and those who do not get it sleep on its new holder: they watch whom they
         * saw holding it, and would not hear of the end of another. */
        if (mp_change(&lock->word, seen, 0, lock->flags & MP_ROBUST ? UINT32_MAX : 1, NULL))
            return 0;
    }
}

int mp_lock_release(struct mp_lock *lock)
{
    uint32_t me = (uint32_t)libc_known_tid;
    /* A fence of its own: GCC 12 makes a compare-and-swap only as strong as the order for its failure, which cannot be
     * "release". */
    atomic_thread_fence(memory_order_release);
    if (me && /* it is ours, and nobody waits */
        atomic_compare_exchange_strong_explicit(&lock->word, &me, 0, memory_order_relaxed, memory_order_relaxed))
        return 0;
    return release_slowly(lock);
}

int mp_lock_owner(const struct mp_lock *lock)
{
    return (int)VALUE(atomic_load_explicit(&lock->word, memory_order_relaxed));
}
