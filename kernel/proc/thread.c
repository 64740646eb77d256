/*
 * Threads: PCBs that share their leader's address space and handles (proc.h). Called by the system calls, and by exit
 * and exec, which end the others first. Only the leader is ever killed from outside; it ends the others, in its own
 * time and in pieces, so that kill is O(1) however many there are. Carriers, which make submitted calls, are threads
 * that never come to user mode.
 */
#include "proc/job.h"
#include "proc/proc.h"
#include "riscv/csr.h"
#include "riscv/trace_point.h"
#include "sched/sched.h"

#include <common/string.h>
#include <kinglet/errno.h>

#define THREADS_BATCH 64 /* dealt with under one hold of the lock */
#define WATCHERS_BATCH 32 /* woken under one */

static struct proc *thread_of(struct list_node *node)
{
    return node ? list_entry(node, struct proc, thread_node) : NULL;
}

/* leader->lock is held. Off the list of those that ended; what it has used is the process's. */
static void take_ended(struct proc *leader, struct proc *thread)
{
    uint64_t ran, ran_at[SCHED_MAX_LEVELS];
    list_remove(&thread->thread_node);
    sched_times(&thread->task, &ran, ran_at);
    leader->ran += ran;
    for (unsigned l = 0; l < SCHED_MAX_LEVELS; l++)
        leader->ran_at[l] += ran_at[l];
    leader->switches += thread->task.switches;
}

/* No lock held. */
static void reap(struct proc *thread)
{
    job_remove_thread(thread->leader);
    proc_forget(thread);
    proc_put(thread);
}

/* Those that nobody joins: a thread cannot free the stack it ends on, so the next one to come by does. */
static void reap_detached(struct proc *leader)
{
    for (;;) {
        spin_lock(&leader->lock);
        struct proc *first = thread_of(list_first(&leader->gone));
        bool found = first && first->detached; /* they lie in front */
        if (found)
            take_ended(leader, first);
        spin_unlock(&leader->lock);
        if (!found)
            return;
        reap(first);
        sched_breathe(); /* a process may have had hundreds of calls under way */
    }
}

/* The caller's slice pays for what its carriers have used. It does that itself: while it runs, nobody else charges its
 * account, as a server on another hart may at any other time. */
static void settle_time(void)
{
    struct proc *me = this_proc();
    uint64_t owed = atomic_exchange(&me->owed, 0);
    if (owed)
        sched_use(&me->task, owed);
}

void proc_reap_threads(void)
{
    settle_time();
    reap_detached(this_process());
}

/* ---- create ---- */

/* user_sp of a space with several threads: the stack grows at any address that it may. */
static const uint64_t no_sp = 0;

/* leader->lock is held, so that this is so while there are several. */
static void limit_stack(struct space *space, const uint64_t *user_sp)
{
    spin_lock(&space->lock);
    space->user_sp = user_sp;
    spin_unlock(&space->lock);
}

static void drop_space(struct proc *me)
{
    struct space *space = me->space;
    spin_lock(&tree_lock);
    me->space = NULL;
    spin_unlock(&tree_lock);
    space_put(space);
}

/* It could not be started after all; whoever has found it by its tid sees it end. */
static int abandon(struct proc *thread, int error, bool counted)
{
    atomic_store(&thread->task.state, PROC_ZOMBIE);
    spin_lock(&thread->leader->lock);
    thread_is_over(thread);
    spin_unlock(&thread->leader->lock);
    if (thread->space)
        drop_space(thread);
    if (counted)
        job_remove_thread(thread->leader);
    proc_forget(thread);
    proc_put(thread);
    return error;
}

/* A PCB for one more thread of this process; the job pays for it. NULL: *error says why. */
static struct proc *make(int *error)
{
    struct proc *me = this_proc(), *leader = me->leader;
    reap_detached(leader);
    struct proc *thread = proc_create(leader);
    *error = -ENOMEM;
    if (!thread)
        return NULL;
    *error = job_add_thread(leader);
    while (*error == -EAGAIN && proc_reap_orphans()) /* as in fork */
        *error = job_add_thread(leader);
    if (*error) {
        abandon(thread, *error, false);
        return NULL;
    }
    thread->daemon = leader->daemon;
    thread->rules = me->rules;
    memset(proc_frame(thread), 0, sizeof(struct trap_frame));
    return thread;
}

/* It becomes a thread of this process: from here on exit and exec wait for it. An error: it has been taken apart. */
static int enter(struct proc *thread, const char *name)
{
    struct proc *me = this_proc(), *leader = me->leader;
    space_get(me->space);
    spin_lock(&tree_lock);
    thread->space = me->space;
    strlcpy(thread->name, name, sizeof thread->name);
    spin_unlock(&tree_lock);

    spin_lock(&leader->lock);
    int error = leader->ending || leader->execing ? -EINTR : 0;
    if (!error) {
        proc_upcalls.thread(leader, thread);
        limit_stack(me->space, &no_sp);
        list_push_back(&leader->threads, &thread->thread_node);
        leader->siblings += !thread->carries;
        leader->running += !thread->carries;
    }
    spin_unlock(&leader->lock);
    if (error)
        return abandon(thread, error, true);
    TRACE(fork, 0, me->tid, thread->tid);
    TRACE(thread, 0, me->pid, thread->tid);
    TRACE_NAME(thread->tid, name);
    return 0;
}

int proc_thread_create(uint64_t entry, uint64_t sp, uint64_t argument, uint64_t tp)
{
    struct proc *me = this_proc();
    int error;
    struct proc *thread = make(&error);
    if (!thread)
        return error;
    struct trap_frame *frame = proc_frame(thread), *mine = proc_frame(me);
    frame->pc = entry;
    frame->sp = sp;
    frame->gp = mine->gp;
    frame->tp = tp;
    frame->a[0] = argument;
    frame->sstatus = (mine->sstatus & ~SSTATUS_FS_MASK) | SSTATUS_FS_OFF;
    context_init(&thread->task.context, frame, proc_first_run);
    error = enter(thread, me->name);
    if (error)
        return error;
    int tid = thread->tid;
    sched_start(&thread->task); /* from here on it may run, end, be joined, and be gone */
    return tid;
}

/* A carrier's whole life: on its own kernel stack, and from there to its end. */
static void carry(void)
{
    struct carried *call = this_proc()->carries;
    sched_arrived();
    call->run(call);
    thread_end(0);
}

int proc_carry(struct carried *call, const char *name)
{
    int error;
    settle_time();
    struct proc *thread = make(&error);
    if (!thread)
        return error;
    thread->carries = call;
    thread->carries_for = this_proc()->tid;
    thread->detached = true;
    context_init(&thread->task.context, proc_frame(thread), carry);
    error = enter(thread, name);
    if (!error)
        sched_start_like_me(&thread->task); /* from here on it may run and be gone, and the call with it */
    return error;
}

/* ---- end ---- */

void wake_watchers(struct wait_queue *q)
{
    for (unsigned n = 0; n < WATCHERS_BATCH && wake_one(q); n++)
        ;
}

void thread_is_over(struct proc *p)
{
    p->thread_ended = true;
    wake_watchers(&p->watchers);
}

bool thread_watched(struct proc *p, struct waiter *w)
{
    wait_leave(w);
    if (p->thread_ended)
        thread_is_over(p);
    return !p->thread_ended;
}

/* What a carrier has used counts as used by who submitted the call, or one could compute in calls and never be
 * demoted. */
static void owe_time(struct proc *carrier)
{
    struct proc *by = proc_find_thread(carrier->carries_for);
    uint64_t ran, ran_at[SCHED_MAX_LEVELS];
    if (!by)
        return;
    sched_times(&carrier->task, &ran, ran_at);
    if (by->leader == carrier->leader) /* else the number is another's by now */
        atomic_fetch_add(&by->owed, ran);
    proc_put(by);
}

void thread_end(uint64_t value)
{
    struct proc *me = this_proc(), *leader = me->leader;
    me->exiting = true;
    proc_upcalls.exit(me);
    space_activate_kernel();
    drop_space(me);
    reap_detached(leader);
    if (me->carries)
        owe_time(me);
    TRACE(exit, 0, me->tid, value);
    sched_ended(&me->task);
    spin_lock(&leader->lock);
    me->value = value;
    thread_is_over(me);
    atomic_store(&me->task.state, PROC_ZOMBIE);
    list_remove(&me->thread_node);
    if (me->detached)
        list_push_front(&leader->gone, &me->thread_node);
    else
        list_push_back(&leader->gone, &me->thread_node);
    leader->siblings -= !me->carries;
    if (list_empty(&leader->threads)) /* and its space stays: the leader waits for us before it changes it */
        limit_stack(leader->space, &proc_frame(leader)->sp);
    if (me->carries) /* not before: who sees the call ended can free its carrier, and make the next */
        me->carries->ended(me->carries);
    wake_one(&leader->thread_wait);
    spin_unlock(&leader->lock); /* from here on the leader may be gone */
    sched_leave();
}

/* The leader has ended as a thread: it waits for the others, since the process is its PCB. Not for carriers: they end
 * with the process. */
static int park(struct proc *me, uint64_t value)
{
    proc_upcalls.park(me);
    spin_lock(&me->lock);
    me->value = value;
    thread_is_over(me);
    int error = 0;
    while (!error && me->siblings)
        error = wait_on(&me->thread_wait, &me->lock);
    spin_unlock(&me->lock);
    if (error)
        return error; /* killed, or to carry out an exec: see proc_killed */
    proc_exit(0, 0);
}

int proc_thread_exit(uint64_t value, uint64_t stack, uint64_t bytes, bool tell_last)
{
    struct proc *me = this_proc(), *leader = me->leader;
    spin_lock(&leader->lock);
    bool last = leader->running == 1 && tell_last;
    leader->running -= !last;
    spin_unlock(&leader->lock);
    if (last)
        return 1;
    if (bytes) {
        space_unmap(me->space, stack, bytes);
        job_settle(leader);
    }
    if (me == leader)
        return park(me, value);
    thread_end(value);
}

/* leader->lock is held. The first of its threads that it has not told yet is told to end; false: all know. */
static bool tell_one(struct proc *leader)
{
    struct proc *thread = thread_of(list_first(&leader->threads));
    if (!thread || thread->told)
        return false;
    thread->told = true;
    list_remove(&thread->thread_node); /* those that know go to the end */
    list_push_back(&leader->threads, &thread->thread_node);
    proc_end(thread, SIGKILL);
    return true;
}

void end_threads(struct proc *leader)
{
    spin_lock(&leader->lock);
    leader->execing = true; /* or ending: no new ones */
    for (unsigned n = 1; tell_one(leader); n++)
        if (n % THREADS_BATCH == 0) {
            spin_unlock(&leader->lock);
            sched_breathe();
            spin_lock(&leader->lock);
        }
    for (;;) {
        struct proc *thread = thread_of(list_first(&leader->gone));
        if (thread) {
            take_ended(leader, thread);
            spin_unlock(&leader->lock);
            reap(thread);
            sched_breathe();
            spin_lock(&leader->lock);
            continue;
        }
        if (list_empty(&leader->threads))
            break;
        /* Not wait_on: we may have been killed ourselves, and must wait all the same. */
        struct waiter w;
        wait_enter(&leader->thread_wait, &w);
        spin_unlock(&leader->lock);
        sched_block();
        spin_lock(&leader->lock);
        wait_leave(&w);
    }
    spin_unlock(&leader->lock);
}

/* ---- join, detach ---- */

/* leader->lock is held. The thread of this process with that number; it stays while the lock is held. -ESRCH: there is
 * none. -EINVAL: it is detached. */
static int find(struct proc *leader, int32_t tid, struct proc **thread)
{
    struct proc *p = proc_find_thread(tid);
    /* One that is about to be reaped is on no list any more. */
    bool ours = p && (p == leader || (p->leader == leader && list_linked(&p->thread_node)));
    bool detached = ours && p->detached;
    *thread = ours ? p : NULL;
    if (p) /* the last reference at most to one that is not ours, or no longer: its memory goes, which takes no lock below ours */
        proc_put(p);
    return !ours ? -ESRCH : detached ? -EINVAL : 0;
}

int proc_thread_join(int32_t tid, uint64_t *value)
{
    struct proc *me = this_proc(), *leader = me->leader, *thread;
    if (tid == me->tid)
        return -EDEADLK;
    spin_lock(&leader->lock);
    int error;
    while (!(error = find(leader, tid, &thread)) && !thread->thread_ended) {
        struct waiter w;
        me->task.waits_for = tid;
        proc_get(thread); /* another may join it first, and then it is gone */
        wait_enter(&thread->watchers, &w);
        spin_unlock(&leader->lock);
        error = wait_switch();
        spin_lock(&leader->lock);
        thread_watched(thread, &w);
        spin_unlock(&leader->lock);
        proc_put(thread);
        spin_lock(&leader->lock);
        if (error)
            break;
    }
    if (!error) {
        *value = thread->value;
        if (thread != leader)
            take_ended(leader, thread);
    }
    spin_unlock(&leader->lock);
    if (!error && thread != leader)
        reap(thread);
    return error;
}

int proc_thread_detach(int32_t tid)
{
    struct proc *leader = this_process(), *thread;
    spin_lock(&leader->lock);
    int error = find(leader, tid, &thread);
    bool ended = !error && thread != leader && thread->thread_ended;
    if (!error)
        thread->detached = true;
    if (ended)
        take_ended(leader, thread);
    spin_unlock(&leader->lock);
    if (ended)
        reap(thread);
    return error;
}
