/*
 * lib/mp's Condition, Event, Barrier, shared memory, Value and Array, one promise of their headers after the other.
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

/* ---- shared memory, Value, Array ---- */

static void shared_memory_is_given_out(void)
{
    struct mp_shared *m, *again;
    CHECK_EQUAL(mp_shared_create(0, &m), -EINVAL);
    CHECK_EQUAL(mp_shared_create(SIZE_MAX, &m), -EINVAL);
    CHECK_EQUAL(mp_shared_create(1ul << 40, &m), -EINVAL);
    CHECK_EQUAL(mp_shared_create(1ul << 35, &m), -ENOMEM);
    CHECK_EQUAL(mp_shared_create(10000, &m), 0);
    char *first = mp_shared_alloc(m, 1), *second = mp_shared_alloc(m, 9000);
    CHECK(first && second && second - first == 16);
    CHECK_EQUAL((uintptr_t)second % 16, 0);
    for (int i = 0; i < 9000; i++)
        CHECK_EQUAL(second[i], 0);
    CHECK(mp_shared_alloc(m, 10000) == NULL);
    CHECK(mp_shared_alloc(m, SIZE_MAX) == NULL);
    CHECK(mp_shared_alloc(m, 100) != NULL);
    strcpy(second, "here");
    CHECK_EQUAL(mp_shared_open(mp_shared_handle(m), &again), 0);
    char *there = mp_shared_at(again, mp_shared_offset(m, second));
    CHECK(there != second && strcmp(there, "here") == 0);
    CHECK_EQUAL(mp_shared_open(77, &again), -EBADF);
    CHECK_EQUAL(mp_shared_open(1, &again), -EINVAL);
    mp_shared_close(m);
    CHECK(strcmp(there, "here") == 0);
}

static void ten_thousand_shared_memories(void)
{
    for (long i = 0; i < ROUNDS; i++) {
        struct mp_shared *m, *again;
        CHECK_EQUAL(mp_shared_create(sizeof(long), &m), 0);
        long *n = mp_shared_alloc(m, sizeof *n);
        CHECK_EQUAL(*n, 0); /* not what was in the last one */
        *n = i + 1;
        CHECK_EQUAL(mp_shared_open(mp_shared_handle(m), &again), 0);
        size_t offset = mp_shared_offset(m, n);
        mp_shared_close(m);
        CHECK_EQUAL(*(long *)mp_shared_at(again, offset), i + 1);
        mp_shared_close(again);
    }
}

/* ---- another program, which has the memory at another address ---- */

struct met {
    struct mp_condition condition;
    struct mp_semaphore go_on;
    struct mp_barrier both;
    struct mp_event known;
    char *where; /* the first one's address */
    long count;  /* under the condition's lock */
};

static void counts(struct met *met)
{
    for (int i = 0; i < ROUNDS; i++) {
        CHECK_EQUAL(mp_condition_acquire(&met->condition, -1), 0);
        met->count++;
        CHECK_EQUAL(mp_condition_release(&met->condition), 0);
    }
}

static int be_the_other_program(int handle, size_t offset)
{
    CHECK(map(MAP_PRIVATE, 0, 1 << 20, MAP_READ) != NULL); /* in the way */
    CHECK_EQUAL(mp_shared_open(handle, &memory), 0);
    struct met *met = mp_shared_at(memory, offset);
    CHECK((char *)met != met->where);
    CHECK(mp_barrier_wait(&met->both, -1) >= 0);
    counts(met);
    CHECK_EQUAL(mp_semaphore_acquire(&met->go_on, -1), 0);
    CHECK_EQUAL(mp_condition_acquire(&met->condition, -1), 0);
    CHECK_EQUAL(mp_condition_notify(&met->condition, 5), 1);
    CHECK_EQUAL(mp_condition_release(&met->condition), 0);
    CHECK_EQUAL(mp_event_wait(&met->known, -1), 0);
    CHECK_EQUAL(mp_condition_acquire(&met->condition, -1), 0);
    return 7; /* and it ends with the lock */
}

static void another_program_uses_them_at_another_address(void)
{
    struct met *met = share(sizeof *met);
    char handle[16], offset[16];
    snprintf(handle, sizeof handle, "%d", mp_shared_handle(memory));
    snprintf(offset, sizeof offset, "%lu", mp_shared_offset(memory, met));
    met->where = (char *)met;
    CHECK_EQUAL(mp_condition_init(&met->condition, MP_ROBUST), 0);
    CHECK_EQUAL(mp_semaphore_init(&met->go_on, 0), 0);
    CHECK_EQUAL(mp_barrier_init(&met->both, 2), 0);
    int pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        char *argv[] = {"mp_waits", "other", handle, offset, NULL};
        execv("/test/mp_waits", argv);
        _exit(1);
    }
    CHECK(mp_barrier_wait(&met->both, -1) >= 0);
    counts(met);
    CHECK_EQUAL(mp_condition_acquire(&met->condition, -1), 0);
    CHECK_EQUAL(mp_semaphore_release(&met->go_on), 0);
    CHECK_EQUAL(mp_condition_wait(&met->condition, -1), 0);
    CHECK_EQUAL(met->count, 2 * ROUNDS);
    CHECK_EQUAL(mp_condition_release(&met->condition), 0);
    mp_event_set(&met->known);
    CHECK_EQUAL(ending_of(pid), 7);
    CHECK_EQUAL(mp_condition_acquire(&met->condition, -1), -EOWNERDEAD);
}

static struct mp_value *value;
static struct mp_array *array;

static void adds_to_value(int rounds)
{
    for (int i = 0; i < rounds; i++) {
        CHECK_EQUAL(mp_rlock_acquire(mp_value_lock(value), -1), 0);
        long n;
        CHECK_EQUAL(mp_value_get(value, &n), 0);
        n++;
        CHECK_EQUAL(mp_value_set(value, &n), 0);
        CHECK_EQUAL(mp_rlock_release(mp_value_lock(value)), 0);
        CHECK_EQUAL(mp_rlock_acquire(mp_array_lock(array), -1), 0);
        ++*(int *)mp_array_at(array, (size_t)i % 4);
        CHECK_EQUAL(mp_rlock_release(mp_array_lock(array)), 0);
    }
}

static void dies_in_the_middle(int unused)
{
    mp_rlock_acquire(mp_value_lock(value), -1);
    *(long *)mp_value_at(value) = 99;
    raise(SIGKILL);
}

static void values_and_arrays(void)
{
    static const int initial[4] = {1, 2, 3, 4};
    long n = 5;
    int i = 0, pids[3];
    share(100);
    CHECK_EQUAL(mp_shared_create(10000, &memory), 0);
    value = mp_value_new(memory, &n, sizeof n, MP_LOCKED);
    array = mp_array_new(memory, initial, 4, sizeof(int), MP_LOCKED);
    struct mp_value *raw = mp_value_new(memory, NULL, sizeof n, MP_UNLOCKED);
    struct mp_array *raw_array = mp_array_new(memory, NULL, 3, 24, MP_UNLOCKED);
    CHECK(value && array && raw && raw_array);
    CHECK(mp_value_lock(raw) == NULL && mp_array_lock(raw_array) == NULL);
    CHECK(mp_value_new(memory, NULL, 100000, MP_LOCKED) == NULL);
    CHECK(mp_value_new(memory, NULL, SIZE_MAX, MP_LOCKED) == NULL);
    CHECK(mp_value_new(memory, NULL, 8, 2) == NULL);
    CHECK(mp_array_new(memory, NULL, SIZE_MAX / 2, 4, MP_LOCKED) == NULL);
    CHECK_EQUAL(mp_value_get(raw, &n), 0);
    CHECK_EQUAL(n, 0);
    CHECK_EQUAL(mp_array_count(array), 4);
    CHECK_EQUAL(mp_array_get(array, 3, &i), 0);
    CHECK_EQUAL(i, 4);
    CHECK_EQUAL(mp_array_get(array, 4, &i), -ERANGE);
    CHECK_EQUAL(mp_array_set(array, SIZE_MAX, &i), -ERANGE);
    CHECK(mp_array_at(array, 4) == NULL);
    char three[24] = "abc", found[24];
    CHECK_EQUAL(mp_array_set(raw_array, 1, three), 0);
    CHECK_EQUAL(mp_array_get(raw_array, 1, found), 0);
    CHECK(strcmp(found, "abc") == 0);
    for (int c = 0; c < 3; c++)
        pids[c] = start_child(adds_to_value, ROUNDS);
    for (int c = 0; c < 3; c++)
        CHECK_EQUAL(ending_of(pids[c]), 0);
    CHECK_EQUAL(mp_value_get(value, &n), 0);
    CHECK_EQUAL(n, 5 + 3 * ROUNDS);
    for (size_t k = 0; k < 4; k++) {
        CHECK_EQUAL(mp_array_get(array, k, &i), 0);
        CHECK_EQUAL(i, initial[k] + 3 * ROUNDS / 4);
    }
    CHECK_EQUAL(ending_of(start_child(dies_in_the_middle, 0)), -SIGKILL);
    CHECK_EQUAL(mp_value_get(value, &n), -EOWNERDEAD);
    CHECK_EQUAL(n, 99);
    CHECK_EQUAL(mp_value_get(value, &n), 0);
}

static void sets_for_ever(int unused)
{
    uint64_t pair[4];
    for (uint64_t i = 1;; i++) {
        for (int j = 0; j < 4; j++)
            pair[j] = i;
        int result = mp_value_set(value, pair);
        CHECK(result == 0 || result == -EOWNERDEAD);
        result = mp_rlock_acquire(mp_array_lock(array), -1);
        CHECK(result == 0 || result == -EOWNERDEAD);
        for (size_t j = 0; j < 4; j++)
            if (result || j == i % 4) /* which one the dead was at nobody knows */
                CHECK_EQUAL(mp_array_set(array, j, pair), 0);
        CHECK_EQUAL(mp_rlock_release(mp_array_lock(array)), 0);
    }
}

static bool is_whole(const uint64_t *n)
{
    return n[0] == n[1] && n[0] == n[2] && n[0] == n[3];
}

/* What one that is killed in a set leaves is whole, or whoever comes next is told. */
static void setters_are_killed_at_any_moment(void)
{
    uint64_t pair[4], told = 0;
    CHECK_EQUAL(mp_shared_create(10000, &memory), 0);
    value = mp_value_new(memory, NULL, sizeof pair, MP_LOCKED);
    array = mp_array_new(memory, NULL, 4, sizeof pair, MP_LOCKED);
    for (int i = 0; i < 150; i++) {
        int a = start_child(sets_for_ever, 0), b = start_child(sets_for_ever, 0);
        sleep_ns((uint64_t)(i * 7919) % (2 * MS));
        kill_and_wait(a);
        kill_and_wait(b);
        int result = mp_value_get(value, pair);
        CHECK(result == -EOWNERDEAD || (result == 0 && is_whole(pair)));
        told += result != 0;
        memset(pair, 0, sizeof pair);
        CHECK_EQUAL(mp_value_set(value, pair), 0);
        result = mp_rlock_acquire(mp_array_lock(array), 0);
        CHECK(result == 0 || result == -EOWNERDEAD);
        told += result != 0;
        unsigned torn = 0;
        for (size_t j = 0; j < 4; j++) {
            CHECK_EQUAL(mp_array_get(array, j, pair), 0);
            torn += !is_whole(pair);
            memset(pair, 0, sizeof pair);
            CHECK_EQUAL(mp_array_set(array, j, pair), 0);
        }
        CHECK(torn <= (result ? 1 : 0)); /* at most the one that the dead was at */
        CHECK_EQUAL(mp_rlock_release(mp_array_lock(array)), 0);
    }
    printf("  %lu were told\n", told);
}

int main(int argc, char **argv)
{
    if (argc > 3 && strcmp(argv[1], "other") == 0)
        return be_the_other_program(atoi(argv[2]), strtoul(argv[3], NULL, 10));
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
    RUN(shared_memory_is_given_out);
    RUN(ten_thousand_shared_memories);
    RUN(another_program_uses_them_at_another_address);
    RUN(values_and_arrays);
    RUN(setters_are_killed_at_any_moment);
    return check_end();
}
