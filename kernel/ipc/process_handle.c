/*
 * Handles on processes: they poll readable when the process has ended. A process's handle on itself
 * polls readable when it has a child to wait for, which lets init sleep on everything at once.
 */
#include "ipc/things.h"

#include "mem/cache.h"

struct process_handle {
    struct object object;
    struct proc *proc; /* with a reference */
};

static struct cache process_handle_cache = CACHE("process handle", struct process_handle);

uint64_t process_handles_live(void)
{
    return cache_live(&process_handle_cache);
}

static struct proc *proc_of_handle(struct object *o)
{
    return container_of(o, struct process_handle, object)->proc;
}

static void process_release(struct object *o)
{
    proc_put(proc_of_handle(o));
    cache_free(&process_handle_cache, container_of(o, struct process_handle, object));
}

static int process_poll(struct object *o, struct waiter *w)
{
    struct proc *p = proc_of_handle(o);
    bool own = p == this_process();
    spin_lock(&tree_lock);
    if (w)
        wait_join(own ? &p->child_ended : &p->ended, w);
    bool ready = own ? proc_has_zombie(p) : atomic_load(&p->task.state) == PROC_ZOMBIE;
    spin_unlock(&tree_lock);
    return ready ? POLLIN : 0;
}

static void process_unpoll(struct object *o, struct waiter *w)
{
    struct proc *p = proc_of_handle(o);
    spin_lock(&tree_lock);
    wait_leave(w);
    if (atomic_load(&p->task.state) == PROC_ZOMBIE)
        wake_watchers(&p->ended);
    spin_unlock(&tree_lock);
}

static const struct object_ops process_ops = {
    .name = "process",
    .release = process_release,
    .poll = process_poll,
    .unpoll = process_unpoll,
};

int process_handle_open(int32_t pid)
{
    struct proc *p = proc_find(pid);
    if (!p)
        return -ESRCH;
    struct process_handle *h = cache_alloc(&process_handle_cache);
    if (!h) {
        proc_put(p);
        return -ENOMEM;
    }
    object_init(&h->object, &process_ops);
    h->proc = p;
    return handle_add(&h->object, 0);
}
