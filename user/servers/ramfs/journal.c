/*
 * Changes to names that are made whole or not at all, wherever ramfs is killed. Before a word of the store
 * changes, its old value is noted in the journal. The end of an operation is one store: it empties the journal.
 * A ramfs that finds notes at its start puts the old values back, the latest first, and knows of no change.
 *
 * The answer is a change like the others, so that it is there exactly when the operation is: a request that comes
 * again (MSGF_RETRY) gets it instead of being done twice. One place is enough, as ramfs answers each request
 * before it takes the next.
 *
 * What needs no note: memory that nothing in the store leads to yet, whole words whose old and new value are
 * both right (a file's size in a write that can be repeated), and everything volatile.
 */
#include "ramfs.h"

#include <stdlib.h>

#define JOURNAL_MAX (BLOCK_SIZE / sizeof(struct note))

struct note {
    uint64_t *where;
    uint64_t old;
};

/* The order of stores is all there is to it: a process that is killed has done those before some instruction
 * and none after it. */
#define THEN __asm__ volatile("" : : : "memory")

static struct note *journal(void)
{
    return (struct note *)((uint8_t *)store + BLOCK_SIZE);
}

void journal_note(const void *where, size_t bytes)
{
    uint64_t *word = (uint64_t *)((uintptr_t)where & ~(uintptr_t)7);

    for (; (uintptr_t)word < (uintptr_t)where + bytes; word++) {
        uint64_t n = store->journal_used;

        if (n == JOURNAL_MAX)
            abort(); /* no operation changes so many */
        journal()[n] = (struct note){word, *word};
        THEN;
        store->journal_used = n + 1;
        THEN;
    }
}

void store_finish(uint64_t token, const struct reply *answer)
{
    if (store->journal_used != 0) {
        if (answer != NULL) {
            CHANGE(store->last_token) = token;
            CHANGE(store->last_status) = answer->status;
            CHANGE(store->last_flags) = answer->flags;
            CHANGE(store->last_extra) = answer->extra;
            CHANGE(store->last_length) = answer->length;
        }
        THEN;
        store->journal_used = 0;
        THEN;
    }
    /* From here on nothing leads to what these free. A restart finds it unused, and frees it too. */
    mounts_settle();
    entries_settle();
    inodes_settle();
    blocks_settle();
}

bool journal_answered(uint64_t token, struct reply *answer)
{
    if (store->last_token != token)
        return false;
    answer->status = store->last_status;
    answer->flags = store->last_flags;
    answer->extra = store->last_extra;
    answer->length = store->last_length;
    return true;
}

bool journal_roll_back(void)
{
    if (store->journal_used > JOURNAL_MAX)
        return false;
    while (store->journal_used > 0) {
        const struct note *last = &journal()[store->journal_used - 1];

        if ((uint8_t *)last->where < (uint8_t *)store || (uint8_t *)last->where >= store_end() ||
            (uintptr_t)last->where % sizeof *last->where != 0)
            return false;
        *last->where = last->old;
        THEN;
        store->journal_used--;
        THEN;
    }
    return true;
}
