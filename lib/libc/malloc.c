/*
 * malloc over sbrk. The heap is a row of blocks; each starts with a header that knows its own and its
 * predecessor's size, so neighbours that are free are joined at once. Free blocks are kept in lists by size;
 * a bitmap finds the next list that has one. A large free end of the heap goes back to the kernel.
 * Every header is sealed: damage and double frees end the program with a line that says which.
 * One lock for all of it.
 */
#include "internal.h"
#include "lock.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UNIT 16            /* all sizes and addresses are multiples of this */
#define IN_USE 1           /* in block.size */
#define SIZE_BITS 40       /* of block.size; above them the seal */
#define SIZE_MASK (((size_t)1 << SIZE_BITS) - UNIT)
#define SIZE_LIMIT ((size_t)1 << 38)
#define PAGE 4096
#define GROW (4 * PAGE)    /* the heap grows by multiples of this */
#define TRIM (32 * PAGE)   /* a free end of this size is given back, but for GROW */

/* Bins 2..63 hold one size each, in units; above, four bins for each power of two. */
#define SMALL_BINS 64
#define BINS 192

struct block {
    size_t previous; /* bytes of the block before this one, 0: there is none */
    size_t size;     /* bytes, header included | IN_USE | seal << SIZE_BITS */
    struct block *newer, *older; /* of a free block, in its bin */
};

#define HEADER offsetof(struct block, newer)
#define BLOCK_MIN sizeof(struct block)

static struct block *bins[BINS];
static uint64_t bin_used[BINS / 64];
static char *heap_start; /* lowest address that was ever part of the heap */
static char *heap_end;   /* where sbrk left off; a header of size HEADER, in use, lies just below */

static _Noreturn void corrupted(const void *memory, const char *how)
{
    char text[160];
    int length = format_n(text, sizeof text, "%s: heap: %p %s\n", libc_program_name, memory, how);
    write(STDERR_FILENO, text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1);
    abort();
}

static size_t block_size(const struct block *block)
{
    return block->size & SIZE_MASK;
}

static bool block_in_use(const struct block *block)
{
    return block->size & IN_USE;
}

static struct block *block_at(struct block *block, size_t offset)
{
    return (struct block *)((char *)block + offset);
}

static struct block *block_after(struct block *block)
{
    return block_at(block, block_size(block));
}

/* 24 bits that depend on everything in the header and on where it is. */
static size_t seal_of(const struct block *block)
{
    size_t mixed = (uintptr_t)block ^ block->previous * 0x9e3779b97f4a7c15;
    mixed ^= (block->size & (SIZE_MASK | IN_USE)) * 0xc2b2ae3d27d4eb4f;
    mixed *= 0xff51afd7ed558ccd;
    return mixed >> SIZE_BITS;
}

static void block_set(struct block *block, size_t previous, size_t size, size_t in_use)
{
    block->previous = previous;
    block->size = size | in_use;
    block->size |= seal_of(block) << SIZE_BITS;
}

static bool block_sealed(const struct block *block)
{
    return block->size >> SIZE_BITS == seal_of(block);
}

static unsigned int bin_of(size_t size)
{
    size_t units = size / UNIT;
    if (units < SMALL_BINS)
        return (unsigned int)units;
    unsigned int log = 63 - (unsigned int)__builtin_clzl(units);
    return SMALL_BINS + (log - 6) * 4 + (units >> (log - 2) & 3);
}

static void bin_add(struct block *block)
{
    unsigned int bin = bin_of(block_size(block));
    block->newer = NULL;
    block->older = bins[bin];
    if (block->older)
        block->older->newer = block;
    bins[bin] = block;
    bin_used[bin / 64] |= UINT64_C(1) << bin % 64;
}

/* Whether a link may be followed: it is NULL or leads to a place where a block can be. */
static bool link_plausible(const struct block *link)
{
    const char *at = (const char *)link;
    return !link || ((uintptr_t)at % UNIT == 0 && at >= heap_start && at < heap_end);
}

static void bin_remove(struct block *block)
{
    unsigned int bin = bin_of(block_size(block));
    struct block *newer = block->newer;
    struct block *older = block->older;
    if (!block_sealed(block) || block_in_use(block) || !link_plausible(newer) || !link_plausible(older) ||
        (newer ? newer->older != block : bins[bin] != block) || (older && older->newer != block))
        corrupted((char *)block + HEADER, "was written to after it was freed");
    if (newer)
        newer->older = older;
    else
        bins[bin] = older;
    if (older)
        older->newer = newer;
    if (!bins[bin])
        bin_used[bin / 64] &= ~(UINT64_C(1) << bin % 64);
}

/* A free block of at least `size` bytes, or NULL; it stays in its bin. */
static struct block *bin_find(size_t size)
{
    unsigned int bin = bin_of(size);
    /* In its own bin a large block may be too small: look at a few. Any in a higher bin will do. */
    struct block *block = bins[bin];
    for (int tries = 0; block && tries < 16; tries++, block = block->older) {
        if (block_size(block) >= size)
            return block;
    }
    bin++;
    for (unsigned int word = bin / 64; word < BINS / 64; word++) {
        uint64_t used = bin_used[word];
        if (word == bin / 64)
            used &= ~UINT64_C(0) << bin % 64;
        if (used)
            return bins[word * 64 + (unsigned int)__builtin_ctzll(used)];
    }
    return NULL;
}

/* Makes a block that is in no bin free: joins it with free neighbours and puts the whole into a bin. */
static struct block *release(struct block *block)
{
    size_t previous = block->previous;
    size_t size = block_size(block);
    block_set(block, previous, size, 0); /* so that a second free is told from garbage */
    struct block *after = block_at(block, size);
    if (!block_in_use(after)) {
        bin_remove(after);
        size += block_size(after);
    }
    if (previous) {
        struct block *before = (struct block *)((char *)block - previous);
        if (!block_in_use(before)) {
            bin_remove(before);
            size += previous;
            previous = before->previous;
            block = before;
        }
    }
    block_set(block, previous, size, 0);
    after = block_at(block, size);
    block_set(after, size, block_size(after), IN_USE); /* free blocks never lie side by side */
    bin_add(block);
    return block;
}

/* A block in use is cut to `size` bytes, if what remains makes a block; that becomes free. */
static void cut(struct block *block, size_t size)
{
    size_t rest_size = block_size(block) - size;
    if (rest_size < BLOCK_MIN)
        return;
    struct block *after = block_after(block);
    struct block *rest = block_at(block, size);
    block_set(block, block->previous, size, IN_USE);
    block_set(rest, size, rest_size, IN_USE);
    block_set(after, rest_size, block_size(after), block_in_use(after) ? IN_USE : 0);
    release(rest);
}

/* The last block of the heap, when it is free. */
static struct block *free_end(void)
{
    if (!heap_end)
        return NULL;
    struct block *fence = (struct block *)(heap_end - HEADER);
    struct block *last = (struct block *)((char *)fence - fence->previous);
    return fence->previous && !block_in_use(last) ? last : NULL;
}

/* Gets `size` more bytes from the kernel and makes them a free block: true, or false and ENOMEM. */
static bool grow(size_t size)
{
    size_t wanted = (size + GROW - 1) & ~(size_t)(GROW - 1);
    char *start = sbrk((intptr_t)wanted);
    if (start == (void *)-1) { /* as little as will do */
        wanted = (size + PAGE - 1) & ~(size_t)(PAGE - 1);
        start = sbrk((intptr_t)wanted);
    }
    if (start == (void *)-1) {
        errno = ENOMEM;
        return false;
    }
    struct block *block;
    size_t previous = 0;
    if (start == heap_end) {
        block = (struct block *)(heap_end - HEADER); /* the fence becomes the new block's header */
        previous = block->previous;
    } else {
        /* The first time; or the program has moved the break itself, and this is an island. */
        char *aligned = start + (-(uintptr_t)start & (UNIT - 1));
        wanted -= (size_t)(aligned - start) + HEADER;
        wanted &= ~(size_t)(UNIT - 1);
        block = (struct block *)aligned;
        heap_start = heap_start && heap_start < aligned ? heap_start : aligned;
    }
    heap_end = (char *)block + wanted + HEADER;
    block_set(block, previous, wanted, IN_USE);
    block_set(block_at(block, wanted), wanted, HEADER, IN_USE);
    release(block);
    return true;
}

/* Gives most of a large free end of the heap back. */
static void trim(struct block *last)
{
    if ((char *)block_after(last) != heap_end - HEADER || block_size(last) < TRIM || sbrk(0) != heap_end)
        return;
    size_t size = block_size(last);
    size_t back = (size - GROW) & ~(size_t)(PAGE - 1);
    bin_remove(last);
    if (sbrk(-(intptr_t)back) != (void *)-1) {
        heap_end -= back;
        size -= back;
    }
    block_set(last, last->previous, size, 0);
    block_set(block_at(last, size), size, HEADER, IN_USE);
    bin_add(last);
}

/* Block size for a request, 0 if there can be no such block. */
static size_t size_for(size_t bytes)
{
    if (bytes > SIZE_LIMIT)
        return 0;
    size_t size = (bytes + HEADER + UNIT - 1) & ~(size_t)(UNIT - 1);
    return size < BLOCK_MIN ? BLOCK_MIN : size;
}

static void *allocate(size_t bytes)
{
    size_t size = size_for(bytes);
    if (size == 0) {
        errno = ENOMEM;
        return NULL;
    }
    struct block *block = bin_find(size);
    if (!block) {
        struct block *last = free_end();
        size_t there = last && sbrk(0) == heap_end ? block_size(last) : 0;
        /* Beside the block itself an island needs a header, a fence and alignment. */
        if (!grow(there < size ? size - there + (there ? 0 : 2 * HEADER + UNIT) : UNIT))
            return NULL;
        block = bin_find(size); /* what has grown is the first of its bin */
    }
    bin_remove(block);
    block_set(block, block->previous, block_size(block), IN_USE);
    cut(block, size);
    return (char *)block + HEADER;
}

void *malloc(size_t bytes)
{
    libc_lock(&libc_heap_lock);
    void *memory = allocate(bytes);
    libc_unlock(&libc_heap_lock);
    return memory;
}

/* The block of memory that malloc gave, with all checks. */
static struct block *block_of(void *memory)
{
    char *at = memory;
    struct block *block = (struct block *)(at - HEADER);
    if ((uintptr_t)at % UNIT || !heap_start || at < heap_start + HEADER || at >= heap_end)
        corrupted(memory, "did not come from malloc");
    if (!block_sealed(block))
        corrupted(memory, "did not come from malloc, or its header was overwritten");
    if (!block_in_use(block))
        corrupted(memory, "was freed twice");
    struct block *after = block_after(block);
    if (!block_sealed(after) || after->previous != block_size(block))
        corrupted(memory, "was written past its end");
    return block;
}

void free(void *memory)
{
    if (!memory)
        return;
    int error = errno; /* POSIX 2024: free leaves errno alone */
    libc_lock(&libc_heap_lock);
    trim(release(block_of(memory)));
    libc_unlock(&libc_heap_lock);
    errno = error;
}

void *calloc(size_t n, size_t bytes)
{
    size_t total;
    if (__builtin_mul_overflow(n, bytes, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    void *memory = malloc(total);
    if (memory)
        memset(memory, 0, total);
    return memory;
}

/* Makes the block larger where it is, if what lies behind it is free or the end of the heap. The heap grows for
 * it only when it has no free block that would do: a program that frees what it takes must not grow. */
static bool extend(struct block *block, size_t size)
{
    size_t now = block_size(block);
    struct block *after = block_after(block);
    bool at_end = (char *)after == heap_end - HEADER;
    if (!block_in_use(after) && now + block_size(after) < size)
        at_end = (char *)block_after(after) == heap_end - HEADER;
    if (at_end && sbrk(0) == heap_end && !bin_find(size)) {
        size_t there = block_in_use(after) ? 0 : block_size(after);
        if (!grow(size - now - there))
            return false;
    }
    after = block_after(block);
    if (block_in_use(after) || now + block_size(after) < size)
        return false;
    bin_remove(after);
    now += block_size(after);
    block_set(block, block->previous, now, IN_USE);
    after = block_after(block);
    block_set(after, now, block_size(after), IN_USE);
    cut(block, size);
    return true;
}

static void *reallocate(void *memory, size_t bytes)
{
    struct block *block = block_of(memory);
    size_t size = size_for(bytes);
    if (size == 0) {
        errno = ENOMEM;
        return NULL;
    }
    size_t old = block_size(block);
    if (size <= old) {
        cut(block, size);
        struct block *after = block_after(block);
        if (!block_in_use(after))
            trim(after);
        return memory;
    }
    if (extend(block, size))
        return memory;
    void *moved = malloc(bytes);
    if (moved) {
        memcpy(moved, memory, old - HEADER);
        free(memory);
    }
    return moved;
}

void *realloc(void *memory, size_t bytes)
{
    if (!memory)
        return malloc(bytes);
    libc_lock(&libc_heap_lock);
    void *moved = reallocate(memory, bytes);
    libc_unlock(&libc_heap_lock);
    return moved;
}

void *reallocarray(void *memory, size_t n, size_t bytes)
{
    size_t total;
    if (__builtin_mul_overflow(n, bytes, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(memory, total);
}
