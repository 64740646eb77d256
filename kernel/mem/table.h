/*
 * Page tables of an address space, and the TLB entries made from them. Private to mem/.
 * All with space->lock held (or the space not visible to anyone else yet, or any more).
 */
#ifndef KERNEL_MEM_TABLE_H
#define KERNEL_MEM_TABLE_H

#include "mem/space.h"

#define PTE_DEVICE PTE_SOFT0 /* a page without a frame: device registers */
#define PTE_SHARED PTE_SOFT1 /* a segment's page: others may take it away at any time */

#define TABLE_SHIFT 21 /* one table of the last level maps 2 MiB */
#define TABLE_SPAN (1ul << TABLE_SHIFT)

/* How much is done between two breaths, in about 100 instructions each: 50,000, where 1 ms is 125,000. */
#define WORK_BUDGET 500
#define WORK_PAGE 1   /* share one page */
#define WORK_FREE 3   /* free one */
#define WORK_COPY 14  /* copy one */
#define WORK_TABLE 25 /* look through one table, or make one */

/* The entry for a page, or NULL when its table does not exist. Takes no lock itself: also used without
 * one on a space that nobody else can change. */
static inline pte_t *table_lookup(const struct space *space, uint64_t va)
{
    pte_t entry = space->root[sv39_index(va, 2)];
    if (!(entry & PTE_V))
        return NULL;
    entry = ((pte_t *)phys_to_virt(pte_phys(entry)))[sv39_index(va, 1)];
    if (!(entry & PTE_V))
        return NULL;
    return &((pte_t *)phys_to_virt(pte_phys(entry)))[sv39_index(va, 0)];
}

/* Is there a table of this level (1: for the 2 MiB around va, 2: for the 1 GiB)? */
static inline bool table_exists(const struct space *space, uint64_t va, unsigned level)
{
    pte_t entry = space->root[sv39_index(va, 2)];
    if (level == 2 || !(entry & PTE_V))
        return entry & PTE_V;
    return ((pte_t *)phys_to_virt(pte_phys(entry)))[sv39_index(va, 1)] & PTE_V;
}

/* The same as table_lookup, making the tables that are missing out of frames charged with the region. */
pte_t *table_make(struct space *space, uint64_t va);

/* Store an entry: what it points at is visible to other harts' page walks first. */
static inline void pte_set(pte_t *pte, pte_t value)
{
    __atomic_store_n(pte, value, __ATOMIC_RELEASE);
}

/* Take [start, end), inside one TABLE_SPAN and no longer on the region list, out of the tables: drops
 * the frames, and the tables that no region needs any more. `flush`: a hart may hold TLB entries.
 * Inside 1 GiB is enough where there is no table for it. Gives the work done, and in *tables how many tables went. */
unsigned table_clear(struct space *space, uint64_t start, uint64_t end, bool flush, unsigned *tables);

/* asid.c: forget what this hart's TLB holds of a page, if it uses the space now. */
void asid_forget_here(const struct space *space, uint64_t va);
/* asid.c: forget what any hart's TLB holds of one page, or of the whole space and of its tables. */
void asid_flush_page(struct space *space, uint64_t va);
void asid_flush_space(struct space *space);

#endif
