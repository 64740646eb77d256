/*
 * How Value and Array copy what they hold: under their lock, if they have one.
 */
#ifndef MP_COPY_H
#define MP_COPY_H

#include <kinglet/errno.h>
#include <mp/rlock.h>
#include <stdbool.h>
#include <string.h>

/* lock may be NULL. 0, or -EOWNERDEAD of the lock: done all the same. A single number goes in one piece. */
static inline int mp_copy(struct mp_rlock *lock, void *to, const void *from, size_t bytes)
{
    bool words = bytes && ((uintptr_t)to | (uintptr_t)from) % bytes == 0;
    int result = lock ? mp_rlock_acquire(lock, -1) : 0;
    if (result && result != -EOWNERDEAD)
        return result;
    if (bytes == sizeof(uint64_t) && words)
        *(volatile uint64_t *)to = *(const volatile uint64_t *)from;
    else if (bytes == sizeof(uint32_t) && words)
        *(volatile uint32_t *)to = *(const volatile uint32_t *)from;
    else
        memcpy(to, from, bytes);
    if (lock)
        mp_rlock_release(lock);
    return result;
}

#endif
