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

/* Takes a zombie, already off every list, apart. No lock held. */
static void reap(struct proc *zombie)
{
    job_remove(zombie);
    proc_forget(zombie);
    proc_put(zombie);
}

/*
 * Daemons are dead before their parent becomes a zombie, so nobody can see it gone and them alive
 * (DESIGN 4). A process that ends cannot fork any more, so there are only fewer of them each time.
 */
static void end_daemons(struct proc *me)
{
    spin_lock(&tree_lock);
    for (;;) {
        struct list_node *node, *next;
        struct proc *dead = NULL;
        bool alive = false;
        list_for_each_safe(node, next, &me->zombies) {
            struct proc *p = list_entry(node, struct proc, sibling);
            if (p->daemon) {
                list_remove(node);
                dead = p;
                break;
            }
        }
        if (dead) {
            spin_unlock(&tree_lock);
            reap(dead);
            spin_lock(&tree_lock);
            continue;
        }
        list_for_each(node, &me->children) {
            struct proc *p = list_entry(node, struct proc, sibling);
            if (p->daemon) {
                alive = true;
                if (!atomic_load(&p->task.killed)) {
                    TRACE(daemon_end, 0, p->pid, me->pid);
                    proc_end(p, SIGKILL);
                }
            }
        }
        if (!alive)
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

/* tree_lock is held. */
static void hand_children_to_init(struct proc *me)
{
    struct list_node *node;
    list_for_each(node, &me->children)
        list_entry(node, struct proc, sibling)->parent = init_proc;
    list_for_each(node, &me->zombies)
        list_entry(node, struct proc, sibling)->parent = init_proc;
    bool zombies = !list_empty(&me->zombies);
    list_splice_back(&init_proc->children, &me->children);
    list_splice_back(&init_proc->zombies, &me->zombies);
    if (zombies)
        wake_all(&init_proc->child_ended);
}

static void drop_space(struct proc *me)
{
    struct space *space = me->space;
    spin_lock(&tree_lock);
    me->space = NULL;
    spin_unlock(&tree_lock);
    if (space)
        space->user_sp = NULL;
    space_activate_kernel();
    space_put(space);
    job_charge(me, -(int64_t)me->job_pages); /* a zombie counts as a process, not as memory */
}

void proc_exit(int32_t code, int32_t signal)
{
    struct proc *me = this_proc();
    me->exiting = true;
    if (me == init_proc) {
        klog(LOG_ERROR, "init ended (code %d, signal %d): nobody is left to run the system\n", code, signal);
        power_off(RUN_STATUS_PANIC);
    }
    end_daemons(me);
    proc_upcalls.exit(me);
    drop_space(me);

    TRACE(exit, signal, me->pid, code);
    spin_lock(&tree_lock);
    hand_children_to_init(me);
    me->status = (struct exit_status){.code = code, .signal = signal};
    atomic_store(&me->task.state, PROC_ZOMBIE);
    list_remove(&me->sibling);
    list_push_back(&me->parent->zombies, &me->sibling);
    wake_all(&me->parent->child_ended);
    wake_all(&me->ended);
    spin_unlock(&tree_lock);
    sched_leave();
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
        list_remove(&zombie->sibling);
    return zombie;
}

int proc_wait(int32_t pid, struct exit_status *status, int flags)
{
    struct proc *me = this_proc();
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
            me->task.waits_for = pid == -1 ? 0 : pid;
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
