/*
 * Regions (region.h): a sorted list, short enough to walk (SPACE_MAX_REGIONS), with the last hit
 * remembered. Which page tables a space is promised follows from the list alone: one for each span of 2 MiB
 * and one for each span of 1 GiB that a region touches which is not lazy. A table that only lazy regions need is
 * charged when it is made: lazy regions may be larger than memory, their tables too. A table goes when no region
 * touches its span any more.
 */
#include <kinglet/errno.h>
#include "mem/cache.h"
#include "mem/region.h"
#include "mem/segment.h"

static struct cache region_cache = CACHE("region", struct region);

static struct region *region_of(struct space *space, struct list_node *node)
{
    return node == &space->regions.head ? NULL : list_entry(node, struct region, node);
}

struct region *region_first(struct space *space)
{
    return region_of(space, space->regions.head.next);
}

struct region *region_last(struct space *space)
{
    return region_of(space, space->regions.head.prev);
}

struct region *region_next(struct space *space, struct region *region)
{
    return region_of(space, region->node.next);
}

struct region *region_above(struct space *space, uint64_t va)
{
    struct region *region = region_first(space);

    while (region != NULL && region->end <= va)
        region = region_next(space, region);
    return region;
}

struct region *region_find(struct space *space, uint64_t va)
{
    struct region *region = space->recent;

    if (region != NULL && region->start <= va && va < region->end)
        return region;
    region = region_above(space, va);
    if (region == NULL || va < region->start)
        return NULL;
    space->recent = region;
    return region;
}

bool region_room(struct space *space, uint64_t start, uint64_t end)
{
    struct region *next = region_above(space, start);

    if (next == NULL)
        return true;
    return end <= region_bottom(next);
}

struct region *region_new(struct space *space, uint64_t start, uint64_t end, int prot, int kind)
{
    if (space->region_count >= SPACE_MAX_REGIONS)
        return NULL;
    struct region *region = cache_alloc(&region_cache);
    if (region == NULL)
        return NULL;
    region->start = start;
    region->end = end;
    region->prot = prot;
    region->kind = kind;
    list_node_init(&region->mapping.node);
    return region;
}

void region_link(struct space *space, struct region *region)
{
    struct region *next = region_above(space, region->start);

    list_insert_before(next != NULL ? &next->node : &space->regions.head, &region->node);
    space->region_count++;
}

void region_append(struct space *space, struct region *region)
{
    list_push_back(&space->regions, &region->node);
    space->region_count++;
}

void region_free(struct space *space, struct region *region)
{
    if (region != &space->heap)
        cache_free(&region_cache, region);
}

struct segment *region_drop(struct space *space, struct region *region)
{
    struct segment *segment = region->segment;

    if (segment != NULL && list_linked(&region->mapping.node))
        segment_detach(segment, &region->mapping);
    list_remove(&region->node);
    space->region_count--;
    if (space->recent == region)
        space->recent = NULL;
    if (space->stack == region)
        space->stack = NULL;
    region_free(space, region);
    return segment;
}

void region_set_segment(struct space *space, struct region *region, struct segment *segment)
{
    segment_get(segment);
    region->segment = segment;
    segment_attach(segment, &region->mapping, space);
}

int region_split(struct space *space, uint64_t at)
{
    struct region *low = region_find(space, at);

    if (low == NULL || low->start == at)
        return 0;
    struct region *high = region_new(space, at, low->end, low->prot, low->kind);
    if (high == NULL)
        return -ENOMEM;
    high->phys = low->phys + (at - low->start);
    if (low->segment != NULL)
        region_set_segment(space, high, low->segment);
    low->end = at;
    region_link(space, high);
    return 0;
}

uint64_t region_table_cost(struct space *space, uint64_t start, uint64_t end, uint64_t *there)
{
    struct region *next = region_above(space, start);
    struct region *prev = region_of(space, next != NULL ? next->node.prev : space->regions.head.prev);
    uint64_t cost = 0;

    while (next != NULL && next->kind == REGION_LAZY)
        next = region_next(space, next);
    while (prev != NULL && prev->kind == REGION_LAZY)
        prev = region_of(space, prev->node.prev);
    *there = 0;
    for (unsigned level = 1; level < SV39_LEVELS; level++) {
        unsigned shift = PAGE_SHIFT + 9 * level;
        uint64_t first = start >> shift, last = (end - 1) >> shift;
        bool shared_first = prev != NULL && (prev->end - 1) >> shift == first;
        bool shared_last = next != NULL && next->start >> shift == last;
        cost += last - first + 1;
        if (first == last) {
            shared_first |= shared_last;
            shared_last = false;
        }
        cost -= shared_first + shared_last;
        /* A lazy region next to it may have made its first and its last table already. */
        *there += !shared_first && table_exists(space, start, level);
        *there += first != last && !shared_last && table_exists(space, end - 1, level);
    }
    return cost - *there;
}

/* The first region that touches the span of `1 << shift` bytes around va; with `promised`, that is not lazy. */
static struct region *region_in_span(struct space *space, uint64_t va, unsigned shift, bool promised)
{
    uint64_t start = va >> shift << shift;
    struct region *region = region_above(space, start);

    while (promised && region != NULL && region->kind == REGION_LAZY)
        region = region_next(space, region);
    return region != NULL && region->start < start + (1ul << shift) ? region : NULL;
}

bool region_needs_table(struct space *space, uint64_t va, unsigned shift)
{
    return region_in_span(space, va, shift, false) != NULL;
}

unsigned region_lazy_tables(struct space *space, uint64_t va)
{
    unsigned missing = 0;

    for (unsigned level = 1; level < SV39_LEVELS; level++)
        missing += !table_exists(space, va, level) &&
                   region_in_span(space, va, PAGE_SHIFT + 9 * level, true) == NULL;
    return missing;
}
