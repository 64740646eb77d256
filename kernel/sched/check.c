/*
 * The invariants of run queues and wait queues (check.h). Called with the lock that protects what is looked at,
 * in debug builds only. Looks at a bounded number of tasks, so that no path becomes longer with their number.
 */
#include "sched/check.h"

#define LOOK_AT 16 /* nodes of one list */

static const char *state_name(uint32_t state)
{
    static const char *const names[] = {"READY", "RUNNING", "BLOCKED", "ZOMBIE"};
    return state < sizeof names / sizeof names[0] ? names[state] : "of no state";
}

/* The node's neighbours know it. */
static void check_links(const struct list_node *node, const char *list, int32_t pid)
{
    if (!node->next || !node->prev || node->next->prev != node || node->prev->next != node)
        panic("%s: the list is broken at pid %d", list, pid);
}

static void check_queued(struct dispatcher *d, struct task *t, unsigned level)
{
    const struct sched_entity *e = &t->entity;
    uint32_t state = atomic_load_explicit(&t->state, memory_order_relaxed);
    check_links(&e->node, "run queue", t->pid);
    if (state != PROC_READY)
        panic("run queue of hart %u: pid %d is %s", d->hart->index, t->pid, state_name(state));
    if (atomic_load_explicit(&t->hart, memory_order_relaxed) != d->hart)
        panic("run queue of hart %u: pid %d belongs to hart %u", d->hart->index, t->pid,
              atomic_load_explicit(&t->hart, memory_order_relaxed)->index);
    /* Only the one that is just leaving this hart can be on a queue and on a stack. */
    if (atomic_load_explicit(&t->on_hart, memory_order_acquire) && t != this_task())
        panic("run queue of hart %u: pid %d is on a hart", d->hart->index, t->pid);
    /* A boost moves all to the top list and leaves queued_level as it was. */
    if (level != (e->queued_epoch == d->queue.epoch ? e->queued_level : 0))
        panic("run queue of hart %u: pid %d is on the list of level %u", d->hart->index, t->pid, level);
}

/* -> how many are on the list; *all: every one has been looked at. */
static uint32_t check_level(struct dispatcher *d, unsigned level, bool *all)
{
    const struct list *list = &d->queue.level[level];
    const struct list_node *node;
    uint32_t n = 0;
    check_links(&list->head, "run queue", 0);
    if (list_empty(list) != !(d->queue.ready_levels >> level & 1))
        panic("run queue of hart %u: level %u is %sempty, and its bit says it is not so", d->hart->index, level,
              list_empty(list) ? "" : "not ");
    list_for_each(node, list) {
        if (n == LOOK_AT) {
            *all = false;
            break;
        }
        check_queued(d, container_of(list_entry(node, struct sched_entity, node), struct task, entity), level);
        n++;
    }
    return n;
}

void check_run_queue(struct dispatcher *d, const struct task *next)
{
    const struct task *me = this_task();
    uint32_t n = 0;
    bool all = true;
    ASSERT(spin_held(&d->lock));
    for (unsigned level = 0; level < SCHED_MAX_LEVELS; level++)
        n += check_level(d, level, &all);
    if (all ? n != d->queue.count : n > d->queue.count)
        panic("run queue of hart %u: %u tasks, counted as %u", d->hart->index, n, d->queue.count);

    /* The one that goes on: */
    if (list_linked(&next->entity.node))
        panic("switch: pid %d is to run and still on a run queue", next->pid);
    if (atomic_load_explicit(&next->hart, memory_order_relaxed) != d->hart)
        panic("switch: pid %d belongs to another hart", next->pid);
    if (atomic_load_explicit(&next->on_hart, memory_order_acquire) != (next == me))
        panic("switch: pid %d is %son a hart", next->pid, next == me ? "not " : "");
    /* The one that stops: */
    uint32_t state = atomic_load_explicit(&me->state, memory_order_relaxed);
    if (me != next && me != &d->idle && state == PROC_RUNNING)
        panic("switch: pid %d is left RUNNING, so that nobody would run it again", me->pid);
}

void check_wait_queue(const struct wait_queue *q)
{
    const struct list_node *node;
    unsigned n = 0;
    if (q->reason == WAIT_FOR_nothing || q->reason >= WAIT_REASONS)
        panic("a wait queue of no reason: %u", (unsigned)q->reason);
    const char *name = wait_reason_words(q->reason);
    check_links(&q->waiters.head, name, 0);
    list_for_each(node, &q->waiters) {
        if (n++ == LOOK_AT)
            break;
        const struct task *t = list_entry(node, struct waiter, node)->task;
        check_links(node, name, t ? t->pid : 0);
        /* RUNNING and READY are on their way: about to block, or woken by somebody else (a kill, a time limit,
         * another of the things it polls). One that has ended cannot be waiting. */
        uint32_t state = atomic_load_explicit(&t->state, memory_order_relaxed);
        if (state == PROC_ZOMBIE || state > PROC_ZOMBIE)
            panic("wait queue \"%s\": pid %d is %s", name, t->pid, state_name(state));
        if (!t->pid)
            panic("wait queue \"%s\": an idle task waits", name);
    }
}
