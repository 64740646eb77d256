/*
 * The region list of an address space, and what its page tables cost. Private to mem/.
 * All with space->lock held (or the space not visible to anyone else yet, or any more).
 */
#ifndef KERNEL_MEM_REGION_H
#define KERNEL_MEM_REGION_H

#include "mem/space.h"
#include "mem/table.h"

/* Neighbours in the list, or NULL. */
struct region *region_first(struct space *space);
struct region *region_last(struct space *space);
struct region *region_next(struct space *space, struct region *region);

/* The region that `va` lies in, or NULL. */
struct region *region_find(struct space *space, uint64_t va);
/* The first region that ends above `va`, or NULL. */
struct region *region_above(struct space *space, uint64_t va);
/* Where what belongs to the region begins: below its start lie the room of a stack to grow, and a guard page. */
static inline uint64_t region_bottom(const struct region *region)
{
    if (region->kind == REGION_STACK)
        return region->floor - PAGE_SIZE;
    return region->floor != 0 ? region->floor - PAGE_SIZE : region->start;
}

/* Whether [start, end) is free, a stack's room to grow and its guard included. */
bool region_room(struct space *space, uint64_t start, uint64_t end);

/* A region that is on no list, or NULL (no memory, or the space has SPACE_MAX_REGIONS already). */
struct region *region_new(struct space *space, uint64_t start, uint64_t end, int prot, int kind);
void region_link(struct space *space, struct region *region);
/* The same for one that lies above all others. */
void region_append(struct space *space, struct region *region);
/* A region that is on no list; the heap's is not freed. */
void region_free(struct space *space, struct region *region);
/* Off the list, and freed. Gives the reference that it had on a segment, or NULL: to be put once no lock is
 * held. */
struct segment *region_drop(struct space *space, struct region *region);
/* The region maps the segment from now on. */
void region_set_segment(struct space *space, struct region *region, struct segment *segment);
/* Make a region end at `at` and another begin there, if one lies across it. 0 or -ENOMEM. */
int region_split(struct space *space, uint64_t at);

/* Page tables that [start, end), which no region on the list but perhaps a lazy one covers, needs beyond what the list
 * is promised, and that do not exist. *there: those that do, which have been charged to a lazy region. */
uint64_t region_table_cost(struct space *space, uint64_t start, uint64_t end, uint64_t *there);
/* Whether any region lies in the span of `1 << shift` bytes around va: whether its table is needed. */
bool region_needs_table(struct space *space, uint64_t va, unsigned shift);
/* How many tables a page of a lazy region at va needs that do not exist and that no other region is promised. */
unsigned region_lazy_tables(struct space *space, uint64_t va);

static inline bool region_is_private(const struct region *region)
{
    return region->kind == REGION_PRIVATE || region->kind == REGION_LAZY || region->kind == REGION_STACK;
}

/* Frames charged for the pages [start, end) of a region, touched or not. */
static inline uint64_t region_page_cost(const struct region *region, uint64_t start, uint64_t end)
{
    bool charged = region->kind == REGION_PRIVATE || region->kind == REGION_STACK;

    return charged && (region->prot & REGION_WRITE) ? (end - start) >> PAGE_SHIFT : 0;
}

/* Entry flags for a page of a region. A and D are set at once: hardware that traps to have them set
 * never does. */
static inline pte_t region_flags(const struct region *region)
{
    pte_t flags = PTE_V | PTE_U | PTE_A;

    if (region->prot & REGION_READ)
        flags |= PTE_R;
    if (region->prot & REGION_WRITE)
        flags |= PTE_R | PTE_W | PTE_D;
    if (region->prot & REGION_EXEC)
        flags |= PTE_X;
    if (region->kind == REGION_SEGMENT)
        flags |= PTE_SHARED;
    return flags;
}

#endif
