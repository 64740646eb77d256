/*
 * What regular files hold: blocks by index, over an image in the initrd that is copied block by
 * block when written to. A block exists only below the end of the file; its bytes beyond the end
 * mean nothing until the file grows over them, and are zeroed then.
 * Called by data.c and names.c; makes no system call.
 */
#include "ramfs.h"

#include <stdlib.h>
#include <string.h>

#define LEAF_BLOCKS 128

static const uint8_t zeros[BLOCK_SIZE];

static uint32_t block_at(const struct file_part *file, uint64_t index)
{
    if (index < DIRECT_BLOCKS)
        return file->direct[index];

    size_t leaf = index / LEAF_BLOCKS;

    if (leaf >= file->leaf_room || file->leaves[leaf] == NULL)
        return 0;
    return file->leaves[leaf][index % LEAF_BLOCKS];
}

/* Where the number of this block is kept, made if need be. NULL: no memory. */
static uint32_t *block_place(struct file_part *file, uint64_t index)
{
    if (index < DIRECT_BLOCKS)
        return &file->direct[index];

    size_t leaf = index / LEAF_BLOCKS;

    if (leaf >= file->leaf_room) {
        size_t grow = (leaf + 1 - file->leaf_room) * sizeof *file->leaves;

        if (grow >= BLOCK_SIZE && !ramfs_may_grow(grow))
            return NULL;
        if (!array_fit((void **)&file->leaves, &file->leaf_room, leaf + 1, sizeof *file->leaves))
            return NULL;
    }
    if (file->leaves[leaf] == NULL)
        file->leaves[leaf] = calloc(LEAF_BLOCKS, sizeof **file->leaves);
    return file->leaves[leaf] != NULL ? &file->leaves[leaf][index % LEAF_BLOCKS] : NULL;
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
        *data = file->image + offset;
        while (n < max && offset + n < file->image_size && block_at(file, ++index) == 0)
            n += BLOCK_SIZE;
        if (n > file->image_size - offset)
            n = file->image_size - offset;
    } else {
        *data = zeros;
    }
    return n < max ? n : max;
}

uint8_t *file_block(struct inode *node, uint64_t index, bool whole, bool *fresh)
{
    struct file_part *file = &node->file;
    uint32_t *place = block_place(file, index);

    if (place == NULL)
        return NULL;
    *fresh = *place == 0;
    if (!*fresh)
        return block_data(*place);

    uint32_t block = block_new();

    if (block == 0)
        return NULL;

    uint8_t *data = block_data(block);

    if (!whole) {
        uint64_t offset = index * BLOCK_SIZE;
        size_t n = 0;

        if (offset < file->image_size) {
            n = file->image_size - offset < BLOCK_SIZE ? file->image_size - offset : BLOCK_SIZE;
            memcpy(data, file->image + offset, n);
        }
        memset(data + n, 0, BLOCK_SIZE - n);
    }
    *place = block;
    file->blocks++;
    return data;
}

void file_drop_block(struct inode *node, uint64_t index)
{
    uint32_t *place = block_place(&node->file, index);

    if (place != NULL && *place != 0) {
        block_free(*place);
        *place = 0;
        node->file.blocks--;
    }
}

/* Free the blocks from index `first` on, the highest first, and the tables that named them. */
static void free_blocks(struct file_part *file, uint64_t first)
{
    for (size_t leaf = file->leaf_room; leaf-- > 0 && (leaf + 1) * LEAF_BLOCKS > first;) {
        uint32_t *table = file->leaves[leaf];

        if (table == NULL)
            continue;
        for (size_t i = LEAF_BLOCKS; i-- > 0 && leaf * LEAF_BLOCKS + i >= first;) {
            if (table[i] == 0)
                continue;
            block_free(table[i]);
            table[i] = 0;
            file->blocks--;
        }
        if (leaf * LEAF_BLOCKS >= first) {
            free(table);
            file->leaves[leaf] = NULL;
        }
    }
    if (first <= DIRECT_BLOCKS) {
        free(file->leaves != NULL ? file->leaves[0] : NULL);
        free(file->leaves);
        file->leaves = NULL;
        file->leaf_room = 0;
    }
    for (size_t i = DIRECT_BLOCKS; i-- > first;) {
        if (file->direct[i] != 0) {
            block_free(file->direct[i]);
            file->direct[i] = 0;
            file->blocks--;
        }
    }
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

void file_grown(struct inode *node, uint64_t end)
{
    if (end > node->size)
        node->size = end;
    node->mtime_ns = ramfs_now();
}

int file_resize(struct inode *node, uint64_t size)
{
    if (size > FILE_SIZE_MAX)
        return -EFBIG;
    if (size < node->size) {
        free_blocks(&node->file, (size + BLOCK_SIZE - 1) / BLOCK_SIZE);
        if (node->file.image_size > size)
            node->file.image_size = size;
    } else {
        file_prepare_gap(node, size);
    }
    node->size = size;
    node->mtime_ns = ramfs_now();
    return 0;
}
