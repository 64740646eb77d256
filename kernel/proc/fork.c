/*
 * fork: a copy of the calling process. Everything that can fail comes before anything that shows.
 */
#include "proc/job.h"
#include "proc/proc.h"
#include "riscv/csr.h"
#include "riscv/trace_point.h"
#include "mem/cache.h"
#include "sched/sched.h"

#include <common/string.h>
#include <kinglet/errno.h>

/* Where a child first runs: on its own kernel stack, straight to user mode. */
static void first_run(void)
{
    sched_arrived();
    struct trap_frame *frame = proc_frame(this_proc());
    proc_before_user(frame); /* killed before it ever ran? */
    trap_leave(frame);
}

static int copy_floating_point(struct proc *parent, struct proc *child)
{
    if (!parent->fp)
        return 0;
    child->fp = kmalloc(sizeof *child->fp);
    if (!child->fp)
        return -ENOMEM;
    fp_save(parent->fp); /* the registers are newer than what was saved at the last switch */
    *child->fp = *parent->fp;
    return 0;
}

static void enter_tree(struct proc *parent, struct proc *child)
{
    spin_lock(&tree_lock);
    child->parent = parent;
    list_push_back(&parent->children, &child->sibling);
    spin_unlock(&tree_lock);
}

int proc_fork(int flags)
{
    struct proc *parent = this_proc();
    if (flags & ~FORK_DAEMON)
        return -EINVAL;
    if (parent->daemon)
        return -EDAEMON;
    struct proc *child = proc_create();
    if (!child)
        return -ENOMEM;
    child->daemon = flags & FORK_DAEMON;
    memcpy(child->name, parent->name, sizeof child->name);

    int error = job_add(parent->job, child, parent->space->committed, parent);
    if (error)
        goto no_job;
    struct trap_frame *frame = proc_frame(parent);
    error = space_fork(parent->space, &child->space, frame->sp);
    if (error)
        goto no_space;
    error = copy_floating_point(parent, child);
    if (!error)
        error = proc_upcalls.fork(parent, child);
    if (error)
        goto no_handles;

    struct trap_frame *child_frame = proc_frame(child);
    *child_frame = *frame;
    child_frame->a[0] = 0;
    child->space->user_sp = &child_frame->sp;
    context_init(&child->task.context, child_frame, first_run);
    int pid = child->pid;
    enter_tree(parent, child);
    TRACE(fork, 0, parent->pid, pid);
    TRACE_NAME(pid, child->name);
    sched_start(&child->task); /* from here on the child may run, end, and be gone */
    return pid;

no_handles:
    space_put(child->space);
no_space:
    job_remove(child);
no_job:
    proc_forget(child);
    proc_put(child);
    return error;
}
