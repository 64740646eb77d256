/*
 * Inodes and blocks, and where their memory comes from. Everything is taken when it is needed and given
 * back when it is not: another program may want it, and tests count pages.
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
#define ARCHIVE_SLAB 8 /* where the initrd's inodes begin: xv6's tests take numbers above 200 for damage */

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
    if (at >= slab_count) {
        if (!array_fit((void **)&slabs, &slab_room, at + 1, sizeof *slabs)) {
            free(slab);
            return NULL;
        }
        slab_count = at + 1;
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

/* Chunks lie at the end of the heap, one behind the other, above what malloc has. When one is empty the
 * last of them moves into its place, and the heap ends lower: so what files held goes back to the system at
 * once, whatever order it is freed in. Blocks are known by number; only a chunk knows its address. */

#define CHUNK_BLOCKS 16
#define CHUNK_BYTES (CHUNK_BLOCKS * BLOCK_SIZE)
#define CHUNK_ALL ((1u << CHUNK_BLOCKS) - 1)

struct chunk {
    struct list_node room;  /* on `chunks_with_room` while a block is free */
    struct list_node order; /* on `chunks_by_address` */
    uint8_t *base;
    uint32_t index;
    uint32_t free; /* a bit for each block */
};

static struct chunk **chunks; /* by index; NULL: given back */
static size_t chunk_room, chunk_count;
static size_t blocks_used;
static size_t chunk_hint; /* all of `chunks` below this are there */
static struct list chunks_with_room = {{&chunks_with_room.head, &chunks_with_room.head}};
static struct list chunks_by_address = {{&chunks_by_address.head, &chunks_by_address.head}};

/* Memory for a chunk at the end of the heap, or NULL. */
static uint8_t *extend_heap(void)
{
    size_t pad = -(uintptr_t)ramfs_break(0) & (BLOCK_SIZE - 1);
    uint8_t *start = ramfs_may_grow(CHUNK_BYTES) ? ramfs_break((intptr_t)(pad + CHUNK_BYTES)) : NULL;

    return start != NULL ? start + pad : NULL;
}

static struct chunk *chunk_new(void)
{
    struct chunk *chunk = malloc(sizeof *chunk);

    if (chunk == NULL)
        return NULL;
    while (chunk_hint < chunk_count && chunks[chunk_hint] != NULL)
        chunk_hint++;

    /* Never for less than there are: a place in the middle must not make the array shrink. */
    size_t need = chunk_hint == chunk_count ? chunk_count + 1 : chunk_count;

    if (!array_fit((void **)&chunks, &chunk_room, need, sizeof *chunks) ||
        (chunk->base = extend_heap()) == NULL) {
        free(chunk);
        return NULL;
    }
    chunk->index = (uint32_t)chunk_hint;
    chunk->free = CHUNK_ALL;
    list_push_front(&chunks_with_room, &chunk->room);
    list_push_back(&chunks_by_address, &chunk->order);
    chunks[chunk_hint] = chunk;
    if (chunk_hint == chunk_count)
        chunk_count++;
    return chunk;
}

uint32_t block_new(void)
{
    struct list_node *first = list_first(&chunks_with_room);
    struct chunk *chunk = first != NULL ? list_entry(first, struct chunk, room) : chunk_new();

    if (chunk == NULL)
        return 0;

    int bit = __builtin_ctz(chunk->free);

    chunk->free &= ~(1u << bit);
    if (chunk->free == 0)
        list_remove(&chunk->room);
    blocks_used++;
    return chunk->index * CHUNK_BLOCKS + bit + 1;
}

size_t store_blocks(void)
{
    return blocks_used;
}

/* Let an empty chunk go, and the end of the heap with it. Where malloc has had to put something behind the
 * chunks that is not possible: then it stays, to be used again. */
static void chunk_free(struct chunk *chunk)
{
    struct chunk *last = list_entry(chunks_by_address.head.prev, struct chunk, order);

    if (ramfs_break(0) != last->base + CHUNK_BYTES)
        return;
    if (chunk != last) {
        for (uint32_t i = 0; i < CHUNK_BLOCKS; i++)
            if (!(last->free >> i & 1))
                memcpy(chunk->base + i * BLOCK_SIZE, last->base + i * BLOCK_SIZE, BLOCK_SIZE);
        last->base = chunk->base;
        list_remove(&last->order);
        list_insert_before(&chunk->order, &last->order);
    }
    ramfs_break(-(intptr_t)CHUNK_BYTES);
    list_remove(&chunk->order);
    list_remove(&chunk->room);
    chunks[chunk->index] = NULL;
    if (chunk->index < chunk_hint)
        chunk_hint = chunk->index;
    free(chunk);
    while (chunk_count > 0 && chunks[chunk_count - 1] == NULL)
        chunk_count--;
    if (chunk_hint > chunk_count)
        chunk_hint = chunk_count;
    array_fit((void **)&chunks, &chunk_room, chunk_count, sizeof *chunks);
}

void block_free(uint32_t block)
{
    struct chunk *chunk = chunks[(block - 1) / CHUNK_BLOCKS];

    if (chunk->free == 0)
        list_push_front(&chunks_with_room, &chunk->room);
    chunk->free |= 1u << (block - 1) % CHUNK_BLOCKS;
    blocks_used--;
    if (chunk->free == CHUNK_ALL && chunk->index != 0)
        chunk_free(chunk);
}

uint8_t *block_data(uint32_t block)
{
    return chunks[(block - 1) / CHUNK_BLOCKS]->base + (size_t)((block - 1) % CHUNK_BLOCKS) * BLOCK_SIZE;
}

/* ---- start ---- */

#define TOUCHED_BYTES 65536u /* of the reserve */

/* The first chunk stays, and its pages are had from the start, as is some of the reserve: a system with a
 * few small files neither grows nor shrinks. */
int store_init(uint32_t generation, size_t reserve_bytes)
{
    void *reserve = malloc(reserve_bytes);
    struct chunk *first = reserve != NULL ? chunk_new() : NULL;

    if (first == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < CHUNK_BYTES; i += BLOCK_SIZE)
        first->base[i] = 0;
    memset(reserve, 0, reserve_bytes < TOUCHED_BYTES ? reserve_bytes : TOUCHED_BYTES);
    free(reserve); /* malloc keeps it: it no longer lies at the end of the heap */
    generation_start = generation != 0 ? generation : 1;

    struct inode *root = inode_new(S_IFDIR | 0755);

    if (root == NULL)
        return -ENOMEM;
    root->links = 2;
    root->dir.parent = root;
    slab_hint = ARCHIVE_SLAB;
    return 0;
}

void store_sealed(void)
{
    generation_next = generation_start;
    slab_hint = 0;
}

struct inode *store_root(void)
{
    return &slabs[0]->node[0];
}
