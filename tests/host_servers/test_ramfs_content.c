// sources: tests/host_servers/stubs.c user/servers/ramfs/store.c user/servers/ramfs/content.c
/*
 * ramfs: what files hold, against a plain array (writes, holes, truncation, the image copied on write),
 * and the inodes' lives.
 */
#include "check.h"
#include "stubs.h"

#include "../../user/servers/ramfs/ramfs.h"

#define SPAN (700u << 10) /* past the first table of block numbers */

static uint8_t shadow[SPAN];
static uint8_t image[20000];

static struct inode *new_file(void)
{
    static bool started;

    if (!started)
        CHECK(store_init(1, 100000) == 0);
    started = true;

    struct inode *node = inode_new(S_IFREG | 0644);

    CHECK(node != NULL);
    node->links = 1;
    return node;
}

static void drop(struct inode *node)
{
    node->links = 0;
    inode_settle(node);
}

static void write_pattern(struct inode *node, uint64_t offset, size_t n)
{
    file_prepare_gap(node, offset);
    for (size_t done = 0; done < n;) {
        uint64_t at = offset + done;
        size_t within = at % BLOCK_SIZE, rest = BLOCK_SIZE - within, part = rest < n - done ? rest : n - done;
        bool fresh;
        uint8_t *data = file_block(node, at / BLOCK_SIZE, part == BLOCK_SIZE, &fresh);

        CHECK(data != NULL);
        for (size_t i = 0; i < part; i++)
            data[within + i] = shadow[at + i] = (uint8_t)random_u64();
        done += part;
    }
    file_grown(node, offset + n);
}

static void compare(const struct inode *node, uint64_t offset, size_t n)
{
    while (n > 0) {
        const void *data;
        size_t run = file_run(node, offset, n, &data);

        CHECK(run > 0 && run <= n);
        CHECK(memcmp(data, shadow + offset, run) == 0);
        offset += run;
        n -= run;
    }
}

static void random_operations(bool with_image)
{
    struct inode *node = new_file();

    memset(shadow, 0, sizeof shadow);
    if (with_image) {
        for (size_t i = 0; i < sizeof image; i++)
            shadow[i] = image[i] = (uint8_t)random_u64();
        node->file.image = image;
        node->file.image_size = node->size = sizeof image;
    }
    for (int i = 0; i < 4000; i++) {
        uint64_t limit = random_below(4) == 0 ? SPAN : 30000;
        uint64_t offset = random_u64() % limit;
        size_t n = random_below(random_below(2) == 0 ? 200 : 20000) + 1;

        if (offset + n > SPAN)
            n = SPAN - offset;
        if (random_below(3) == 0) {
            uint64_t old = node->size;

            CHECK(file_resize(node, offset) == 0);
            if (offset < old)
                memset(shadow + offset, 0, old - offset);
        } else {
            write_pattern(node, offset, n);
        }
        if (node->size > 0) {
            offset = random_u64() % node->size;
            n = random_u64() % (node->size - offset) + 1;
            compare(node, offset, n);
        }
    }
    compare(node, 0, node->size);
    CHECK(file_resize(node, 0) == 0 && node->file.blocks == 0);
    drop(node);
}

CASE(writes_holes_and_truncation)
{
    random_operations(false);
}

CASE(writes_over_the_image)
{
    random_operations(true);
}

CASE(the_image_is_never_written)
{
    struct inode *node = new_file();
    static uint8_t before[sizeof image];

    memset(image, 'x', sizeof image);
    memcpy(before, image, sizeof image);
    node->file.image = image;
    node->file.image_size = node->size = sizeof image;
    write_pattern(node, 100, sizeof image);
    CHECK(memcmp(image, before, sizeof image) == 0);
    drop(node);
}

CASE(fresh_blocks_lie_in_one_piece)
{
    struct inode *node = new_file();
    const void *data;

    write_pattern(node, 0, 3 * BLOCK_SIZE);
    CHECK(((uintptr_t)block_data(node->file.direct[0]) & (BLOCK_SIZE - 1)) == 0);
    CHECK(file_run(node, 0, BLOCK_SIZE, &data) == BLOCK_SIZE);
    CHECK(file_run(node, 10, 2 * BLOCK_SIZE, &data) == 2 * BLOCK_SIZE); /* fresh blocks lie in a row */
    drop(node);
}

CASE(a_file_may_be_a_hole)
{
    struct inode *node = new_file();
    const void *data;

    CHECK(file_resize(node, FILE_SIZE_MAX) == 0);
    CHECK(file_resize(node, FILE_SIZE_MAX + 1) == -EFBIG);
    CHECK(file_run(node, FILE_SIZE_MAX - 5000, 100, &data) == 100 && *(const char *)data == 0);
    CHECK(node->file.blocks == 0);
    drop(node);
}

CASE(without_memory_a_block_is_refused)
{
    struct inode *node = new_file();
    bool fresh;
    size_t got = 0;

    stub_memory_left = 1 << 20;
    while (file_block(node, got, true, &fresh) != NULL)
        got++;
    CHECK(got > 200 && got < 300);
    file_grown(node, got * BLOCK_SIZE);
    stub_memory_left = SIZE_MAX;
    CHECK(file_block(node, got, true, &fresh) != NULL && fresh);
    file_drop_block(node, got);
    CHECK(file_resize(node, 0) == 0);
    drop(node);
}

CASE(freed_blocks_leave_the_heap_in_any_order)
{
    static uint32_t blocks[2000];
    static bool taken[2000];
    size_t start;

    new_file();
    start = stub_heap_bytes;
    for (int round = 0; round < 30000; round++) {
        unsigned i = random_below(round < 20000 ? 2000 : 100);

        if (taken[i]) {
            CHECK_EQUAL(*(uint32_t *)block_data(blocks[i]), i);
            CHECK_EQUAL(*(uint32_t *)(block_data(blocks[i]) + BLOCK_SIZE - 4), i);
            block_free(blocks[i]);
        } else {
            blocks[i] = block_new();
            CHECK(blocks[i] != 0);
            *(uint32_t *)block_data(blocks[i]) = *(uint32_t *)(block_data(blocks[i]) + BLOCK_SIZE - 4) = i;
        }
        taken[i] = !taken[i];
    }
    CHECK(stub_heap_bytes > start);
    for (unsigned i = 0; i < 2000; i++) {
        if (!taken[i])
            continue;
        CHECK_EQUAL(*(uint32_t *)block_data(blocks[i]), i);
        block_free(blocks[i]);
    }
    CHECK_EQUAL(stub_heap_bytes, start);
}

/* Many chunks, then a gap among the first of them: filling it must not lose the others. */
CASE(a_gap_among_many_chunks_is_filled)
{
    static uint32_t blocks[2000];

    new_file();
    for (uint32_t i = 0; i < 2000; i++) {
        blocks[i] = block_new();
        CHECK(blocks[i] != 0);
        *(uint32_t *)block_data(blocks[i]) = i;
    }
    for (int i = 0; i < 100; i++)
        block_free(blocks[i]);
    for (uint32_t i = 0; i < 100; i++) {
        blocks[i] = block_new();
        CHECK(blocks[i] != 0);
        *(uint32_t *)block_data(blocks[i]) = i;
    }
    for (uint32_t i = 0; i < 2000; i++) {
        CHECK_EQUAL(*(uint32_t *)block_data(blocks[i]), i);
        block_free(blocks[i]);
    }
}

CASE(a_cookie_dies_with_its_inode)
{
    struct inode *many[100];

    new_file();
    store_sealed();
    for (int i = 0; i < 100; i++) {
        many[i] = new_file();
        CHECK(inode_of(inode_cookie(many[i])) == many[i]);
    }
    for (int i = 0; i < 100; i++) {
        uint64_t cookie = inode_cookie(many[i]);

        many[i]->references++;
        drop(many[i]); /* still open */
        CHECK(inode_of(cookie) == many[i]);
        inode_release(many[i]);
        CHECK(inode_of(cookie) == NULL);
    }
    CHECK(inode_of(UINT64_MAX) == NULL);
    CHECK(inode_of(0) == store_root());
}
