/*
 * malloc and free: free blocks in a list by rising address, the first that fits is taken, neighbours are
 * joined. Memory comes from sbrk in pieces of at least 64 KiB and stays with the program.
 */
#include "internal.h"

#define ALIGN 16u
#define PIECE 65536u
#define LARGEST 0x7fffff00u /* sbrk counts in int */

struct block {
    uint64 size;        /* of the whole block, this header included */
    struct block *next; /* while it is free */
};

static struct block *first;

static struct block *end_of(struct block *block)
{
    return (struct block *)((char *)block + block->size);
}

/* Put a block into the list and join it with the neighbours that it touches. */
static void give(struct block *block)
{
    struct block *before = 0, *after = first;

    while (after != 0 && after < block) {
        before = after;
        after = after->next;
    }
    block->next = after;
    if (after != 0 && end_of(block) == after) {
        block->size += after->size;
        block->next = after->next;
    }
    if (before == 0) {
        first = block;
    } else if (end_of(before) == block) {
        before->size += block->size;
        before->next = block->next;
    } else {
        before->next = block;
    }
}

static int more_memory(uint64 size)
{
    uint64 bytes = size > PIECE ? size : PIECE;
    char *start = sbrk((int)bytes);

    if (start == SBRK_ERROR)
        return 0;

    uint64 pad = -(uint64)start % ALIGN; /* the program may have moved the break to any byte */
    struct block *block = (struct block *)(start + pad);

    block->size = (bytes - pad) & ~(uint64)(ALIGN - 1);
    give(block);
    return 1;
}

PUBLIC void *malloc(uint n)
{
    if (n > LARGEST)
        return 0;

    uint64 size = ((uint64)n + sizeof(struct block) + ALIGN - 1) & ~(uint64)(ALIGN - 1);

    for (;;) {
        for (struct block **link = &first; *link != 0; link = &(*link)->next) {
            struct block *block = *link;

            if (block->size < size)
                continue;
            if (block->size >= size + sizeof(struct block)) {
                struct block *rest = (struct block *)((char *)block + size);

                rest->size = block->size - size;
                rest->next = block->next;
                *link = rest;
                block->size = size;
            } else {
                *link = block->next;
            }
            return block + 1;
        }
        if (!more_memory(size + ALIGN))
            return 0;
    }
}

PUBLIC void free(void *memory)
{
    if (memory != 0)
        give((struct block *)memory - 1);
}
