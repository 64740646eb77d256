/*
 * Shared memory (mp/shared.h): a memory object that begins with how much of it is in use. What only this process
 * knows, the handle, is not in it.
 */
#include <errno.h>
#include <kinglet/system.h>
#include <mp/shared.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#define PAGE 4096ul
#define ALIGN 16ul

/* At the start of the memory itself. */
struct head {
    _Atomic size_t used; /* this included */
    size_t bytes;
};
_Static_assert(sizeof(struct head) % ALIGN == 0, "what follows is aligned");

struct mp_shared {
    struct head *head;
    size_t bytes;
    int handle;
};

/* The handle becomes part of it. */
static int show(int handle, size_t bytes, struct mp_shared **shared)
{
    struct mp_shared *s = malloc(sizeof *s);
    if (!s)
        return -ENOMEM;
    s->head = map(handle, 0, bytes, MAP_READ | MAP_WRITE);
    if (!s->head) {
        free(s);
        return -errno;
    }
    s->bytes = bytes;
    s->handle = handle;
    *shared = s;
    return 0;
}

int mp_shared_create(size_t bytes, struct mp_shared **shared)
{
    size_t size = (bytes + sizeof(struct head) + PAGE - 1) & ~(PAGE - 1);
    if (bytes == 0 || size < bytes)
        return -EINVAL;
    int handle = memory_create(size);
    if (handle < 0)
        return handle;
    int error = memory_commit(handle, 0, size);
    if (!error)
        error = show(handle, size, shared);
    if (error) {
        close(handle);
        return error;
    }
    (*shared)->head->bytes = size;
    atomic_store(&(*shared)->head->used, sizeof(struct head));
    return 0;
}

int mp_shared_open(int handle, struct mp_shared **shared)
{
    int64_t bytes = memory_size(handle);
    if (bytes < 0)
        return (int)bytes;
    int copy = dup(handle);
    if (copy < 0)
        return -errno;
    int error = show(copy, (size_t)bytes, shared);
    if (error)
        close(copy);
    return error;
}

void *mp_shared_alloc(struct mp_shared *shared, size_t bytes)
{
    struct head *head = shared->head;
    size_t used = atomic_load(&head->used), need = (bytes + ALIGN - 1) & ~(ALIGN - 1);
    do
        if (need < bytes || used > shared->bytes || need > shared->bytes - used)
            return NULL;
    while (!atomic_compare_exchange_weak(&head->used, &used, used + need));
    return (char *)head + used;
}

int mp_shared_handle(const struct mp_shared *shared)
{
    return shared->handle;
}

size_t mp_shared_offset(const struct mp_shared *shared, const void *pointer)
{
    return (size_t)((const char *)pointer - (const char *)shared->head);
}

void *mp_shared_at(struct mp_shared *shared, size_t offset)
{
    return (char *)shared->head + offset;
}

void mp_shared_close(struct mp_shared *shared)
{
    unmap(shared->head, shared->bytes);
    close(shared->handle);
    free(shared);
}
