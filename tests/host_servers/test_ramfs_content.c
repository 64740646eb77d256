// sources: tests/host_servers/stubs.c user/servers/ramfs/store.c user/servers/ramfs/blocks.c
// sources: user/servers/ramfs/content.c user/servers/ramfs/journal.c user/servers/ramfs/restore.c
// sources: user/servers/ramfs/dir.c user/servers/ramfs/path.c user/servers/ramfs/names.c
// sources: user/servers/ramfs/open.c
/*
 * ramfs: what files hold, against a plain array (writes, holes, truncation, the image copied on write),
 * and the inodes' lives.
 */
#include "check.h"
#include "stubs.h"

#include "../../user/servers/ramfs/ramfs.h"

#define SPAN (5u << 20) /* past the first block of block numbers */

static uint8_t shadow[SPAN];
static uint8_t image[20000];

static struct inode *new_file(void)
{
    static bool started;

    if (!started)
        stub_make(image);
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
    stub_finish(NULL);
}

static void write_pattern(struct inode *node, uint64_t offset, size_t n)
{
    file_prepare_gap(node, offset);
    for (size_t done = 0; done < n;) {
        uint64_t at = offset + done;
        size_t within = at % BLOCK_SIZE, rest = BLOCK_SIZE - within, part = rest < n - done ? rest : n - done;
        uint32_t fresh;
        uint8_t *data = file_block(node, at / BLOCK_SIZE, part == BLOCK_SIZE, &fresh);

        CHECK(data != NULL);
        for (size_t i = 0; i < part; i++)
            data[within + i] = shadow[at + i] = (uint8_t)random_u64();
        if (fresh != 0)
            file_enter(node, at / BLOCK_SIZE, fresh);
        done += part;
    }
    file_grown(node, offset + n, false);
    stub_finish(NULL);
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
        node->file.image_size = node->size = sizeof image;
    }
    for (int i = 0; i < 4000; i++) {
        uint64_t limit = random_below(4) == 0 ? SPAN : random_below(2) == 0 ? 400000 : 30000;
        uint64_t offset = random_u64() % limit;
        size_t n = random_below(random_below(2) == 0 ? 200 : 20000) + 1;

        if (offset + n > SPAN)
            n = SPAN - offset;
        if (random_below(3) == 0) {
            uint64_t old = node->size;

            CHECK(file_resize(node, offset) == 0);
            stub_finish(NULL);
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
    size_t pages = stub_pages(), blocks = node->file.blocks;
    CHECK(file_resize(node, 0) == 0 && node->file.blocks == 0);
    stub_finish(NULL);
    CHECK(stub_pages() <= pages - blocks);
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

static void write_far(struct inode *node, uint64_t offset)
{
    uint32_t fresh;

    CHECK(file_block(node, offset / BLOCK_SIZE, false, &fresh) != NULL && fresh != 0);
    file_enter(node, offset / BLOCK_SIZE, fresh);
    stub_finish(NULL);
}

CASE(a_file_may_be_a_hole)
{
    struct inode *node = new_file();
    const void *data;

    CHECK(file_resize(node, FILE_SIZE_MAX) == 0);
    CHECK(file_resize(node, FILE_SIZE_MAX + 1) == -EFBIG);
    CHECK(file_run(node, FILE_SIZE_MAX - 5000, 100, &data) == 100 && *(const char *)data == 0);
    CHECK(node->file.blocks == 0);
    write_far(node, FILE_SIZE_MAX - 1);
    write_far(node, (uint64_t)4 << 30);
    CHECK(node->file.blocks == 2);
    size_t pages = stub_pages();
    CHECK(file_resize(node, (uint64_t)5 << 30) == 0);
    stub_finish(NULL);
    CHECK(node->file.blocks == 1);
    CHECK_EQUAL(stub_pages(), pages - 1 - 2); /* and what led to it */
    drop(node);
}

CASE(without_memory_a_block_is_refused)
{
    struct inode *node = new_file();
    uint32_t fresh;
    size_t got = 0, pages = stub_pages();

    stub_memory_left = 1 << 20;
    while (file_block(node, got, true, &fresh) != NULL)
        file_enter(node, got++, fresh);
    CHECK(got > 200 && got < 300);
    file_grown(node, got * BLOCK_SIZE, false);
    stub_memory_left = SIZE_MAX;
    CHECK(file_block(node, got, true, &fresh) != NULL && fresh != 0);
    block_free(fresh);
    CHECK(file_resize(node, 0) == 0);
    drop(node);
    CHECK_EQUAL(stub_pages(), pages);
}

CASE(freed_blocks_give_their_memory_back_in_any_order)
{
    static uint32_t blocks[2000];
    static bool taken[2000];
    size_t start, now = 0;

    new_file();
    start = stub_pages();
    for (int round = 0; round < 30000; round++) {
        unsigned i = random_below(round < 20000 ? 2000 : 100);

        if (taken[i]) {
            CHECK_EQUAL(*(uint32_t *)block_data(blocks[i]), i);
            CHECK_EQUAL(*(uint32_t *)(block_data(blocks[i]) + BLOCK_SIZE - 4), i);
            block_free(blocks[i]);
        } else {
            if (random_below(3) == 0)
                blocks_expect(random_below(30));
            blocks[i] = block_new();
            CHECK(blocks[i] != 0);
            CHECK_EQUAL(*(uint32_t *)block_data(blocks[i]), 0);
            *(uint32_t *)block_data(blocks[i]) = *(uint32_t *)(block_data(blocks[i]) + BLOCK_SIZE - 4) = i;
        }
        now += taken[i] ? -1 : 1;
        taken[i] = !taken[i];
        if (random_below(4) == 0) {
            stub_finish(NULL);
            CHECK_EQUAL(stub_pages(), start + now);
            CHECK_EQUAL(store_blocks(), now);
        }
    }
    for (unsigned i = 0; i < 2000; i++)
        if (taken[i])
            block_free(blocks[i]);
    stub_finish(NULL);
    CHECK_EQUAL(stub_pages(), start);
}

CASE(a_cookie_dies_with_its_inode)
{
    struct inode *many[100];

    new_file();
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
        stub_finish(NULL);
        CHECK(inode_of(cookie) == NULL);
    }
    CHECK(inode_of(UINT64_MAX) == NULL);
    CHECK(inode_of(0) == store_root());
}
