/*
 * Words of user memory (word.h): a look at the region for the key, and at the page table for the word.
 */
#include "mem/word.h"

#include <kinglet/errno.h>
#include "mem/fault.h"
#include "mem/region.h"
#include "mem/segment.h"

/* The space's lock is held. */
static inline int key_of(struct space *space, uint64_t va, struct word_key *key)
{
    struct region *region = region_find(space, va);

    if (region == NULL)
        return -EFAULT;
    if (region->kind == REGION_SEGMENT) /* what processes share, mostly */
        *key = (struct word_key){region->segment->number, region->phys + (va - region->start)};
    else if (region->kind == REGION_DEVICE)
        return -EFAULT;
    else if (region->kind == REGION_FRAMES)
        *key = (struct word_key){0, region->phys + (va - region->start)};
    else
        *key = (struct word_key){(uint64_t)(uintptr_t)space, va};
    return 0;
}

static int check(user_addr address)
{
    if (address.v % sizeof(uint32_t) != 0)
        return -EINVAL;
    return address.v < USER_END ? 0 : -EFAULT;
}

int word_find(struct space *space, user_addr address, struct word_key *key)
{
    int result = check(address);

    if (result != 0)
        return result;
    spin_lock(&space->lock);
    result = key_of(space, address.v, key);
    spin_unlock(&space->lock);
    return result;
}

int word_hold(struct space *space, user_addr address, int access, uint32_t **word, struct word_key *key)
{
    pte_t needed = PTE_V | PTE_U | (access & REGION_WRITE ? PTE_W : PTE_R);
    int result = check(address);

    if (result != 0)
        return result;
    spin_lock(&space->lock);
    result = key_of(space, address.v, key);
    if (result == 0) {
        pte_t *pte = table_lookup(space, address.v);
        if (__builtin_expect(pte == NULL || (*pte & needed) != needed, 0)) {
            result = fault_page(space, address.v, access, space->user_sp != NULL ? *space->user_sp : USER_END);
            pte = table_lookup(space, address.v);
        }
        if (__builtin_expect(result == 0, 1)) {
            *word = (uint32_t *)((char *)phys_to_virt(pte_phys(*pte)) + (address.v & PAGE_MASK));
            return 0;
        }
    }
    spin_unlock(&space->lock);
    return result;
}

bool word_peek(struct space *space, user_addr address, uint32_t *value)
{
    bool there = check(address) == 0;

    if (!there)
        return false;
    spin_lock(&space->lock);
    const pte_t *pte = table_lookup(space, address.v);
    there = pte != NULL && (*pte & (PTE_V | PTE_U)) == (PTE_V | PTE_U) && !(*pte & PTE_DEVICE);
    if (there)
        *value = __atomic_load_n((uint32_t *)((char *)phys_to_virt(pte_phys(*pte)) + (address.v & PAGE_MASK)),
                                 __ATOMIC_RELAXED);
    spin_unlock(&space->lock);
    return there;
}
