/*
 * Memory objects: memory that whoever holds the handle can map. Two kinds: the initrd, which is physical
 * memory and read-only, and what programs make themselves, a segment (mem/segment.h). A mapping outlives the
 * handle. The job of the process that made one pays for the pages that have frames, whoever committed them.
 */
#include "ipc/things.h"

#include "mem/cache.h"
#include "proc/job.h"

#define BASE_PAGES 1 /* paid for with the object: its root table */

static struct cache memory_cache = CACHE("memory object", struct memory);

uint64_t memory_objects_live(void)
{
    return cache_live(&memory_cache) + segments_live();
}

static void memory_release(struct object *o)
{
    struct memory *m = container_of(o, struct memory, object);
    if (m->segment)
        segment_put(m->segment);
    else
        for (uint64_t at = m->phys; at < m->phys + m->bytes; at += PAGE_SIZE)
            frame_free(frame_at(at));
    cache_free(&memory_cache, m);
}

const struct object_ops memory_ops = {
    .name = "memory",
    .release = memory_release,
};

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

struct memory *memory_create_segment(uint64_t bytes)
{
    struct memory *m = memory_create(0, bytes);
    struct job *job = m ? job_pay(BASE_PAGES) : NULL;
    if (job) {
        m->segment = segment_create(bytes, job);
        if (m->segment)
            return m;
        job_repay(job, BASE_PAGES);
    }
    cache_free(&memory_cache, m);
    return NULL;
}

int memory_charge(void *payer, int64_t pages)
{
    return job_adjust(payer, pages);
}

void memory_freed(void *payer)
{
    job_repay(payer, BASE_PAGES);
}
