/*
 * What regular files hold: blocks by index, over an image in the initrd that is copied block by
 * block when written to. A block exists only below the end of the file; its bytes beyond the end
 * mean nothing until the file grows over them, and are zeroed then.
 * Nothing here is noted in the journal: a block is filled, then entered; taken out, then freed; and what lies
 * beyond the end goes at a restart. So a request that is cut off can be done again from its start.
 * Called by data.c and names.c; makes no system call.
 */
#include "ramfs.h"

#include <string.h>

#define TABLE_BLOCKS (BLOCK_SIZE / sizeof(uint32_t)) /* block numbers in a block of them */

static const uint8_t zeros[BLOCK_SIZE];

static uint32_t *table_of(uint32_t block)
{
    return (uint32_t *)block_data(block);
}

/* Where the number of the block with this index is kept. Blocks of numbers on the way are made if need be with
 * `make`. NULL: there are none, or no memory. */
static uint32_t *block_place(struct file_part *file, uint64_t index, bool make)
{
    if (index < DIRECT_BLOCKS)
        return &file->direct[index];
    index -= DIRECT_BLOCKS;

    uint32_t *place = file->tree;
    uint64_t span = TABLE_BLOCKS; /* how many blocks *place leads to */

    for (; index >= span; place++, span *= TABLE_BLOCKS)
        index -= span;
    while (span > 1) {
        if (*place == 0) {
            uint32_t table = make ? block_new() : 0; /* of zeroes, so it can be entered at once */

            if (table == 0)
                return NULL;
            *place = table;
        }
        span /= TABLE_BLOCKS;
        place = &table_of(*place)[index / span];
        index %= span;
    }
    return place;
}

static uint32_t block_at(const struct file_part *file, uint64_t index)
{
    const uint32_t *place = block_place((struct file_part *)file, index, false);

    return place != NULL ? *place : 0;
}

size_t file_run(const struct inode *node, uint64_t offset, size_t max, const void **data)
{
    const struct file_part *file = &node->file;
    uint64_t index = offset / BLOCK_SIZE;
    size_t within = offset % BLOCK_SIZE, n = BLOCK_SIZE - within;
    uint32_t block = block_at(file, index);

    if (block != 0) {
        const uint8_t *start = block_data(block);

        *data = start + within;
        while (n < max && (block = block_at(file, ++index)) != 0 && block_data(block) == start + within + n)
            n += BLOCK_SIZE;
    } else if (offset < file->image_size) {
        *data = store_archive + file->image + offset;
        while (n < max && offset + n < file->image_size && block_at(file, ++index) == 0)
            n += BLOCK_SIZE;
        if (n > file->image_size - offset)
            n = file->image_size - offset;
    } else {
        *data = zeros;
    }
    return n < max ? n : max;
}

uint8_t *file_block(struct inode *node, uint64_t index, bool whole, uint32_t *fresh)
{
    struct file_part *file = &node->file;
    uint32_t *place = block_place(file, index, true);

    *fresh = 0;
    if (place == NULL)
        return NULL;
    if (*place != 0)
        return block_data(*place);
    *fresh = block_new();
    if (*fresh == 0)
        return NULL;

    uint64_t offset = index * BLOCK_SIZE;

    if (!whole && offset < file->image_size)
        memcpy(block_data(*fresh), store_archive + file->image + offset,
               file->image_size - offset < BLOCK_SIZE ? file->image_size - offset : BLOCK_SIZE);
    return block_data(*fresh);
}

void file_enter(struct inode *node, uint64_t index, uint32_t fresh)
{
    __asm__ volatile("" : : : "memory"); /* after what is in it */
    *block_place(&node->file, index, false) = fresh;
    node->file.blocks++;
}

/* Free what *place leads to, `span` blocks, from the one with index `first` on (0: all, and the numbers' own
 * block too), the highest first. Nothing leads to a block any more when it is freed. */
static void free_tree(struct file_part *file, uint32_t *place, uint64_t span, uint64_t first)
{
    uint32_t block = *place;

    if (block == 0)
        return;
    if (span > 1) {
        uint64_t part = span / TABLE_BLOCKS;

        for (uint64_t i = TABLE_BLOCKS; i-- > first / part;)
            free_tree(file, &table_of(block)[i], part, i * part < first ? first - i * part : 0);
    }
    if (first != 0)
        return;
    *place = 0;
    file->blocks -= span == 1;
    block_free(block);
}

/* Free the blocks from index `first` on, and the tables that named them. */
static void free_blocks(struct file_part *file, uint64_t first)
{
    uint64_t start[TREES], span[TREES], at = DIRECT_BLOCKS, blocks = 1;

    for (int i = 0; i < TREES; i++) {
        start[i] = at;
        span[i] = blocks *= TABLE_BLOCKS;
        at += blocks;
    }
    for (int i = TREES; i-- > 0;)
        if (first < start[i] + span[i])
            free_tree(file, &file->tree[i], span[i], first > start[i] ? first - start[i] : 0);
    for (uint64_t i = DIRECT_BLOCKS; i-- > first;)
        free_tree(file, &file->direct[i], 1, 0);
}

void file_empty(struct inode *node)
{
    free_blocks(&node->file, 0);
}

static uint64_t blocks_of(uint64_t size)
{
    return (size + BLOCK_SIZE - 1) / BLOCK_SIZE;
}

/* Count what *place leads to; numbers that cannot be are dropped. */
static unsigned find_tree(struct file_part *file, uint32_t *place, uint64_t span)
{
    unsigned nonsense = 0;

    if (*place == 0)
        return 0;
    if (!block_found(*place)) {
        *place = 0;
        return 1;
    }
    file->blocks += span == 1;
    for (uint64_t i = 0; span > 1 && i < TABLE_BLOCKS; i++)
        nonsense += find_tree(file, &table_of(*place)[i], span / TABLE_BLOCKS);
    return nonsense;
}

unsigned file_restore(struct inode *node)
{
    struct file_part *file = &node->file;
    unsigned nonsense = 0;
    uint64_t span = TABLE_BLOCKS;

    file->blocks = 0;
    for (int i = 0; i < DIRECT_BLOCKS; i++)
        nonsense += find_tree(file, &file->direct[i], 1);
    for (int i = 0; i < TREES; i++, span *= TABLE_BLOCKS)
        nonsense += find_tree(file, &file->tree[i], span);
    if (file->image_size > node->size)
        file->image_size = node->size;
    free_blocks(file, blocks_of(node->size));
    return nonsense;
}

void file_prepare_gap(struct inode *node, uint64_t offset)
{
    size_t within = node->size % BLOCK_SIZE;
    uint32_t block = within != 0 ? block_at(&node->file, node->size / BLOCK_SIZE) : 0;

    if (offset <= node->size || block == 0)
        return;

    size_t n = BLOCK_SIZE - within;

    if (offset - node->size < n)
        n = offset - node->size;
    memset(block_data(block) + within, 0, n);
}

void file_grown(struct inode *node, uint64_t end, bool once)
{
    if (once)
        CHANGE(node->size) = end;
    else if (end > node->size)
        node->size = end;
    node->mtime_ns = ramfs_now();
}

int file_resize(struct inode *node, uint64_t size)
{
    if (size > FILE_SIZE_MAX)
        return -EFBIG;
    if (size >= node->size)
        file_prepare_gap(node, size);

    bool shorter = size < node->size;

    *(volatile uint64_t *)&node->size = size; /* before what follows from it */
    node->mtime_ns = ramfs_now();
    if (shorter) {
        if (node->file.image_size > size)
            node->file.image_size = size;
        free_blocks(&node->file, blocks_of(size));
    }
    return 0;
}
