/*
 * Faulting pages in. Private to mem/; space_fault and user_copy.c share it.
 */
#ifndef KERNEL_MEM_FAULT_H
#define KERNEL_MEM_FAULT_H

#include "mem/space.h"

/* Added to the access (PIN_FORCE, user_copy.h, too): the caller overwrites the whole page at once, and nobody
 * can look at it before: leave its contents undefined. */
#define FAULT_WHOLE 16

/* Make the page at `va` accessible as space_fault says; space->lock held. Gives 0 with an entry that allows
 * the access (FORCE: that is the space's own), -EFAULT, or -ENOMEM. */
int fault_page(struct space *space, uint64_t va, int access, uint64_t user_sp);

#endif
