/*
 * Page faults: zero-fill, copy-on-write, stack growth. Called for the user's own faults (space_fault) and
 * by user_copy.c. Inside a region it cannot run out of memory: the region's pages and tables were charged;
 * but for lazy regions, whose pages and tables are charged here.
 */
#include <common/string.h>
#include <kinglet/errno.h>
#include "mem/fault.h"
#include "mem/frame.h"
#include "mem/region.h"
#include "mem/segment.h"
#include "mem/table.h"
#include "mem/user_copy.h"

/* Lower the stack to the page at `va`, charging what is new. The region, or NULL with *error set. */
static struct region *grow_stack(struct space *space, uint64_t va, uint64_t user_sp, int *error)
{
    struct region *stack = space->stack;
    uint64_t start = va & ~(uint64_t)PAGE_MASK;

    *error = -EFAULT;
    if (stack == NULL || start >= stack->start || start < stack->floor || va < user_sp)
        return NULL;
    uint64_t there, cost = region_page_cost(stack, start, stack->start);
    cost += region_table_cost(space, start, stack->start, &there);
    *error = -ENOMEM;
    if (commit_charge(cost) < 0)
        return NULL;
    space->committed += cost;
    space->lazy_tables -= there;
    stack->start = start;
    return stack;
}

/* A frame for a private page: charged already when the page can be written, with its own charge otherwise. */
static struct frame *private_frame(const struct region *region)
{
    return region->prot & REGION_WRITE ? frame_take() : frame_alloc();
}

/* The tables for a page of a lazy region that nobody has been charged for. They stay when the page cannot be had. */
static int charge_lazy_tables(struct space *space, uint64_t va)
{
    unsigned tables = region_lazy_tables(space, va);

    if (tables > 0 && commit_charge(tables) < 0)
        return -ENOMEM;
    space->committed += tables;
    space->lazy_tables += tables;
    return 0;
}

/* First touch of a private page. */
static int fill(struct space *space, const struct region *region, pte_t *pte, int access)
{
    struct frame *frame;

    if (!(region->prot & REGION_WRITE) && !(access & PIN_FORCE)) {
        frame = frame_of_zeroes; /* reading what the loader left out costs no memory, so it cannot fail */
        frame_get(frame);
    } else {
        bool lazy = region->kind == REGION_LAZY;
        if (lazy && commit_charge(1) < 0)
            return -ENOMEM;
        space->committed += lazy;
        space->lazy_pages += lazy;
        frame = private_frame(region);
        if (frame == NULL)
            return -ENOMEM;
        if (!(access & FAULT_WHOLE))
            frame_zero(frame);
    }
    pte_set(pte, pte_make(frame_phys(frame), region_flags(region)));
    space->resident++;
    return 0;
}

/* A write to a private page that is mapped without PTE_W. With one reference it is the space's own: nobody
 * can add another, since that goes through this entry and its lock. A second reference may be another
 * space's, or a pin's: copying is right for both (a pin keeps seeing the page as it was). */
static int own(struct space *space, const struct region *region, uint64_t va, pte_t *pte, int access)
{
    struct frame *old = frame_at(pte_phys(*pte));
    pte_t flags = region_flags(region);

    if (frame_refs(old) == 1) {
        /* No flush: a TLB that still knows the page as read-only faults once more (see fault_page). */
        pte_set(pte, pte_make(frame_phys(old), flags));
        return 0;
    }
    struct frame *frame = private_frame(region);
    if (frame == NULL)
        return -ENOMEM;
    if (!(access & FAULT_WHOLE))
        memcpy(frame_pointer(frame), frame_pointer(old), PAGE_SIZE);
    pte_set(pte, pte_make(frame_phys(frame), flags));
    asid_flush_page(space, va);
    frame_put(old);
    return 0;
}

int fault_page(struct space *space, uint64_t va, int access, uint64_t user_sp)
{
    struct region *region = region_find(space, va);
    int error = -EFAULT;

    if (region == NULL)
        region = grow_stack(space, va, user_sp, &error);
    if (region == NULL)
        return error;
    bool private = region_is_private(region);
    bool force = private && (access & PIN_FORCE);
    int wanted = access & (REGION_READ | REGION_WRITE | REGION_EXEC);
    if ((region->prot & wanted) != wanted && !force)
        return -EFAULT;

    if (region->kind == REGION_LAZY && charge_lazy_tables(space, va) < 0)
        return -ENOMEM;
    pte_t *pte = table_make(space, va);
    if (private && !(*pte & PTE_V))
        return fill(space, region, pte, access);
    if (private && (wanted & REGION_WRITE) && !(*pte & PTE_W))
        return own(space, region, va, pte, access);
    if (region->kind == REGION_DEVICE && !(*pte & PTE_V)) {
        uint64_t phys = region->phys + ((va & ~(uint64_t)PAGE_MASK) - region->start);
        pte_set(pte, pte_make(phys, region_flags(region) | PTE_DEVICE));
        space->resident++;
        return 0;
    }
    if (region->kind == REGION_SEGMENT && !(*pte & PTE_V)) {
        uint64_t offset = region->phys + ((va & ~(uint64_t)PAGE_MASK) - region->start);
        struct frame *frame = segment_frame(region->segment, offset);
        if (frame == NULL)
            return -EFAULT; /* nobody has committed it, or somebody took it away */
        pte_set(pte, pte_make(frame_phys(frame), region_flags(region)));
        space->resident++;
        return 0;
    }
    if (!(*pte & PTE_V))
        return -EFAULT; /* a memory object's page whose frame is gone */

    /* The tables allow it: another thread was faster, or this hart's TLB holds an older entry. */
    asid_forget_here(space, va);
    return 0;
}

int space_fault(struct space *space, uint64_t va, int access, uint64_t user_sp)
{
    if (va >= USER_END)
        return -EFAULT;
    spin_lock(&space->lock);
    int result = fault_page(space, va, access, user_sp);
    spin_unlock(&space->lock);
    return result;
}
