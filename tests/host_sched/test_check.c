// sources: kernel/sched/check.c kernel/sched/reason.c kernel/sched/policy.c kernel/sched/mlfq.c lib/common/heap.c
/*
 * The checks that debug builds make of run queues and wait queues (kernel/sched/check.c): silent about what is
 * right, and each thing that can be wrong is found and named.
 */
#include "check.h"
#include "sched/check.h"

#include <setjmp.h>
#include <stdarg.h>

_Thread_local unsigned stub_hart;
struct hart harts[MAX_HARTS];
struct dispatcher dispatchers[MAX_HARTS];

static jmp_buf panicked;
static char message[200];

void panic(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    longjmp(panicked, 1);
}

#define TASKS 40
static struct task tasks[TASKS];
static struct dispatcher *d = &dispatchers[0];

static void task_on(struct task *t, int pid, struct hart *hart, uint32_t state)
{
    memset(t, 0, sizeof *t);
    sched_entity_init(&t->entity);
    t->pid = pid;
    atomic_store(&t->hart, hart);
    atomic_store(&t->state, state);
}

/* tasks[0] runs on hart 0 and is about to block; n more are ready there. */
static void set_up(unsigned n)
{
    d->hart = &harts[0];
    harts[1].index = 1;
    d->lock.locked = 1;
    d->lock.owner = &harts[0];
    d->policy = sched_policy_named("mlfq");
    d->tuning = (struct sched_tuning){.levels = 4, .slice = {1, 2, 4, 8}, .boost = 1000};
    run_queue_init(&d->queue, d->policy, &d->tuning, 0);
    task_on(&d->idle, 0, &harts[0], PROC_RUNNING);
    task_on(&tasks[0], 1, &harts[0], PROC_BLOCKED);
    atomic_store(&tasks[0].on_hart, true);
    harts[0].current = (struct proc *)&tasks[0];
    for (unsigned i = 1; i <= n; i++) {
        task_on(&tasks[i], (int)i + 1, &harts[0], PROC_READY);
        tasks[i].entity.level = (uint8_t)(i % 3);
        d->policy->enqueue(&d->queue, &tasks[i].entity, ENQUEUE_WOKEN);
    }
}

/* The check of a switch to `next`: NULL, or what it complains of. */
static const char *switch_to(const struct task *next)
{
    if (setjmp(panicked))
        return message;
    check_run_queue(d, next);
    return NULL;
}

static const char *waiting_on(const struct wait_queue *q)
{
    if (setjmp(panicked))
        return message;
    check_wait_queue(q);
    return NULL;
}

static void complains(const char *said, const char *of)
{
    if (!said || !strstr(said, of)) {
        fprintf(stderr, "said: %s\nnot: %s\n", said ? said : "nothing", of);
        exit(1);
    }
}

#define SAYS_NOTHING(call) \
    do { \
        const char *said = (call); \
        if (said) { \
            fprintf(stderr, "said: %s\n", said); \
            exit(1); \
        } \
    } while (0)

CASE(what_is_right_passes)
{
    set_up(0);
    SAYS_NOTHING(switch_to(&d->idle));
    set_up(5);
    struct task *next = container_of(d->policy->pick(&d->queue), struct task, entity);
    SAYS_NOTHING(switch_to(next));
    set_up(TASKS - 1); /* more than are looked at */
    SAYS_NOTHING(switch_to(&d->idle));
}

CASE(a_boost_moves_whole_lists)
{
    set_up(9);
    CHECK(run_queue_advance(d->policy, &d->queue, 2000));
    SAYS_NOTHING(switch_to(&d->idle));
    tasks[10].entity.level = 2;
    task_on(&tasks[10], 11, &harts[0], PROC_READY);
    d->policy->enqueue(&d->queue, &tasks[10].entity, ENQUEUE_WOKEN);
    SAYS_NOTHING(switch_to(&d->idle));
}

CASE(one_that_yields_is_on_the_queue_and_on_its_hart)
{
    set_up(2);
    atomic_store(&tasks[0].state, PROC_READY);
    d->policy->enqueue(&d->queue, &tasks[0].entity, ENQUEUE_YIELDED);
    struct task *next = container_of(d->policy->pick(&d->queue), struct task, entity);
    SAYS_NOTHING(switch_to(next));
}

CASE(a_queued_task_must_be_ready)
{
    set_up(3);
    atomic_store(&tasks[2].state, PROC_BLOCKED);
    complains(switch_to(&d->idle), "pid 3 is BLOCKED");
    atomic_store(&tasks[2].state, PROC_RUNNING);
    complains(switch_to(&d->idle), "pid 3 is RUNNING");
}

CASE(a_queued_task_must_belong_to_this_hart)
{
    set_up(3);
    atomic_store(&tasks[1].hart, &harts[1]);
    complains(switch_to(&d->idle), "pid 2 belongs to hart 1");
}

CASE(a_queued_task_must_not_be_on_a_hart)
{
    set_up(3);
    atomic_store(&tasks[3].on_hart, true);
    complains(switch_to(&d->idle), "pid 4 is on a hart");
}

CASE(a_broken_list_is_found)
{
    set_up(3);
    tasks[3].entity.node.prev = &tasks[1].entity.node;
    complains(switch_to(&d->idle), "broken");
    set_up(3);
    tasks[3].entity.node.next = NULL;
    complains(switch_to(&d->idle), "broken");
}

CASE(the_count_must_be_right)
{
    set_up(3);
    d->queue.count = 4;
    complains(switch_to(&d->idle), "3 tasks, counted as 4");
    set_up(TASKS - 1);
    d->queue.count = 10;
    complains(switch_to(&d->idle), "counted as 10");
}

CASE(the_levels_bits_must_be_right)
{
    set_up(3);
    d->queue.ready_levels |= 8;
    complains(switch_to(&d->idle), "level 3 is empty");
    d->queue.ready_levels = 0;
    complains(switch_to(&d->idle), "level 0 is not empty");
}

CASE(a_task_must_be_on_the_list_that_it_says)
{
    set_up(3);
    tasks[1].entity.queued_level = 2;
    complains(switch_to(&d->idle), "pid 2 is on the list of level 1");
}

CASE(the_next_one_must_be_off_the_queue_at_home_and_on_no_other_stack)
{
    set_up(3);
    complains(switch_to(&tasks[1]), "pid 2 is to run and still on a run queue");
    set_up(3);
    d->policy->remove(&d->queue, &tasks[1].entity);
    SAYS_NOTHING(switch_to(&tasks[1]));
    atomic_store(&tasks[1].on_hart, true);
    complains(switch_to(&tasks[1]), "pid 2 is on a hart");
    atomic_store(&tasks[1].on_hart, false);
    atomic_store(&tasks[1].hart, &harts[1]);
    complains(switch_to(&tasks[1]), "belongs to another hart");
}

CASE(nobody_is_left_running)
{
    set_up(1);
    atomic_store(&tasks[0].state, PROC_RUNNING);
    complains(switch_to(&d->idle), "pid 1 is left RUNNING");
}

CASE(the_lock_must_be_held)
{
    set_up(1);
    d->lock.owner = NULL;
    complains(switch_to(&d->idle), "spin_held");
}

CASE(a_wait_queue_has_a_reason_and_tasks_that_can_wait)
{
    static struct waiter w[TASKS];
    struct wait_queue q;
    set_up(0);
    wait_queue_init(&q, WAIT_FOR_child);
    SAYS_NOTHING(waiting_on(&q));
    for (unsigned i = 0; i < TASKS; i++) {
        task_on(&tasks[i], (int)i + 1, &harts[0], i % 2 ? PROC_BLOCKED : PROC_READY);
        w[i].task = &tasks[i];
        list_push_back(&q.waiters, &w[i].node);
    }
    SAYS_NOTHING(waiting_on(&q));
    atomic_store(&tasks[3].state, PROC_ZOMBIE);
    complains(waiting_on(&q), "wait queue \"child\": pid 4 is ZOMBIE");
    atomic_store(&tasks[3].state, PROC_BLOCKED);
    w[2].task = &d->idle;
    complains(waiting_on(&q), "idle task");
    w[2].task = &tasks[2];
    w[1].node.prev = &w[3].node;
    complains(waiting_on(&q), "broken");
    wait_queue_init(&q, WAIT_FOR_nothing);
    complains(waiting_on(&q), "of no reason");
}
