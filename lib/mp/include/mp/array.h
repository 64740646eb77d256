/*
 * Array: so many objects of one size that processes share, with an RLock of its own or without. Like
 * multiprocessing.Array and RawArray.
 */
#ifndef MP_ARRAY_H
#define MP_ARRAY_H

#include <mp/value.h>

struct mp_array {
    struct mp_rlock lock; /* robust */
    uint32_t locked;
    size_t count, each; /* how many, and bytes of each */
    _Alignas(16) char data[];
};

/* A new one of `count` objects of `each` bytes, copies of what `initial` points at (NULL: zeroes). flags: MP_LOCKED or
 * MP_UNLOCKED. NULL as mp_value_new, and when the product is too large. Does not block. */
struct mp_array *mp_array_new(struct mp_shared *shared, const void *initial, size_t count, size_t each, int flags);

/* Copies one out or in, as mp_value_get and mp_value_set do. 0; -EOWNERDEAD; -ERANGE: there is no such index. */
int mp_array_get(struct mp_array *array, size_t index, void *to);
int mp_array_set(struct mp_array *array, size_t index, const void *from);

/* How many it is made of. Does not block. */
size_t mp_array_count(const struct mp_array *array);
/* As mp_value_lock. */
struct mp_rlock *mp_array_lock(struct mp_array *array);
/* Where that one is, for those who hold the lock or need none. NULL: there is no such index. Does not
 * block. */
void *mp_array_at(struct mp_array *array, size_t index);

#endif
