/*
 * Handle tables: see handle.h. The table grows by doubling up to HANDLE_MAX. References are dropped
 * after the lock is, since a last one may have much to do.
 */
#include "ipc/handle.h"

#include "mem/cache.h"
#include "sched/sched.h"

#include <common/string.h>

#define FIRST_CAPACITY 16

struct handle {
    struct object *object; /* NULL: free; RESERVED */
    uint32_t flags;
};

struct handle_table {
    _Atomic uint32_t refs;
    struct spinlock lock; /* LOCK_HANDLES; protects all below */
    struct handle *slot;
    int capacity;
    int lowest; /* no number below this is free */
    struct handle first[FIRST_CAPACITY];
};

static struct cache table_cache = CACHE("handle table", struct handle_table);
static struct object reserved_marker; /* its address marks a number as taken */
#define RESERVED (&reserved_marker)

uint64_t handle_tables_live(void)
{
    return cache_live(&table_cache);
}

static struct handle_table *mine(void)
{
    return this_proc()->handles;
}

struct handle_table *handle_table_create(void)
{
    struct handle_table *t = cache_alloc(&table_cache);
    if (!t)
        return NULL;
    atomic_store(&t->refs, 1);
    spin_init(&t->lock, "handles", LOCK_HANDLES);
    t->slot = t->first;
    t->capacity = FIRST_CAPACITY;
    return t;
}

struct handle_table *handle_table_copy(struct handle_table *from)
{
    struct handle_table *t = handle_table_create();
    if (!t)
        return NULL;
    spin_lock(&from->lock);
    /* Other threads may make it larger while there is no lock to allocate under. */
    while (from->capacity > t->capacity) {
        int capacity = from->capacity;
        spin_unlock(&from->lock);
        if (t->slot != t->first)
            kfree(t->slot);
        t->slot = kmalloc((size_t)capacity * sizeof *t->slot);
        if (!t->slot) {
            cache_free(&table_cache, t);
            return NULL;
        }
        t->capacity = capacity;
        spin_lock(&from->lock);
    }
    for (int n = 0; n < from->capacity; n++) {
        struct object *o = from->slot[n].object;
        if (o && o != RESERVED && !(from->slot[n].flags & HANDLE_CLOFORK)) {
            object_get(o);
            t->slot[n] = from->slot[n];
        }
    }
    spin_unlock(&from->lock);
    return t;
}

static void close_all(struct handle_table *t, uint32_t flags)
{
    for (int n = 0; n < t->capacity; n++) {
        spin_lock(&t->lock);
        struct object *o = t->slot[n].object;
        bool close = o && o != RESERVED && (t->slot[n].flags & flags) == flags;
        if (close) {
            t->slot[n].object = NULL;
            t->lowest = n < t->lowest ? n : t->lowest;
        }
        spin_unlock(&t->lock);
        if (close) {
            object_put(o);
            sched_breathe();
        }
    }
}

void handle_table_get(struct handle_table *t)
{
    atomic_fetch_add(&t->refs, 1);
}

void handle_table_put(struct handle_table *t)
{
    if (!t || atomic_fetch_sub(&t->refs, 1) != 1)
        return;
    close_all(t, 0);
    if (t->slot != t->first)
        kfree(t->slot);
    cache_free(&table_cache, t);
}

void handle_table_exec(struct handle_table *t)
{
    close_all(t, HANDLE_CLOEXEC);
}

/* The lock is held. */
static int grow(struct handle_table *t, int wanted)
{
    int capacity = t->capacity;
    while (capacity <= wanted)
        capacity *= 2;
    struct handle *slot = kmalloc((size_t)capacity * sizeof *slot);
    if (!slot)
        return -ENOMEM;
    memcpy(slot, t->slot, (size_t)t->capacity * sizeof *slot);
    if (t->slot != t->first)
        kfree(t->slot);
    t->slot = slot;
    t->capacity = capacity;
    return 0;
}

int handle_reserve(int from)
{
    struct handle_table *t = mine();
    if (from < 0 || from >= HANDLE_MAX)
        return -EINVAL;
    spin_lock(&t->lock);
    int n = from > t->lowest ? from : t->lowest;
    while (n < t->capacity && t->slot[n].object)
        n++;
    int error = n >= HANDLE_MAX ? -EMFILE : n >= t->capacity ? grow(t, n) : 0;
    if (!error) {
        t->slot[n].object = RESERVED;
        t->slot[n].flags = 0;
        if (from <= t->lowest)
            t->lowest = n + 1;
    }
    spin_unlock(&t->lock);
    return error ? error : n;
}

void handle_install(int n, struct object *o, int flags)
{
    struct handle_table *t = mine();
    spin_lock(&t->lock);
    DEBUG_ASSERT(t->slot[n].object == RESERVED);
    t->slot[n].object = o;
    t->slot[n].flags = (uint32_t)flags;
    spin_unlock(&t->lock);
}

/* Takes what a number names out of the table: NULL when it names nothing. */
static struct object *take_out(struct handle_table *t, int n, bool reserved)
{
    struct object *o = NULL;
    spin_lock(&t->lock);
    if (n >= 0 && n < t->capacity && t->slot[n].object && (t->slot[n].object == RESERVED) == reserved) {
        o = t->slot[n].object;
        t->slot[n].object = NULL;
        t->lowest = n < t->lowest ? n : t->lowest;
    }
    spin_unlock(&t->lock);
    return o;
}

void handle_cancel(int n)
{
    take_out(mine(), n, true);
}

int handle_close(int n)
{
    struct object *o = take_out(mine(), n, false);
    if (!o)
        return -EBADF;
    object_put(o);
    return 0;
}

struct object *handle_get(int n)
{
    struct handle_table *t = mine();
    struct object *o = NULL;
    spin_lock(&t->lock);
    if (n >= 0 && n < t->capacity)
        o = t->slot[n].object;
    if (o == RESERVED)
        o = NULL;
    if (o)
        object_get(o);
    spin_unlock(&t->lock);
    return o;
}

struct object *handle_get_kind(int n, const struct object_ops *kind, int wrong, int *error)
{
    struct object *o = handle_get(n);
    *error = -EBADF;
    if (o && o->ops != kind) {
        *error = wrong;
        object_put(o);
        o = NULL;
    }
    return o;
}

int handle_add(struct object *o, int flags)
{
    int n = handle_reserve(0);
    if (n < 0)
        object_put(o);
    else
        handle_install(n, o, flags);
    return n;
}

int handle_dup(int n, int from)
{
    struct object *o = handle_get(n);
    if (!o)
        return -EBADF;
    int to = handle_reserve(from);
    if (to < 0)
        object_put(o);
    else
        handle_install(to, o, 0);
    return to;
}

int handle_dup2(int n, int to)
{
    struct handle_table *t = mine();
    struct object *o = handle_get(n);
    if (!o || to < 0 || to >= HANDLE_MAX) {
        object_put(o);
        return -EBADF;
    }
    if (n == to) {
        object_put(o);
        return to;
    }
    struct object *old = NULL;
    spin_lock(&t->lock);
    int error = to >= t->capacity ? grow(t, to) : t->slot[to].object == RESERVED ? -EBUSY : 0;
    if (!error) {
        old = t->slot[to].object;
        t->slot[to].object = o;
        t->slot[to].flags = 0;
    }
    spin_unlock(&t->lock);
    object_put(error ? o : old);
    return error ? error : to;
}

int handle_flags(int n, int set)
{
    struct handle_table *t = mine();
    int result = -EBADF;
    spin_lock(&t->lock);
    if (n >= 0 && n < t->capacity && t->slot[n].object && t->slot[n].object != RESERVED) {
        if (set >= 0)
            t->slot[n].flags = (uint32_t)set;
        result = (int)t->slot[n].flags;
    }
    spin_unlock(&t->lock);
    return result;
}

int handle_give(struct proc *p, int n, struct object *o)
{
    ASSERT(n < p->handles->capacity && !p->handles->slot[n].object);
    p->handles->slot[n].object = o;
    return 0;
}
