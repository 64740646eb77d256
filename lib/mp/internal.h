/*
 * What the files of lib/mp share. The protocol of all words, which the kernel takes part in (FUTEX_WAITERS):
 *     who has to wait   sets the bit FUTEX_WAITERS in the word, then sleeps on that value
 *     who lets go       without the bit: one atomic instruction. With it: futex_change, which changes the word and wakes
 *                       as one step, and leaves the bit set only while others wait still
 * So whoever sleeps has the bit set above him, and nobody that can be killed stands between a change and the wake-up.
 */
#ifndef MP_INTERNAL_H
#define MP_INTERNAL_H

#include <kinglet/system.h>
#include <mp/lock.h>
#include <stdatomic.h>
#include <stdbool.h>

#define VALUE(word) ((word) & ~FUTEX_WAITERS)

/* Until when, for a timeout in ms (negative: for ever): ns since boot, or one of the two. */
#define NEVER (-1)
#define AT_ONCE 0
static inline int64_t mp_deadline(int ms)
{
    return ms < 0 ? NEVER : ms == 0 ? AT_ONCE : (int64_t)clock_ns() + (int64_t)ms * 1000000;
}

/* What is left of it, for futex_wait. */
static inline int64_t mp_left(int64_t deadline)
{
    if (deadline <= 0)
        return deadline;
    int64_t left = deadline - (int64_t)clock_ns();
    return left > 0 ? left : 0;
}

/* Sees to it that FUTEX_WAITERS is set in a word that was just found to be *seen. False: it has changed, look again. */
static inline bool mp_will_wait(mp_word *word, uint32_t *seen)
{
    if (!(*seen & FUTEX_WAITERS) && !atomic_compare_exchange_strong(word, seen, *seen | FUTEX_WAITERS))
        return false;
    *seen |= FUTEX_WAITERS;
    return true;
}

/* If the word is `seen`, gives it this value and wakes n; false: it was another. *woken may be NULL. */
static inline bool mp_change(mp_word *word, uint32_t seen, uint32_t value, unsigned n, int *woken)
{
    int result = 0;
    if (!(seen & FUTEX_WAITERS)) {
        if (!atomic_compare_exchange_strong(word, &seen, value))
            return false;
    } else {
        result = futex_change(word, seen, value, n);
        if (result == -EAGAIN)
            return false;
    }
    if (woken)
        *woken = result;
    return true;
}

#endif
