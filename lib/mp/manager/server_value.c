/*
 * The server's values: bytes of a size that never changes.
 */
#include "server.h"

#include <errno.h>
#include <string.h>

struct value {
    struct object object;
    struct item *item;
};

static int64_t value_init(struct object *object, struct call *call)
{
    struct value *value = container_of(object, struct value, object);
    if (call->b < 0 || call->b > MP_ITEM_MAX)
        return -EMSGSIZE;
    if (call->bytes != 0 && call->bytes != (uint64_t)call->b)
        return -EINVAL;
    value->item = item_new(call->bytes ? call->payload : NULL, (size_t)call->b);
    return value->item ? 0 : -ENOMEM;
}

static int64_t value_operate(struct object *object, struct call *call)
{
    struct value *value = container_of(object, struct value, object);
    if (call->op == VALUE_GET)
        return call_give(call, value->item->data, value->item->bytes);
    if (call->bytes != value->item->bytes)
        return -EINVAL;
    memcpy(value->item->data, call->payload, call->bytes);
    return 0;
}

static void value_destroy(struct object *object)
{
    server_free(container_of(object, struct value, object)->item);
}

static uint32_t value_size(const struct object *object)
{
    return container_of(object, struct value, object)->item->bytes;
}

const struct kind kind_value = {
    .bytes = sizeof(struct value),
    .first_op = VALUE_GET,
    .end_op = VALUE_SET + 1,
    .init = value_init,
    .operate = value_operate,
    .destroy = value_destroy,
    .size = value_size,
};
