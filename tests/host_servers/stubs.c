/*
 * Stand-ins on the host for what main.c of ramfs gives its other files. The store is memory that child
 * processes share; pages that are not committed cannot be touched.
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

size_t stub_memory_left = SIZE_MAX;
int stub_closed = -1;
uint64_t stub_token = 1;
struct stub_shared *stub_shared;
static uint8_t *memory;

static void need_memory(void)
{
    if (memory != NULL)
        return;
    memory = mmap(NULL, STUB_STORE_BYTES, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    stub_shared = mmap(NULL, sizeof *stub_shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED && stub_shared != MAP_FAILED);
    __lsan_register_root_region(memory, STUB_STORE_BYTES); /* what only the store leads to has not leaked */
}

bool ramfs_commit(void *start, size_t bytes)
{
    size_t first = (size_t)((uint8_t *)start - memory) / BLOCK_SIZE, n = bytes / BLOCK_SIZE, missing = 0;

    CHECK((uintptr_t)start % BLOCK_SIZE == 0 && bytes % BLOCK_SIZE == 0 && first + n <= STUB_STORE_BYTES / BLOCK_SIZE);
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
    size_t at = (size_t)(*from - memory + BLOCK_SIZE - 1) / BLOCK_SIZE, pages = STUB_STORE_BYTES / BLOCK_SIZE;

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

    for (size_t i = 0; i < STUB_STORE_BYTES / BLOCK_SIZE; i++)
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

/* Pages may have been committed by another process: this one's view of them follows. */
static void see_pages(void)
{
    for (size_t i = 0; i < STUB_STORE_BYTES / BLOCK_SIZE; i++)
        CHECK(mprotect(memory + i * BLOCK_SIZE, BLOCK_SIZE,
                       stub_shared->page[i] ? PROT_READ | PROT_WRITE : PROT_NONE) == 0);
}

void stub_make(const void *image)
{
    need_memory();
    for (int i = 0; i < STUB_KEPT; i++)
        stub_shared->kept[i].handle = -1;
    if (stub_shared->page[0])
        ramfs_decommit(memory, STUB_STORE_BYTES);
    CHECK(store_open(memory, STUB_STORE_BYTES, image, 100000) == 0);
    CHECK(store_make(7) == 0);
    store_sealed();
}

int stub_restart(const void *image)
{
    see_pages();
    CHECK(store_open(memory, STUB_STORE_BYTES, image, 100000) == 1);

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
