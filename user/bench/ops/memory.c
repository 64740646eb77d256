/*
 * Operations on memory: the heap grows, is touched, shrinks.
 */
#include "ops.h"

#include <unistd.h>

#define PAGE 4096
#define MANY 64

static void grow(unsigned pages)
{
    volatile char *heap = sbrk((intptr_t)pages * PAGE);
    MUST(heap != (char *)-1);
    for (unsigned i = 0; i < pages; i++)
        heap[i * PAGE] = 1;
    MUST(sbrk(-(intptr_t)pages * PAGE) != (void *)-1);
}

static void page_round(void)
{
    grow(1);
}

static void pages_round(void)
{
    grow(MANY);
}

const struct op memory_ops[] = {
    {"page", page_round, NULL, 50, 1},
    {"page_64", pages_round, NULL, 4, MANY},
    OPS_END,
};
