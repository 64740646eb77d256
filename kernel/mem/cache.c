/*
 * Object caches (cache.h). A slab is one frame: a header, then objects in a row. Objects never start
 * at a page boundary, which is how kfree tells them from whole blocks.
 */
#include <stdbool.h>
#include <common/string.h>
#include "mem/cache.h"
#include "mem/frame.h"
#include "riscv/panic.h"

#define POISON 0x6b

struct slab {
    struct list_node node; /* in cache->partial while it has room */
    struct cache *cache;
    void *free;     /* objects given back, chained through their first word */
    uint16_t live;  /* objects handed out */
    uint16_t fresh; /* objects from here on were never handed out */
    uint16_t capacity;
};
_Static_assert(sizeof(struct slab) <= CACHE_SLAB_HEADER, "the header's place");
_Static_assert(CACHE_SLAB_HEADER % CACHE_ALIGN == 0, "objects are aligned");

static struct slab *slab_of(void *object)
{
    return (struct slab *)((uint64_t)object & ~(uint64_t)PAGE_MASK);
}

static struct slab *slab_make(struct cache *cache)
{
    struct frame *frame = frame_alloc();

    if (frame == NULL)
        return NULL;
    struct slab *slab = frame_pointer(frame);
    *slab = (struct slab){.cache = cache, .capacity = CACHE_MAX_OBJECT / cache->size};
    list_push_front(&cache->partial, &slab->node);
    cache->slabs++;
    return slab;
}

/* Debug builds: objects that were given back are full of POISON but for the chain's word. */
static void check_poison(const struct cache *cache, const uint8_t *object)
{
    for (uint32_t i = sizeof(void *); i < cache->size; i++)
        if (object[i] != POISON)
            panic("%s: object %p was written to at byte %u after it was freed", cache->name,
                  (const void *)object, (unsigned)i);
}

static void check_free(const struct cache *cache, const struct slab *slab, const void *object)
{
    for (void *at = slab->free; at != NULL; at = *(void **)at)
        if (at == object)
            panic("%s: object %p is freed twice", cache->name, object);
}

void *cache_alloc(struct cache *cache)
{
    ASSERT(cache->size > 0 && cache->size <= CACHE_MAX_OBJECT);

    spin_lock(&cache->lock);
    if (cache->partial.head.next == NULL)
        list_init(&cache->partial);
    struct list_node *first = list_first(&cache->partial);
    struct slab *slab = first != NULL ? list_entry(first, struct slab, node) : slab_make(cache);
    if (slab == NULL) {
        spin_unlock(&cache->lock);
        return NULL;
    }
    void *object = slab->free;
    if (object != NULL) {
        slab->free = *(void **)object;
        if (DEBUG_BUILD)
            check_poison(cache, object);
    } else {
        object = (char *)slab + CACHE_SLAB_HEADER + (uint32_t)slab->fresh++ * cache->size;
    }
    slab->live++;
    if (slab->live == slab->capacity)
        list_remove(&slab->node);
    cache->live++;
    spin_unlock(&cache->lock);

    return memset(object, 0, cache->size);
}

void cache_free(struct cache *cache, void *object)
{
    if (object == NULL)
        return;
    struct slab *slab = slab_of(object);
    ASSERT(slab->cache == cache);

    spin_lock(&cache->lock);
    if (DEBUG_BUILD) {
        check_free(cache, slab, object);
        memset(object, POISON, cache->size);
    }
    *(void **)object = slab->free;
    slab->free = object;
    if (slab->live == slab->capacity)
        list_push_front(&cache->partial, &slab->node);
    slab->live--;
    cache->live--;
    bool empty = slab->live == 0;
    if (empty) {
        list_remove(&slab->node);
        slab->cache = NULL;
        cache->slabs--;
    }
    spin_unlock(&cache->lock);

    if (empty)
        frame_free(frame_at(virt_to_phys(slab)));
}

uint64_t cache_live(const struct cache *cache)
{
    return __atomic_load_n(&cache->live, __ATOMIC_RELAXED);
}

/* --- kmalloc --- */

/* Sizes that fill a slab well: 126, 63, 31, 15, 8, 4 and 2 objects. */
static struct cache sizes[] = {
    CACHE_OF_SIZE("kmalloc-32", 32),     CACHE_OF_SIZE("kmalloc-64", 64),
    CACHE_OF_SIZE("kmalloc-128", 128),   CACHE_OF_SIZE("kmalloc-256", 256),
    CACHE_OF_SIZE("kmalloc-496", 496),   CACHE_OF_SIZE("kmalloc-1008", 1008),
    CACHE_OF_SIZE("kmalloc-2016", 2016),
};
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

static uint64_t blocks_live; /* atomic: pieces made of whole frames */

void *kmalloc(size_t size)
{
    for (unsigned i = 0; i < SIZES; i++)
        if (size <= sizes[i].size)
            return cache_alloc(&sizes[i]);

    unsigned order = 0;
    while (order <= FRAME_MAX_ORDER && size > (size_t)PAGE_SIZE << order)
        order++;
    struct frame *frame = order <= FRAME_MAX_ORDER ? frame_alloc_order(order) : NULL;
    if (frame == NULL)
        return NULL;
    __atomic_fetch_add(&blocks_live, 1, __ATOMIC_RELAXED);
    return memset(frame_pointer(frame), 0, (size_t)PAGE_SIZE << order);
}

void kfree(void *memory)
{
    if (memory == NULL)
        return;
    if (((uint64_t)memory & PAGE_MASK) != 0) {
        cache_free(slab_of(memory)->cache, memory);
        return;
    }
    __atomic_fetch_sub(&blocks_live, 1, __ATOMIC_RELAXED);
    frame_free(frame_at(virt_to_phys(memory)));
}

uint64_t kmalloc_live(void)
{
    uint64_t sum = __atomic_load_n(&blocks_live, __ATOMIC_RELAXED);

    for (unsigned i = 0; i < SIZES; i++)
        sum += cache_live(&sizes[i]);
    return sum;
}
