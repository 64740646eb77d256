/*
 * Array (mp/array.h).
 */
#include "copy.h"
#include <mp/array.h>

struct mp_array *mp_array_new(struct mp_shared *shared, const void *initial, size_t count, size_t each, int flags)
{
    struct mp_array *array;
    size_t bytes;
    if (flags & ~MP_LOCKED || __builtin_mul_overflow(count, each, &bytes) || bytes > SIZE_MAX - sizeof *array)
        return NULL;
    array = mp_shared_alloc(shared, sizeof *array + bytes);
    if (!array)
        return NULL;
    mp_rlock_init(&array->lock, MP_ROBUST);
    array->locked = (uint32_t)flags;
    array->count = count;
    array->each = each;
    if (initial)
        memcpy(array->data, initial, bytes);
    return array;
}

int mp_array_get(struct mp_array *array, size_t index, void *to)
{
    if (index >= array->count)
        return -ERANGE;
    return mp_copy(mp_array_lock(array), to, array->data + index * array->each, array->each);
}

int mp_array_set(struct mp_array *array, size_t index, const void *from)
{
    if (index >= array->count)
        return -ERANGE;
    return mp_copy(mp_array_lock(array), array->data + index * array->each, from, array->each);
}

size_t mp_array_count(const struct mp_array *array)
{
    return array->count;
}

struct mp_rlock *mp_array_lock(struct mp_array *array)
{
    return array->locked ? &array->lock : NULL;
}

void *mp_array_at(struct mp_array *array, size_t index)
{
    return index < array->count ? array->data + index * array->each : NULL;
}
