/*
 * The client's side of a value: see <mp/manager_value.h>.
 */
#include "client.h"

#include <errno.h>
#include <mp/manager_value.h>

int mp_manager_value_new(struct mp_manager *manager, const void *initial, size_t bytes, struct mp_manager_value *value)
{
    const struct parts parts = {.first = initial, .first_bytes = initial ? bytes : 0};
    if (bytes > MP_ITEM_MAX)
        return -EMSGSIZE;
    value->bytes = bytes;
    return proxy_new(manager, KIND_VALUE, (int64_t)bytes, &parts, &value->proxy);
}

int mp_manager_value_open(struct mp_manager *manager, int reference, struct mp_manager_value *value)
{
    struct manager_identity identity;
    int error = proxy_open(manager, reference, KIND_VALUE, &value->proxy, &identity);
    if (!error)
        value->bytes = identity.bytes;
    return error;
}

void mp_manager_value_close(struct mp_manager_value *value)
{
    proxy_close(&value->proxy);
}

int mp_manager_value_get(const struct mp_manager_value *value, void *to)
{
    const struct parts parts = {.answer = to, .room = value->bytes};
    int64_t result = proxy_call(&value->proxy, VALUE_GET, 0, 0, &parts);
    return result < 0 ? (int)result : 0;
}

int mp_manager_value_set(const struct mp_manager_value *value, const void *from)
{
    const struct parts parts = {.first = from, .first_bytes = value->bytes};
    return (int)proxy_call(&value->proxy, VALUE_SET, 0, 0, &parts);
}
