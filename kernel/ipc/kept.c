/*
 * What a server leaves to its successor: sessions that it has on others (a mount leads to one), kept with the
 * channel under keys of the server's choice. They go when nobody can serve the channel any more.
 * No more than a server can have handles, as no job pays for them.
 * Only sessions: they hold nothing but their own channel's memory, so nothing can come to hold itself.
 */
#include "ipc/channel.h"

#include "mem/cache.h"
#include "sched/sched.h"

#define KEPT_MAX 1024

struct kept {
    struct list_node node;
    uint64_t key;
    struct object *object;
};

static struct cache kept_cache = CACHE("kept session", struct kept);

uint64_t kept_live(void)
{
    return cache_live(&kept_cache);
}

/* The one with the lowest key from `key` up, or NULL. The list is in order of keys; the lock is held. */
static struct kept *kept_from(struct channel *ch, uint64_t key)
{
    struct list_node *node;
    list_for_each(node, &ch->kept)
        if (list_entry(node, struct kept, node)->key >= key)
            return list_entry(node, struct kept, node);
    return NULL;
}

int channel_keep(struct channel *ch, uint64_t key, struct object *o)
{
    struct kept *new = NULL;
    struct object *old = NULL;
    if (o) {
        new = cache_alloc(&kept_cache);
        if (!new)
            return -ENOMEM;
        object_get(o);
        *new = (struct kept){.key = key, .object = o};
    }
    spin_lock(&ch->lock);
    int error = ch->server == this_proc() ? 0 : -EPERM;
    struct kept *there = error ? NULL : kept_from(ch, key);
    if (!error && there && there->key == key) {
        old = there->object;
        there->object = o;
        if (!o) {
            list_remove(&there->node);
            ch->kept_count--;
            cache_free(&kept_cache, there);
        }
    } else if (!error && o && ch->kept_count == KEPT_MAX) {
        error = -ENOSPC;
    } else if (!error && o) {
        ch->kept_count++;
        list_insert_before(there ? &there->node : &ch->kept.head, &new->node);
        new = NULL;
    } else if (!error) {
        error = -ENOENT;
    }
    spin_unlock(&ch->lock);
    if (error)
        object_put(o);
    object_put(old);
    cache_free(&kept_cache, new);
    return error;
}

struct object *channel_kept(struct channel *ch, uint64_t from, uint64_t *key, int *error)
{
    struct object *o = NULL;
    spin_lock(&ch->lock);
    struct kept *found = ch->server == this_proc() ? kept_from(ch, from) : NULL;
    *error = ch->server == this_proc() ? -ENOENT : -EPERM;
    if (found) {
        o = found->object;
        *key = found->key;
        object_get(o);
    }
    spin_unlock(&ch->lock);
    return o;
}

void kept_release(struct channel *ch)
{
    struct list_node *node;
    while ((node = list_pop_front(&ch->kept)) != NULL) {
        struct kept *k = list_entry(node, struct kept, node);
        object_put(k->object);
        cache_free(&kept_cache, k);
        sched_breathe();
    }
}
