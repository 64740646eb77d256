/*
 * Dict: keys and values, both of them bytes, kept by a manager for all who have a proxy. Like Manager().dict(). A
 * key stands for its bytes: "7" with its NUL is another key than without. <mp/manager.h> lists the errors that any
 * call gives.
 */
#ifndef MP_DICT_H
#define MP_DICT_H

#include <mp/manager.h>

struct mp_dict {
    struct mp_proxy proxy;
};

/* A new, empty dict. */
int mp_dict_new(struct mp_manager *manager, struct mp_dict *dict);

/* A proxy for the dict behind a reference that this process was sent; it owns the handle from then on. 0; -EINVAL:
 * it is no reference, or none on a dict, or on another manager's. */
int mp_dict_open(struct mp_manager *manager, int reference, struct mp_dict *dict);

/* This process is done with it; the dict stays for as long as others have it. Does not block. */
void mp_dict_close(struct mp_dict *dict);

/* d[key] = value. The last one counts. 0; -EMSGSIZE: key or value are too long. */
int mp_dict_set(const struct mp_dict *dict, const void *key, size_t key_bytes, const void *value, size_t bytes);

/* d[key]: copies the value into the buffer and gives its bytes. -ENOENT: there is no such key (KeyError); -EMSGSIZE:
 * the buffer is too short, or the key too long. On an error the buffer stays as it was. */
int64_t mp_dict_get(const struct mp_dict *dict, const void *key, size_t key_bytes, void *value, size_t room);

/* Of d[key]: its bytes, so that a buffer can be made. -ENOENT. */
int64_t mp_dict_value_size(const struct mp_dict *dict, const void *key, size_t key_bytes);

/* key in d: 1 or 0. */
int mp_dict_has(const struct mp_dict *dict, const void *key, size_t key_bytes);

/* del d[key]. 0; -ENOENT. */
int mp_dict_delete(const struct mp_dict *dict, const void *key, size_t key_bytes);

/* d.pop(key): as get, and the key is gone. -ENOENT; -EMSGSIZE: the buffer is too short, and the key stays. */
int64_t mp_dict_pop(const struct mp_dict *dict, const void *key, size_t key_bytes, void *value, size_t room);

/* d.setdefault(key, value): if there is no such key, sets it to this value. Either way copies what d[key] is then into
 * `now` and gives its bytes. -EMSGSIZE: `now` is too short (nothing was set), or key or value are too long. */
int64_t mp_dict_set_default(const struct mp_dict *dict, const void *key, size_t key_bytes, const void *value,
                            size_t bytes, void *now, size_t room);

/* len(d). */
int64_t mp_dict_size(const struct mp_dict *dict);

/* d.clear(). */
int mp_dict_clear(const struct mp_dict *dict);

/* One key and its value, copied into two buffers of the caller's. Before the call the sizes say how much fits,
 * afterwards how much there is. value NULL: only the key is wanted. */
struct mp_dict_item {
    void *key;
    size_t key_bytes;
    void *value;
    size_t value_bytes;
};

/* Goes through the dict in the order in which keys were first set. Begin with *cursor 0. 0: the item is filled in,
 * and the cursor has moved on; -ENODATA: there are no more; -EMSGSIZE: a buffer is too short: the sizes say how long
 * it has to be, and the cursor stays. Others may change the dict in between: a key that is there all the time comes
 * exactly once, one that comes or goes meanwhile may come or not. */
int mp_dict_next(const struct mp_dict *dict, uint64_t *cursor, struct mp_dict_item *item);

/* d.popitem(): takes out the key that was set first most recently. 0; -ENODATA: the dict is empty (KeyError);
 * -EMSGSIZE: as above, and it stays. */
int mp_dict_pop_item(const struct mp_dict *dict, struct mp_dict_item *item);

#endif
