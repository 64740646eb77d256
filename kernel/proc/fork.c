/*
 * fork: a copy of the calling process, with a copy of the calling thread alone in it. Everything that can fail comes before anything that shows.
 */
#include "proc/job.h"
#include "proc/proc.h"
#include "riscv/csr.h"
#include "riscv/trace_point.h"
#include "sched/sched.h"

#include <common/string.h>
#include <kinglet/errno.h>

void proc_first_run(void)
{
    sched_arrived();
    struct trap_frame *frame = proc_frame(this_proc());
    proc_before_user(frame); /* killed before it ever ran? */
    trap_leave(frame);
}

static void copy_floating_point(struct proc *parent, struct proc *child)
{
    child->uses_fp = parent->uses_fp;
    if (!parent->uses_fp)
        return;
    fp_save(&parent->fp); /* the registers are newer than what was saved at the last switch */
    child->fp = parent->fp;
}

static void enter_tree(struct proc *parent, struct proc *child)
{
    spin_lock(&tree_lock);
    child->parent = parent;
    list_push_back(&parent->children, &child->sibling);
    spin_unlock(&tree_lock);
}

/* The fork has failed after all; whoever has found the child by its pid sees it end. */
static int abandon(struct proc *child, int error)
{
    struct space *space = child->space;
    spin_lock(&child->lock);
    thread_is_over(child);
    spin_unlock(&child->lock);
    spin_lock(&tree_lock);
    child->space = NULL;
    atomic_store(&child->task.state, PROC_ZOMBIE);
    wake_watchers(&child->ended);
    spin_unlock(&tree_lock);
    space_put(space);
    if (child->job)
        job_remove(child);
    proc_forget(child);
    proc_put(child);
    return error;
}

int proc_fork(int flags)
{
    struct proc *me = this_proc(), *parent = me->leader;
    if (flags & ~FORK_DAEMON)
        return -EINVAL;
    if (parent->daemon)
        return -EDAEMON;
    struct proc *child = proc_create(NULL);
    if (!child)
        return -ENOMEM;
    child->daemon = flags & FORK_DAEMON;
    child->rules = me->rules;
    memcpy(child->name, me->name, sizeof child->name);

    struct trap_frame *frame = proc_frame(me);
    struct space *space = me->space;
    int error = job_add(NULL, child, space->committed, parent);
    /* A limit of processes counts those that nobody has waited for. If some are only with init, which another
     * hart may be slow to run, that is no fault of the caller's. */
    while (error == -EAGAIN && proc_reap_orphans())
        error = job_add(NULL, child, space->committed, parent);
    if (!error)
        error = space_fork(space, &child->space, frame->sp);
    if (!error && child->space->committed != child->job_pages)
        error = job_settle(child); /* another thread has changed it meanwhile */
    if (!error)
        error = proc_upcalls.fork(parent, child);
    if (error)
        return abandon(child, error);
    copy_floating_point(me, child);

    struct trap_frame *child_frame = proc_frame(child);
    *child_frame = *frame;
    child_frame->a[0] = 0;
    child->space->user_sp = &child_frame->sp;
    context_init(&child->task.context, child_frame, proc_first_run);
    int pid = child->pid;
    enter_tree(parent, child);
    TRACE(fork, 0, me->tid, pid);
    TRACE_NAME(pid, child->name);
    sched_start(&child->task); /* from here on the child may run, end, and be gone */
    return pid;
}
