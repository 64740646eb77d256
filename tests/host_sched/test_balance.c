// sources: kernel/sched/sched.c kernel/sched/handoff.c kernel/sched/figures.c kernel/sched/balance.c kernel/sched/check.c kernel/sched/reason.c kernel/sched/policy.c kernel/sched/mlfq.c lib/common/heap.c
/*
 * Several harts share the work (kernel/sched/balance.c, sched.c): who is told of waiting tasks, and when. The harts
 * are simulated one instruction stream at a time: a case says which hart it is now and what time it is, and looks
 * at the clocks that were set and the interrupts that were sent. One tick is one microsecond.
 */
#include "check.h"
#include "riscv/clock.h"
#include "riscv/sbi.h"
#include "riscv/switch.h"
#include "riscv/trap.h"
#include "sched/dispatch.h"
#include "sched/sched.h"
#include "sched/timer.h"

#include <stdarg.h>

#define HARTS 3
#define TASKS 12
#define STEAL 50 /* balance.c's STEAL_AFTER_NS */
#define SLICE 5000

_Thread_local unsigned stub_hart;
struct hart harts[MAX_HARTS];
unsigned hart_count = HARTS, harts_up = HARTS;
uint64_t trace_on;
struct hart *panic_reporter;

static uint64_t now;
static uint64_t clocks[HARTS]; /* what the hardware is set to */
static unsigned long told;     /* harts that were sent an interrupt */

uint64_t stub_read_time(void) { return now; }
uint64_t ticks_of_ns(uint64_t ns) { return ns / 1000; }
uint64_t ns_of_ticks(uint64_t ticks) { return ticks * 1000; }
void clock_deadline(uint64_t ticks) { clocks[stub_hart] = ticks; }
void sbi_send_ipi(unsigned long mask) { told |= mask; }
void trace_here(uint64_t what, uint32_t pid, uint32_t arg)
{
    (void)what, (void)pid, (void)arg;
}
void spin_wait(struct spinlock *lock) { (void)lock; abort(); } /* nobody else is there to free it */
void spin_check_order(struct spinlock *lock) { (void)lock; }
void spin_note_locked(struct spinlock *lock) { lock->owner = this_hart(); }
void spin_note_unlocked(struct spinlock *lock) { lock->owner = NULL; }
void spin_check_none_held(const char *where) { (void)where; }
void panic_stop(int where) { (void)where; abort(); }
void context_switch(struct context *save, struct context *load) { (void)save, (void)load; }
bool trap_poll(void) { return false; }
void hart_wait(void) { abort(); }

static uint64_t expiring_sets; /* a timer's callback wakes someone, for whom the clock is set at once */
bool timers_run(uint64_t at)
{
    (void)at;
    if (expiring_sets)
        sched_clock_by(expiring_sets);
    return expiring_sets != 0;
}

uint64_t timers_next(void) { return SCHED_NEVER; }

void panic(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    exit(1);
}

static struct task tasks[TASKS];
static uint64_t stacks[TASKS + HARTS][KSTACK_SIZE / 8];

static void switched(struct task *from, struct task *to)
{
    (void)from, (void)to;
}

static void make(struct task *t, int pid, struct hart *hart, uint64_t *stack)
{
    memset(t, 0, sizeof *t);
    sched_entity_init(&t->entity);
    stack[0] = KSTACK_CANARY;
    t->kernel_stack_top = (char *)stack + KSTACK_SIZE;
    t->pid = pid;
    atomic_store(&t->hart, hart);
    atomic_store(&t->state, PROC_BLOCKED);
}

static void be(unsigned hart, uint64_t at)
{
    stub_hart = hart;
    now = at;
    told = 0;
}

/* Hart i runs tasks[i], at its level, since `now`. */
static void runs(unsigned i, unsigned level)
{
    struct dispatcher *d = &dispatchers[i];
    tasks[i].entity.level = (uint8_t)level;
    atomic_store(&tasks[i].state, PROC_RUNNING);
    atomic_store(&tasks[i].on_hart, true);
    atomic_store(&d->idle.on_hart, false);
    atomic_store(&d->level_now, (uint8_t)level);
    d->running = &tasks[i];
    harts[i].current = (struct proc *)&tasks[i];
}

static void set_up(void)
{
    static const struct sched_tuning tuning = {
        .levels = 4, .slice = {SLICE, 2 * SLICE, 4 * SLICE, 8 * SLICE}, .boost = 500000};
    sched_upcalls.switched = switched;
    now = 1000;
    for (unsigned i = 0; i < HARTS; i++) {
        struct dispatcher *d = &dispatchers[i];
        harts[i].index = i;
        harts[i].online = true;
        d->hart = &harts[i];
        harts[i].dispatcher = d;
        d->policy = sched_policy_named("mlfq");
        d->tuning = tuning;
        run_queue_init(&d->queue, d->policy, &d->tuning, 0);
        d->charged_until = now;
        d->clock_set = d->clock_wanted = d->look_at = SCHED_NEVER;
        clocks[i] = SCHED_NEVER;
        make(&d->idle, 0, &harts[i], stacks[TASKS + i]);
        atomic_store(&d->idle.state, PROC_RUNNING);
        atomic_store(&d->idle.on_hart, true);
        d->running = d->left = &d->idle;
        atomic_store(&d->level_now, SCHED_NO_LEVEL);
        harts[i].current = (struct proc *)&d->idle;
    }
    for (int i = 0; i < TASKS; i++)
        make(&tasks[i], i + 1, &harts[0], stacks[i]);
    for (unsigned i = 0; i < HARTS; i++)
        atomic_store(&tasks[i].hart, &harts[i]);
}

/* A task becomes ready on hart `on`, woken by the hart we are. */
static struct task *wakes(int i, unsigned on, unsigned level)
{
    atomic_store(&tasks[i].hart, &harts[on]);
    tasks[i].entity.level = (uint8_t)level;
    CHECK(sched_wake(&tasks[i]));
    return &tasks[i];
}

/* The timer interrupt of hart i, at the time that its clock is set for; it must be by `latest`. */
static void tick(unsigned i, uint64_t latest)
{
    CHECK(clocks[i] <= latest);
    be(i, clocks[i]);
    clocks[i] = SCHED_NEVER;
    sched_timer();
}

CASE(an_idle_hart_whose_clock_comes_early_still_looks_at_the_others_queues)
{
    set_up();
    runs(0, 0);
    runs(1, 0);
    be(0, 1000);
    wakes(5, 0, 0); /* nobody is idle: called in half a slice */
    CHECK(clocks[0] > 1000 + STEAL);
    be(2, 1010);
    sched_clock_by(1030); /* left over from what it did before */
    CHECK(balance_idle(&dispatchers[2]));
    CHECK(!balance_idle(&dispatchers[2]));
    CHECK_EQUAL(clocks[2], 1030);
    tick(2, 1030);
    sched_preempt(); /* it has been asked to look, and takes nothing yet */
    CHECK_EQUAL(dispatchers[2].running == &dispatchers[2].idle, 1);
    CHECK(!balance_idle(&dispatchers[2]));
    tick(2, 1010 + STEAL);
    sched_preempt();
    CHECK(dispatchers[2].running == &tasks[5]);
}

CASE(a_clock_that_was_set_in_the_timer_interrupt_is_not_put_off)
{
    set_up();
    be(0, 1000);
    sched_clock_by(2000);
    expiring_sets = 3000;
    tick(0, 2000);
    expiring_sets = 0;
    CHECK_EQUAL(clocks[0], 3000);
    CHECK_EQUAL(dispatchers[0].clock_set, 3000);
    tick(0, 3000);
    CHECK_EQUAL(clocks[0], SCHED_NEVER); /* an idle hart takes no ticks */
}

CASE(one_who_waits_below_a_newcomer_is_offered)
{
    set_up();
    runs(0, 0);
    runs(1, 3);
    runs(2, 1);
    be(0, 1000);
    wakes(5, 0, 2);
    for (uint64_t at = 1000; at < 1000 + SLICE; at += 100) { /* there is always one of level 0 that has just come */
        be(0, at);
        wakes(6, 0, 0);
        struct dispatcher *d = &dispatchers[0];
        spin_lock(&d->lock);
        balance_offer(d, at);
        dispatch_unlock(d);
        if (atomic_load(&dispatchers[1].asked))
            break;
        spin_lock(&d->lock);
        d->policy->remove(&d->queue, &tasks[6].entity);
        spin_unlock(&d->lock);
        atomic_store(&tasks[6].state, PROC_BLOCKED);
    }
    CHECK(atomic_load(&dispatchers[1].asked)); /* the one that runs level 3 */
    CHECK(told & 2);
    be(1, now);
    sched_ipi();
    sched_preempt();
    CHECK(dispatchers[1].running == &tasks[6] || dispatchers[1].running == &tasks[5]);
}

CASE(a_busy_hart_hears_of_the_first_that_another_lets_wait_there)
{
    set_up();
    runs(0, 2);
    runs(1, 0);
    runs(2, 3);
    be(1, 1000);
    atomic_store(&tasks[5].on_hart, false);
    wakes(5, 0, 2); /* as good as what runs there: nobody is preempted */
    CHECK_EQUAL(told, 1);
    be(0, 1001);
    sched_ipi();
    CHECK(clocks[0] <= 1000 + SLICE / 2);
    tick(0, 1000 + SLICE / 2);
    CHECK(atomic_load(&dispatchers[2].asked));
    be(1, now);
    wakes(6, 0, 2);
    CHECK_EQUAL(told, 0); /* the second needs no call */
}

CASE(a_level_inherited_on_another_hart_shortens_the_slice_there)
{
    set_up();
    runs(0, 0);
    runs(1, 3);
    be(1, 1000);
    sched_clock_by(1000 + 8 * SLICE);
    be(0, 9000);
    sched_inherit(&tasks[1], 0);
    CHECK_EQUAL(told, 2);
    CHECK_EQUAL(atomic_load(&dispatchers[1].level_now), 0);
    CHECK_EQUAL(tasks[1].entity.turn, 0); /* what it ran before does not count */
    be(1, 9001);
    sched_ipi();
    CHECK_EQUAL(clocks[1], 9000 + SLICE);
}

CASE(an_account_of_another_level_is_seen_by_the_other_harts)
{
    set_up();
    runs(0, 0);
    tasks[5].entity.level = 3;
    be(0, 1000);
    sched_charge_to(&tasks[5].entity);
    CHECK_EQUAL(atomic_load(&dispatchers[0].level_now), 3);
}

CASE(a_hart_called_in_vain_goes_on_with_what_it_runs)
{
    set_up();
    runs(0, 3);
    runs(1, 0);
    be(0, 1000);
    wakes(5, 0, 3);
    atomic_store(&dispatchers[0].asked, 1); /* but whoever called has run the task itself */
    be(0, 2000);
    sched_ipi();
    CHECK(harts[0].work & WORK_RESCHED);
    sched_preempt();
    CHECK(dispatchers[0].running == &tasks[0]); /* not sent to the tail behind the other of its level */
    CHECK(!(harts[0].work & WORK_RESCHED));
    CHECK_EQUAL(tasks[0].entity.used, 1000);
    be(0, 1000 + 8 * SLICE);
    sched_timer();
    sched_preempt();
    CHECK(dispatchers[0].running == &tasks[5]); /* at the end of its slice it is */
}

CASE(a_call_is_answered_before_queues_are_evened_out)
{
    set_up();
    runs(0, 0);
    runs(1, 3);
    runs(2, 3);
    be(0, 1000);
    wakes(5, 0, 0);
    be(2, 1000);
    for (int i = 6; i < 9; i++)
        wakes(i, 2, 3);
    atomic_store(&dispatchers[1].asked, 1);
    dispatchers[1].slice_ended = true;
    be(1, 1000 + STEAL);
    balance_take(&dispatchers[1]);
    CHECK(atomic_load(&tasks[5].hart) == &harts[1]);
    CHECK_EQUAL(tasks[5].ready_at, 1000); /* it has waited since then, wherever */
}

CASE(nobody_is_called_for_what_cannot_be_taken_yet)
{
    set_up();
    for (unsigned i = 0; i < HARTS; i++)
        dispatchers[i].tuning.slice[0] = 10;
    runs(0, 0);
    runs(1, 3);
    runs(2, 3);
    be(0, 1000);
    wakes(5, 0, 0);
    struct dispatcher *d = &dispatchers[0];
    spin_lock(&d->lock);
    balance_offer(d, 1000 + STEAL - 1);
    CHECK(!atomic_load(&dispatchers[1].asked));
    balance_offer(d, 1000 + STEAL);
    CHECK(atomic_load(&dispatchers[1].asked) || atomic_load(&dispatchers[2].asked));
    dispatch_unlock(d);
}

/* tasks[from], running on hart 0, gives the processor to a blocked task that works on its account, or takes it back. */
static void hands_over(int from, int to, bool back)
{
    atomic_store(&tasks[from].state, PROC_BLOCKED);
    CHECK(sched_claim(&tasks[to], back ? NULL : &tasks[from].entity));
    sched_handoff(&tasks[to], back);
}

CASE(a_client_and_its_server_use_one_slice)
{
    set_up();
    runs(0, 1);
    be(0, 1000);
    struct dispatcher *d = &dispatchers[0];
    spin_lock(&d->lock);
    dispatch_clock_by(d, 1000 + 2 * SLICE);
    dispatch_unlock(d);
    for (int round = 1; round <= 3; round++) {
        now += 100;
        hands_over(0, 5, false);
        CHECK(d->running == &tasks[5] && atomic_load(&tasks[5].state) == PROC_RUNNING);
        CHECK(tasks[5].entity.account == &tasks[0].entity);
        now += 100;
        hands_over(5, 0, true);
        CHECK(d->running == &tasks[0] && atomic_load(&tasks[0].state) == PROC_RUNNING);
        CHECK(tasks[5].entity.account == &tasks[5].entity);
        CHECK_EQUAL(tasks[0].switches, round);
    }
    tick(0, 1000 + 2 * SLICE);
    CHECK_EQUAL(tasks[0].entity.ran, 2 * SLICE); /* all of it, whoever ran */
    CHECK_EQUAL(tasks[5].entity.ran, 0);
    CHECK_EQUAL(tasks[0].entity.level, 2);
    CHECK_EQUAL(atomic_load(&d->level_now), 2);
}

CASE(a_hand_off_lets_a_better_one_go_first)
{
    set_up();
    runs(0, 1);
    be(0, 1000);
    wakes(6, 0, 0);
    now = 1500;
    hands_over(0, 5, false);
    CHECK(dispatchers[0].running == &tasks[6]); /* rule 4 */
    CHECK_EQUAL(atomic_load(&tasks[5].state), PROC_READY);
    CHECK_EQUAL(tasks[5].entity.queued_level, 1);
    CHECK_EQUAL(tasks[0].entity.used, 500);
}

CASE(a_hand_off_at_the_end_of_a_slice_goes_to_the_tail)
{
    set_up();
    runs(0, 1);
    be(0, 1000);
    wakes(6, 0, 1);
    be(0, 1000 + 2 * SLICE);
    sched_timer(); /* demoted; before it comes to a choice it calls its server */
    hands_over(0, 5, false);
    CHECK(dispatchers[0].running == &tasks[6]);
    CHECK_EQUAL(tasks[5].entity.queued_level, 2);
}

CASE(a_hand_off_after_an_unnoticed_end_of_a_slice_goes_to_the_tail)
{
    set_up();
    runs(0, 1);
    be(0, 1000);
    wakes(6, 0, 2);
    be(0, 1000 + 2 * SLICE);
    sched_set_account(&tasks[0], &tasks[0].entity); /* charges, and asks for nothing */
    CHECK(!(harts[0].work & WORK_RESCHED));
    hands_over(0, 5, false);
    CHECK(dispatchers[0].running == &tasks[6]);
    CHECK_EQUAL(tasks[5].entity.queued_level, 2);
}

CASE(a_server_that_inherits_a_level_shows_it)
{
    set_up();
    runs(0, 2);
    be(0, 1000);
    tasks[5].entity.inherited = 0;
    hands_over(0, 5, false);
    CHECK(dispatchers[0].running == &tasks[5]);
    CHECK_EQUAL(atomic_load(&dispatchers[0].level_now), 0);
    CHECK_EQUAL(clocks[0], 1000 + SLICE); /* a turn at that level, and no more */
}
