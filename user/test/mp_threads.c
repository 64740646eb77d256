/*
 * lib/mp's locks in processes with several threads: it is threads that hold them, and that end with them. What their
 * processes' children are to them is in mp_thread_process.c, what malloc and stdio are in mp_thread_libc.c.
 */
#include "mp_thread_tools.h"

/* ---- who holds it ---- */

static void *says_its_number(void *unused)
{
    CHECK_EQUAL(mp_self(), thread_self());
    CHECK(mp_self() != getpid());
    int mine = mp_self(), pid = fork();
    if (pid == 0) {
        CHECK(mp_self() != mine);
        CHECK_EQUAL(mp_self(), getpid());
        CHECK_EQUAL(raw(SYS_gettid, 0, 0, 0), mp_self());
        _exit(7);
    }
    CHECK_EQUAL(ending_of(pid), 7);
    CHECK_EQUAL(raw(SYS_gettid, 0, 0, 0), mp_self());
    return (void *)(long)mp_self();
}

static void each_thread_has_its_number(void)
{
    CHECK_EQUAL(mp_self(), getpid());
    int a = start_thread(says_its_number, 0), b = start_thread(says_its_number, 0);
    CHECK_EQUAL(end_of_thread(a), a);
    CHECK_EQUAL(end_of_thread(b), b);
    CHECK_EQUAL(mp_self(), getpid());
}

static void *acquires(void *unused)
{
    CHECK_EQUAL(mp_lock_acquire(&s->lock, -1), 0);
    return NULL;
}

static void *finds_it_held(void *unused)
{
    CHECK_EQUAL(mp_lock_acquire(&s->lock, 0), -ETIMEDOUT);
    CHECK_EQUAL(mp_lock_acquire(&s->lock, 2), -ETIMEDOUT);
    CHECK_EQUAL(mp_rlock_acquire(&s->rlock, 0), -ETIMEDOUT);
    CHECK_EQUAL(mp_rlock_release(&s->rlock), -EPERM);
    CHECK_EQUAL(mp_condition_acquire(&s->condition, 0), -ETIMEDOUT);
    CHECK_EQUAL(mp_condition_wait(&s->condition, 0), -EPERM);
    CHECK_EQUAL(mp_condition_notify(&s->condition, 1), -EPERM);
    return NULL;
}

static void threads_exclude_each_other(void)
{
    struct proc_info info;
    new_case();
    CHECK_EQUAL(mp_lock_acquire(&s->lock, -1), 0);
    CHECK_EQUAL(mp_rlock_acquire(&s->rlock, -1), 0);
    CHECK_EQUAL(mp_condition_acquire(&s->condition, -1), 0);
    CHECK_EQUAL(end_of_thread(start_thread(finds_it_held, 0)), 0);
    int tid = start_waiting_thread(acquires, 0);
    row_of(tid, &info);
    CHECK_EQUAL(info.waits_for, thread_self());
    CHECK_EQUAL(mp_lock_release(&s->lock), 0);
    CHECK_EQUAL(end_of_thread(tid), 0);
    CHECK_EQUAL(mp_lock_owner(&s->lock), tid);
}

/* ---- a holder that ends while its process lives on ---- */

static void *dies_with_it(void *unused)
{
    CHECK_EQUAL(mp_lock_acquire(&s->lock, -1), 0);
    s->inside = 1;
    while (!s->die)
        sleep_ns(MS / 4);
    return NULL;
}

static void *is_told(void *unused)
{
    int result = mp_lock_acquire(&s->lock, -1);
    if (result)
        return (void *)(long)result;
    CHECK_EQUAL(mp_lock_release(&s->lock), 0);
    return NULL;
}

static void a_plain_lock_of_a_thread_that_ended(void)
{
    struct proc_info info;
    new_case();
    int dead = start_thread(dies_with_it, 0);
    while (!s->inside)
        yield();
    int waits = start_waiting_thread(acquires, 0);
    CHECK_EQUAL(mp_lock_owner(&s->lock), dead);
    s->die = true;
    wait_until_thread_blocked(waits, "owner dead"); /* not joined */
    CHECK_EQUAL(end_of_thread(dead), 0);
    wait_until_thread_blocked(waits, "owner dead"); /* joined: no such thread */
    row_of(waits, &info);
    CHECK_EQUAL(info.waits_for, dead);
    CHECK_EQUAL(mp_lock_acquire(&s->lock, 3), -ETIMEDOUT);
    CHECK_EQUAL(mp_lock_release(&s->lock), 0);
    CHECK_EQUAL(end_of_thread(waits), 0);
}

/* Asleep before it ends, or only after; joined, detached or neither. */
static void a_robust_lock_of_a_thread_that_ended(void)
{
    for (int way = 0; way < 6; way++) {
        new_case();
        CHECK_EQUAL(mp_lock_init(&s->lock, MP_ROBUST), 0);
        bool asleep = way % 2;
        int dead = start_thread(dies_with_it, 0), waits = 0, process = 0;
        if (way / 2 == 2)
            CHECK_EQUAL(thread_detach(dead), 0);
        while (!s->inside)
            yield();
        if (asleep)
            waits = start_waiting_thread(is_told, 0);
        s->die = true;
        if (way / 2 == 1)
            CHECK_EQUAL(end_of_thread(dead), 0);
        if (!asleep)
            waits = start_thread(is_told, 0);
        CHECK_EQUAL(end_of_thread(waits), -EOWNERDEAD); /* and it ends with the lock */
        process = fork();
        if (process == 0)
            _exit(is_told(NULL) == (void *)-EOWNERDEAD ? 5 : 6);
        CHECK_EQUAL(ending_of(process), 5); /* as the child does */
        CHECK_EQUAL(mp_lock_acquire(&s->lock, 0), -EOWNERDEAD);
        CHECK_EQUAL(mp_lock_release(&s->lock), 0);
        CHECK_EQUAL(mp_lock_acquire(&s->lock, 0), 0);
        if (way / 2 == 0)
            CHECK_EQUAL(end_of_thread(dead), 0);
        mp_shared_close(memory);
    }
}

/* The first thread ends with the lock, but is still there for its process. */
static void the_first_thread_ends_with_a_lock(void)
{
    for (int asleep = 0; asleep < 2; asleep++) {
        new_case();
        CHECK_EQUAL(mp_lock_init(&s->lock, MP_ROBUST), 0);
        int pid = fork();
        if (pid == 0) {
            start_thread(lives_on, 0);
            dies_with_it(NULL);
            thread_exit(NULL);
        }
        while (!s->inside)
            yield();
        int waits = asleep ? start_waiting_thread(is_told, 0) : 0;
        s->die = true;
        if (!asleep) {
            wait_until_blocked(pid, "thread");
            waits = start_thread(is_told, 0);
        }
        CHECK_EQUAL(end_of_thread(waits), -EOWNERDEAD);
        CHECK_EQUAL(kill(pid, 0), 0);
        s->stop = true;
        CHECK_EQUAL(ending_of(pid), 0);
        mp_shared_close(memory);
    }
}

static void *becomes_another_program(void *unused)
{
    while (!s->stop)
        yield();
    char *argv[] = {"/bin/sleep", "1000", NULL};
    execv(argv[0], argv);
    return NULL;
}

/* Before the process ends, which lives on as another program. */
static void exec_ends_a_thread_with_a_lock(void)
{
    new_case();
    CHECK_EQUAL(mp_lock_init(&s->lock, MP_ROBUST), 0);
    int pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        start_thread(dies_with_it, 0); /* but it is not told to */
        becomes_another_program(NULL);
    }
    while (!s->inside)
        yield();
    int waits = start_waiting_thread(is_told, 0);
    s->stop = true;
    CHECK_EQUAL(end_of_thread(waits), -EOWNERDEAD);
    CHECK_EQUAL(kill(pid, 0), 0);
    kill_and_wait(pid);
}

static void takes_it_along(int unused)
{
    CHECK_EQUAL(mp_lock_acquire(&s->lock, -1), 0);
    becomes_another_program(NULL);
}

static void exec_is_not_the_end_of_who_holds_a_lock(void)
{
    struct proc_info info = {0};
    new_case();
    CHECK_EQUAL(mp_lock_init(&s->lock, MP_ROBUST), 0);
    s->stop = true;
    int pid = start_child(takes_it_along, 0);
    while (strcmp(info.name, "sleep") != 0)
        CHECK_EQUAL(process_list(pid, &info, 1), 1);
    CHECK_EQUAL(mp_lock_owner(&s->lock), pid);
    CHECK_EQUAL(mp_lock_acquire(&s->lock, 3), -ETIMEDOUT);
    int waits = start_waiting_thread(is_told, 0);
    kill_and_wait(pid);
    CHECK_EQUAL(end_of_thread(waits), -EOWNERDEAD);
}

_Noreturn static void *goes_through(void *unused)
{
    for (;;) {
        int result = mp_lock_acquire(&s->lock, -1);
        CHECK(result == 0 || result == -EOWNERDEAD);
        s->inside = (uint64_t)mp_self();
        s->count++;
        s->inside = 0;
        CHECK_EQUAL(mp_lock_release(&s->lock), 0);
    }
}

static void *goes_through_and_ends(void *rounds)
{
    for (long i = 0; i < (long)rounds; i++) {
        int result = mp_lock_acquire(&s->lock, -1);
        CHECK(result == 0 || result == -EOWNERDEAD);
        s->told += result != 0;
        CHECK_EQUAL(s->inside, 0);
        s->inside = 1;
        s->count++;
        yield(); /* the others come and wait for a holder that lives */
        s->inside = 0;
        if (i + 1 < (long)rounds)
            CHECK_EQUAL(mp_lock_release(&s->lock), 0);
    }
    return NULL; /* with the lock */
}

/* Each thread ends as the holder, whoever waits or comes just then; each end is told once. */
static void threads_end_with_the_lock_again_and_again(void)
{
    new_case();
    CHECK_EQUAL(mp_lock_init(&s->lock, MP_ROBUST), 0);
    for (int i = 0; i < 150; i++)
        together(goes_through_and_ends, i % 7 + 1);
    CHECK_EQUAL(s->told, 150 * WORKERS - 1);
    CHECK_EQUAL(mp_lock_acquire(&s->lock, 0), -EOWNERDEAD);
}

/* A process whose threads go through a lock is killed at this instant or that: another process always gets it. */
static void processes_with_threads_are_killed_at_any_moment(void)
{
    uint64_t told = 0;
    new_case();
    CHECK_EQUAL(mp_lock_init(&s->lock, MP_ROBUST), 0);
    for (int i = 0; i < 150; i++) {
        int pid = fork();
        if (pid == 0) {
            start_thread(goes_through, 0);
            start_thread(goes_through, 0);
            goes_through(NULL);
        }
        sleep_ns((uint64_t)(i * 7919) % (3 * MS));
        kill(pid, SIGKILL);
        int result = mp_lock_acquire(&s->lock, i % 2 ? 10000 : -1); /* perhaps before they have all ended */
        CHECK(result == 0 || result == -EOWNERDEAD);
        CHECK(result == -EOWNERDEAD || s->inside == 0);
        s->inside = 0;
        CHECK_EQUAL(mp_lock_release(&s->lock), 0);
        CHECK_EQUAL(ending_of(pid), -SIGKILL);
        result = mp_lock_acquire(&s->lock, 0);
        CHECK(result == 0 || result == -EOWNERDEAD);
        CHECK(result == -EOWNERDEAD || s->inside == 0);
        told += result != 0;
        s->inside = 0;
        CHECK_EQUAL(mp_lock_release(&s->lock), 0);
    }
    printf("  %lu of 150 were told\n", told);
}

/* ---- ten thousand rounds of each, by threads ---- */

static void *with_lock(void *unused)
{
    for (int i = 0; i < SHARE; i++) {
        CHECK_EQUAL(mp_lock_acquire(&s->lock, -1), 0);
        CHECK_EQUAL(s->inside++, 0);
        s->count++;
        if (i % 64 == 0)
            yield();
        s->inside--;
        CHECK_EQUAL(mp_lock_release(&s->lock), 0);
    }
    return NULL;
}

static void *with_rlock(void *unused)
{
    for (int i = 0; i < SHARE; i++) {
        for (int d = 0; d <= i % 3; d++)
            CHECK_EQUAL(mp_rlock_acquire(&s->rlock, -1), 0);
        CHECK_EQUAL(s->inside++, 0);
        s->count++;
        if (i % 64 == 0)
            yield();
        s->inside--;
        for (int d = 0; d <= i % 3; d++)
            CHECK_EQUAL(mp_rlock_release(&s->rlock), 0);
    }
    return NULL;
}

static void *with_permits(void *unused)
{
    for (int i = 0; i < SHARE; i++) {
        CHECK_EQUAL(mp_semaphore_acquire(&s->permits, -1), 0);
        CHECK(__atomic_add_fetch(&s->inside, 1, __ATOMIC_SEQ_CST) <= 2);
        __atomic_fetch_add(&s->count, 1, __ATOMIC_SEQ_CST);
        if (i % 64 == 0)
            yield();
        __atomic_sub_fetch(&s->inside, 1, __ATOMIC_SEQ_CST);
        CHECK_EQUAL(mp_semaphore_release(&s->permits), 0);
    }
    return NULL;
}

/* Half of them give, half take. */
static void *with_condition(void *me)
{
    bool gives = (long)me % 2;
    for (int i = 0; i < SHARE; i++) {
        CHECK_EQUAL(mp_condition_acquire(&s->condition, -1), 0);
        while (s->items == (gives ? 8 : 0))
            CHECK_EQUAL(mp_condition_wait(&s->condition, -1), 0);
        s->items += gives ? 1 : -1ul;
        s->count++;
        CHECK(mp_condition_notify_all(&s->condition) >= 0);
        CHECK_EQUAL(mp_condition_release(&s->condition), 0);
    }
    return NULL;
}

static void *with_event(void *me)
{
    struct mp_event *mine = (long)me ? &s->answer : &s->event, *other = (long)me ? &s->event : &s->answer;
    for (int i = 0; i < ROUNDS; i++) {
        if ((long)me == 0)
            mp_event_set(other);
        CHECK_EQUAL(mp_event_wait(mine, -1), 0);
        mp_event_clear(mine);
        if (me)
            mp_event_set(other);
        s->count += (long)me;
    }
    return NULL;
}

static void *with_barrier(void *me)
{
    for (uint32_t i = 1; i <= SHARE; i++) {
        s->seen[(long)me] = i;
        CHECK(mp_barrier_wait(&s->barrier, -1) >= 0);
        for (int other = 0; other < WORKERS; other++)
            CHECK(s->seen[other] == i || s->seen[other] == i + 1);
        __atomic_fetch_add(&s->count, 1, __ATOMIC_SEQ_CST);
    }
    return NULL;
}

static struct mp_value *value;
static struct mp_array *array;

static void *with_values(void *unused)
{
    for (int i = 0; i < SHARE; i++) {
        long n;
        CHECK_EQUAL(mp_rlock_acquire(mp_value_lock(value), -1), 0);
        CHECK_EQUAL(mp_value_get(value, &n), 0);
        n++;
        CHECK_EQUAL(mp_value_set(value, &n), 0);
        CHECK_EQUAL(mp_rlock_release(mp_value_lock(value)), 0);
        CHECK_EQUAL(mp_rlock_acquire(mp_array_lock(array), -1), 0);
        ++*(long *)mp_array_at(array, (size_t)i % 4);
        CHECK_EQUAL(mp_rlock_release(mp_array_lock(array)), 0);
    }
    return NULL;
}

static void every_primitive_ten_thousand_times(void)
{
    new_case();
    together(with_lock, 0);
    CHECK_EQUAL(s->count, ROUNDS);
    together(with_rlock, 0);
    CHECK_EQUAL(s->count, 2 * ROUNDS);
    CHECK_EQUAL(mp_semaphore_init(&s->permits, 2), 0);
    together(with_permits, 0);
    CHECK_EQUAL(s->count, 3 * ROUNDS);
    CHECK_EQUAL(mp_semaphore_value(&s->permits), 2);
    together(with_condition, -1);
    CHECK_EQUAL(s->count, 4 * ROUNDS);
    CHECK_EQUAL(s->items, 0);
    CHECK_EQUAL(mp_barrier_init(&s->barrier, WORKERS), 0);
    together(with_barrier, -1);
    CHECK_EQUAL(s->count, 5 * ROUNDS);
    CHECK_EQUAL(mp_shared_create(4096, &memory), 0);
    value = mp_value_new(memory, NULL, sizeof(long), MP_LOCKED);
    array = mp_array_new(memory, NULL, 4, sizeof(long), MP_LOCKED);
    together(with_values, 0);
    CHECK_EQUAL(*(long *)mp_value_at(value), ROUNDS);
    for (size_t i = 0; i < 4; i++)
        CHECK_EQUAL(*(long *)mp_array_at(array, i), ROUNDS / 4);
}

static void events_ten_thousand_times(void)
{
    new_case();
    int a = start_thread(with_event, 0), b = start_thread(with_event, 1);
    CHECK_EQUAL(end_of_thread(a), 0);
    CHECK_EQUAL(end_of_thread(b), 0);
    CHECK_EQUAL(s->count, ROUNDS);
}

int main(int argc, char **argv)
{
    check_start(argc, argv);
    RUN(each_thread_has_its_number);
    RUN(threads_exclude_each_other);
    RUN(a_plain_lock_of_a_thread_that_ended);
    RUN(a_robust_lock_of_a_thread_that_ended);
    RUN(the_first_thread_ends_with_a_lock);
    RUN(exec_ends_a_thread_with_a_lock);
    RUN(exec_is_not_the_end_of_who_holds_a_lock);
    RUN(threads_end_with_the_lock_again_and_again);
    RUN(processes_with_threads_are_killed_at_any_moment);
    RUN(every_primitive_ten_thousand_times);
    RUN(events_ten_thousand_times);
    return check_end();
}
