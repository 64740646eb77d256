/*
 * Address spaces (space.h): creation, the end, and everything that adds or takes away regions.
 * Each function checks all it can first, charges second, and changes last, so that no half-done change
 * has to be undone. Faults are in fault.c, fork in fork.c.
 */
#include <common/string.h>
#include <kinglet/errno.h>
#include "mem/cache.h"
#include "mem/frame.h"
#include "mem/region.h"
#include "mem/segment.h"
#include "mem/space.h"
#include "mem/table.h"
#include "riscv/hart.h"
#include "riscv/panic.h"

struct mem_upcalls mem_upcalls;
static struct cache space_cache = CACHE("space", struct space);

#define PHYS_LIMIT (1ul << 56) /* Sv39: physical addresses have 56 bits */

static uint64_t round_up(uint64_t value)
{
    return (value + PAGE_MASK) & ~(uint64_t)PAGE_MASK;
}

static uint64_t max(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

uint64_t spaces_live(void)
{
    return cache_live(&space_cache);
}

struct space *space_create(void)
{
    struct space *space = cache_alloc(&space_cache);
    struct frame *root = space != NULL ? frame_alloc() : NULL;

    if (root == NULL) {
        cache_free(&space_cache, space);
        return NULL;
    }
    space->refs = 1;
    spin_init(&space->lock, "space", LOCK_SPACE);
    list_init(&space->regions);
    space->root = frame_pointer(root);
    memset(space->root, 0, PAGE_SIZE / 2);
    memcpy(space->root + SV39_ENTRIES / 2, kernel_root + SV39_ENTRIES / 2, PAGE_SIZE / 2);
    space->committed = 1;
    return space;
}

void space_get(struct space *space)
{
    __atomic_fetch_add(&space->refs, 1, __ATOMIC_RELAXED);
}

bool space_get_alive(struct space *space)
{
    uint32_t refs = __atomic_load_n(&space->refs, __ATOMIC_RELAXED);

    while (refs != 0)
        if (__atomic_compare_exchange_n(&space->refs, &refs, refs + 1, true, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            return true;
    return false;
}

/* Take [start, end), which was just cut off the region list and lies inside one TABLE_SPAN, out of the
 * tables, and pay back what it was charged: `page_cost` and the tables it alone needed; or, when it was lazy, the
 * pages and tables that were there. Frames first, then the charge: whoever is promised them next must find them.
 * Gives the work done. */
static unsigned give_back(struct space *space, uint64_t start, uint64_t end, uint64_t page_cost, bool lazy,
                          bool flush)
{
    uint64_t resident = space->resident;
    unsigned tables, work = table_clear(space, start, end, flush, &tables);
    uint64_t cost = page_cost;
    if (lazy) {
        space->lazy_pages -= resident - space->resident;
        space->lazy_tables -= tables;
        cost += resident - space->resident + tables;
    } else {
        uint64_t there; /* a lazy region beside it still needs these: they stay charged, to that */
        cost += region_table_cost(space, start, end, &there);
        space->lazy_tables += there;
    }

    space->committed -= cost;
    if (cost > 0)
        commit_release(cost);
    return work + 1;
}

/* Half a table at a time: as many pages as can be freed in half a millisecond. */
#define PIECE_SPAN (TABLE_SPAN / 2)

/* How much of a region below `end` can be cut off in one piece. A lazy one may be very large, and mostly empty. */
static uint64_t piece_span(const struct space *space, const struct region *region, uint64_t end)
{
    if (region->kind != REGION_LAZY || table_exists(space, end - 1, 1))
        return PIECE_SPAN;
    return table_exists(space, end - 1, 2) ? TABLE_SPAN : SV39_SPAN(2);
}

/* Cut a region's uppermost piece off, at `low` or at a piece's border above that. Gives the work done, and in
 * *segment a reference to put once the lock is free, or NULL. */
static unsigned cut_top(struct space *space, struct region *region, uint64_t low, bool flush,
                        struct segment **segment)
{
    uint64_t end = region->end;
    uint64_t start = max(max(low, region->start), (end - 1) & ~(piece_span(space, region, end) - 1));
    uint64_t page_cost = region_page_cost(region, start, end);
    bool lazy = region->kind == REGION_LAZY;

    *segment = NULL;
    if (start == region->start)
        *segment = region_drop(space, region);
    else
        region->end = start;
    return give_back(space, start, end, page_cost, lazy, flush);
}

/* With no lock held: count work done and breathe when it is time. */
static void account(int *budget, unsigned work)
{
    *budget -= work;
    if (*budget > 0)
        return;
    *budget = WORK_BUDGET;
    mem_upcalls.breathe();
}

void space_put(struct space *space)
{
    if (space == NULL || __atomic_fetch_sub(&space->refs, 1, __ATOMIC_ACQ_REL) != 1)
        return;
    spin_assert_none_held("space_put");
    if (this_hart()->active_space == space)
        space_activate_kernel();
    for (unsigned i = 0; i < hart_count; i++)
        ASSERT(__atomic_load_n(&harts[i].active_space, __ATOMIC_RELAXED) != space);

    /* Nobody can reach it: no lock, and no flush, since its ASID is not used again without one. */
    struct region *region;
    int budget = WORK_BUDGET;
    while ((region = region_last(space)) != NULL) {
        struct segment *segment;
        account(&budget, cut_top(space, region, 0, false, &segment));
        segment_put(segment);
    }
    ASSERT(space->committed == 1 && space->resident == 0);
    frame_free(frame_at(virt_to_phys(space->root)));
    cache_free(&space_cache, space);
}

/* --- regions --- */

static bool prot_ok(int prot)
{
    return prot != 0 && (prot & ~(REGION_READ | REGION_WRITE | REGION_EXEC)) == 0 &&
           (prot & (REGION_WRITE | REGION_EXEC)) != (REGION_WRITE | REGION_EXEC);
}

static bool range_ok(uint64_t start, uint64_t end)
{
    return ((start | end) & PAGE_MASK) == 0 && USER_MIN <= start && start < end && end <= USER_STACK_TOP;
}

/* Charge what [start, end), about to become part of a region, is promised: pages and tables; lock held. */
static int charge_region(struct space *space, const struct region *region, uint64_t start, uint64_t end)
{
    uint64_t there = 0, cost = 0;

    if (region->kind != REGION_LAZY)
        cost = region_page_cost(region, start, end) + region_table_cost(space, start, end, &there);
    if (commit_charge(cost) < 0)
        return -ENOMEM;
    space->committed += cost;
    space->lazy_tables -= there; /* charged already, and to this region from now on */
    return 0;
}

/* Charge a new region [start, end) and put it on the list; lock held. NULL: no memory. */
static struct region *add_region(struct space *space, uint64_t start, uint64_t end, int prot, int kind)
{
    if (prot & REGION_WRITE)
        prot |= REGION_READ; /* Sv39 has no write-only pages */
    struct region *region = region_new(space, start, end, prot, kind);
    if (region == NULL)
        return NULL;
    if (charge_region(space, region, start, end) < 0) {
        region_free(space, region);
        return NULL;
    }
    region_link(space, region);
    return region;
}

int space_add_private(struct space *space, uint64_t start, uint64_t end, int prot)
{
    int result = -EINVAL;

    spin_lock(&space->lock);
    if (range_ok(start, end) && prot_ok(prot) && region_room(space, start, end))
        result = add_region(space, start, end, prot, REGION_PRIVATE) != NULL ? 0 : -ENOMEM;
    spin_unlock(&space->lock);
    return result;
}

int space_add_stack(struct space *space, uint64_t top, uint64_t limit, uint64_t committed)
{
    if (committed == 0)
        committed = PAGE_SIZE;
    if (committed > limit || limit >= USER_END || (limit & PAGE_MASK) != 0 || top < limit + PAGE_SIZE ||
        !range_ok(top - limit, top))
        return -EINVAL;

    int result = -EINVAL;
    uint64_t guard = top - limit - PAGE_SIZE;
    spin_lock(&space->lock);
    if (space->stack == NULL && guard >= USER_MIN && region_room(space, guard, top)) {
        int prot = REGION_READ | REGION_WRITE;
        struct region *region = add_region(space, top - round_up(committed), top, prot, REGION_STACK);
        if (region != NULL) {
            region->floor = top - limit;
            space->stack = region;
        }
        result = region != NULL ? 0 : -ENOMEM;
    }
    spin_unlock(&space->lock);
    return result;
}

int space_set_heap(struct space *space, uint64_t start)
{
    int result = -EINVAL;

    spin_lock(&space->lock);
    if (space->heap_start == 0 && (start & PAGE_MASK) == 0 && start >= USER_MIN && start <= USER_HEAP_END) {
        space->heap_start = space->heap_break = start;
        space->heap.prot = REGION_READ | REGION_WRITE;
        result = 0;
    }
    spin_unlock(&space->lock);
    return result;
}

/* --- the break --- */

/* The heap grows by [start, end): its last region does if that is of the same kind, else there is one more.
 * 0 or -ENOMEM. */
static int extend_heap(struct space *space, uint64_t start, uint64_t end, int kind)
{
    struct region *last = start > space->heap_start ? region_find(space, start - 1) : NULL;
    struct region *region = last != NULL && last->kind == kind ? last : NULL;

    if (!region_room(space, start, end))
        return -ENOMEM;
    if (last == NULL) {
        region = &space->heap;
        region->kind = kind;
    }
    if (region == NULL)
        return add_region(space, start, end, space->heap.prot, kind) != NULL ? 0 : -ENOMEM;

    if (charge_region(space, region, start, end) < 0)
        return -ENOMEM;
    region->end = end;
    if (last == NULL) {
        region->start = start;
        region_link(space, region);
    }
    return 0;
}

static int grow_heap(struct space *space, uint64_t bytes, int kind)
{
    if (bytes > USER_HEAP_END - space->heap_break)
        return -ENOMEM;
    uint64_t start = round_up(space->heap_break), end = round_up(space->heap_break + bytes);
    int result = end > start ? extend_heap(space, start, end, kind) : 0;
    if (result == 0)
        space->heap_break += bytes;
    return result;
}

/* Lower the break by at most `bytes`, down to a piece's or a region's border at most. Gives by how much. */
static uint64_t shrink_heap(struct space *space, uint64_t bytes, unsigned *work)
{
    if (bytes > space->heap_break - space->heap_start)
        return 0;
    struct region *last = region_find(space, space->heap_break - 1);
    uint64_t span = piece_span(space, last, round_up(space->heap_break));
    uint64_t low = max(space->heap_break - bytes, (space->heap_break - 1) & ~(span - 1));
    low = max(low, last->start);
    uint64_t lowered = space->heap_break - low;

    space->heap_break = low;
    struct segment *none;
    if (round_up(low) < round_up(low + lowered))
        *work = cut_top(space, last, round_up(low), true, &none);
    return lowered;
}

int64_t space_sbrk(struct space *space, int64_t delta)
{
    spin_lock(&space->lock);
    uint64_t old = space->heap_break;
    uint64_t shrink = delta < 0 ? 0 - (uint64_t)delta : 0;
    int result = 0;
    if (space->heap_start == 0 || shrink > old - space->heap_start)
        result = -EINVAL;
    else if (delta > 0)
        result = grow_heap(space, (uint64_t)delta, REGION_PRIVATE);

    int budget = WORK_BUDGET;
    while (result == 0 && shrink > 0) {
        unsigned work = 1;
        uint64_t lowered = shrink_heap(space, shrink, &work);
        if (lowered == 0)
            break; /* another thread has lowered it meanwhile */
        shrink -= lowered;
        spin_unlock(&space->lock);
        account(&budget, work);
        spin_lock(&space->lock);
    }
    spin_unlock(&space->lock);
    return result < 0 ? result : (int64_t)old;
}

bool space_sbrk_undo(struct space *space, uint64_t old, uint64_t bytes)
{
    int budget = WORK_BUDGET;
    uint64_t at = old + bytes;

    spin_lock(&space->lock);
    while (at > old && space->heap_break == at) {
        unsigned work = 1;
        at -= shrink_heap(space, at - old, &work);
        spin_unlock(&space->lock);
        account(&budget, work);
        spin_lock(&space->lock);
    }
    spin_unlock(&space->lock);
    return at == old;
}

int64_t space_sbrk_lazy(struct space *space, uint64_t bytes)
{
    spin_lock(&space->lock);
    uint64_t old = space->heap_break;
    int result = space->heap_start == 0 ? -EINVAL : grow_heap(space, bytes, REGION_LAZY);
    spin_unlock(&space->lock);
    return result < 0 ? result : (int64_t)old;
}

/* --- map and unmap --- */

/* A free stretch in the map area, or 0. */
static uint64_t find_room(struct space *space, uint64_t bytes)
{
    uint64_t start = USER_MAP_BASE;
    struct region *next = region_above(space, start);

    for (; next != NULL && region_bottom(next) < start + bytes; next = region_next(space, next))
        start = next->end;
    return start + bytes <= USER_MAP_END ? start : 0;
}

/* Take the pages of [start, end) away, from the top down, in pieces. Only what space_map_... made. */
static void unmap_range(struct space *space, uint64_t start, uint64_t end)
{
    int budget = WORK_BUDGET;

    while (start < end) {
        unsigned work = 1;
        struct segment *segment = NULL;
        spin_lock(&space->lock);
        struct region *region = region_find(space, end - 1);
        if (region == NULL || region->end != end) {
            end = start; /* another thread was here first */
        } else {
            uint64_t low = max(max(start, region->start), (end - 1) & ~(PIECE_SPAN - 1));
            work = cut_top(space, region, low, true, &segment);
            end = low;
        }
        spin_unlock(&space->lock);
        segment_put(segment);
        account(&budget, work);
    }
}

/* Enter the frames at `phys` for [start, end) of a region just made. 0, or -EINVAL when one is not in use. */
static int enter_frames(struct space *space, uint64_t start, uint64_t end, uint64_t phys)
{
    int budget = WORK_BUDGET;

    while (start < end) {
        uint64_t stop = (start | (TABLE_SPAN - 1)) + 1;
        if (stop > end)
            stop = end;
        spin_lock(&space->lock);
        struct region *region = region_find(space, start);
        bool ok = region != NULL && region->kind == REGION_FRAMES && stop <= region->end &&
                  region->phys + (start - region->start) == phys; /* another thread may have unmapped it */
        for (; ok && start < stop; start += PAGE_SIZE, phys += PAGE_SIZE) {
            struct frame *frame = frame_of_phys(phys);
            pte_t *pte = table_make(space, start);
            ok = frame != NULL && *pte == 0;
            if (!ok)
                break;
            frame_get(frame);
            pte_set(pte, pte_make(phys, region_flags(region)));
            space->resident++;
        }
        spin_unlock(&space->lock);
        if (!ok)
            return -EINVAL;
        account(&budget, WORK_TABLE + TABLE_SPAN / PAGE_SIZE);
    }
    return 0;
}

int64_t space_map_physical(struct space *space, uint64_t phys, uint64_t bytes, int prot, bool device)
{
    if ((phys & PAGE_MASK) != 0 || bytes == 0 || phys >= PHYS_LIMIT || bytes > PHYS_LIMIT - phys ||
        !prot_ok(prot))
        return -EINVAL;
    if (bytes > USER_MAP_END - USER_MAP_BASE)
        return -ENOMEM;
    bytes = round_up(bytes);

    spin_lock(&space->lock);
    uint64_t start = find_room(space, bytes);
    struct region *region = NULL;
    if (start != 0)
        region = add_region(space, start, start + bytes, prot, device ? REGION_DEVICE : REGION_FRAMES);
    if (region != NULL)
        region->phys = phys;
    spin_unlock(&space->lock);
    if (region == NULL)
        return -ENOMEM;

    if (!device) { /* device pages are entered as they are touched */
        int result = enter_frames(space, start, start + bytes, phys);
        if (result < 0) {
            unmap_range(space, start, start + bytes);
            return result;
        }
    }
    return (int64_t)start;
}

int64_t space_map_segment(struct space *space, struct segment *segment, uint64_t offset, uint64_t bytes, int prot,
                          uint64_t at)
{
    if (((offset | at) & PAGE_MASK) != 0 || bytes == 0 || offset > segment->bytes ||
        bytes > segment->bytes - offset || !prot_ok(prot))
        return -EINVAL;
    bytes = round_up(bytes);
    if (at != 0 && (at < USER_MAP_BASE || at > USER_MAP_END || bytes > USER_MAP_END - at))
        return -EINVAL;

    int64_t result;
    spin_lock(&space->lock);
    uint64_t start = at != 0 ? at : find_room(space, bytes);
    if (at != 0 && !region_room(space, at, at + bytes)) {
        result = -EEXIST;
    } else {
        struct region *region = NULL;
        if (start != 0)
            region = add_region(space, start, start + bytes, prot, REGION_SEGMENT);
        if (region != NULL) {
            region->phys = offset;
            region_set_segment(space, region, segment);
        }
        result = region != NULL ? (int64_t)start : -ENOMEM;
    }
    spin_unlock(&space->lock);
    return result;
}

int64_t space_map_private(struct space *space, uint64_t bytes, int prot)
{
    if (bytes == 0 || !prot_ok(prot))
        return -EINVAL;
    if (bytes > USER_MAP_END - USER_MAP_BASE - PAGE_SIZE)
        return -ENOMEM;
    bytes = round_up(bytes);

    spin_lock(&space->lock);
    uint64_t start = find_room(space, bytes + PAGE_SIZE);
    struct region *region = NULL;
    if (start != 0) {
        start += PAGE_SIZE;
        region = add_region(space, start, start + bytes, prot, REGION_PRIVATE);
    }
    if (region != NULL)
        region->floor = start;
    spin_unlock(&space->lock);
    return region != NULL ? (int64_t)start : -ENOMEM;
}

/* The part of space_forget for [start, end) in one region; addresses. */
static unsigned forget_range(struct space *space, uint64_t start, uint64_t end, unsigned *pages, uint64_t *last)
{
    unsigned work = 0;

    for (uint64_t stop; start < end; start = stop) {
        stop = (start | (TABLE_SPAN - 1)) + 1;
        if (stop > end)
            stop = end;
        pte_t *pte = table_lookup(space, start);
        work += pte != NULL ? 1 + (stop - start) / PAGE_SIZE / 16 : 1;
        for (uint64_t va = start; pte != NULL && va < stop; va += PAGE_SIZE, pte++) {
            if (*pte == 0)
                continue;
            frame_put(frame_at(pte_phys(*pte)));
            *pte = 0;
            ++*pages;
            *last = va;
        }
    }
    return work;
}

unsigned space_forget(struct space *space, uint64_t at, const struct segment *segment, uint64_t start, uint64_t end)
{
    unsigned pages = 0, work = 0;
    uint64_t last = 0;

    spin_lock(&space->lock);
    struct region *r = region_find(space, at);
    if (r != NULL && r->segment == segment) {
        uint64_t limit = r->phys + (r->end - r->start);
        if (start < limit && end > r->phys)
            work = forget_range(space, r->start + (max(start, r->phys) - r->phys),
                                end < limit ? r->start + (end - r->phys) : r->end, &pages, &last);
    }
    work += space->region_count / 8;
    space->resident -= pages;
    if (pages == 1)
        asid_flush_page(space, last);
    else if (pages > 1)
        asid_flush_space(space);
    spin_unlock(&space->lock);
    return work + pages + 1;
}

int space_unmap(struct space *space, uint64_t address, uint64_t bytes)
{
    if ((address & PAGE_MASK) != 0 || bytes == 0 || address < USER_MAP_BASE || address >= USER_MAP_END ||
        bytes > USER_MAP_END - address)
        return -EINVAL;

    uint64_t end = address + round_up(bytes);
    int result = 0;
    spin_lock(&space->lock);
    for (uint64_t at = address; at < end && result == 0;) {
        struct region *region = region_find(space, at);
        if (region == NULL)
            result = -EINVAL;
        else
            at = region->end;
    }
    if (result == 0)
        result = region_split(space, end);
    if (result == 0)
        result = region_split(space, address);
    spin_unlock(&space->lock);
    if (result == 0)
        unmap_range(space, address, end);
    return result;
}
