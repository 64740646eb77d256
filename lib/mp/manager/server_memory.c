/*
 * Memory for what clients keep in the server: all of it together stays below a limit, and what is taken is known
 * exactly.
 */
#include "server.h"

#include <stdlib.h>

#define OVERHEAD 32 /* of a block: its header here, and malloc's */
#define UNIT 16     /* malloc gives multiples of it */

struct block {
    size_t bytes;
    _Alignas(UNIT) char data[];
};

static size_t used, limit;

void server_memory_limit(size_t max_bytes)
{
    limit = max_bytes;
}

static struct block *block_of(void *p)
{
    return (struct block *)((char *)p - offsetof(struct block, data));
}

void *server_alloc(size_t bytes)
{
    if (bytes > limit || used > limit)
        return NULL;
    bytes = (bytes + UNIT - 1) & ~(size_t)(UNIT - 1);
    if (bytes > limit - used || OVERHEAD > limit - used - bytes)
        return NULL;
    struct block *b = calloc(1, sizeof *b + bytes);
    if (!b)
        return NULL;
    b->bytes = bytes + OVERHEAD;
    used += b->bytes;
    return b->data;
}

void server_free(void *p)
{
    if (!p)
        return;
    struct block *b = block_of(p);
    used -= b->bytes;
    free(b);
}

uint64_t server_memory_used(void)
{
    return used;
}

uint64_t server_memory_max(void)
{
    return limit;
}
