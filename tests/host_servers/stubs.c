/*
 * Stand-ins on the host for what main.c of ramfs gives its other files.
 */
#include "stubs.h"

#include "../../user/servers/ramfs/ramfs.h"

size_t stub_memory_left = SIZE_MAX;
int stub_closed = -1;
size_t stub_heap_bytes;

bool ramfs_may_grow(size_t bytes)
{
    if (bytes > stub_memory_left)
        return false;
    stub_memory_left -= stub_memory_left == SIZE_MAX ? 0 : bytes;
    return true;
}

uint64_t ramfs_now(void)
{
    static uint64_t now;

    return ++now;
}

void *ramfs_break(intptr_t delta)
{
    static _Alignas(4096) char heap[64 << 20];

    stub_heap_bytes += (size_t)delta;
    return heap + stub_heap_bytes - delta;
}

void ramfs_close(int handle)
{
    stub_closed = handle;
}
