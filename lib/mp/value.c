/*
 * Value (mp/value.h).
 */
#include "copy.h"
#include <mp/value.h>

struct mp_value *mp_value_new(struct mp_shared *shared, const void *initial, size_t bytes, int flags)
{
    struct mp_value *value;
    if (flags & ~MP_LOCKED || bytes > SIZE_MAX - sizeof *value)
        return NULL;
    value = mp_shared_alloc(shared, sizeof *value + bytes);
    if (!value)
        return NULL;
    mp_rlock_init(&value->lock, MP_ROBUST);
    value->locked = (uint32_t)flags;
    value->bytes = bytes;
    if (initial)
        memcpy(value->data, initial, bytes);
    return value;
}

int mp_value_get(struct mp_value *value, void *to)
{
    return mp_copy(value->locked ? &value->lock : NULL, to, value->data, value->bytes);
}

int mp_value_set(struct mp_value *value, const void *from)
{
    return mp_copy(value->locked ? &value->lock : NULL, value->data, from, value->bytes);
}

struct mp_rlock *mp_value_lock(struct mp_value *value)
{
    return value->locked ? &value->lock : NULL;
}

void *mp_value_at(struct mp_value *value)
{
    return value->data;
}
