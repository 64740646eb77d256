/*
 * Inodes and blocks, and where their memory comes from. Everything is taken from malloc when it is
 * needed and given back when it is not: another program may want it, and tests count pages.
 * Used by all of ramfs; knows nothing of names, paths or messages.
 */
#include "ramfs.h"

#include <common/list.h>
#include <stdlib.h>
#include <string.h>

/* ---- growing arrays ---- */

bool array_fit(void **array, size_t *room, size_t need, size_t size)
{
    size_t want = *room;

    if (need > want) {
        want = want * 2 > need ? want * 2 : need;
        if (want < 8)
            want = 8;
    } else if (need == 0) {
        want = 0;
    } else if (want > 8 && need <= want / 4) {
        want = want / 2;
    }
    if (want == *room)
        return true;
    if (want == 0) {
        free(*array);
        *array = NULL;
        *room = 0;
        return true;
    }

    void *moved = realloc(*array, want * size);

    if (moved == NULL)
        return want < *room; /* could not shrink: no harm */
    if (want > *room)
        memset((char *)moved + *room * size, 0, (want - *room) * size);
    *array = moved;
    *room = want;
    return true;
}

/* ---- inodes: slabs of 32 ---- */

#define SLAB_INODES 32

struct slab {
    uint32_t used; /* a bit for each inode */
    struct inode node[SLAB_INODES];
};

static struct slab **slabs; /* NULL: given back */
static size_t slab_room, slab_count;
static size_t slab_hint; /* no slab below this one has a free inode */
static uint32_t generation_next, generation_start;

static struct slab *slab_new(size_t at)
{
    struct slab *slab = ramfs_may_grow(sizeof *slab) ? calloc(1, sizeof *slab) : NULL;

    if (slab == NULL)
        return NULL;
    if (at == slab_count) {
        if (!array_fit((void **)&slabs, &slab_room, slab_count + 1, sizeof *slabs)) {
            free(slab);
            return NULL;
        }
        slab_count++;
    }
    slabs[at] = slab;
    return slab;
}

struct inode *inode_new(uint32_t mode)
{
    while (slab_hint < slab_count && slabs[slab_hint] != NULL && slabs[slab_hint]->used == UINT32_MAX)
        slab_hint++;

    struct slab *slab = slab_hint < slab_count ? slabs[slab_hint] : NULL;

    if (slab == NULL && (slab = slab_new(slab_hint)) == NULL)
        return NULL;

    int bit = __builtin_ctz(~slab->used);
    struct inode *node = &slab->node[bit];

    memset(node, 0, sizeof *node);
    slab->used |= 1u << bit;
    node->index = (uint32_t)slab_hint * SLAB_INODES + bit;
    node->generation = generation_next;
    if (generation_next != 0 && ++generation_next == 0)
        generation_next = 1;
    node->mode = mode;
    node->mtime_ns = ramfs_now();
    if (S_ISDIR(mode)) {
        node->dir.next_serial = SERIAL_FIRST;
        node->dir.mount = -1;
    }
    return node;
}

static void inode_free(struct inode *node)
{
    size_t at = node->index / SLAB_INODES;
    struct slab *slab = slabs[at];

    if (S_ISDIR(node->mode))
        free(node->dir.slots);
    else if (S_ISREG(node->mode))
        file_resize(node, 0);
    slab->used &= ~(1u << node->index % SLAB_INODES);
    if (at < slab_hint)
        slab_hint = at;
    if (slab->used != 0)
        return;
    free(slab);
    slabs[at] = NULL;
    while (slab_count > 0 && slabs[slab_count - 1] == NULL)
        slab_count--;
    if (slab_hint > slab_count)
        slab_hint = slab_count;
    array_fit((void **)&slabs, &slab_room, slab_count, sizeof *slabs);
}

struct inode *inode_of(uint64_t cookie)
{
    uint32_t index = (uint32_t)cookie;
    size_t at = index / SLAB_INODES;

    if (at >= slab_count || slabs[at] == NULL || !(slabs[at]->used >> index % SLAB_INODES & 1))
        return NULL;

    struct inode *node = &slabs[at]->node[index % SLAB_INODES];

    return node->generation == cookie >> 32 ? node : NULL;
}

uint64_t inode_cookie(const struct inode *node)
{
    return (uint64_t)node->generation << 32 | node->index;
}

/* A removed directory keeps its parent, so that ".." leads out of it; so one end may bring the next. */
void inode_settle(struct inode *node)
{
    while (node->links == 0 && node->references == 0) {
        struct inode *parent = S_ISDIR(node->mode) ? node->dir.parent : NULL;

        inode_free(node);
        if (parent == NULL)
            return;
        parent->references--;
        node = parent;
    }
}

void inode_release(struct inode *node)
{
    if (node->references > 0) /* sessions that init made on the root were never counted */
        node->references--;
    inode_settle(node);
}

/* ---- blocks: page-aligned chunks of 16 ---- */

#define CHUNK_BLOCKS 16
#define CHUNK_ALL ((1u << CHUNK_BLOCKS) - 1)

struct chunk {
    struct list_node link; /* on `chunks_with_room` while a block is free */
    void *memory;          /* what malloc gave */
    uint8_t *base;         /* the first page boundary in it */
    uint32_t index;
    uint32_t free; /* a bit for each block */
};

static struct chunk **chunks; /* NULL: given back */
static size_t chunk_room, chunk_count;
static size_t chunk_hint; /* all of `chunks` below this are there */
static struct list chunks_with_room = {{&chunks_with_room.head, &chunks_with_room.head}};

static struct chunk *chunk_new(void)
{
    size_t bytes = (CHUNK_BLOCKS + 1) * BLOCK_SIZE;
    struct chunk *chunk = ramfs_may_grow(bytes) ? malloc(sizeof *chunk) : NULL;

    if (chunk == NULL)
        return NULL;
    while (chunk_hint < chunk_count && chunks[chunk_hint] != NULL)
        chunk_hint++;
    if (!array_fit((void **)&chunks, &chunk_room, chunk_hint + 1, sizeof *chunks) ||
        (chunk->memory = malloc(bytes)) == NULL) {
        free(chunk);
        return NULL;
    }
    chunk->base = (uint8_t *)(((uintptr_t)chunk->memory + BLOCK_SIZE - 1) & ~(uintptr_t)(BLOCK_SIZE - 1));
    chunk->index = (uint32_t)chunk_hint;
    chunk->free = CHUNK_ALL;
    list_push_front(&chunks_with_room, &chunk->link);
    chunks[chunk_hint] = chunk;
    if (chunk_hint == chunk_count)
        chunk_count++;
    return chunk;
}

uint32_t block_new(void)
{
    struct list_node *first = list_first(&chunks_with_room);
    struct chunk *chunk = first != NULL ? list_entry(first, struct chunk, link) : chunk_new();

    if (chunk == NULL)
        return 0;

    int bit = __builtin_ctz(chunk->free);

    chunk->free &= ~(1u << bit);
    if (chunk->free == 0)
        list_remove(&chunk->link);
    return chunk->index * CHUNK_BLOCKS + bit + 1;
}

void block_free(uint32_t block)
{
    struct chunk *chunk = chunks[(block - 1) / CHUNK_BLOCKS];

    if (chunk->free == 0)
        list_push_front(&chunks_with_room, &chunk->link);
    chunk->free |= 1u << (block - 1) % CHUNK_BLOCKS;
    if (chunk->free != CHUNK_ALL || chunk->index == 0)
        return;
    list_remove(&chunk->link);
    chunks[chunk->index] = NULL;
    if (chunk->index < chunk_hint)
        chunk_hint = chunk->index;
    free(chunk->memory);
    free(chunk);
    while (chunk_count > 0 && chunks[chunk_count - 1] == NULL)
        chunk_count--;
    if (chunk_hint > chunk_count)
        chunk_hint = chunk_count;
    array_fit((void **)&chunks, &chunk_room, chunk_count, sizeof *chunks);
}

uint8_t *block_data(uint32_t block)
{
    return chunks[(block - 1) / CHUNK_BLOCKS]->base + (size_t)((block - 1) % CHUNK_BLOCKS) * BLOCK_SIZE;
}

/* ---- start ---- */

/* The first chunk stays, and its pages are had from the start: a system with a few small files neither
 * grows nor shrinks. */
int store_init(uint32_t generation)
{
    generation_start = generation != 0 ? generation : 1;

    struct inode *root = inode_new(S_IFDIR | 0755);

    if (root == NULL || chunk_new() == NULL)
        return -ENOMEM;
    root->links = 2;
    root->dir.parent = root;
    for (size_t i = 0; i < CHUNK_BLOCKS; i++)
        chunks[0]->base[i * BLOCK_SIZE] = 0;
    return 0;
}

void store_sealed(void)
{
    generation_next = generation_start;
}

struct inode *store_root(void)
{
    return &slabs[0]->node[0];
}
