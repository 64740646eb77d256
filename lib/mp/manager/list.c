/*
 * The client's side of a list: see <mp/list.h>.
 */
#include "client.h"

#include <errno.h>
#include <mp/list.h>

int mp_list_new(struct mp_manager *manager, struct mp_list *list)
{
    return proxy_new(manager, KIND_LIST, 0, NULL, &list->proxy);
}

int mp_list_open(struct mp_manager *manager, int reference, struct mp_list *list)
{
    struct manager_identity identity;
    return proxy_open(manager, reference, KIND_LIST, &list->proxy, &identity);
}

void mp_list_close(struct mp_list *list)
{
    proxy_close(&list->proxy);
}

/* A call that takes an item along, and one that brings one back. */
static int64_t with_item(const struct mp_list *list, int op, int64_t a, const void *item, size_t bytes)
{
    const struct parts parts = {.first = item, .first_bytes = bytes};
    return bytes > MP_ITEM_MAX ? -EMSGSIZE : proxy_call(&list->proxy, op, a, 0, &parts);
}

static int64_t for_item(const struct mp_list *list, int op, int64_t index, void *item, size_t room)
{
    const struct parts parts = {.answer = item, .room = room};
    return proxy_call(&list->proxy, op, index, 0, &parts);
}

int mp_list_append(const struct mp_list *list, const void *item, size_t bytes)
{
    return (int)with_item(list, LIST_APPEND, 0, item, bytes);
}

int mp_list_extend(const struct mp_list *list, const void *items, size_t item_bytes, size_t count)
{
    if (item_bytes == 0)
        return -EINVAL;
    if (count > MP_ITEM_MAX / item_bytes)
        return -EMSGSIZE;
    return (int)with_item(list, LIST_EXTEND, (int64_t)item_bytes, items, item_bytes * count);
}

int64_t mp_list_get(const struct mp_list *list, int64_t index, void *item, size_t room)
{
    return for_item(list, LIST_GET, index, item, room);
}

int64_t mp_list_item_size(const struct mp_list *list, int64_t index)
{
    return for_item(list, LIST_ITEM_SIZE, index, NULL, 0);
}

int mp_list_set(const struct mp_list *list, int64_t index, const void *item, size_t bytes)
{
    return (int)with_item(list, LIST_SET, index, item, bytes);
}

int mp_list_insert(const struct mp_list *list, int64_t index, const void *item, size_t bytes)
{
    return (int)with_item(list, LIST_INSERT, index, item, bytes);
}

int64_t mp_list_pop(const struct mp_list *list, int64_t index, void *item, size_t room)
{
    return for_item(list, LIST_POP, index, item, room);
}

int mp_list_delete(const struct mp_list *list, int64_t index)
{
    return (int)for_item(list, LIST_DELETE, index, NULL, 0);
}

int mp_list_remove(const struct mp_list *list, const void *item, size_t bytes)
{
    return (int)with_item(list, LIST_REMOVE, 0, item, bytes);
}

int64_t mp_list_index(const struct mp_list *list, const void *item, size_t bytes)
{
    return with_item(list, LIST_INDEX, 0, item, bytes);
}

int64_t mp_list_count(const struct mp_list *list, const void *item, size_t bytes)
{
    return with_item(list, LIST_COUNT, 0, item, bytes);
}

int64_t mp_list_size(const struct mp_list *list)
{
    return for_item(list, LIST_SIZE, 0, NULL, 0);
}

int mp_list_clear(const struct mp_list *list)
{
    return (int)for_item(list, LIST_CLEAR, 0, NULL, 0);
}

int mp_list_reverse(const struct mp_list *list)
{
    return (int)for_item(list, LIST_REVERSE, 0, NULL, 0);
}
