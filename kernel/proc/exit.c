/*
 * The end of a process, and waiting for it. exit lets go of everything the process holds; what is left,
 * the zombie, is its PCB with the exit status, until the parent (or init, for orphans) waits for it.
 */
#include "proc/job.h"
#include "proc/proc.h"
#include "riscv/kprintf.h"
#include "riscv/power.h"
#include "riscv/trace_point.h"
#include "sched/sched.h"

#include <kinglet/errno.h>

#define CHILDREN_BATCH 64 /* dealt with under one hold of the tree's lock */

/* Takes a zombie off its parent's list; tree_lock is held. Whoever else has a reference on it (ps, a handle) may
 * still look at it when that parent is long gone. */
static void take_off(struct proc *zombie)
{
    list_remove(&zombie->sibling);
    zombie->parent = NULL;
}

/* Takes a zombie, already off every list, apart. No lock held. */
static void reap(struct proc *zombie)
{
    job_remove(zombie);
    proc_forget(zombie);
    proc_put(zombie);
}

/* tree_lock is held. `to` is the list of init's that the child belongs on. */
static void give_to_init(struct proc *child, struct list *to)
{
    list_remove(&child->sibling);
    child->parent = init_proc;
    child->orphan = true;
    list_push_back(to, &child->sibling);
}

/* Kills the daemons and gives the other children to init, in pieces, since there may be thousands. Nobody
 * else walks this list (its other threads are gone), so the cursor, which is no process, is safe in it while the lock is dropped. */
static void part_with_children(struct proc *me)
{
    struct list_node cursor;
    spin_lock(&tree_lock);
    list_push_front(&me->children, &cursor);
    for (unsigned n = 1; cursor.next != &me->children.head; n++) {
        struct proc *p = list_entry(cursor.next, struct proc, sibling);
        list_remove(&cursor);
        list_insert_before(p->sibling.next, &cursor);
        if (!p->daemon) {
            give_to_init(p, &init_proc->children);
        } else if (!atomic_load(&p->kill_signal)) { /* `killed` may be for its own exec */
            TRACE(daemon_end, 0, p->pid, me->pid);
            proc_end(p, SIGKILL);
        }
        if (n % CHILDREN_BATCH == 0) {
            spin_unlock(&tree_lock);
            sched_breathe();
            spin_lock(&tree_lock);
        }
    }
    list_remove(&cursor);
    spin_unlock(&tree_lock);
}

/*
 * Daemons are dead before their parent becomes a zombie, so nobody can see it gone and them alive
 * (docs/architecture.md). A process that ends cannot fork any more, so there are only fewer children each time.
 */
static void end_children(struct proc *me)
{
    part_with_children(me);
    spin_lock(&tree_lock);
    for (;;) {
        struct list_node *first = list_first(&me->zombies);
        if (first) {
            struct proc *dead = list_entry(first, struct proc, sibling);
            bool daemon = dead->daemon;
            if (daemon) {
                take_off(dead);
            } else {
                give_to_init(dead, &init_proc->zombies);
                wake_all(&init_proc->child_ended);
            }
            spin_unlock(&tree_lock);
            if (daemon)
                reap(dead);
            sched_breathe();
            spin_lock(&tree_lock);
            continue;
        }
        if (list_empty(&me->children))
            break;
        /* Not wait_on: we may have been killed ourselves, and must wait all the same. */
        struct waiter w;
        wait_enter(&me->child_ended, &w);
        spin_unlock(&tree_lock);
        sched_block();
        spin_lock(&tree_lock);
        wait_leave(&w);
    }
    spin_unlock(&tree_lock);
}

static void drop_space(struct proc *me)
{
    struct space *space = me->space;
    spin_lock(&tree_lock);
    me->space = NULL;
    spin_unlock(&tree_lock);
    proc_detach_stack(space);
    space_activate_kernel();
    space_put(space);
    job_replace(me, 0); /* a zombie counts as a process, not as memory */
}

void proc_exit(int32_t code, int32_t signal)
{
    struct proc *me = this_proc();
    struct proc *leader = me->leader;
    spin_lock(&leader->lock);
    if (!leader->ending)
        leader->status = (struct exit_status){.code = code, .signal = signal};
    leader->ending = true;
    spin_unlock(&leader->lock);
    if (me != leader) {
        proc_end(leader, 0); /* it does the rest */
        thread_end(0);
    }
    me->exiting = true;
    if (me == init_proc) {
        klog(LOG_ERROR, "init ended (code %d, signal %d): nobody is left to run the system\n", code, signal);
        power_off(RUN_STATUS_PANIC);
    }
    end_threads(me);
    space_put(me->program.space); /* of an exec that came too late */
    end_children(me);
    proc_upcalls.exit(me);
    drop_space(me);

    TRACE(exit, me->status.signal, me->pid, me->status.code);
    sched_ended(&me->task);
    spin_lock(&me->lock);
    thread_is_over(me); /* before anybody can see the zombie: who has joined it finds its locks without an owner */
    spin_unlock(&me->lock);
    spin_lock(&tree_lock);
    atomic_store(&me->task.state, PROC_ZOMBIE);
    list_remove(&me->sibling);
    list_push_back(&me->parent->zombies, &me->sibling);
    wake_all(&me->parent->child_ended);
    wake_watchers(&me->ended);
    spin_unlock(&tree_lock);
    sched_leave();
}

/* tree_lock is held. */
static struct proc *take_orphan(void)
{
    struct list_node *node;
    list_for_each(node, &init_proc->zombies) { /* init's own children are few */
        struct proc *p = list_entry(node, struct proc, sibling);
        if (!p->orphan)
            continue;
        take_off(p); /* no longer init's: between here and reap it still has a pid, which init could wait for */
        return p;
    }
    return NULL;
}

bool proc_reap_orphans(void)
{
    for (bool any = false;; any = true) {
        spin_lock(&tree_lock);
        struct proc *zombie = take_orphan();
        spin_unlock(&tree_lock);
        if (!zombie)
            return any;
        reap(zombie);
        sched_breathe();
    }
}

bool proc_has_zombie(struct proc *p)
{
    return !list_empty(&p->zombies);
}

/* tree_lock is held. A zombie to reap (pid -1: any), off its list; NULL, and *any says whether there is
 * a living child to wait for. */
static struct proc *take_zombie(struct proc *me, int32_t pid, bool *any)
{
    struct proc *zombie = NULL;
    if (pid == -1) {
        struct list_node *first = list_first(&me->zombies);
        *any = !list_empty(&me->children);
        zombie = first ? list_entry(first, struct proc, sibling) : NULL;
    } else {
        struct proc *p = proc_find(pid);
        *any = p && p->parent == me;
        if (*any && atomic_load(&p->task.state) == PROC_ZOMBIE)
            zombie = p;
        if (p)
            proc_put(p); /* the tree keeps a child */
    }
    if (zombie)
        take_off(zombie);
    return zombie;
}

int proc_wait(int32_t pid, struct exit_status *status, int flags)
{
    struct proc *me = this_process();
    if (flags & ~WAIT_NOHANG)
        return -EINVAL;
    spin_lock(&tree_lock);
    for (;;) {
        bool any;
        struct proc *zombie = take_zombie(me, pid, &any);
        if (zombie) {
            spin_unlock(&tree_lock);
            int zombie_pid = zombie->pid;
            *status = zombie->status;
            reap(zombie);
            return zombie_pid;
        }
        int error = 0;
        if (!any)
            error = -ECHILD;
        else if (flags & WAIT_NOHANG)
            break;
        else {
            this_task()->waits_for = pid == -1 ? 0 : pid;
            error = wait_on(&me->child_ended, &tree_lock);
        }
        if (error) {
            spin_unlock(&tree_lock);
            return error;
        }
    }
    spin_unlock(&tree_lock);
    return 0;
}
