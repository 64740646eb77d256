/*
 * lib/mp's Condition, Event, Barrier, shared memory, Value and Array, one promise of their headers after the other.
 */
#include "mp_tools.h"

#define ROUNDS 10000
#define MANY 5
/* A host with better things to do takes milliseconds to wake one hart from another: then fewer rounds have to do. */
#define ENOUGH_NS (15000 * MS)

static struct {
    struct mp_condition condition;
    struct mp_event event;
    struct mp_barrier barrier;
    struct mp_semaphore room;
    volatile uint64_t count, woken, items, given, taken, sum;
    volatile uint32_t seen[64];
} *s;

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
            pids[i] = start_waiter(waits_for_condition, i % 2 + 1);
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
    int late = start_child(runs_out_of_time, 5), killed = start_waiter(waits_for_condition, 1);
    int waits = start_waiter(waits_for_condition, 1);
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
        pids[i] = start_waiter(waits_for_event, 0);
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

static void answers_each_event(int unused)
{
    for (int i = 0; !s->items; i++) {
        while (mp_event_wait(&s->event, -1) || s->count <= (uint64_t)i)
            ;
        mp_event_clear(&s->event);
        s->taken = (uint64_t)i + 1;
        CHECK_EQUAL(mp_semaphore_release(&s->room), 0);
    }
}

static void event_stress(void)
{
    s = share(sizeof *s);
    CHECK_EQUAL(mp_semaphore_init(&s->room, 0), 0);
    int pid = start_child(answers_each_event, 0);
    uint64_t enough = clock_ns() + ENOUGH_NS;
    for (int i = 0; !s->items; i++) {
        s->items = i + 1 == ROUNDS || clock_ns() > enough;
        s->count++;
        mp_event_set(&s->event);
        CHECK_EQUAL(mp_semaphore_acquire(&s->room, 10000), 0);
        CHECK_EQUAL(s->taken, i + 1);
    }
    CHECK_EQUAL(ending_of(pid), 0);
    printf("  %lu rounds\n", s->count);
    CHECK(s->count >= ROUNDS / 10);
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
            pids[i] = start_waiter(waits_at_barrier, 0);
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
    int pid = start_waiter(waits_at_barrier, 0);
    CHECK_TIMES_OUT(mp_barrier_wait(&s->barrier, 4), 4);
    CHECK_EQUAL(ending_of(pid), ECANCELED);
    CHECK_EQUAL(mp_barrier_is_broken(&s->barrier), 1);
    CHECK_EQUAL(mp_barrier_wait(&s->barrier, -1), -ECANCELED);
    mp_barrier_reset(&s->barrier);
    CHECK_EQUAL(mp_barrier_is_broken(&s->barrier), 0);
    pid = start_waiter(waits_at_barrier, 0);
    int other = start_waiter(waits_at_barrier, 0);
    CHECK_EQUAL(mp_barrier_wait(&s->barrier, -1), 2);
    CHECK_EQUAL(ending_of(pid), 0);
    CHECK_EQUAL(ending_of(other), 0);
    pid = start_waiter(waits_at_barrier, 0);
    mp_barrier_reset(&s->barrier);
    CHECK_EQUAL(ending_of(pid), ECANCELED);
    CHECK_EQUAL(mp_barrier_is_broken(&s->barrier), 0);
    pid = start_waiter(waits_at_barrier, 0);
    mp_barrier_abort(&s->barrier);
    CHECK_EQUAL(ending_of(pid), ECANCELED);
    CHECK_EQUAL(mp_barrier_wait(&s->barrier, -1), -ECANCELED);
    mp_barrier_reset(&s->barrier);
    CHECK_EQUAL(mp_barrier_wait(&s->barrier, 0), -ETIMEDOUT);
}

static void goes_round_and_round(int me)
{
    uint64_t enough = clock_ns() + ENOUGH_NS;
    for (uint32_t i = 1; s->count == 0 || i <= s->count; i++) {
        s->seen[me * 16] = i;
        if (me == 0 && (i == ROUNDS || clock_ns() > enough))
            s->count = i; /* all see it when they are past the barrier */
        CHECK(mp_barrier_wait(&s->barrier, -1) >= 0);
        for (int other = 0; other < 3; other++)
            CHECK(s->seen[other * 16] == i || s->seen[other * 16] == i + 1);
    }
}

static void barrier_stress(void)
{
    int pids[3];
    s = share(sizeof *s);
    CHECK_EQUAL(mp_barrier_init(&s->barrier, 3), 0);
    for (int i = 0; i < 3; i++)
        pids[i] = start_child(goes_round_and_round, i);
    for (int i = 0; i < 3; i++)
        CHECK_EQUAL(ending_of(pids[i]), 0);
    printf("  %lu rounds\n", s->count);
    CHECK(s->count >= ROUNDS / 10);
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

int main(int argc, char **argv)
{
    exact_time = argc > 2;
    check_start(argc > 1 && strcmp(argv[1], "all") == 0 ? 1 : argc, argv);
    RUN(condition_needs_its_lock);
    RUN(notify_wakes_exactly_so_many);
    RUN(the_killed_and_the_late_are_not_notified);
    RUN(wait_for_what_is_true);
    RUN(condition_stress);
    RUN(event_is_set_and_cleared);
    RUN(event_stress);
    RUN(barrier_lets_go_of_all);
    RUN(barrier_breaks_and_is_repaired);
    RUN(barrier_stress);
    RUN(shared_memory_is_given_out);
    RUN(values_and_arrays);
    return check_end();
}
