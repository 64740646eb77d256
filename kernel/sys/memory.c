/*
 * System calls about memory.
 */
#include "sys/calls.h"

#include "ipc/things.h"
#include "proc/job.h"

/* The job pays what the space costs by now, also for pages that came since by growth of the stack or of the
 * lazy heap. */
static int settle(struct proc *me)
{
    return job_charge(me, (int64_t)(me->space->committed - me->job_pages));
}

/* The break has moved by `delta` from `old` (or that is an error): what the job will not pay is undone. */
static int64_t paid(struct proc *me, int64_t old, int64_t delta)
{
    int error = old < 0 ? 0 : settle(me);
    if (!error || delta <= 0)
        return old;
    space_sbrk(me->space, -delta);
    settle(me);
    return error;
}

int64_t sys_sbrk(const uint64_t a[7])
{
    struct proc *me = this_proc();
    int64_t delta = (int64_t)a[0];
    return paid(me, space_sbrk(me->space, delta), delta);
}

int64_t sys_sbrk_lazy(const uint64_t a[7])
{
    struct proc *me = this_proc();
    if (a[0] > INT64_MAX)
        return -ENOMEM;
    return paid(me, space_sbrk_lazy(me->space, a[0]), (int64_t)a[0]);
}

static int64_t map_object(struct object *o, uint64_t offset, uint64_t bytes, uint64_t prot)
{
    bool device = o->ops == &device_ops;
    uint64_t base, size;
    if (device) {
        base = device_describe(o)->base;
        size = (device_describe(o)->size + PAGE_MASK) & ~(uint64_t)PAGE_MASK;
    } else if (o->ops == &memory_ops) {
        struct memory *m = container_of(o, struct memory, object);
        base = m->phys;
        size = m->bytes;
    } else {
        return -ENODEV;
    }
    if (prot & ~(uint64_t)(MAP_READ | MAP_WRITE) || !(prot & MAP_READ))
        return -EINVAL;
    if (!device && (prot & MAP_WRITE))
        return -EACCES; /* the initrd is read-only; shared memory to write comes with its own rights */
    if (offset > size || bytes > size - offset)
        return -EINVAL;
    return space_map_physical(this_proc()->space, base + offset, bytes,
                              REGION_READ | (prot & MAP_WRITE ? REGION_WRITE : 0), device);
}

int64_t sys_map(const uint64_t a[7])
{
    struct object *o = handle_get((int)a[0]);
    if (!o)
        return -EBADF;
    int64_t result = map_object(o, a[1], a[2], a[3]);
    object_put(o);
    return result;
}

int64_t sys_unmap(const uint64_t a[7])
{
    return space_unmap(this_proc()->space, a[0], a[1]);
}

int64_t sys_memory_size(const uint64_t a[7])
{
    int error;
    struct object *o = handle_get_kind((int)a[0], &memory_ops, -EINVAL, &error);
    if (!o)
        return error;
    int64_t bytes = (int64_t)container_of(o, struct memory, object)->bytes;
    object_put(o);
    return bytes;
}
