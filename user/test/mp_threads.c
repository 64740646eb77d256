/*
 * lib/mp and libc in processes with several threads: threads are the owners of locks, and processes, malloc and stdio
 * are for all of them, in the children that they fork, too.
 */
#include "mp_tools.h"

#include <fcntl.h>

#define ROUNDS 10000
#define WORKERS 4
#define SHARE (ROUNDS / WORKERS)

static struct {
    struct mp_lock lock;
    struct mp_rlock rlock;
    struct mp_semaphore permits, room;
    struct mp_condition condition;
    struct mp_event event, answer;
    struct mp_barrier barrier;
    volatile uint64_t count, inside, items, told;
    volatile uint32_t seen[WORKERS];
    volatile bool stop, die;
} *s;

static void new_case(void)
{
    s = share(sizeof *s);
}

static void together(void *(*f)(void *), long argument)
{
    int tids[WORKERS];
    for (int i = 0; i < WORKERS; i++)
        tids[i] = start_thread(f, argument < 0 ? i : argument);
    for (int i = 0; i < WORKERS; i++)
        CHECK_EQUAL(end_of_thread(tids[i]), 0);
}

static void row_of(int tid, struct proc_info *info)
{
    CHECK_EQUAL(thread_list(tid, info, 1), 1);
    CHECK_EQUAL(info->tid, tid);
}

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

static void *lives_on(void *unused)
{
    while (!s->stop)
        sleep_ns(MS);
    return NULL;
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

/* ---- whose children they are ---- */

static int sleeps_until_killed(void *unused)
{
    for (int i = 0; i < 1000000; i++)
        sleep_ns(1000 * MS);
    return 0;
}

static void *starts_a_daemon(void *daemon)
{
    struct mp_process *p;
    CHECK_EQUAL(mp_process_create(&p, sleeps_until_killed, NULL), 0);
    CHECK_EQUAL(mp_process_set_daemon(p, 1), 0);
    CHECK_EQUAL(mp_process_start(p), 0);
    *(struct mp_process **)daemon = p;
    return NULL;
}

static int has_a_daemon_of_a_thread(void *pid)
{
    struct mp_process *daemon;
    end_of_thread(start_thread(starts_a_daemon, (long)&daemon));
    CHECK_EQUAL(mp_process_join(daemon, 0), -ETIMEDOUT); /* that thread's end is not its parent's */
    *(int *)pid = mp_process_pid(daemon);
    _exit(3);
}

static void a_daemon_of_a_thread_ends_with_the_process(void)
{
    struct mp_process *p;
    int *pid = share(sizeof *pid);
    CHECK_EQUAL(mp_process_create(&p, has_a_daemon_of_a_thread, pid), 0);
    CHECK_EQUAL(mp_process_start(p), 0);
    struct pollfd ended = {.fd = mp_process_sentinel(p), .events = POLLIN};
    CHECK_EQUAL(poll(&ended, 1, -1), 1);
    CHECK(*pid > 0);
    CHECK_ERRNO(kill(*pid, 0), ESRCH);
    CHECK_EQUAL(code_of(p), 3);
}

static int helper;

static void *starts_one_at_the_end(void *unused)
{
    while (!s->stop)
        yield();
    struct mp_process *p = started(NULL, 0);
    CHECK_EQUAL(code_of(p), 0);
    return NULL;
}

/* Runs after lib/mp's own handler, which was registered later. */
static void waits_for_the_helper(void)
{
    if (getpid() != (int)s->items) /* the children have the handler, too */
        return;
    s->stop = true;
    CHECK_EQUAL(end_of_thread(helper), 0);
}

static void an_exit_handler_may_wait_for_a_thread_that_starts_one(void)
{
    new_case();
    int pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        s->items = (uint64_t)getpid();
        CHECK_EQUAL(atexit(waits_for_the_helper), 0);
        CHECK_EQUAL(code_of(started(NULL, 0)), 0);
        helper = start_thread(starts_one_at_the_end, 0);
        exit(6);
    }
    CHECK_EQUAL(ending_of(pid), 6);
}

static void *tries_to_start(void *unused)
{
    struct mp_process *p;
    CHECK_EQUAL(mp_process_create(&p, sleeps_until_killed, NULL), 0);
    CHECK_EQUAL(mp_process_start(p), -EDAEMON);
    CHECK_ERRNO(fork(), EDAEMON);
    CHECK_EQUAL(mp_process_close(p), 0);
    return NULL;
}

static int lets_a_thread_try(void *unused)
{
    return (int)end_of_thread(start_thread(tries_to_start, 0));
}

static void threads_of_a_daemon_may_have_no_children(void)
{
    struct mp_process *p = make(lets_a_thread_try, 0);
    CHECK_EQUAL(mp_process_set_daemon(p, 1), 0);
    CHECK_EQUAL(mp_process_start(p), 0);
    CHECK_EQUAL(code_of(p), 0);
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

/* ---- Process ---- */

static int returns(void *code)
{
    return (int)(long)code;
}

static int waits_to_stop(void *code)
{
    lives_on(NULL);
    return returns(code);
}

static struct mp_process *common;

static void *joins_the_common_one(void *way)
{
    int ms = (long)way == 1 ? 20000 : -1;
    CHECK_EQUAL(mp_process_join(common, ms), 0);
    CHECK_EQUAL(mp_process_exit_code(common), 33);
    CHECK_EQUAL(mp_process_is_alive(common), 0);
    return NULL;
}

static void any_thread_of_the_creator_joins(void)
{
    for (int i = 0; i < 30; i++) {
        int tids[WORKERS];
        new_case();
        common = started(waits_to_stop, 33);
        for (int j = 0; j < WORKERS; j++)
            tids[j] = start_thread(joins_the_common_one, j);
        if (i % 2)
            for (int j = 0; j < WORKERS; j++)
                wait_until_thread_blocked(tids[j], j == 1 ? "poll" : "child");
        CHECK_EQUAL(mp_process_close(common), -EBUSY);
        CHECK_EQUAL(mp_active_children(NULL, 0), 1);
        s->stop = true;
        for (int n = mp_process_is_alive(common); n; n = mp_process_is_alive(common))
            CHECK_EQUAL(n, 1); /* takes its end, perhaps, before those who wait for it */
        for (int j = 0; j < WORKERS; j++)
            CHECK_EQUAL(end_of_thread(tids[j]), 0);
        CHECK_EQUAL(code_of(common), 33);
        mp_shared_close(memory);
    }
}

static void *joins_and_says(void *unused)
{
    return (void *)(long)mp_process_join(common, -1);
}

/* Either the one who calls wait gets its end, or one of those who join, who tells the others. */
static void wait_and_join_at_once(void)
{
    int waits = 0;
    for (int i = 0; i < 50; i++) {
        int tids[WORKERS];
        struct exit_status status;
        new_case();
        common = started(waits_to_stop, 1);
        int pid = mp_process_pid(common);
        for (int j = 0; j < WORKERS; j++)
            tids[j] = start_thread(joins_and_says, 0);
        s->stop = true;
        int got = wait_status(pid, &status, 0);
        CHECK(got == pid || got == -ECHILD);
        for (int j = 0; j < WORKERS; j++)
            CHECK_EQUAL(end_of_thread(tids[j]), got == pid ? -ECHILD : 0);
        CHECK_EQUAL(mp_process_exit_code(common), got == pid ? MP_NO_EXIT_CODE : 1);
        CHECK_EQUAL(mp_active_children(NULL, 0), 0);
        CHECK_EQUAL(mp_process_close(common), 0);
        waits += got == pid;
        mp_shared_close(memory);
    }
    printf("  wait was first %d times of 50\n", waits);
}

static char names[WORKERS * 100][MP_NAME_MAX];

static void *starts_many(void *me)
{
    struct mp_process *p[4];
    for (int i = 0; i < 100; i += 4) {
        for (int j = 0; j < 4; j++) {
            p[j] = started(returns, i + j);
            strcpy(names[(long)me * 100 + i + j], mp_process_name(p[j]));
        }
        CHECK(mp_active_children(NULL, 0) <= 4 * WORKERS);
        for (int j = 0; j < 4; j++)
            CHECK_EQUAL(code_of(p[j]), i + j);
    }
    return NULL;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void threads_start_and_join_at_once(void)
{
    together(starts_many, -1);
    CHECK_EQUAL(mp_active_children(NULL, 0), 0);
    qsort(names, WORKERS * 100, sizeof names[0], by_name);
    for (int i = 1; i < WORKERS * 100; i++)
        CHECK(strcmp(names[i - 1], names[i]) != 0);
}

static struct mp_process *main_object;

static void *starts_the_common_one(void *unused)
{
    CHECK(mp_current_process() == main_object);
    int error = mp_process_start(common);
    CHECK(error == 0 || error == -EALREADY);
    return (void *)(long)(error == 0);
}

static void it_is_started_once(void)
{
    main_object = mp_current_process();
    for (int i = 0; i < 50; i++) {
        int tids[WORKERS];
        long n = 0;
        common = make(returns, 44);
        for (int j = 0; j < WORKERS; j++)
            tids[j] = start_thread(starts_the_common_one, 0);
        for (int j = 0; j < WORKERS; j++)
            n += end_of_thread(tids[j]);
        CHECK_EQUAL(n, 1);
        CHECK_EQUAL(code_of(common), 44);
    }
}

static void *starts_until_told(void *unused)
{
    while (!s->stop)
        CHECK_EQUAL(code_of(started(returns, 3)), 3);
    return NULL;
}

/* A plain fork finds the library as good as new, whatever the other threads were just doing in it. */
static void plain_forks_while_others_start(void)
{
    int tids[2];
    new_case();
    for (int i = 0; i < 2; i++)
        tids[i] = start_thread(starts_until_told, 0);
    for (int i = 0; i < 50; i++) {
        int pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
            CHECK_EQUAL(mp_active_children(NULL, 0), 0);
            struct mp_process *p = started(returns, i & 127);
            CHECK(strcmp(mp_process_name(p), "Process-1") == 0);
            CHECK_EQUAL(code_of(p), i & 127);
            exit(i & 127);
        }
        CHECK_EQUAL(ending_of(pid), i & 127);
    }
    s->stop = true;
    for (int i = 0; i < 2; i++)
        CHECK_EQUAL(end_of_thread(tids[i]), 0);
}

_Noreturn static void *exits(void *code)
{
    exit((int)(long)code);
}

static int takes_long(void *unused)
{
    sleep_ns(20 * MS);
    s->items = 1;
    return 0;
}

static void count_one(void)
{
    __atomic_fetch_add(&s->count, 1, __ATOMIC_SEQ_CST);
}

/* Several threads call exit: handlers run once, children are joined, daemons ended. */
static void several_threads_exit(void)
{
    for (int i = 0; i < 20; i++) {
        new_case();
        int pid = fork();
        if (pid == 0) {
            CHECK_EQUAL(atexit(count_one), 0);
            struct mp_process *d = make(waits_to_stop, 0);
            CHECK_EQUAL(mp_process_set_daemon(d, 1), 0);
            CHECK_EQUAL(mp_process_start(d), 0);
            started(takes_long, 0);
            for (int j = 0; j < WORKERS; j++)
                start_thread(exits, 9);
            exit(9);
        }
        CHECK_EQUAL(ending_of(pid), 9);
        CHECK_EQUAL(s->items, 1);
        CHECK_EQUAL(s->count, 2); /* the child that was joined had the handler, too */
        mp_shared_close(memory);
    }
}

/* ---- malloc and stdio ---- */

#define FILE_NAME "/tmp/mp_threads"

static FILE *file;

static void *mallocs_and_prints(void *unused)
{
    char *block[16] = {0};
    for (unsigned i = 0; !s->stop; i++) {
        free(block[i % 16]);
        block[i % 16] = malloc(i * 37 % 5000 + 1);
        CHECK(block[i % 16]);
        fprintf(file, "%u %s\n", i, "more text, so that the buffer is soon full");
        rewind(file);
    }
    for (int i = 0; i < 16; i++)
        free(block[i]);
    return NULL;
}

static void *uses_both(void *unused)
{
    void *block = malloc(3000);
    CHECK(block);
    CHECK(fprintf(file, "child\n") > 0);
    CHECK_EQUAL(fflush(NULL), 0);
    free(block);
    return NULL;
}

/* Whatever other threads hold at that moment, the child can use it all, with threads of its own. */
static void forks_while_others_malloc_and_print(void)
{
    int tids[3];
    new_case();
    file = fopen(FILE_NAME, "w+");
    CHECK(file);
    for (int i = 0; i < 3; i++)
        tids[i] = start_thread(mallocs_and_prints, 0);
    for (int i = 0; i < 100; i++) {
        int pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
            if (i % 2)
                uses_both(NULL);
            int a = start_thread(uses_both, 0), b = start_thread(uses_both, 0);
            uses_both(NULL);
            CHECK_EQUAL(end_of_thread(a), 0);
            CHECK_EQUAL(end_of_thread(b), 0);
            if (i % 16 == 0) { /* and its children have it no worse */
                pid = fork();
                if (pid == 0)
                    exits(uses_both(NULL));
                CHECK_EQUAL(ending_of(pid), 0);
            }
            exit(8);
        }
        CHECK_EQUAL(ending_of(pid), 8);
    }
    s->stop = true;
    for (int i = 0; i < 3; i++)
        CHECK_EQUAL(end_of_thread(tids[i]), 0);
    CHECK_EQUAL(fclose(file), 0);
    CHECK_EQUAL(unlink(FILE_NAME), 0);
}

static void *prints_lines(void *unused)
{
    for (; !s->stop; s->count++) {
        fprintf(file, "%lu\n", s->count);
        if (s->count % 8 == 0)
            yield();
    }
    return NULL;
}

/* Also when a process is started in the middle of it, which has a copy of the buffer. */
static void each_line_comes_once(void)
{
    uint64_t number, n = 0;
    char line[32];
    new_case();
    file = fopen(FILE_NAME, "w");
    CHECK(file);
    int tid = start_thread(prints_lines, 0);
    for (int i = 0; i < 50; i++)
        CHECK_EQUAL(code_of(started(returns, 1)), 1);
    s->stop = true;
    CHECK_EQUAL(end_of_thread(tid), 0);
    CHECK_EQUAL(fclose(file), 0);
    file = fopen(FILE_NAME, "r");
    CHECK(file);
    while (fgets(line, sizeof line, file)) {
        number = strtoul(line, NULL, 10);
        CHECK_EQUAL(number, n);
        n++;
    }
    CHECK_EQUAL(n, s->count);
    CHECK_EQUAL(fclose(file), 0);
    CHECK_EQUAL(unlink(FILE_NAME), 0);
}

/* --- what is stuck holds up nobody else --- */

static struct mp_process *joined_by_another;

static int closes_its_copy(void *unused)
{
    return mp_process_close(joined_by_another);
}

static void *joins_for_ever(void *unused)
{
    return (void *)(long)mp_process_join(joined_by_another, -1);
}

static void a_copy_is_closed_while_the_creator_joins(void)
{
    joined_by_another = started(sleeps_until_killed, 0);
    int tid = start_thread(joins_for_ever, 0);
    wait_until_thread_blocked(tid, "child");
    CHECK_EQUAL(code_of(started(closes_its_copy, 0)), 0);
    CHECK_EQUAL(mp_process_kill(joined_by_another), 0);
    CHECK_EQUAL(end_of_thread(tid), 0);
    CHECK_EQUAL(code_of(joined_by_another), -SIGKILL);
}

static void *flushes_all(void *unused)
{
    return (void *)(long)fflush(NULL);
}

/* One thread writes out all files, into a pipe that is full. */
static void fork_while_a_flush_is_stuck(void)
{
    static char text[100000];
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    FILE *full = fdopen(ends[1], "w");
    CHECK(full != NULL);
    CHECK_EQUAL(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    while (write(ends[1], text, sizeof text) > 0)
        ;
    CHECK_EQUAL(fcntl(ends[1], F_SETFL, 0), 0);
    CHECK_EQUAL(fputs("more", full), 0);
    int tid = start_thread(flushes_all, 0);
    wait_until_thread_blocked(tid, "pipe write");
    int pid = fork();
    CHECK(pid >= 0);
    if (pid == 0)
        _exit(5);
    CHECK_EQUAL(ending_of(pid), 5);
    FILE *other = fopen("/tmp/mp_threads", "w"); /* goes into the list of files at its first write */
    CHECK(other != NULL && fputs("x", other) == 0 && fclose(other) == 0);
    unlink("/tmp/mp_threads");
    CHECK(read(ends[0], text, sizeof text) > 0);
    CHECK_EQUAL(end_of_thread(tid), 0);
}

int main(int argc, char **argv)
{
    check_patience = 5;
    check_start(argc, argv);
    RUN(each_thread_has_its_number);
    RUN(threads_exclude_each_other);
    RUN(a_plain_lock_of_a_thread_that_ended);
    RUN(a_robust_lock_of_a_thread_that_ended);
    RUN(the_first_thread_ends_with_a_lock);
    RUN(exec_ends_a_thread_with_a_lock);
    RUN(exec_is_not_the_end_of_who_holds_a_lock);
    RUN(a_daemon_of_a_thread_ends_with_the_process);
    RUN(an_exit_handler_may_wait_for_a_thread_that_starts_one);
    RUN(threads_of_a_daemon_may_have_no_children);
    RUN(threads_end_with_the_lock_again_and_again);
    RUN(processes_with_threads_are_killed_at_any_moment);
    RUN(every_primitive_ten_thousand_times);
    RUN(events_ten_thousand_times);
    RUN(any_thread_of_the_creator_joins);
    RUN(wait_and_join_at_once);
    RUN(threads_start_and_join_at_once);
    RUN(it_is_started_once);
    RUN(plain_forks_while_others_start);
    RUN(several_threads_exit);
    RUN(forks_while_others_malloc_and_print);
    RUN(each_line_comes_once);
    RUN(a_copy_is_closed_while_the_creator_joins);
    RUN(fork_while_a_flush_is_stuck);
    return check_end();
}
