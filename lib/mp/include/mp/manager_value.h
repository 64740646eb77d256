/*
 * A value that a manager keeps: one object of a size that never changes. Like Manager().Value(). For processes that
 * share no memory; those that do have mp_value, which is a hundred times faster. <mp/manager.h> lists the errors
 * that any call gives.
 */
#ifndef MP_MANAGER_VALUE_H
#define MP_MANAGER_VALUE_H

#include <mp/manager.h>

struct mp_manager_value {
    struct mp_proxy proxy;
    size_t bytes;
};

/* A new one, with what `initial` points at in it (NULL: zeroes). -EMSGSIZE: more than MP_ITEM_MAX. */
int mp_manager_value_new(struct mp_manager *manager, const void *initial, size_t bytes, struct mp_manager_value *value);

/* As mp_dict_open and mp_dict_close. */
int mp_manager_value_open(struct mp_manager *manager, int reference, struct mp_manager_value *value);
void mp_manager_value_close(struct mp_manager_value *value);

/* v.value, v.value = x: copies all its bytes. Others never see half of a change. value = value + 1 is two calls, and
 * wants a lock. */
int mp_manager_value_get(const struct mp_manager_value *value, void *to);
int mp_manager_value_set(const struct mp_manager_value *value, const void *from);

#endif
