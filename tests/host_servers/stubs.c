/*
 * Stand-ins on the host for what main.c of ramfs gives its other files. Pages of the store that are not
 * committed cannot be touched.
 */
#include "stubs.h"

#include "../../user/servers/ramfs/ramfs.h"

#include <sanitizer/lsan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define CHECK(condition) ((condition) ? (void)0 : wrong(__LINE__, #condition))

static void wrong(int line, const char *what)
{
    fprintf(stderr, "stubs.c:%d: not true: %s\n", line, what);
    exit(1);
}

size_t stub_store_bytes = STUB_STORE_MAX;
size_t stub_memory_left = SIZE_MAX;
int stub_closed = -1;
uint64_t stub_token = 1;
struct stub_shared *stub_shared;
static uint8_t *memory;

static void need_memory(void)
{
    if (memory != NULL)
        return;
    memory = mmap(NULL, stub_store_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stub_shared = calloc(1, sizeof *stub_shared);
    CHECK(memory != MAP_FAILED && stub_shared != NULL);
    __lsan_register_root_region(memory, stub_store_bytes); /* what only the store leads to has not leaked */
}

bool ramfs_commit(void *start, size_t bytes)
{
    size_t first = (size_t)((uint8_t *)start - memory) / BLOCK_SIZE, n = bytes / BLOCK_SIZE, missing = 0;

    CHECK((uintptr_t)start % BLOCK_SIZE == 0 && bytes % BLOCK_SIZE == 0 && first + n <= stub_store_bytes / BLOCK_SIZE);
    for (size_t i = first; i < first + n; i++)
        missing += !stub_shared->page[i];
    if (missing * BLOCK_SIZE > stub_memory_left)
        return false;
    if (stub_memory_left != SIZE_MAX)
        stub_memory_left -= missing * BLOCK_SIZE;
    CHECK(mprotect(start, bytes, PROT_READ | PROT_WRITE) == 0);
    for (size_t i = first; i < first + n; i++)
        if (!stub_shared->page[i]) {
            memset(memory + i * BLOCK_SIZE, 0, BLOCK_SIZE);
            stub_shared->page[i] = true;
        }
    return true;
}

void ramfs_decommit(void *start, size_t bytes)
{
    size_t first = (size_t)((uint8_t *)start - memory) / BLOCK_SIZE, n = bytes / BLOCK_SIZE;

    CHECK((uintptr_t)start % BLOCK_SIZE == 0 && bytes % BLOCK_SIZE == 0);
    for (size_t i = first; i < first + n; i++) {
        stub_memory_left += stub_memory_left != SIZE_MAX && stub_shared->page[i] ? BLOCK_SIZE : 0;
        stub_shared->page[i] = false;
    }
    CHECK(mprotect(start, bytes, PROT_NONE) == 0);
}

bool ramfs_committed(uint8_t **from, uint8_t **end)
{
    size_t at = (size_t)(*from - memory + BLOCK_SIZE - 1) / BLOCK_SIZE, pages = stub_store_bytes / BLOCK_SIZE;

    while (at < pages && !stub_shared->page[at])
        at++;
    if (at == pages)
        return false;
    *from = memory + at * BLOCK_SIZE;
    while (at < pages && stub_shared->page[at])
        at++;
    *end = memory + at * BLOCK_SIZE;
    return true;
}

size_t stub_pages(void)
{
    size_t pages = 0;

    for (size_t i = 0; i < stub_store_bytes / BLOCK_SIZE; i++)
        pages += stub_shared->page[i];
    return pages;
}

int ramfs_keep(uint64_t key, int handle)
{
    struct stub_kept *free_place = NULL;

    for (int i = 0; i < STUB_KEPT; i++) {
        struct stub_kept *kept = &stub_shared->kept[i];

        if (kept->handle >= 0 && kept->key == key) {
            kept->handle = handle;
            return 0;
        }
        if (kept->handle < 0)
            free_place = kept;
    }
    if (handle < 0)
        return -ENOENT;
    CHECK(free_place != NULL);
    *free_place = (struct stub_kept){key, handle};
    return 0;
}

void stub_see_pages(void)
{
    size_t pages = stub_store_bytes / BLOCK_SIZE;

    for (size_t at = 0, end; at < pages; at = end) {
        for (end = at + 1; end < pages && stub_shared->page[end] == stub_shared->page[at];)
            end++;
        CHECK(mprotect(memory + at * BLOCK_SIZE, (end - at) * BLOCK_SIZE,
                       stub_shared->page[at] ? PROT_READ | PROT_WRITE : PROT_NONE) == 0);
    }
}

void stub_make(const void *image)
{
    stub_make_open(image);
    store_sealed();
}

void stub_make_open(const void *image)
{
    need_memory();
    for (int i = 0; i < STUB_KEPT; i++)
        stub_shared->kept[i].handle = -1;
    if (stub_shared->page[0])
        ramfs_decommit(memory, stub_store_bytes);
    CHECK(store_open(memory, stub_store_bytes, image, 1000) == 0);
    CHECK(store_make(7) == 0);
}

int stub_restart(const void *image)
{
    CHECK(store_open(memory, stub_store_bytes, image, 1000) == 1);

    int result = restore();

    for (int i = 0; i < STUB_KEPT && result >= 0; i++) {
        struct stub_kept *kept = &stub_shared->kept[i];

        if (kept->handle >= 0 && !mount_restore(kept->key, kept->handle))
            kept->handle = -1;
    }
    return result;
}

void stub_finish(const struct reply *answer)
{
    store_finish(stub_token++, answer);
}

uint64_t ramfs_now(void)
{
    static uint64_t now;

    return ++now;
}

void ramfs_close(int handle)
{
    stub_closed = handle;
}
