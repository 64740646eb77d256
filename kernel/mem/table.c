/*
 * Page tables (table.h): growing them for a page, and taking pages out. A frame or table is put only
 * after every TLB that may know it has been flushed: until then another hart could still write to it.
 */
#include <common/string.h>
#include "mem/frame.h"
#include "mem/region.h"
#include "mem/table.h"
#include "riscv/panic.h"

pte_t *table_make(struct space *space, uint64_t va)
{
    pte_t *table = space->root;

    for (unsigned level = SV39_LEVELS - 1; level > 0; level--) {
        pte_t *entry = &table[sv39_index(va, level)];
        if (!(*entry & PTE_V)) {
            struct frame *frame = frame_take();
            frame_zero(frame);
            pte_set(entry, pte_make(frame_phys(frame), PTE_V));
        }
        table = phys_to_virt(pte_phys(*entry));
    }
    return &table[sv39_index(va, 0)];
}

/* Drop the pages of entries [first, last) of a table; they may have lost PTE_V already. */
static unsigned drop_pages(struct space *space, pte_t *table, unsigned first, unsigned last)
{
    unsigned dropped = 0;

    for (unsigned i = first; i < last; i++) {
        pte_t entry = table[i];
        if (entry == 0)
            continue;
        table[i] = 0;
        if (!(entry & PTE_DEVICE))
            frame_put(frame_at(pte_phys(entry)));
        dropped++;
    }
    space->resident -= dropped;
    return dropped;
}

static void drop_table(pte_t *entry)
{
    struct frame *frame = frame_at(pte_phys(*entry));

    for (unsigned i = 0; DEBUG_BUILD && i < SV39_ENTRIES; i++)
        ASSERT(((pte_t *)frame_pointer(frame))[i] == 0);
    *entry = 0;
    frame_put(frame);
}

unsigned table_clear(struct space *space, uint64_t start, uint64_t end, bool flush, unsigned *tables)
{
    pte_t *upper = &space->root[sv39_index(start, 2)];
    *tables = 0;
    DEBUG_ASSERT(start < end && sv39_index(start, 2) == sv39_index(end - 1, 2));
    if (!(*upper & PTE_V))
        return 0;
    DEBUG_ASSERT(start >> TABLE_SHIFT == (end - 1) >> TABLE_SHIFT);
    pte_t *lower = (pte_t *)phys_to_virt(pte_phys(*upper)) + sv39_index(start, 1);
    bool keep_upper = region_needs_table(space, start, PAGE_SHIFT + 18);
    bool keep_lower = region_needs_table(space, start, TABLE_SHIFT);
    bool have_lower = *lower & PTE_V;
    pte_t *table = phys_to_virt(pte_phys(*lower));
    unsigned first = sv39_index(start, 0), last = first + ((end - start) >> PAGE_SHIFT);
    unsigned work = have_lower ? WORK_TABLE : 1;

    /* First out of the hardware's sight, keeping the addresses ... */
    if (flush) {
        bool was_valid = !keep_upper || (have_lower && !keep_lower);
        if (!keep_upper)
            *upper &= ~PTE_V;
        else if (have_lower && !keep_lower)
            *lower &= ~PTE_V;
        else
            for (unsigned i = first; have_lower && i < last; i++)
                if (table[i] & PTE_V) {
                    table[i] &= ~PTE_V;
                    was_valid = true;
                }
        if (was_valid)
            asid_flush_space(space);
    }
    /* ... then back to their owners. With the last region of 1 GiB goes its last table: the pieces before
     * this one have taken all others. */
    if (have_lower) {
        work += drop_pages(space, table, first, last) * WORK_FREE;
        if (!keep_lower) {
            drop_table(lower);
            ++*tables;
        }
    }
    if (!keep_upper) {
        drop_table(upper);
        ++*tables;
    }
    return work;
}
