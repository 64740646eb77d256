/*
 * Regions (region.h): a sorted list, short enough to walk (SPACE_MAX_REGIONS), with the last hit
 * remembered. Which page tables a space needs follows from the list alone: one for each span of 2 MiB
 * and one for each span of 1 GiB that a region touches. That is what is charged, and when tables go.
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
    return end <= (next->kind == REGION_STACK ? next->floor - PAGE_SIZE : next->start);
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

uint64_t region_table_cost(struct space *space, uint64_t start, uint64_t end)
{
    struct region *next = region_above(space, start);
    struct region *prev = region_of(space, next != NULL ? next->node.prev : space->regions.head.prev);
    uint64_t cost = 0;

    for (unsigned level = 1; level < SV39_LEVELS; level++) {
        unsigned shift = PAGE_SHIFT + 9 * level;
        uint64_t first = start >> shift, last = (end - 1) >> shift;
        bool shared_first = prev != NULL && (prev->end - 1) >> shift == first;
        bool shared_last = next != NULL && next->start >> shift == last;
        cost += last - first + 1;
        cost -= first == last ? shared_first || shared_last : shared_first + shared_last;
    }
    return cost;
}

bool region_needs_table(struct space *space, uint64_t va, unsigned shift)
{
    uint64_t start = va >> shift << shift;
    struct region *region = region_above(space, start);

    return region != NULL && region->start < start + (1ul << shift);
}
