/*
 * Words of user memory that processes agree by, for ipc/futex.c: which word an address names, whoever maps it
 * wherever, and the word itself, to be looked at or changed under a spinlock of the caller's. Follows user
 * addresses as user_copy.h does. Keeps nothing: neither a page nor an object lives longer for a key.
 */
#ifndef KERNEL_MEM_WORD_H
#define KERNEL_MEM_WORD_H

#include "mem/space.h"
#include "mem/user_copy.h"

/* The same word has the same key in every space. Keys may be kept: no other word ever has the key of one that is
 * gone, but for private memory, whose keys mean nothing once the space is gone. */
struct word_key {
    uint64_t object; /* a segment's number; the space, for private memory; 0: physical memory */
    uint64_t offset;
};

static inline bool word_same(const struct word_key *a, const struct word_key *b)
{
    return a->object == b->object && a->offset == b->offset;
}

/* The key of the word at `address`, whether its page is there or not. 0; -EINVAL: not aligned; -EFAULT: nothing is
 * mapped there, or device registers are. No lock of rank LOCK_SPACE or above is held. */
int word_find(struct space *space, user_addr address, struct word_key *key);

/* The word itself and its key, for as long as the space's lock is held, which word_let_go drops: meanwhile nobody takes
 * the page away, nor does a fork make the writers' page another one than this. `access` is REGION_READ or REGION_WRITE;
 * a page that is not there is faulted in. 0; or as word_find, -EFAULT also when the access is not allowed, -ENOMEM: no lock is
 * held then. No lock of rank LOCK_SPACE or above is held before. Does not block. */
int word_hold(struct space *space, user_addr address, int access, uint32_t **word, struct word_key *key);
/* What stands in the word just now. False: its page is not there. No lock of rank LOCK_SPACE or above is held. */
bool word_peek(struct space *space, user_addr address, uint32_t *value);

static inline void word_let_go(struct space *space)
{
    spin_unlock(&space->lock);
}

#endif
