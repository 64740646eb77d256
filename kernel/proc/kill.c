/*
 * kill: marking a process for its end and making it notice, wherever it is. The process ends itself,
 * on its way back to user mode or out of whatever it was blocked in. Its leader is marked, which ends the other threads.
 */
#include "proc/job.h"
#include "proc/proc.h"
#include "riscv/sbi.h"
#include "sched/sched.h"

#include <kinglet/errno.h>

#define KILL_BATCH 64 /* members marked under one hold of the job lock */

void proc_end(struct proc *p, int32_t signal)
{
    int32_t none = 0;
    atomic_compare_exchange_strong(&p->kill_signal, &none, signal);
    /* Against wait_switch: it sees `killed`, or we see BLOCKED. */
    atomic_store(&p->task.killed, true);
    /* For the hart that it runs on, before the wake-up: one that is just about to block may be woken by it and
     * go on at once, without a switch. If it no longer runs on that hart, whoever does finds that it was not
     * meant (proc_before_user), and proc_switched sees `killed` when it runs again. */
    struct hart *hart = atomic_load(&p->task.hart);
    __atomic_fetch_or(&hart->work, WORK_KILLED, __ATOMIC_SEQ_CST);
    /* If it runs, it may be in user mode and never come here by itself. If it is on no hart, the one that switches to it
     * says so and then looks at `killed`, as we set that and then look whether it is on one. Interrupts are dear where
     * thousands are ready, as in a fork bomb. */
    if (!sched_wake(&p->task) && atomic_load(&p->task.on_hart) && hart != this_hart())
        sbi_send_ipi(1ul << hart->index);
}

static int may_kill(struct proc *p)
{
    struct proc *me = this_process();
    if (p == init_proc)
        return -EPERM; /* the system cannot go on without it */
    spin_lock(&tree_lock);
    bool mine = p == me || p->parent == me;
    spin_unlock(&tree_lock);
    if (mine)
        return 0;
    spin_lock(&job_lock);
    int result = !p->job ? -ESRCH : job_may_kill(me, p->job) ? 0 : -EPERM;
    spin_unlock(&job_lock);
    return result;
}

int proc_kill(int32_t pid, int32_t signal)
{
    if (signal < 0 || signal >= NSIG)
        return -EINVAL;
    struct proc *p = proc_find(pid);
    if (!p)
        return -ESRCH;
    int result = may_kill(p);
    if (!result && signal) /* 0 only asks */
        proc_end(p, signal);
    proc_put(p);
    return result;
}

/* Marks a job's members. job_lock is held; the cursor keeps our place while it is dropped now and then, so that
 * a large job ends in pieces. */
static void end_members(struct job *job, int32_t signal, unsigned *n)
{
    struct job_link cursor = {.proc = NULL};
    list_push_front(&job->members, &cursor.node);
    while (cursor.node.next != &job->members.head) {
        struct job_link *link = list_entry(cursor.node.next, struct job_link, node);
        list_remove(&cursor.node);
        list_insert_before(link->node.next, &cursor.node);
        if (link->proc && link->proc != init_proc)
            proc_end(link->proc, signal);
        if (++*n % KILL_BATCH == 0) {
            spin_unlock(&job_lock);
            sched_breathe();
            spin_lock(&job_lock);
        }
    }
    list_remove(&cursor.node);
}

/*
 * The job and all below it, in the order in which they were made. Nobody escapes: only who is not marked yet can
 * fork or move, and what it makes or moves comes after it, in its own job or one made later.
 */
int job_kill(int32_t id, int32_t signal)
{
    if (signal < 0 || signal >= NSIG)
        return -EINVAL;
    spin_lock(&job_lock);
    struct job *top = job_find(id);
    int result = !top ? -ESRCH : !job_may_kill(this_proc(), top) ? -EPERM : 0;
    unsigned n = 0;
    if (!result && signal) {
        struct job *job = top;
        top->refs += 2; /* one is the walk's, which moves on */
        top->ending++;  /* else a fork bomb fills up what we have ended, and its children, at the top level, run before us */
        while (job) {
            end_members(job, signal, &n);
            struct job *next = job_next_below(job, top);
            if (next)
                next->refs++;
            job_release(job);
            job = next;
        }
        top->ending--;
        job_release(top);
    }
    spin_unlock(&job_lock);
    return result;
}
