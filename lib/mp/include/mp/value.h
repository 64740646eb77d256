/*
 * Value: one object that processes share, with an RLock of its own or without. Like multiprocessing.Value and, without
 * a lock, RawValue.
 */
#ifndef MP_VALUE_H
#define MP_VALUE_H

#include <mp/rlock.h>
#include <mp/shared.h>

/* mp_value_new, mp_array_new */
#define MP_UNLOCKED 0
#define MP_LOCKED 1

struct mp_value {
    struct mp_rlock lock; /* robust */
    uint32_t locked; /* MP_LOCKED: get and set acquire the lock */
    size_t bytes;
    _Alignas(16) char data[];
};

/* A new one of so many bytes, with what `initial` points at in it (NULL: zeroes). It goes with the memory. NULL: not so
 * much is left, or there is no such flag. Does not block. */
struct mp_value *mp_value_new(struct mp_shared *shared, const void *initial, size_t bytes, int flags);

/* Copies its `bytes` bytes out or in. With a lock, blocks until it can have that, and nobody sees half of a change.
 * Without one: others may see half, unless it is one int, long or double. 0; -EOWNERDEAD: done, but somebody has ended
 * while he held the lock, so perhaps in the middle of a change. */
int mp_value_get(struct mp_value *value, void *to);
int mp_value_set(struct mp_value *value, const void *from);

/* Its lock, for changes that first look: count = count + 1. get and set may be called with it held.
 * It is robust. NULL: it has none. Does not block. */
struct mp_rlock *mp_value_lock(struct mp_value *value);
/* The object itself, for those who hold the lock or need none. Does not block. */
void *mp_value_at(struct mp_value *value);

#endif
