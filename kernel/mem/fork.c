/*
 * Fork: a second space with the same regions and contents. What can fail comes first (the child's regions and
 * one charge for everything it is promised, and for what the parent has of lazy regions); then pages are shared copy-on-write, in pieces, with the
 * parent's lock held for each piece only.
 */
#include <common/string.h>
#include <kinglet/errno.h>
#include "mem/frame.h"
#include "mem/region.h"
#include "mem/segment.h"
#include "mem/table.h"

/* Stack used right before and right after the return from fork: about this much around sp. */
#define NEAR_SP 256

struct forking {
    struct space *parent, *child;
    uint64_t user_sp;
    int budget;
    bool stale; /* the parent lost a PTE_W that TLBs may know */
    uint64_t lazy_left; /* pages and tables of lazy regions that the child was charged for and does not have yet */
    bool failed;        /* there were more, and no memory for one */
};

/* Give the child the parent's regions and charge it for them; parent->lock held. On -ENOMEM the child is
 * as empty as before. */
static int copy_regions(struct space *parent, struct space *child)
{
    uint64_t cost = parent->committed - child->committed; /* each has a root already */

    if (commit_charge(cost) < 0)
        return -ENOMEM;
    for (struct region *from = region_first(parent); from != NULL; from = region_next(parent, from)) {
        struct region *to = &child->heap;
        if (from != &parent->heap)
            to = region_new(child, from->start, from->end, from->prot, from->kind);
        if (to == NULL) {
            while (region_last(child) != NULL)
                segment_put(region_drop(child, region_last(child))); /* never the last: the parent has one */
            commit_release(cost);
            return -ENOMEM;
        }
        to->start = from->start;
        to->end = from->end;
        to->floor = from->floor;
        to->phys = from->phys;
        to->kind = from->kind;
        region_append(child, to);
        to->segment = from->segment;
        if (to->segment != NULL)
            segment_get(to->segment);
        if (from == parent->stack)
            child->stack = to;
    }
    child->heap.prot = parent->heap.prot;
    child->heap_start = parent->heap_start;
    child->heap_break = parent->heap_break;
    child->committed += cost;
    return 0;
}

/* Whether the child gets its own copy of a writable private page at once. */
static bool copy_now(const struct forking *fork, uint64_t va, pte_t entry)
{
    if (va <= fork->user_sp + NEAR_SP && fork->user_sp < va + PAGE_SIZE + NEAR_SP)
        return true; /* parent and child would fault on it first thing */
    /* An entry with PTE_W is the frame's only one, so another reference is a pin, and somebody may be writing
     * through it: that must reach the parent, and not the child. */
    return (entry & PTE_W) && frame_refs(frame_at(pte_phys(entry))) > 1;
}

/* The child is about to get a page of a lazy region at `va`, and if that is the first of its table, the tables for it.
 * It was charged for as much as the parent had at the start, but other threads may touch more in a pause. False: no
 * memory. */
static bool charge_lazy(struct forking *fork, uint64_t va, bool first)
{
    unsigned tables = first ? region_lazy_tables(fork->child, va) : 0;
    uint64_t need = 1 + tables, have = need < fork->lazy_left ? need : fork->lazy_left;

    if (need > have && commit_charge(need - have) < 0) {
        fork->failed = true;
        return false;
    }
    fork->lazy_left -= have;
    fork->child->committed += need - have;
    fork->child->lazy_pages++;
    fork->child->lazy_tables += tables;
    return true;
}

/* The child's entry for a page that the parent has, the parent's being *pte; parent->lock held. */
static pte_t share_page(struct forking *fork, const struct region *region, uint64_t va, pte_t *pte)
{
    pte_t entry = *pte;

    if (region_is_private(region) && (region->prot & REGION_WRITE)) {
        if (copy_now(fork, va, entry)) {
            struct frame *frame = frame_take();
            memcpy(frame_pointer(frame), phys_to_virt(pte_phys(entry)), PAGE_SIZE);
            fork->budget -= WORK_COPY;
            return pte_make(frame_phys(frame), region_flags(region));
        }
        if (entry & PTE_W) {
            entry &= ~PTE_W;
            pte_set(pte, entry);
            fork->stale = true;
        }
    }
    frame_get(frame_at(pte_phys(entry)));
    return entry;
}

/* Share the pages of [start, end), inside one TABLE_SPAN, that the parent's `region` has; its lock held. */
static void share_range(struct forking *fork, const struct region *region, uint64_t start, uint64_t end)
{
    pte_t *from = table_lookup(fork->parent, start);
    pte_t *to = NULL;

    fork->budget -= 1;
    if (from == NULL || region->kind == REGION_DEVICE || region->kind == REGION_SEGMENT)
        return; /* these pages are entered as the child touches them */
    fork->budget -= WORK_TABLE;
    for (uint64_t va = start; va < end; va += PAGE_SIZE, from++) {
        if (!(*from & PTE_V) || (region->kind == REGION_LAZY && !charge_lazy(fork, va, to == NULL)))
            continue;
        if (to == NULL)
            to = table_make(fork->child, start);
        to[(va - start) >> PAGE_SHIFT] = share_page(fork, region, va, from);
        fork->child->resident++;
        fork->budget -= WORK_PAGE;
    }
}

/* Let go of the parent between two pieces. Before that, nobody may write to a shared page any more. */
static void pause(struct forking *fork, bool breathe)
{
    if (fork->stale)
        asid_flush_space(fork->parent);
    fork->stale = false;
    spin_unlock(&fork->parent->lock);
    if (breathe) {
        mem_upcalls.breathe();
        fork->budget = WORK_BUDGET;
        spin_lock(&fork->parent->lock);
    }
}

/* The same region still (other threads may have changed the parent in a pause)? */
static bool same_region(const struct region *a, const struct region *b)
{
    if (a->kind != b->kind || a->prot != b->prot)
        return false;
    return region_is_private(a) || a->phys - a->start == b->phys - b->start;
}

int space_fork(struct space *parent, struct space **out, uint64_t user_sp)
{
    struct space *child = space_create();
    if (child == NULL)
        return -ENOMEM;
    struct forking fork = {.parent = parent, .child = child, .user_sp = user_sp, .budget = WORK_BUDGET};

    spin_lock(&parent->lock);
    if (copy_regions(parent, child) < 0) {
        spin_unlock(&parent->lock);
        space_put(child);
        return -ENOMEM;
    }
    fork.lazy_left = parent->lazy_pages + parent->lazy_tables;
    for (struct region *to = region_first(child); to != NULL; to = region_next(child, to)) {
        uint64_t at = to->start;
        while (at < to->end && !fork.failed) {
            struct region *from = region_above(parent, at);
            if (from == NULL || from->start >= to->end)
                break;
            if (at < from->start)
                at = from->start;
            /* A lazy region may be very large, and mostly empty. */
            bool empty = from->kind == REGION_LAZY && !table_exists(parent, at, 2);
            uint64_t end = (at | ((empty ? SV39_SPAN(2) : TABLE_SPAN) - 1)) + 1;
            if (end > to->end)
                end = to->end;
            if (end > from->end)
                end = from->end;
            if (same_region(from, to))
                share_range(&fork, from, at, end);
            at = end;
            if (fork.budget <= 0)
                pause(&fork, true);
        }
    }
    pause(&fork, false);
    child->committed -= fork.lazy_left;
    commit_release(fork.lazy_left);
    if (fork.failed) {
        space_put(child);
        return -ENOMEM;
    }
    /* Not before: through the segment others reach the child, which was ours alone until here. */
    for (struct region *to = region_first(child); to != NULL; to = region_next(child, to))
        if (to->segment != NULL)
            segment_attach(to->segment, &to->mapping, child);
    *out = child;
    return 0;
}
