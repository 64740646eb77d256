/*
 * Blocks: pages of the store, known by number. Which are in use follows from the files that name them; the
 * bits here only save looking. Memory is committed when a block is taken, several at once when a write says how
 * many it will want, and goes back at the end of the operation that frees it.
 * Used by content.c; makes no system call.
 */
#include "ramfs.h"

#include <stdlib.h>

#define BITS 64
#define AHEAD_MAX 16 /* blocks committed at once */

static uint8_t *base;
static uint64_t count;
static uint64_t *used;                 /* a bit for each block: it must not be taken */
static uint64_t *found;                /* at the start: it has memory */
static uint64_t lowest;                /* all below are used */
static size_t in_use;
static uint64_t expected;              /* how many more will be wanted */
static uint64_t ready, ready_end;      /* committed and not taken yet */
static uint64_t freed, freed_end;      /* free but for their memory; a stretch */

static bool get(const uint64_t *bits, uint64_t n)
{
    return bits[n / BITS] >> n % BITS & 1;
}

static void set(uint64_t *bits, uint64_t n)
{
    bits[n / BITS] |= 1ull << n % BITS;
}

static uint8_t *address(uint64_t n)
{
    return base + n * BLOCK_SIZE;
}

bool blocks_init(uint8_t *start, uint64_t pages)
{
    size_t words = (pages + BITS - 1) / BITS;

    base = start;
    count = pages;
    free(used);
    free(found);
    used = calloc(words, sizeof *used);
    found = calloc(words, sizeof *found);
    in_use = 0;
    lowest = expected = ready = ready_end = freed = freed_end = 0;
    return used != NULL && found != NULL;
}

size_t store_blocks(void)
{
    return in_use;
}

uint8_t *block_data(uint32_t block)
{
    return address(block - 1);
}

void blocks_expect(uint64_t n)
{
    expected = n;
}

/* Commit the first free blocks. False: no memory. */
static bool make_ready(void)
{
    uint64_t n = lowest, end;

    while (n < count && get(used, n))
        n = used[n / BITS] == UINT64_MAX ? (n / BITS + 1) * BITS : n + 1;
    if (n >= count)
        return false;
    lowest = n;
    for (end = n + 1; end < count && end - n < expected && end - n < AHEAD_MAX && !get(used, end);)
        end++;
    if (!ramfs_commit(address(n), (end - n) * BLOCK_SIZE)) {
        end = n + 1;
        if (!ramfs_commit(address(n), BLOCK_SIZE))
            return false;
    }
    ready = n;
    ready_end = end;
    return true;
}

uint32_t block_new(void)
{
    if (ready == ready_end && !make_ready())
        return 0;
    if (expected > 0)
        expected--;
    set(used, ready);
    in_use++;
    lowest = ready + 1;
    return (uint32_t)++ready;
}

/* Give back the memory of the stretch that was freed last. */
static void give_back(void)
{
    if (freed == freed_end)
        return;
    ramfs_decommit(address(freed), (freed_end - freed) * BLOCK_SIZE);
    for (uint64_t n = freed; n < freed_end; n++)
        used[n / BITS] &= ~(1ull << n % BITS);
    if (freed < lowest)
        lowest = freed;
    freed = freed_end = 0;
}

void block_free(uint32_t block)
{
    uint64_t n = block - 1;

    in_use--;
    if (freed != freed_end && n + 1 == freed) {
        freed = n;
    } else if (freed != freed_end && n == freed_end) {
        freed_end++;
    } else {
        give_back();
        freed = n;
        freed_end = n + 1;
    }
}

void blocks_settle(void)
{
    give_back();
    if (ready != ready_end)
        ramfs_decommit(address(ready), (ready_end - ready) * BLOCK_SIZE);
    ready = ready_end = 0;
    expected = 0;
}

/* ---- after a restart ---- */

void block_page_found(uint8_t *page)
{
    set(found, (uint64_t)(page - base) / BLOCK_SIZE);
}

bool block_found(uint32_t block)
{
    uint64_t n = block - 1;

    if (n >= count || !get(found, n) || get(used, n))
        return false;
    set(used, n);
    in_use++;
    return true;
}

/* Blocks with memory that no file has were on their way in or out. */
void blocks_trim(void)
{
    for (uint64_t n = 0; n < count; n++) {
        uint64_t end = n;

        while (end < count && get(found, end) && !get(used, end))
            end++;
        if (end > n)
            ramfs_decommit(address(n), (end - n) * BLOCK_SIZE);
        n = end;
    }
    free(found);
    found = NULL;
}
