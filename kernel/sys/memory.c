/*
 * System calls about memory.
 */
#include "sys/calls.h"

#include "ipc/things.h"
#include "proc/job.h"
#include "riscv/kprintf.h"

/* The job pays what the space costs by now, also for pages that came since by growth of the stack or of the
 * lazy heap. */
static int settle(struct proc *me)
{
    return job_settle(me->leader);
}

/* The break has moved by `delta` from `old` (or that is an error): what the job will not pay is undone. */
static int64_t paid(struct proc *me, int64_t old, int64_t delta)
{
    int error = old < 0 ? 0 : settle(me);
    if (!error || delta <= 0)
        return old;
    if (!space_sbrk_undo(me->space, (uint64_t)old, (uint64_t)delta)) {
        /* Another thread has moved it since: what is on top is not ours to take back, and to keep it would be a way
         * around every limit. So it is as with a stack that outgrows what the job may have. */
        klog(LOG_WARN, "%s (pid %d): its threads' memory passed its job's limit: ended by signal %d\n", me->name, me->pid,
             SIGBUS);
        proc_exit(0, SIGBUS);
    }
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

static int64_t map_object(struct object *o, uint64_t offset, uint64_t bytes, uint64_t prot, uint64_t at)
{
    bool device = o->ops == &device_ops, writable;
    int rights = REGION_READ | (prot & MAP_WRITE ? REGION_WRITE : 0);
    struct segment *segment = NULL;
    uint64_t base, size;
    if (device) {
        base = device_describe(o)->base;
        size = (device_describe(o)->size + PAGE_MASK) & ~(uint64_t)PAGE_MASK;
        writable = !device_read_only(o);
    } else if (o->ops == &memory_ops) {
        struct memory *m = container_of(o, struct memory, object);
        base = m->phys;
        size = m->bytes;
        segment = m->segment;
        writable = segment || m->writable;
    } else {
        return -ENODEV;
    }
    uint64_t known = MAP_READ | MAP_WRITE | (segment ? MAP_AT : 0);
    if (prot & ~known || !(prot & MAP_READ) || (prot & MAP_AT && !at))
        return -EINVAL;
    if ((prot & MAP_WRITE) && !writable)
        return -EACCES; /* the initrd and the trace */
    if (offset > size || bytes > size - offset)
        return -EINVAL;
    struct space *mine = this_proc()->space;
    if (segment)
        return space_map_segment(mine, segment, offset, bytes, rights, prot & MAP_AT ? at : 0);
    return space_map_physical(mine, base + offset, bytes, rights, device);
}

/* Memory of nobody else's, with a page below it that stays free: a thread's stack. */
static int64_t map_private(uint64_t offset, uint64_t bytes, uint64_t prot)
{
    if (offset || prot & ~(uint64_t)(MAP_READ | MAP_WRITE) || !(prot & MAP_READ))
        return -EINVAL;
    return space_map_private(this_proc()->space, bytes, REGION_READ | (prot & MAP_WRITE ? REGION_WRITE : 0));
}

int64_t sys_map(const uint64_t a[7])
{
    int64_t result;
    if ((int)a[0] == MAP_PRIVATE) {
        result = map_private(a[1], a[2], a[3]);
    } else {
        struct object *o = handle_get((int)a[0]);
        if (!o)
            return -EBADF;
        result = map_object(o, a[1], a[2], a[3], a[4]);
        object_put(o);
    }
    int error = result < 0 ? 0 : settle(this_proc()); /* page tables, which touching must not fail for */
    if (!error)
        return result;
    space_unmap(this_proc()->space, (uint64_t)result, a[2]);
    settle(this_proc());
    return error;
}

int64_t sys_unmap(const uint64_t a[7])
{
    int result = space_unmap(this_proc()->space, a[0], a[1]);
    settle(this_proc());
    return result;
}

/* ---- memory objects ---- */

static struct memory *get_memory(uint64_t handle, int *error)
{
    struct object *o = handle_get_kind((int)handle, &memory_ops, -EINVAL, error);
    return o ? container_of(o, struct memory, object) : NULL;
}

int64_t sys_memory_size(const uint64_t a[7])
{
    int error;
    struct memory *m = get_memory(a[0], &error);
    if (!m)
        return error;
    int64_t bytes = (int64_t)m->bytes;
    object_put(&m->object);
    return bytes;
}

int64_t sys_memory_create(const uint64_t a[7])
{
    if (a[0] == 0 || a[0] > SEGMENT_MAX)
        return -EINVAL;
    struct memory *m = memory_create_segment((a[0] + PAGE_MASK) & ~(uint64_t)PAGE_MASK);
    return m ? handle_add(&m->object, 0) : -ENOMEM;
}

/* The calls on ranges: only what memory_create made has a segment. */
static int64_t change(const uint64_t a[7], int (*how)(struct segment *, uint64_t offset, uint64_t bytes))
{
    int error;
    struct memory *m = get_memory(a[0], &error);
    if (!m)
        return error;
    error = m->segment ? how(m->segment, a[1], a[2]) : -EINVAL;
    object_put(&m->object);
    return error;
}

int64_t sys_memory_commit(const uint64_t a[7])
{
    return change(a, segment_commit);
}

int64_t sys_memory_decommit(const uint64_t a[7])
{
    return change(a, segment_decommit);
}

int64_t sys_memory_next(const uint64_t a[7])
{
    int error;
    struct memory *m = get_memory(a[0], &error);
    if (!m)
        return error;
    uint64_t offset = a[1], end;
    error = m->segment && !(offset & PAGE_MASK) ? segment_next(m->segment, &offset, &end) : -EINVAL;
    if (!error)
        error = to_user(a[2], &end, sizeof end);
    object_put(&m->object);
    return error ? error : (int64_t)offset;
}
