/*
 * The server's lists: an array of items.
 */
#include "server.h"

#include <errno.h>
#include <string.h>

#define FIRST_ROOM 8

struct list_object {
    struct object object;
    struct item **item;
    size_t count, room;
};

static int64_t list_object_init(struct object *object, struct call *call)
{
    return 0;
}

/* Room for so many more. */
static bool make_room(struct list_object *l, size_t more)
{
    if (l->room - l->count >= more)
        return true;
    size_t room = l->room ? 2 * l->room : FIRST_ROOM;
    while (room - l->count < more)
        room *= 2;
    struct item **item = server_alloc(room * sizeof *item);
    if (!item)
        return false;
    if (l->count)
        memcpy(item, l->item, l->count * sizeof *item);
    server_free(l->item);
    l->item = item;
    l->room = room;
    return true;
}

static int64_t insert(struct list_object *l, size_t at, const void *data, size_t bytes)
{
    struct item *item = make_room(l, 1) ? item_new(data, bytes) : NULL;
    if (!item)
        return -ENOMEM;
    memmove(&l->item[at + 1], &l->item[at], (l->count - at) * sizeof *l->item);
    l->item[at] = item;
    l->count++;
    return 0;
}

static struct item *take_out(struct list_object *l, size_t at)
{
    struct item *item = l->item[at];
    l->count--;
    memmove(&l->item[at], &l->item[at + 1], (l->count - at) * sizeof *l->item);
    return item;
}

static int64_t extend(struct list_object *l, const struct call *call)
{
    size_t bytes = (size_t)call->a, count;
    if (call->a <= 0 || call->bytes % bytes)
        return -EINVAL;
    count = call->bytes / bytes;
    if (!make_room(l, count))
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        l->item[l->count + i] = item_new(call->payload + i * bytes, bytes);
        if (!l->item[l->count + i]) { /* all or none */
            while (i > 0)
                server_free(l->item[l->count + --i]);
            return -ENOMEM;
        }
    }
    l->count += count;
    return 0;
}

static void clear(struct list_object *l)
{
    for (size_t i = 0; i < l->count; i++)
        server_free(l->item[i]);
    server_free(l->item);
    l->item = NULL;
    l->count = l->room = 0;
}

static void reverse(struct list_object *l)
{
    for (size_t i = 0, j = l->count; i + 1 < j; i++) {
        struct item *item = l->item[i];
        l->item[i] = l->item[--j];
        l->item[j] = item;
    }
}

static int64_t find(const struct list_object *l, const struct call *call)
{
    for (size_t i = 0; i < l->count; i++)
        if (item_is(l->item[i], call->payload, call->bytes))
            return (int64_t)i;
    return -ENOENT;
}

static int64_t count(const struct list_object *l, const struct call *call)
{
    int64_t n = 0;
    for (size_t i = 0; i < l->count; i++)
        n += item_is(l->item[i], call->payload, call->bytes);
    return n;
}

/* Operations that name no index. */
static int64_t operate_on_all(struct list_object *l, struct call *call)
{
    int64_t at;
    switch (call->op) {
    case LIST_APPEND:
        return insert(l, l->count, call->payload, call->bytes);
    case LIST_EXTEND:
        return extend(l, call);
    case LIST_REMOVE:
        at = find(l, call);
        if (at < 0)
            return at;
        server_free(take_out(l, (size_t)at));
        return 0;
    case LIST_INDEX:
        return find(l, call);
    case LIST_COUNT:
        return count(l, call);
    case LIST_SIZE:
        return (int64_t)l->count;
    case LIST_CLEAR:
        clear(l);
        return 0;
    default:
        reverse(l);
        return 0;
    }
}

static int64_t operate_at(struct list_object *l, size_t at, struct call *call)
{
    struct item *item = l->item[at];
    int64_t given;
    switch (call->op) {
    case LIST_GET:
        return call_give(call, item->data, item->bytes);
    case LIST_ITEM_SIZE:
        return item->bytes;
    case LIST_SET:
        item = item_new(call->payload, call->bytes);
        if (!item)
            return -ENOMEM;
        server_free(l->item[at]);
        l->item[at] = item;
        return 0;
    case LIST_POP:
        given = call_give_now(call, item->data, item->bytes);
        if (given >= 0)
            server_free(take_out(l, at));
        return given;
    default:
        server_free(take_out(l, at));
        return 0;
    }
}

static int64_t list_object_operate(struct object *object, struct call *call)
{
    struct list_object *l = container_of(object, struct list_object, object);
    int64_t size = (int64_t)l->count, at = call->a < 0 && call->a >= -size ? call->a + size : call->a;
    if (call->bytes > MP_ITEM_MAX)
        return -EMSGSIZE;
    switch (call->op) {
    case LIST_INSERT:
        return insert(l, (size_t)(at < 0 ? 0 : at > size ? size : at), call->payload, call->bytes);
    case LIST_GET:
    case LIST_ITEM_SIZE:
    case LIST_SET:
    case LIST_POP:
    case LIST_DELETE:
        return at < 0 || at >= size ? -ERANGE : operate_at(l, (size_t)at, call);
    default:
        return operate_on_all(l, call);
    }
}

static void list_object_destroy(struct object *object)
{
    clear(container_of(object, struct list_object, object));
}

const struct kind kind_list = {
    .bytes = sizeof(struct list_object),
    .first_op = LIST_APPEND,
    .end_op = LIST_REVERSE + 1,
    .init = list_object_init,
    .operate = list_object_operate,
    .destroy = list_object_destroy,
};
