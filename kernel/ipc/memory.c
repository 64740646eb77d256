/*
 * Memory objects: physical memory that whoever holds the handle can map. The frames are kept by
 * their own references, so a mapping outlives the handle.
 */
#include "ipc/things.h"

#include "mem/cache.h"

static struct cache memory_cache = CACHE("memory object", struct memory);

static void memory_release(struct object *o)
{
    struct memory *m = container_of(o, struct memory, object);
    for (uint64_t at = m->phys; at < m->phys + m->bytes; at += PAGE_SIZE)
        frame_free(frame_at(at));
    cache_free(&memory_cache, m);
}

const struct object_ops memory_ops = {
    .name = "memory",
    .release = memory_release,
};

/* Takes over one reference on each of the frames. */
struct memory *memory_create(uint64_t phys, uint64_t bytes)
{
    struct memory *m = cache_alloc(&memory_cache);
    if (!m)
        return NULL;
    object_init(&m->object, &memory_ops);
    m->phys = phys;
    m->bytes = bytes;
    return m;
}
