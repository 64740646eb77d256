/*
 * Segments (segment.h): a table of frames, and the list of the regions that map it.
 */
#include <common/string.h>
#include <kinglet/errno.h>
#include "mem/cache.h"
#include "mem/segment.h"
#include "mem/table.h"
#include "riscv/panic.h"

#define WORK_ZERO 7   /* in units of 100 instructions, as in table.h */
#define COMMIT_MAX 32 /* frames zeroed with the lock held */
#define TAKE_MAX 64   /* frames on their way out at once */
#define LOOK_MAX 512  /* pages looked at with the lock held */

static struct cache segment_cache = CACHE("segment", struct segment);

uint64_t segments_live(void)
{
    return cache_live(&segment_cache);
}

struct segment *segment_create(uint64_t bytes, void *payer)
{
    static uint64_t made; /* atomic */
    struct segment *segment = cache_alloc(&segment_cache);
    struct frame *root = segment != NULL ? frame_alloc() : NULL;

    if (root == NULL) {
        cache_free(&segment_cache, segment);
        return NULL;
    }
    frame_zero(root);
    segment->refs = 1;
    segment->number = __atomic_add_fetch(&made, 1, __ATOMIC_RELAXED);
    segment->bytes = bytes;
    for (segment->levels = 1; bytes > 1ul << (PAGE_SHIFT + 9 * segment->levels);)
        segment->levels++;
    segment->payer = payer;
    segment->root = frame_pointer(root);
    spin_init(&segment->lock, "segment", LOCK_SEGMENT);
    list_init(&segment->mappings);
    return segment;
}

void segment_get(struct segment *segment)
{
    __atomic_fetch_add(&segment->refs, 1, __ATOMIC_RELAXED);
}

void segment_put(struct segment *segment)
{
    if (segment == NULL || __atomic_fetch_sub(&segment->refs, 1, __ATOMIC_ACQ_REL) != 1)
        return;
    spin_assert_none_held("segment_put");
    ASSERT(list_empty(&segment->mappings));
    segment_decommit(segment, 0, segment->bytes);
    mem_upcalls.segment_freed(segment->payer);
    frame_free(frame_at(virt_to_phys(segment->root)));
    cache_free(&segment_cache, segment);
}

/* --- the table; its lock is held --- */

/* How many entries of a table (but the root) are in use is kept with the table's frame. */
static uint32_t *in_use(pte_t *table)
{
    return &frame_at(virt_to_phys(table))->next;
}

static pte_t *child(pte_t entry)
{
    return phys_to_virt(pte_phys(entry));
}

/* The entry of the page at `offset`, or NULL: its table does not exist; then *skip is how many bytes from the
 * offset on have none either. */
static pte_t *find(const struct segment *segment, uint64_t offset, uint64_t *skip)
{
    pte_t *table = segment->root;

    for (unsigned level = segment->levels - 1; level > 0; level--) {
        pte_t entry = table[sv39_index(offset, level)];
        if (!(entry & PTE_V)) {
            *skip = SV39_SPAN(level) - (offset & (SV39_SPAN(level) - 1));
            return NULL;
        }
        table = child(entry);
    }
    return &table[sv39_index(offset, 0)];
}

/* A new frame, zeroed, for an empty entry of `table`: one of *paid that are charged. False: none are left. */
static bool enter(struct segment *segment, pte_t *table, pte_t *entry, uint64_t *paid)
{
    if (*paid == 0)
        return false;
    --*paid;
    struct frame *frame = frame_take_charged();
    frame_zero(frame);
    frame->next = 0;
    *entry = pte_make(frame_phys(frame), PTE_V);
    if (table != segment->root)
        ++*in_use(table);
    return true;
}

/* Take away the tables around `offset` that are empty. */
static void drop_tables(struct segment *segment, uint64_t offset)
{
    for (unsigned low = 1; low < segment->levels; low++) {
        pte_t *table = segment->root, *entry;
        for (unsigned level = segment->levels - 1;; level--) {
            entry = &table[sv39_index(offset, level)];
            if (level == low || !(*entry & PTE_V))
                break;
            table = child(*entry);
        }
        if (!(*entry & PTE_V))
            continue;
        if (*in_use(child(*entry)) != 0)
            return;
        frame_free(frame_at(pte_phys(*entry)));
        *entry = 0;
        if (table != segment->root)
            --*in_use(table);
    }
}

/* Make sure that the page has a frame: 1 it got one, 0 it had one, -ENOMEM. */
static int commit_page(struct segment *segment, uint64_t offset, uint64_t *paid)
{
    pte_t *table = segment->root;
    bool made = false;

    for (int level = (int)segment->levels - 1; level >= 0; level--) {
        pte_t *entry = &table[sv39_index(offset, (unsigned)level)];
        made = !(*entry & PTE_V);
        if (made && !enter(segment, table, entry, paid)) {
            drop_tables(segment, offset);
            return -ENOMEM;
        }
        table = child(*entry);
    }
    return made;
}

/* --- commit --- */

static bool range_ok(const struct segment *segment, uint64_t offset, uint64_t bytes)
{
    return ((offset | bytes) & PAGE_MASK) == 0 && offset <= segment->bytes && bytes <= segment->bytes - offset;
}

static void account(int *budget, unsigned work)
{
    *budget -= work;
    if (*budget > 0)
        return;
    *budget = WORK_BUDGET;
    mem_upcalls.breathe();
}

/* How many pages of the range have no frame. */
static uint64_t count_missing(struct segment *segment, uint64_t offset, uint64_t end)
{
    uint64_t missing = 0;
    int budget = WORK_BUDGET;

    for (uint64_t at = offset; at < end;) {
        spin_lock(&segment->lock);
        unsigned looked = 0;
        for (; at < end && looked < LOOK_MAX; looked++) {
            uint64_t bytes = PAGE_SIZE;
            pte_t *entry = find(segment, at, &bytes);
            if (bytes > end - at)
                bytes = end - at;
            if (entry == NULL || !(*entry & PTE_V))
                missing += bytes >> PAGE_SHIFT;
            at += bytes;
        }
        spin_unlock(&segment->lock);
        account(&budget, 1 + looked / 8);
    }
    return missing;
}

/* How many tables the range may need at most. */
static uint64_t most_tables(const struct segment *segment, uint64_t offset, uint64_t end)
{
    uint64_t tables = 0;

    for (unsigned level = 1; level < segment->levels; level++)
        tables += ((end - 1) >> (PAGE_SHIFT + 9 * level)) - (offset >> (PAGE_SHIFT + 9 * level)) + 1;
    return tables;
}

int segment_commit(struct segment *segment, uint64_t offset, uint64_t bytes)
{
    if (!range_ok(segment, offset, bytes))
        return -EINVAL;
    uint64_t end = offset + bytes, missing = count_missing(segment, offset, end);
    if (missing == 0)
        return 0;
    uint64_t paid = missing + most_tables(segment, offset, end);
    if (mem_upcalls.segment_charge(segment->payer, (int64_t)missing) < 0)
        return -ENOMEM;
    if (commit_charge(paid) < 0) {
        mem_upcalls.segment_charge(segment->payer, -(int64_t)missing);
        return -ENOMEM;
    }

    int result = 0, budget = WORK_BUDGET;
    while (offset < end && result >= 0 && missing > 0) {
        unsigned looked = 0, zeroed = 0;
        spin_lock(&segment->lock);
        for (; offset < end && looked < LOOK_MAX && zeroed < COMMIT_MAX && zeroed < missing; looked++) {
            result = commit_page(segment, offset, &paid);
            if (result < 0)
                break;
            zeroed += (unsigned)result;
            offset += PAGE_SIZE;
        }
        segment->pages += zeroed;
        spin_unlock(&segment->lock);
        missing -= zeroed;
        account(&budget, 1 + looked / 8 + zeroed * WORK_ZERO);
    }
    commit_release(paid);
    if (missing > 0) /* somebody else committed some of them meanwhile */
        mem_upcalls.segment_charge(segment->payer, -(int64_t)missing);
    return result < 0 ? result : 0;
}

/* --- decommit --- */

/* Move up to TAKE_MAX frames of [*at, end) out of the table; *at moves to where to go on. Gives how many; they were
 * in [*first, *at), at most LOOK_MAX pages. */
static unsigned take_out(struct segment *segment, uint64_t *at, uint64_t end, uint64_t *first, struct frame **frames)
{
    unsigned taken = 0;

    spin_lock(&segment->lock);
    for (unsigned looked = 0; *at < end && taken < TAKE_MAX && looked < LOOK_MAX; looked++) {
        uint64_t bytes = PAGE_SIZE;
        pte_t *entry = find(segment, *at, &bytes);
        if (entry == NULL && taken > 0)
            break; /* not to have all spaces look through what may be gigabytes of nothing */
        if (entry != NULL && (*entry & PTE_V)) {
            if (taken == 0)
                *first = *at;
            frames[taken++] = frame_at(pte_phys(*entry));
            *entry = 0;
            if (segment->levels > 1) {
                --*in_use((pte_t *)((uintptr_t)entry & ~(uintptr_t)PAGE_MASK));
                drop_tables(segment, *at);
            }
        }
        *at = bytes < end - *at ? *at + bytes : end;
    }
    segment->pages -= taken;
    spin_unlock(&segment->lock);
    return taken;
}

/* Forget the pages of [start, end), at most LOOK_MAX, in every space. Spaces come and go meanwhile: a cursor
 * keeps our place in the list. One that begins to map the segment now finds nothing of these pages. */
static void forget_everywhere(struct segment *segment, uint64_t start, uint64_t end, int *budget)
{
    struct mapping cursor = {.space = NULL};

    spin_lock(&segment->lock);
    list_push_front(&segment->mappings, &cursor.node);
    for (;;) {
        struct list_node *next = cursor.node.next;
        if (next == &segment->mappings.head)
            break;
        list_remove(&cursor.node);
        list_insert_before(next->next, &cursor.node);
        struct space *space = list_entry(next, struct mapping, node)->space;
        bool alive = space != NULL && space_get_alive(space); /* a dying one is used by nobody any more */
        /* Where it is stays the same while it is on this list. What is split off it goes to the list's end. */
        uint64_t at = alive ? list_entry(next, struct region, mapping.node)->start : 0;
        spin_unlock(&segment->lock);
        if (alive) {
            account(budget, space_forget(space, at, segment, start, end));
            space_put(space);
        }
        account(budget, 1);
        spin_lock(&segment->lock);
    }
    list_remove(&cursor.node);
    spin_unlock(&segment->lock);
}

int segment_decommit(struct segment *segment, uint64_t offset, uint64_t bytes)
{
    if (!range_ok(segment, offset, bytes))
        return -EINVAL;
    struct frame *frames[TAKE_MAX];
    int budget = WORK_BUDGET;
    for (uint64_t at = offset, end = offset + bytes; at < end;) {
        uint64_t first = at;
        unsigned n = take_out(segment, &at, end, &first, frames);
        if (n > 0)
            forget_everywhere(segment, first, at, &budget);
        for (unsigned i = 0; i < n; i++)
            frame_put(frames[i]);
        if (n > 0)
            mem_upcalls.segment_charge(segment->payer, -(int64_t)n);
        account(&budget, LOOK_MAX / 8 + n * WORK_FREE);
    }
    return 0;
}

/* --- looking --- */

int segment_next(struct segment *segment, uint64_t *offset, uint64_t *end)
{
    uint64_t at = *offset;
    bool found = false;
    int budget = WORK_BUDGET;

    while (at < segment->bytes) {
        unsigned looked = 0;
        spin_lock(&segment->lock);
        for (; at < segment->bytes && looked < LOOK_MAX; looked++) {
            uint64_t bytes = PAGE_SIZE;
            pte_t *entry = find(segment, at, &bytes);
            bool there = entry != NULL && (*entry & PTE_V);
            if (there && !found)
                *offset = at;
            if (found && !there)
                break;
            found = there;
            at += bytes;
        }
        bool done = looked < LOOK_MAX;
        spin_unlock(&segment->lock);
        if (done)
            break;
        account(&budget, LOOK_MAX / 8);
    }
    *end = at < segment->bytes ? at : segment->bytes;
    return found ? 0 : -ENXIO;
}

struct frame *segment_frame(struct segment *segment, uint64_t offset)
{
    uint64_t skip;
    struct frame *frame = NULL;

    spin_lock(&segment->lock);
    pte_t *entry = find(segment, offset, &skip);
    if (entry != NULL && (*entry & PTE_V)) {
        frame = frame_at(pte_phys(*entry));
        frame_get(frame);
    }
    spin_unlock(&segment->lock);
    return frame;
}

/* --- mappings --- */

void segment_attach(struct segment *segment, struct mapping *mapping, struct space *space)
{
    mapping->space = space;
    spin_lock(&segment->lock);
    list_push_back(&segment->mappings, &mapping->node);
    spin_unlock(&segment->lock);
}

void segment_detach(struct segment *segment, struct mapping *mapping)
{
    spin_lock(&segment->lock);
    list_remove(&mapping->node);
    spin_unlock(&segment->lock);
}
