/*
 * Objects: everything that a handle can name. Each kind embeds a struct object first and gives a
 * table of what can be done with it. Called through handles by sys/; knows no kind itself.
 */
#ifndef KERNEL_IPC_OBJECT_H
#define KERNEL_IPC_OBJECT_H

#include "mem/user_copy.h"
#include "sched/waitq.h"

#include <kinglet/errno.h>
#include <kinglet/file.h>
#include <stdatomic.h>
#include <stdint.h>

struct object;

struct object_ops {
    const char *name;
    /* The last reference is gone. */
    void (*release)(struct object *);
    /* Bytes moved, 0 at the end of file, or a negative errno. May block. NULL: -EBADF. */
    int64_t (*read)(struct object *, user_addr buffer, uint64_t n);
    int64_t (*write)(struct object *, user_addr buffer, uint64_t n);
    /* POLL bits now. With `w`, also joins the queue that is woken when they change; unpoll takes it
     * off again. NULL: always readable and writable. */
    int (*poll)(struct object *, struct waiter *w);
    void (*unpoll)(struct object *, struct waiter *w);
};

struct object {
    const struct object_ops *ops; /* constant */
    _Atomic uint32_t refs;
    _Atomic uint32_t flags; /* O_NONBLOCK, O_APPEND: shared by all handles on it */
};

static inline void object_init(struct object *o, const struct object_ops *ops)
{
    o->ops = ops;
    atomic_store(&o->refs, 1);
    atomic_store(&o->flags, 0);
}

static inline void object_get(struct object *o)
{
    atomic_fetch_add_explicit(&o->refs, 1, memory_order_relaxed);
}

static inline void object_put(struct object *o)
{
    if (o && atomic_fetch_sub_explicit(&o->refs, 1, memory_order_acq_rel) == 1)
        o->ops->release(o);
}

static inline bool object_nonblocking(struct object *o)
{
    return atomic_load_explicit(&o->flags, memory_order_relaxed) & O_NONBLOCK;
}

#endif
