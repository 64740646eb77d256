/*
 * Words of user memory (word.h): a look at the region for the key, and at the page table for the word.
 */
#include "mem/word.h"

#include <kinglet/errno.h>
#include "mem/region.h"
#include "mem/segment.h"

/* The space's lock is held. */
static int key_of(struct space *space, uint64_t va, struct word_key *key)
{
    struct region *region = region_find(space, va);

    if (region == NULL || region->kind == REGION_DEVICE)
        return -EFAULT;
    if (region->kind == REGION_SEGMENT)
        *key = (struct word_key){region->segment->number, region->phys + (va - region->start)};
    else if (region->kind == REGION_FRAMES)
        *key = (struct word_key){0, region->phys + (va - region->start)};
    else
        *key = (struct word_key){(uint64_t)(uintptr_t)space, va};
    return 0;
}

int word_find(struct space *space, user_addr address, struct word_key *key)
{
    if (address.v % sizeof(uint32_t) != 0)
        return -EINVAL;
    if (address.v >= USER_END)
        return -EFAULT;
    spin_lock(&space->lock);
    int result = key_of(space, address.v, key);
    spin_unlock(&space->lock);
    return result;
}

int word_touch(struct space *space, user_addr address, int access)
{
    struct user_pin pin;
    int result = user_pin(space, address, sizeof(uint32_t), access, &pin);

    if (result == 0)
        user_unpin(&pin);
    return result;
}

uint32_t *word_hold(struct space *space, user_addr address, const struct word_key *key, int access)
{
    pte_t needed = PTE_V | PTE_U | (access & REGION_WRITE ? PTE_W : PTE_R);
    struct word_key now;

    spin_lock(&space->lock);
    if (key_of(space, address.v, &now) == 0 && word_same(&now, key)) {
        const pte_t *pte = table_lookup(space, address.v);
        if (pte != NULL && (*pte & needed) == needed)
            return (uint32_t *)((char *)phys_to_virt(pte_phys(*pte)) + (address.v & PAGE_MASK));
    }
    spin_unlock(&space->lock);
    return NULL;
}

void word_let_go(struct space *space)
{
    spin_unlock(&space->lock);
}
