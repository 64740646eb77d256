/*
 * List: items of bytes, kept by a manager for all who have a proxy. Like Manager().list(). Items count from 0; a
 * negative index counts from the end, -1 is the last. <mp/manager.h> lists the errors that any call gives.
 */
#ifndef MP_LIST_H
#define MP_LIST_H

#include <mp/manager.h>

struct mp_list {
    struct mp_proxy proxy;
};

/* As mp_dict_new, mp_dict_open and mp_dict_close. */
int mp_list_new(struct mp_manager *manager, struct mp_list *list);
int mp_list_open(struct mp_manager *manager, int reference, struct mp_list *list);
void mp_list_close(struct mp_list *list);

/* l.append(item). 0; -EMSGSIZE: it is too long. */
int mp_list_append(const struct mp_list *list, const void *item, size_t bytes);

/* l.extend(items): appends `count` items of `item_bytes` bytes each, which lie one after the other, as one step. 0;
 * -EMSGSIZE: together they have more than MP_ITEM_MAX bytes; -EINVAL: item_bytes 0. */
int mp_list_extend(const struct mp_list *list, const void *items, size_t item_bytes, size_t count);

/* l[index]: copies the item into the buffer and gives its bytes. -ERANGE: no such index (IndexError); -EMSGSIZE: the
 * buffer is too short, and stays as it was. */
int64_t mp_list_get(const struct mp_list *list, int64_t index, void *item, size_t room);

/* Of l[index]: its bytes. -ERANGE. */
int64_t mp_list_item_size(const struct mp_list *list, int64_t index);

/* l[index] = item. 0; -ERANGE; -EMSGSIZE. */
int mp_list_set(const struct mp_list *list, int64_t index, const void *item, size_t bytes);

/* l.insert(index, item): it becomes l[index], and what was there moves on. An index beyond either end is that end,
 * as in Python. 0; -EMSGSIZE. */
int mp_list_insert(const struct mp_list *list, int64_t index, const void *item, size_t bytes);

/* l.pop(index): as get, and the item is gone. -ERANGE, also when the list is empty; -EMSGSIZE: and it stays. */
int64_t mp_list_pop(const struct mp_list *list, int64_t index, void *item, size_t room);

/* del l[index]. 0; -ERANGE. */
int mp_list_delete(const struct mp_list *list, int64_t index);

/* l.remove(item): the first that has these bytes. 0; -ENOENT: there is none (ValueError); -EMSGSIZE. */
int mp_list_remove(const struct mp_list *list, const void *item, size_t bytes);

/* l.index(item): where the first that has these bytes is. -ENOENT; -EMSGSIZE. */
int64_t mp_list_index(const struct mp_list *list, const void *item, size_t bytes);

/* l.count(item): how many have these bytes. -EMSGSIZE. */
int64_t mp_list_count(const struct mp_list *list, const void *item, size_t bytes);

/* len(l). */
int64_t mp_list_size(const struct mp_list *list);

/* l.clear(), l.reverse(). */
int mp_list_clear(const struct mp_list *list);
int mp_list_reverse(const struct mp_list *list);

#endif
