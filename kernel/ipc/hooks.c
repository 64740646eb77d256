/*
 * What happens to handles, places and channels when a process forks, execs or ends: proc_upcalls.
 */
#include "ipc/channel.h"
#include "ipc/futex.h"
#include "ipc/things.h"

int ipc_fork(struct proc *parent, struct proc *child)
{
    child->handles = handle_table_copy(parent->handles);
    if (!child->handles)
        return -ENOMEM;
    spin_lock(&parent->lock);
    child->root = parent->root;
    child->cwd = parent->cwd;
    if (child->root)
        object_get(&child->root->object);
    if (child->cwd)
        object_get(&child->cwd->object);
    spin_unlock(&parent->lock);
    return 0;
}

void ipc_thread(struct proc *leader, struct proc *thread)
{
    thread->handles = leader->handles;
    handle_table_get(thread->handles);
}

void ipc_park(struct proc *p)
{
    futex_hand_on(p);
    devices_unbind(p);
    serve_end(p);
}

void ipc_exec(struct proc *p)
{
    futex_hand_on(p);
    devices_unbind(p); /* a new program knows nothing of what the old one served */
    serve_end(p);
    handle_table_exec(p->handles);
}

void ipc_exit(struct proc *p)
{
    futex_hand_on(p);
    devices_unbind(p);
    serve_end(p);
    handle_table_put(p->handles);
    p->handles = NULL;
    if (p->root)
        object_put(&p->root->object);
    if (p->cwd)
        object_put(&p->cwd->object);
    p->root = p->cwd = NULL;
}
