/*
 * lib/mp's Condition, Event and Barrier, one promise of their headers after the other.
 */
#include "mp_tools.h"

#define ROUNDS 10000
#define MANY 5
#define PAIRS 8

static struct {
    struct mp_lock lock;
    struct mp_rlock rlock;
    struct mp_condition condition, has_room;
    struct mp_event event, questions[PAIRS], answers[PAIRS];
    struct mp_barrier barrier, barriers[PAIRS];
    volatile uint64_t count, woken, items, taken, sum;
    volatile uint32_t seen[64];
} *s;

/* A child that sleeps on a condition, an event or a barrier: not on the lock of one, on which it may sleep shortly before,
 * and for which it waits for somebody. */
static int start_sleeper(void (*f)(int), int argument)
{
    struct proc_info info;
    int pid = start_child(f, argument);
    for (;;) {
        wait_until_blocked(pid, "futex");
        CHECK_EQUAL(process_list(pid, &info, 1), 1);
        if (info.state == PROC_BLOCKED && strcmp(info.reason, "futex") == 0 && info.waits_for == 0)
            return pid;
    }
}

static void add(volatile uint64_t *to, uint64_t n)
{
    __atomic_fetch_add(to, n, __ATOMIC_SEQ_CST);
}

/* ---- Condition ---- */

static void acquire(void)
{
    CHECK_EQUAL(mp_condition_acquire(&s->condition, -1), 0);
}

static void release(void)
{
    CHECK_EQUAL(mp_condition_release(&s->condition), 0);
}

static void waits_for_condition(int depth)
{
    for (int i = 0; i < depth; i++)
        acquire();
    CHECK_EQUAL(mp_condition_wait(&s->condition, -1), 0);
    add(&s->woken, 1);
    for (int i = 0; i < depth; i++)
        release();
    CHECK_EQUAL(mp_condition_release(&s->condition), -EPERM);
}

static void acquire_robustly(void)
{
    int result = mp_condition_acquire(&s->condition, -1);
    CHECK(result == 0 || result == -EOWNERDEAD);
}

static void waits_for_condition_robustly(int unused)
{
    acquire_robustly();
    int result = mp_condition_wait(&s->condition, -1);
    CHECK(result == 0 || result == -EOWNERDEAD);
    release();
}

static void condition_needs_its_lock(void)
{
    s = share(sizeof *s);
    CHECK_EQUAL(mp_condition_init(&s->condition, 4), -EINVAL);
    CHECK_EQUAL(mp_condition_init(&s->condition, 0), 0);
    CHECK_EQUAL(mp_condition_wait(&s->condition, 0), -EPERM);
    CHECK_EQUAL(mp_condition_notify(&s->condition, 1), -EPERM);
    CHECK_EQUAL(mp_condition_notify_all(&s->condition), -EPERM);
    CHECK_EQUAL(mp_condition_release(&s->condition), -EPERM);
    acquire();
    CHECK_EQUAL(mp_condition_notify(&s->condition, 1), 0);
    CHECK_EQUAL(mp_condition_wait(&s->condition, 0), -ETIMEDOUT);
    CHECK_TIMES_OUT(mp_condition_wait(&s->condition, 3), 3);
    CHECK_EQUAL(mp_lock_owner(&s->condition.lock.lock), getpid());
    release();
}

static void notify_wakes_exactly_so_many(void)
{
    int pids[MANY];
    for (int n = 0; n <= MANY; n++) {
        s = share(sizeof *s);
        for (int i = 0; i < MANY; i++)
            pids[i] = start_sleeper(waits_for_condition, i % 2 + 1);
        acquire();
        CHECK_EQUAL(mp_condition_notify(&s->condition, (unsigned)n), n);
        CHECK_EQUAL(s->woken, 0); /* they need the lock */
        release();
        for (int i = 0; i < n; i++) /* the longest waiting first */
            CHECK_EQUAL(ending_of(pids[i]), 0);
        sleep_ns(2 * MS);
        CHECK_EQUAL(s->woken, n);
        acquire();
        CHECK_EQUAL(mp_condition_notify_all(&s->condition), MANY - n);
        CHECK_EQUAL(mp_condition_notify_all(&s->condition), 0);
        release();
        for (int i = n; i < MANY; i++)
            CHECK_EQUAL(ending_of(pids[i]), 0);
        mp_shared_close(memory);
    }
}

static void runs_out_of_time(int ms)
{
    acquire();
    CHECK_EQUAL(mp_condition_wait(&s->condition, ms), -ETIMEDOUT);
    release();
}

static void the_killed_and_the_late_are_not_notified(void)
{
    s = share(sizeof *s);
    int late = start_child(runs_out_of_time, 5), killed = start_sleeper(waits_for_condition, 1);
    int waits = start_sleeper(waits_for_condition, 1);
    CHECK_EQUAL(ending_of(late), 0);
    kill(killed, SIGKILL);
    acquire();
    CHECK_EQUAL(mp_condition_notify(&s->condition, 1), 1);
    release();
    CHECK_EQUAL(ending_of(waits), 0);
    CHECK_EQUAL(ending_of(killed), -SIGKILL);
    CHECK_EQUAL(s->woken, 1);
}

static int has_items(void *unused)
{
    CHECK_EQUAL(mp_lock_owner(&s->condition.lock.lock), getpid());
    return s->items > 0;
}

static void gives_an_item(int ms)
{
    sleep_ns((uint64_t)ms * MS);
    acquire();
    s->items++;
    mp_condition_notify_all(&s->condition);
    release();
}

static void wait_for_what_is_true(void)
{
    s = share(sizeof *s);
    CHECK_EQUAL(mp_condition_wait_for(&s->condition, has_items, NULL, 0), -EPERM);
    acquire();
    CHECK_EQUAL(mp_condition_wait_for(&s->condition, has_items, NULL, 0), -ETIMEDOUT);
    CHECK_TIMES_OUT(mp_condition_wait_for(&s->condition, has_items, NULL, 4), 4);
    int pid = start_child(gives_an_item, 5);
    CHECK_EQUAL(mp_condition_wait_for(&s->condition, has_items, NULL, -1), 0);
    CHECK_EQUAL(mp_condition_wait_for(&s->condition, has_items, NULL, 0), 0);
    release();
    CHECK_EQUAL(ending_of(pid), 0);
}

static void takes_items(int unused)
{
    for (;;) {
        acquire();
        CHECK_EQUAL(mp_condition_wait_for(&s->condition, has_items, NULL, -1), 0);
        bool last = s->taken == ROUNDS;
        if (!last) {
            s->items--;
            s->taken++;
        }
        release();
        if (last)
            return;
    }
}

/* Each item is worth one notification: a lost one leaves everybody asleep. */
static void condition_stress(void)
{
    int pids[3];
    s = share(sizeof *s);
    for (int i = 0; i < 3; i++)
        pids[i] = start_child(takes_items, 0);
    for (int i = 0; i < ROUNDS; i++) {
        acquire();
        s->items++;
        mp_condition_notify(&s->condition, 1);
        release();
        if (i % 16 == 0)
            yield();
    }
    for (uint64_t left = 1; left;) {
        acquire();
        left = s->items;
        release();
        yield();
    }
    acquire();
    CHECK_EQUAL(s->taken, ROUNDS);
    s->items = 100;
    mp_condition_notify_all(&s->condition);
    release();
    for (int i = 0; i < 3; i++)
        CHECK_EQUAL(ending_of(pids[i]), 0);
}

/* Whoever is killed while it waits, or with the wake-up in its hand, the rest go on: each round one of two is. */
static void condition_waiters_are_killed_at_any_moment(void)
{
    s = share(sizeof *s);
    CHECK_EQUAL(mp_condition_init(&s->condition, MP_ROBUST), 0);
    for (int i = 0; i < 150; i++) {
        int a = start_sleeper(waits_for_condition_robustly, 0), b = start_sleeper(waits_for_condition_robustly, 0);
        acquire_robustly();
        if (i % 3 == 0)
            kill(a, SIGKILL);
        int n = mp_condition_notify_all(&s->condition);
        CHECK(i % 3 ? n == 2 : n == 1 || n == 2);
        release();
        for (int spin = 0; spin < i % 40; spin++)
            clock_ns();
        kill(a, SIGKILL);
        int how = ending_of(a);
        CHECK(how == 0 || how == -SIGKILL);
        CHECK_EQUAL(ending_of(b), 0);
        acquire_robustly();
        CHECK_EQUAL(mp_condition_notify_all(&s->condition), 0);
        release();
    }
}

/* Two conditions with one lock: who gives waits for room, who takes for items, and none is notified in vain. */
#define PLACES 4

static void passes_items_on(int gives)
{
    struct mp_condition *mine = gives ? &s->has_room : &s->condition, *other = gives ? &s->condition : &s->has_room;
    for (int i = 0; i < ROUNDS / 2; i++) {
        CHECK_EQUAL(mp_condition_acquire(mine, -1), 0);
        while (s->items == (gives ? PLACES : 0))
            CHECK_EQUAL(mp_condition_wait(mine, -1), 0);
        s->items += gives ? 1 : -1ul;
        s->count++;
        CHECK(mp_condition_notify(other, 1) <= 1);
        CHECK_EQUAL(mp_condition_release(other), 0); /* it is the same */
    }
}

static void pass_ten_thousand_items(void)
{
    int pids[4];
    for (int i = 0; i < 4; i++)
        pids[i] = start_child(passes_items_on, i % 2);
    for (int i = 0; i < 4; i++)
        CHECK_EQUAL(ending_of(pids[i]), 0);
    CHECK_EQUAL(s->count, 2 * ROUNDS);
    CHECK_EQUAL(s->items, 0);
}

static void conditions_share_a_lock(void)
{
    s = share(sizeof *s);
    mp_condition_init_with_lock(&s->condition, &s->lock);
    mp_condition_init_with_lock(&s->has_room, &s->lock);
    CHECK_EQUAL(mp_condition_wait(&s->condition, 0), -EPERM);
    CHECK_EQUAL(mp_lock_acquire(&s->lock, -1), 0);
    CHECK_EQUAL(mp_condition_acquire(&s->has_room, 0), -ETIMEDOUT); /* a Lock is not recursive */
    CHECK_EQUAL(mp_condition_notify(&s->condition, 1), 0);
    CHECK_TIMES_OUT(mp_condition_wait(&s->has_room, 3), 3);
    CHECK_EQUAL(mp_lock_owner(&s->lock), getpid());
    CHECK_EQUAL(mp_lock_release(&s->lock), 0);
    CHECK_EQUAL(mp_condition_notify(&s->condition, 1), -EPERM);
    pass_ten_thousand_items();
    CHECK_EQUAL(mp_lock_owner(&s->lock), 0);
}

static void conditions_share_an_rlock(void)
{
    s = share(sizeof *s);
    mp_condition_init_with_rlock(&s->condition, &s->rlock);
    mp_condition_init_with_rlock(&s->has_room, &s->rlock);
    CHECK_EQUAL(mp_condition_acquire(&s->condition, -1), 0);
    CHECK_EQUAL(mp_condition_acquire(&s->has_room, 0), 0);
    CHECK_EQUAL(mp_rlock_acquire(&s->rlock, 0), 0);
    CHECK_TIMES_OUT(mp_condition_wait(&s->has_room, 3), 3);
    for (int i = 0; i < 3; i++)
        CHECK_EQUAL(mp_rlock_release(&s->rlock), 0);
    CHECK_EQUAL(mp_condition_release(&s->condition), -EPERM);
    pass_ten_thousand_items();
}

/* ---- Event ---- */

static void waits_for_event(int unused)
{
    CHECK_EQUAL(mp_event_wait(&s->event, -1), 0);
}

static void event_is_set_and_cleared(void)
{
    int pids[MANY];
    s = share(sizeof *s);
    mp_event_init(&s->event);
    CHECK_EQUAL(mp_event_is_set(&s->event), 0);
    CHECK_EQUAL(mp_event_wait(&s->event, 0), -ETIMEDOUT);
    CHECK_TIMES_OUT(mp_event_wait(&s->event, 3), 3);
    for (int i = 0; i < MANY; i++)
        pids[i] = start_sleeper(waits_for_event, 0);
    mp_event_set(&s->event);
    mp_event_clear(&s->event); /* they were woken all the same */
    for (int i = 0; i < MANY; i++)
        CHECK_EQUAL(ending_of(pids[i]), 0);
    CHECK_EQUAL(mp_event_wait(&s->event, 0), -ETIMEDOUT);
    mp_event_set(&s->event);
    mp_event_set(&s->event);
    CHECK_EQUAL(mp_event_is_set(&s->event), 1);
    CHECK_EQUAL(mp_event_wait(&s->event, 0), 0);
    CHECK_EQUAL(mp_event_wait(&s->event, -1), 0);
}

/* Several pairs at once: a hart that has to be woken from its sleep takes milliseconds when the host is busy. */
static void asks(int pair)
{
    for (uint32_t i = 1; i <= ROUNDS / PAIRS; i++) {
        s->seen[pair] = i;
        mp_event_set(&s->questions[pair]);
        CHECK_EQUAL(mp_event_wait(&s->answers[pair], -1), 0);
        mp_event_clear(&s->answers[pair]);
        CHECK_EQUAL(s->seen[PAIRS + pair], i);
        add(&s->count, 1);
    }
}

static void answers(int pair)
{
    for (uint32_t i = 1; i <= ROUNDS / PAIRS; i++) {
        CHECK_EQUAL(mp_event_wait(&s->questions[pair], -1), 0);
        mp_event_clear(&s->questions[pair]);
        CHECK_EQUAL(s->seen[pair], i);
        s->seen[PAIRS + pair] = i;
        mp_event_set(&s->answers[pair]);
    }
}

static void event_stress(void)
{
    int pids[2 * PAIRS];
    s = share(sizeof *s);
    for (int i = 0; i < 2 * PAIRS; i++)
        pids[i] = start_child(i % 2 ? asks : answers, i / 2);
    for (int i = 0; i < 2 * PAIRS; i++)
        CHECK_EQUAL(ending_of(pids[i]), 0);
    CHECK_EQUAL(s->count, ROUNDS);
}

/* Those who wait are killed, just before or after they are woken: the others are woken all the same. */
static void event_waiters_are_killed_at_any_moment(void)
{
    s = share(sizeof *s);
    for (int i = 0; i < 150; i++) {
        int a = start_child(waits_for_event, 0), b = start_child(waits_for_event, 0);
        if (i % 2)
            wait_until_blocked(a, "futex");
        sleep_ns((uint64_t)(i * 1237) % MS);
        if (i % 4 < 2)
            kill(a, SIGKILL);
        mp_event_set(&s->event);
        kill(a, SIGKILL);
        int how = ending_of(a);
        CHECK(how == 0 || how == -SIGKILL);
        CHECK_EQUAL(ending_of(b), 0);
        CHECK_EQUAL(mp_event_wait(&s->event, 0), 0);
        mp_event_clear(&s->event);
    }
}

/* ---- Barrier ---- */

static void waits_at_barrier(int unused)
{
    int result = mp_barrier_wait(&s->barrier, -1);
    if (result >= 0)
        add(&s->sum, 1ul << (8 * result));
    _exit(result < 0 ? -result : 0);
}

static void barrier_lets_go_of_all(void)
{
    int pids[MANY - 1];
    s = share(sizeof *s);
    CHECK_EQUAL(mp_barrier_init(&s->barrier, 0), -EINVAL);
    CHECK_EQUAL(mp_barrier_init(&s->barrier, MANY), 0);
    for (int round = 0; round < 3; round++) {
        s->sum = 0;
        for (int i = 0; i < MANY - 1; i++)
            pids[i] = start_sleeper(waits_at_barrier, 0);
        CHECK_EQUAL(mp_barrier_waiting(&s->barrier), MANY - 1);
        CHECK_EQUAL(mp_barrier_wait(&s->barrier, 0), MANY - 1);
        for (int i = 0; i < MANY - 1; i++)
            CHECK_EQUAL(ending_of(pids[i]), 0);
        CHECK_EQUAL(s->sum, 0x01010101); /* another number each */
    }
    CHECK_EQUAL(mp_barrier_init(&s->barrier, 1), 0);
    CHECK_EQUAL(mp_barrier_wait(&s->barrier, -1), 0);
}

static void barrier_breaks_and_is_repaired(void)
{
    s = share(sizeof *s);
    CHECK_EQUAL(mp_barrier_init(&s->barrier, 3), 0);
    int pid = start_sleeper(waits_at_barrier, 0);
    CHECK_TIMES_OUT(mp_barrier_wait(&s->barrier, 4), 4);
    CHECK_EQUAL(ending_of(pid), ECANCELED);
    CHECK_EQUAL(mp_barrier_is_broken(&s->barrier), 1);
    CHECK_EQUAL(mp_barrier_wait(&s->barrier, -1), -ECANCELED);
    mp_barrier_reset(&s->barrier);
    CHECK_EQUAL(mp_barrier_is_broken(&s->barrier), 0);
    pid = start_sleeper(waits_at_barrier, 0);
    int other = start_sleeper(waits_at_barrier, 0);
    CHECK_EQUAL(mp_barrier_wait(&s->barrier, -1), 2);
    CHECK_EQUAL(ending_of(pid), 0);
    CHECK_EQUAL(ending_of(other), 0);
    pid = start_sleeper(waits_at_barrier, 0);
    mp_barrier_reset(&s->barrier);
    CHECK_EQUAL(ending_of(pid), ECANCELED);
    CHECK_EQUAL(mp_barrier_is_broken(&s->barrier), 0);
    pid = start_sleeper(waits_at_barrier, 0);
    mp_barrier_abort(&s->barrier);
    CHECK_EQUAL(ending_of(pid), ECANCELED);
    CHECK_EQUAL(mp_barrier_wait(&s->barrier, -1), -ECANCELED);
    mp_barrier_reset(&s->barrier);
    CHECK_EQUAL(mp_barrier_wait(&s->barrier, 0), -ETIMEDOUT);
}

/* Process me is one of three at barrier me / 3. */
static void goes_round_and_round(int me)
{
    int first = me / 3 * 3;
    for (uint32_t i = 1; i <= ROUNDS / PAIRS; i++) {
        s->seen[me] = i;
        CHECK(mp_barrier_wait(&s->barriers[me / 3], -1) >= 0);
        for (int other = first; other < first + 3; other++)
            CHECK(s->seen[other] == i || s->seen[other] == i + 1);
        add(&s->count, me == first);
    }
}

static void barrier_stress(void)
{
    int pids[3 * PAIRS];
    s = share(sizeof *s);
    for (int i = 0; i < PAIRS; i++)
        CHECK_EQUAL(mp_barrier_init(&s->barriers[i], 3), 0);
    for (int i = 0; i < 3 * PAIRS; i++)
        pids[i] = start_child(goes_round_and_round, i);
    for (int i = 0; i < 3 * PAIRS; i++)
        CHECK_EQUAL(ending_of(pids[i]), 0);
    CHECK_EQUAL(s->count, ROUNDS);
}

static int counts_turns(void *result)
{
    s->items++;
    CHECK_EQUAL(s->woken, s->items * MANY); /* all are there, nobody has gone on */
    return (int)(long)result;
}

static void does_turns(int turns)
{
    for (int i = 1; i <= turns; i++) {
        add(&s->woken, 1);
        CHECK(mp_barrier_wait_action(&s->barrier, counts_turns, NULL, -1) >= 0);
        CHECK(s->items >= (uint64_t)i);
    }
}

static void an_action_is_done_once_a_turn(void)
{
    int pids[MANY];
    s = share(sizeof *s);
    CHECK_EQUAL(mp_barrier_init(&s->barrier, MANY), 0);
    for (int i = 0; i < MANY; i++)
        pids[i] = start_child(does_turns, 200);
    for (int i = 0; i < MANY; i++)
        CHECK_EQUAL(ending_of(pids[i]), 0);
    CHECK_EQUAL(s->items, 200);
}

static int fails(void *error)
{
    return -(int)(long)error;
}

static int takes_its_time(void *ms)
{
    sleep_ns((uint64_t)(long)ms * MS);
    return 5; /* no failure */
}

static void waits_a_little_at_barrier(int ms)
{
    _exit(-mp_barrier_wait(&s->barrier, ms) & 255);
}

static void an_action_that_fails_breaks_the_barrier(void)
{
    s = share(sizeof *s);
    CHECK_EQUAL(mp_barrier_init(&s->barrier, 2), 0);
    int pid = start_sleeper(waits_at_barrier, 0);
    CHECK_EQUAL(mp_barrier_wait_action(&s->barrier, fails, (void *)EIO, -1), -EIO);
    CHECK_EQUAL(ending_of(pid), ECANCELED);
    CHECK_EQUAL(mp_barrier_is_broken(&s->barrier), 1);
    CHECK_EQUAL(mp_barrier_wait_action(&s->barrier, fails, (void *)EIO, -1), -ECANCELED); /* it is not called */
    mp_barrier_reset(&s->barrier);
    CHECK_EQUAL(mp_barrier_wait_action(&s->barrier, fails, (void *)EIO, 0), -ETIMEDOUT); /* nor if more have to come */
    mp_barrier_reset(&s->barrier);
    pid = start_sleeper(waits_a_little_at_barrier, 30); /* whose time is up while the action goes on */
    CHECK_EQUAL(mp_barrier_wait_action(&s->barrier, takes_its_time, (void *)60, -1), 1);
    CHECK_EQUAL(ending_of(pid), 0);
    CHECK_EQUAL(mp_barrier_is_broken(&s->barrier), 0);
}

static int is_killed(void *unused)
{
    return raise(SIGKILL);
}

static void dies_in_its_action(int unused)
{
    mp_barrier_wait_action(&s->barrier, is_killed, NULL, -1);
}

static void who_dies_in_an_action_breaks_the_barrier(void)
{
    s = share(sizeof *s);
    CHECK_EQUAL(mp_barrier_init(&s->barrier, 2), 0);
    int waits = start_sleeper(waits_a_little_at_barrier, 200);
    CHECK_EQUAL(ending_of(start_child(dies_in_its_action, 0)), -SIGKILL);
    CHECK_EQUAL(ending_of(waits), ECANCELED);
    CHECK_EQUAL(mp_barrier_wait(&s->barrier, -1), -ECANCELED);
    mp_barrier_reset(&s->barrier);
    CHECK_EQUAL(mp_barrier_is_broken(&s->barrier), 0);
}

int main(int argc, char **argv)
{
    exact_time = argc > 2;
    check_patience = 5; /* processes that wake each other, on harts that the host runs in turns */
    check_start(argc > 1 && strcmp(argv[1], "all") == 0 ? 1 : argc, argv);
    RUN(condition_needs_its_lock);
    RUN(notify_wakes_exactly_so_many);
    RUN(the_killed_and_the_late_are_not_notified);
    RUN(wait_for_what_is_true);
    RUN(condition_stress);
    RUN(condition_waiters_are_killed_at_any_moment);
    RUN(conditions_share_a_lock);
    RUN(conditions_share_an_rlock);
    RUN(event_is_set_and_cleared);
    RUN(event_stress);
    RUN(event_waiters_are_killed_at_any_moment);
    RUN(barrier_lets_go_of_all);
    RUN(barrier_breaks_and_is_repaired);
    RUN(barrier_stress);
    RUN(an_action_is_done_once_a_turn);
    RUN(an_action_that_fails_breaks_the_barrier);
    RUN(who_dies_in_an_action_breaks_the_barrier);
    return check_end();
}
