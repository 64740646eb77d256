/*
 * The client's side of a dict: see <mp/dict.h>.
 */
#include "client.h"

#include <errno.h>
#include <mp/dict.h>
#include <stdlib.h>
#include <string.h>

int mp_dict_new(struct mp_manager *manager, struct mp_dict *dict)
{
    return proxy_new(manager, KIND_DICT, 0, NULL, &dict->proxy);
}

int mp_dict_open(struct mp_manager *manager, int reference, struct mp_dict *dict)
{
    struct manager_identity identity;
    return proxy_open(manager, reference, KIND_DICT, &dict->proxy, &identity);
}

void mp_dict_close(struct mp_dict *dict)
{
    proxy_close(&dict->proxy);
}

/* A call that takes a key and gives a value, or nothing. */
static int64_t with_key(const struct mp_dict *dict, int op, const void *key, size_t key_bytes, void *value, size_t room)
{
    const struct parts parts = {.first = key, .first_bytes = key_bytes, .answer = value, .room = room};
    return key_bytes > MP_KEY_MAX ? -EMSGSIZE : proxy_call(&dict->proxy, op, 0, 0, &parts);
}

/* A call that takes a key and a value. */
static int64_t with_both(const struct mp_dict *dict, int op, const void *key, size_t key_bytes, const void *value,
                         size_t bytes, void *now, size_t room)
{
    const struct parts parts = {.first = key, .first_bytes = key_bytes, .second = value, .second_bytes = bytes,
                                .answer = now, .room = room};
    if (key_bytes > MP_KEY_MAX || bytes > MP_ITEM_MAX)
        return -EMSGSIZE;
    return proxy_call(&dict->proxy, op, (int64_t)key_bytes, 0, &parts);
}

int mp_dict_set(const struct mp_dict *dict, const void *key, size_t key_bytes, const void *value, size_t bytes)
{
    return (int)with_both(dict, DICT_SET, key, key_bytes, value, bytes, NULL, 0);
}

int64_t mp_dict_set_default(const struct mp_dict *dict, const void *key, size_t key_bytes, const void *value,
                            size_t bytes, void *now, size_t room)
{
    return with_both(dict, DICT_SET_DEFAULT, key, key_bytes, value, bytes, now, room);
}

int64_t mp_dict_get(const struct mp_dict *dict, const void *key, size_t key_bytes, void *value, size_t room)
{
    return with_key(dict, DICT_GET, key, key_bytes, value, room);
}

int64_t mp_dict_pop(const struct mp_dict *dict, const void *key, size_t key_bytes, void *value, size_t room)
{
    return with_key(dict, DICT_POP, key, key_bytes, value, room);
}

int64_t mp_dict_value_size(const struct mp_dict *dict, const void *key, size_t key_bytes)
{
    return with_key(dict, DICT_VALUE_SIZE, key, key_bytes, NULL, 0);
}

/* What is too long to be a key is no key of the dict's. */
int mp_dict_has(const struct mp_dict *dict, const void *key, size_t key_bytes)
{
    return key_bytes > MP_KEY_MAX ? 0 : (int)with_key(dict, DICT_HAS, key, key_bytes, NULL, 0);
}

int mp_dict_delete(const struct mp_dict *dict, const void *key, size_t key_bytes)
{
    return (int)with_key(dict, DICT_DELETE, key, key_bytes, NULL, 0);
}

int64_t mp_dict_size(const struct mp_dict *dict)
{
    return proxy_call(&dict->proxy, DICT_SIZE, 0, 0, NULL);
}

int mp_dict_clear(const struct mp_dict *dict)
{
    return (int)proxy_call(&dict->proxy, DICT_CLEAR, 0, 0, NULL);
}

/* ---- items: the answer is a header, the key, and the value; with -EMSGSIZE the header alone ---- */

static int take_item(const struct mp_dict *dict, int op, uint64_t *cursor, struct mp_dict_item *item)
{
    size_t key_room = item->key_bytes < MP_KEY_MAX ? item->key_bytes : MP_KEY_MAX;
    size_t value_room = !item->value ? 0 : item->value_bytes < MP_ITEM_MAX ? item->value_bytes : MP_ITEM_MAX;
    struct {
        struct manager_dict_item header;
        char rest[];
    } *answer = calloc(1, sizeof *answer + key_room + value_room);
    if (!answer)
        return -ENOMEM;
    const struct parts parts = {.answer = answer, .room = sizeof *answer + key_room + value_room};
    int64_t result = proxy_call(&dict->proxy, op, (int64_t)*cursor,
                                DICT_ROOMS(key_room, item->value ? value_room : DICT_NO_VALUE), &parts);
    if (result >= 0) {
        memcpy(item->key, answer->rest, answer->header.key_bytes);
        if (item->value)
            memcpy(item->value, answer->rest + answer->header.key_bytes, answer->header.value_bytes);
        *cursor = answer->header.cursor;
    }
    if (result >= 0 || result == -EMSGSIZE) {
        item->key_bytes = answer->header.key_bytes;
        item->value_bytes = answer->header.value_bytes;
    }
    free(answer);
    return result < 0 ? (int)result : 0;
}

int mp_dict_next(const struct mp_dict *dict, uint64_t *cursor, struct mp_dict_item *item)
{
    return take_item(dict, DICT_NEXT, cursor, item);
}

int mp_dict_pop_item(const struct mp_dict *dict, struct mp_dict_item *item)
{
    uint64_t unused = 0;
    return take_item(dict, DICT_POP_ITEM, &unused, item);
}
