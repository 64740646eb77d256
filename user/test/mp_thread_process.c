/*
 * lib/mp's processes for several threads of their creator: each may start and join, and exit waits for all.
 */
#include "mp_thread_tools.h"

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

/* ---- each may start and join ---- */

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

int main(int argc, char **argv)
{
    check_start(argc, argv);
    RUN(a_daemon_of_a_thread_ends_with_the_process);
    RUN(an_exit_handler_may_wait_for_a_thread_that_starts_one);
    RUN(threads_of_a_daemon_may_have_no_children);
    RUN(any_thread_of_the_creator_joins);
    RUN(wait_and_join_at_once);
    RUN(threads_start_and_join_at_once);
    RUN(it_is_started_once);
    RUN(plain_forks_while_others_start);
    RUN(several_threads_exit);
    RUN(a_copy_is_closed_while_the_creator_joins);
    return check_end();
}
