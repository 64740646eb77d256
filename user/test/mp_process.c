/*
 * lib/mp's Process, from inside: what its header promises, line by line.
 */
#include "mp_tools.h"

#define ROUNDS 10000
#define LONG_MS 100000

static struct mp_connection here, there; /* what a child tells the case */

static int sleeps(void *ms)
{
    sleep_ns((uint64_t)(long)ms * MS);
    return 0;
}

static int returns(void *code)
{
    return (int)(long)code;
}

static int exits(void *code)
{
    exit((int)(long)code);
}

static int faults(void *unused)
{
    *(volatile int *)unused = 1;
    return 0;
}

static int aborts(void *signal)
{
    kill(getpid(), (int)(long)signal);
    return 0;
}

static struct mp_process *daemon(int (*target)(void *), long args)
{
    struct mp_process *p = make(target, args);
    CHECK_EQUAL(mp_process_set_daemon(p, 1), 0);
    CHECK_EQUAL(mp_process_start(p), 0);
    return p;
}

static bool is_there(int pid)
{
    return kill(pid, 0) == 0;
}

/* Pids that children send: what they started themselves. */
static int told(void)
{
    int pid;
    CHECK_EQUAL(mp_connection_receive(&here, &pid, sizeof pid), sizeof pid);
    return pid;
}

static void tell(int pid)
{
    CHECK_EQUAL(mp_connection_send(&there, &pid, sizeof pid), 0);
}

static void open_line(void)
{
    CHECK_EQUAL(mp_pipe(&here, &there, 0), 0);
}

/* ---- what it is ---- */

static void unstarted_it_is_nothing_yet(void)
{
    struct mp_process *p = make(returns, 1);
    CHECK_EQUAL(mp_process_pid(p), 0);
    CHECK_EQUAL(mp_process_is_alive(p), 0);
    CHECK_EQUAL(mp_process_exit_code(p), MP_NO_EXIT_CODE);
    CHECK_EQUAL(mp_process_join(p, -1), -ESRCH);
    CHECK_EQUAL(mp_process_join(p, 0), -ESRCH);
    CHECK_EQUAL(mp_process_terminate(p), -ESRCH);
    CHECK_EQUAL(mp_process_kill(p), -ESRCH);
    CHECK_EQUAL(mp_process_sentinel(p), -ESRCH);
    CHECK_EQUAL(mp_active_children(NULL, 0), 0);
    CHECK_EQUAL(mp_process_close(p), 0);
    p = make(NULL, 0); /* without a target it does nothing */
    CHECK_EQUAL(mp_process_run(p), 0);
    CHECK_EQUAL(mp_process_start(p), 0);
    CHECK_EQUAL(code_of(p), 0);
}

static void it_starts_once(void)
{
    struct mp_process *p = started(returns, 7);
    CHECK(mp_process_pid(p) > 1);
    CHECK_EQUAL(mp_process_start(p), -EALREADY);
    CHECK_EQUAL(mp_process_set_daemon(p, 1), -EALREADY);
    CHECK_EQUAL(mp_process_set_name(p, "late"), -EALREADY);
    CHECK_EQUAL(mp_process_set_authkey(p, ""), -EALREADY);
    CHECK_EQUAL(mp_process_join(p, -1), 0);
    CHECK_EQUAL(mp_process_start(p), -EALREADY);
    CHECK_EQUAL(code_of(p), 7);
}

static void run_calls_the_target_here(void)
{
    struct mp_process *p = make(returns, 300);
    CHECK_EQUAL(mp_process_run(p), 300);
    CHECK_EQUAL(mp_process_pid(p), 0);
    CHECK_EQUAL(mp_process_start(p), 0);
    CHECK_EQUAL(code_of(p), 300 & 255);
}

static int says_who_it_is(void *expected)
{
    struct mp_process *me = mp_current_process();
    struct proc_info info;
    CHECK_EQUAL(process_list(getpid(), &info, 1), 1);
    CHECK(strcmp(info.name, expected) == 0);
    CHECK(strcmp(mp_process_name(me), expected) == 0);
    CHECK_EQUAL(mp_process_pid(me), getpid());
    CHECK_EQUAL(mp_process_is_alive(me), 1);
    CHECK_EQUAL(mp_process_exit_code(me), MP_NO_EXIT_CODE);
    CHECK_EQUAL(mp_process_join(me, -1), -EPERM);
    CHECK_EQUAL(mp_active_children(NULL, 0), 0);
    CHECK_EQUAL(((const char *)mp_process_authkey(me))[0], 'k');
    if (strcmp(expected, "worker") == 0) {
        struct mp_process *p = make(returns, 3);
        CHECK(strcmp(mp_process_name(p), "worker:1") == 0);
        CHECK_EQUAL(((const char *)mp_process_authkey(p))[0], 'k'); /* inherited */
        CHECK_EQUAL(mp_process_start(p), 0);
        CHECK_EQUAL(code_of(p), 3);
    }
    return 9;
}

static void names_keys_and_who_is_current(void)
{
    char key[MP_AUTHKEY_BYTES] = "key", longest[MP_NAME_MAX + 1];
    struct mp_process *me = mp_current_process();
    CHECK(strcmp(mp_process_name(me), "MainProcess") == 0);
    CHECK_EQUAL(mp_process_pid(me), getpid());
    CHECK_EQUAL(mp_process_daemon(me), 0);
    CHECK_EQUAL(mp_process_start(me), -EPERM);
    struct mp_process *p = make(says_who_it_is, (long)"Process-1");
    CHECK(strcmp(mp_process_name(p), "Process-1") == 0);
    CHECK(memcmp(mp_process_authkey(p), mp_process_authkey(me), MP_AUTHKEY_BYTES) == 0);
    CHECK_EQUAL(mp_process_set_authkey(p, key), 0);
    CHECK_EQUAL(mp_process_start(p), 0);
    CHECK_EQUAL(code_of(p), 9);
    p = make(says_who_it_is, (long)"worker");
    memset(longest, 'n', sizeof longest);
    longest[MP_NAME_MAX] = '\0';
    CHECK_EQUAL(mp_process_set_name(p, longest), -ENAMETOOLONG);
    CHECK(strcmp(mp_process_name(p), "Process-2") == 0);
    CHECK_EQUAL(mp_process_set_name(p, NULL), -EINVAL);
    CHECK_EQUAL(mp_process_set_name(p, "worker"), 0);
    CHECK_EQUAL(mp_process_set_authkey(p, key), 0);
    CHECK_EQUAL(mp_process_start(p), 0);
    CHECK_EQUAL(code_of(p), 9);
}

static void a_plain_fork_has_its_parents_key_and_programs_have_different_ones(void)
{
    unsigned char key[MP_AUTHKEY_BYTES], other[MP_AUTHKEY_BYTES];
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    for (int asked = 0; asked < 2; asked++) { /* nobody has asked for a key before the first fork */
        int pid = fork();
        if (pid == 0) {
            const struct mp_process *me = mp_current_process();
            CHECK_EQUAL(mp_process_pid(me), getpid());
            CHECK_EQUAL(write(ends[1], mp_process_authkey(me), sizeof key), sizeof key);
            _exit(0);
        }
        CHECK_EQUAL(ending_of(pid), 0);
        CHECK_EQUAL(read(ends[0], other, sizeof other), sizeof other);
        memcpy(key, mp_process_authkey(mp_current_process()), sizeof key);
        CHECK_EQUAL(memcmp(key, other, sizeof key) == 0, asked);
    }
}

/* ---- how it ends ---- */

static void exit_codes_say_how_it_ended(void)
{
    CHECK_EQUAL(code_of(started(returns, 0)), 0);
    CHECK_EQUAL(code_of(started(returns, 255)), 255);
    CHECK_EQUAL(code_of(started(returns, 256)), 0);
    CHECK_EQUAL(code_of(started(returns, -1)), 255);
    CHECK_EQUAL(code_of(started(exits, 42)), 42);
    CHECK_EQUAL(code_of(started(exits, MP_NO_EXIT_CODE)), 255);
    CHECK_EQUAL(code_of(started(faults, 0)), -SIGSEGV);
    for (int signal = 1; signal < NSIG; signal++)
        CHECK_EQUAL(code_of(started(aborts, signal)), -signal);
    struct mp_process *p = started(sleeps, LONG_MS);
    CHECK_EQUAL(mp_process_terminate(p), 0);
    CHECK_EQUAL(code_of(p), -15);
    p = started(sleeps, LONG_MS);
    CHECK_EQUAL(mp_process_kill(p), 0);
    CHECK_EQUAL(mp_process_kill(p), 0);
    CHECK_EQUAL(mp_process_join(p, -1), 0);
    CHECK_EQUAL(mp_process_terminate(p), 0); /* it has ended before */
    CHECK_EQUAL(code_of(p), -9);
}

static void join_gives_up_when_the_time_is_up(void)
{
    struct mp_process *p = started(sleeps, LONG_MS);
    uint64_t start = clock_ns();
    CHECK_EQUAL(mp_process_join(p, 20), -ETIMEDOUT);
    CHECK(clock_ns() - start >= 20 * MS);
    CHECK_EQUAL(mp_process_join(p, 0), -ETIMEDOUT);
    CHECK_EQUAL(mp_process_is_alive(p), 1);
    CHECK_EQUAL(mp_process_exit_code(p), MP_NO_EXIT_CODE);
    CHECK_EQUAL(mp_process_close(p), -EBUSY);
    CHECK_EQUAL(mp_process_terminate(p), 0);
    CHECK_EQUAL(mp_process_join(p, LONG_MS), 0);
    CHECK_EQUAL(mp_process_join(p, LONG_MS), 0); /* twice is fine */
    CHECK_EQUAL(mp_process_join(p, -1), 0);
    CHECK_EQUAL(mp_process_is_alive(p), 0);
    CHECK_EQUAL(code_of(p), -15);
    p = started(sleeps, 10);
    start = clock_ns();
    CHECK_EQUAL(mp_process_join(p, LONG_MS), 0); /* and does not wait longer than it has to */
    CHECK(clock_ns() - start < 5000 * MS);
    CHECK_EQUAL(code_of(p), 0);
}

static void the_sentinel_can_be_polled(void)
{
    struct mp_process *p = started(sleeps, 10), *q = started(sleeps, LONG_MS);
    struct pollfd fds[2] = {{mp_process_sentinel(p), POLLIN, 0}, {mp_process_sentinel(q), POLLIN, 0}};
    CHECK(fds[0].fd >= 0 && fds[1].fd >= 0);
    CHECK_EQUAL(mp_process_sentinel(p), fds[0].fd);
    CHECK_EQUAL(poll(fds, 2, -1), 1);
    CHECK_EQUAL(fds[0].revents, POLLIN);
    CHECK_EQUAL(mp_process_join(p, 0), 0); /* it polls readable only when it can be joined at once */
    CHECK_EQUAL(poll(fds, 1, 0), 1);       /* and still does */
    CHECK_EQUAL(mp_process_close(p), 0);
    CHECK_EQUAL(mp_process_kill(q), 0);
    CHECK_EQUAL(poll(&fds[1], 1, -1), 1);
    CHECK_EQUAL(code_of(q), -9);
}

static void somebody_else_took_its_end(void)
{
    struct mp_process *p = started(returns, 1);
    CHECK_EQUAL(wait_status(-1, NULL, 0), mp_process_pid(p));
    CHECK_EQUAL(mp_process_join(p, -1), -ECHILD);
    CHECK_EQUAL(mp_process_join(p, 0), -ECHILD);
    CHECK_EQUAL(mp_process_is_alive(p), 0);
    CHECK_EQUAL(mp_process_exit_code(p), MP_NO_EXIT_CODE);
    CHECK_EQUAL(mp_process_terminate(p), 0);
    CHECK_EQUAL(mp_process_close(p), 0);
}

static void active_children_are_those_that_run(void)
{
    struct mp_process *p[4], *list[4];
    CHECK_EQUAL(mp_active_children(list, 4), 0);
    for (int i = 0; i < 4; i++)
        p[i] = started(sleeps, LONG_MS);
    CHECK_EQUAL(mp_active_children(NULL, 0), 4);
    CHECK_EQUAL(mp_process_kill(p[1]), 0);
    CHECK_EQUAL(mp_process_join(p[1], -1), 0);
    CHECK_EQUAL(mp_active_children(list, 4), 3);
    for (int i = 0; i < 3; i++)
        CHECK(list[i] == p[0] || list[i] == p[2] || list[i] == p[3]);
    CHECK_EQUAL(mp_process_kill(p[0]), 0);
    struct pollfd fd = {mp_process_sentinel(p[0]), POLLIN, 0};
    CHECK_EQUAL(poll(&fd, 1, -1), 1);
    int pid = mp_process_pid(p[0]);
    CHECK(is_there(pid)); /* a zombie */
    CHECK_EQUAL(mp_active_children(list, 4), 2);
    CHECK(!is_there(pid)); /* not any more */
    CHECK_EQUAL(mp_process_exit_code(p[0]), -9);
    for (int i = 0; i < 4; i++) {
        CHECK_EQUAL(mp_process_kill(p[i]), 0);
        code_of(p[i]);
    }
    CHECK_EQUAL(mp_active_children(list, 4), 0);
}

static struct mp_process *mine; /* of the one that is about to start */

static int closes_all_it_knows(void *mother)
{
    struct mp_process *me = mp_current_process();
    CHECK(me == mine);
    CHECK_EQUAL(mp_process_close(me), -EBUSY);
    CHECK_EQUAL(mp_process_close(mother), -EBUSY); /* the copy of who is nobody's to close */
    CHECK(mp_current_process() == me);
    int pid = fork();
    if (pid == 0) {
        CHECK_EQUAL(mp_process_close(mine), 0); /* here it is a copy */
        CHECK_EQUAL(mp_process_pid(mp_current_process()), getpid());
        _exit(0);
    }
    return ending_of(pid);
}

static void nobody_closes_himself(void)
{
    struct mp_process *me = mp_current_process();
    CHECK_EQUAL(mp_process_close(me), -EBUSY);
    mine = make(closes_all_it_knows, (long)me);
    CHECK_EQUAL(mp_process_start(mine), 0);
    CHECK_EQUAL(code_of(mine), 0);
}

/* ---- rights ---- */

static int tries_what_others_may(void *other)
{
    struct mp_process *p = other;
    CHECK(mp_process_pid(p) > 0);
    CHECK_EQUAL(mp_process_join(p, -1), -EPERM);
    CHECK_EQUAL(mp_process_is_alive(p), -EPERM);
    CHECK_EQUAL(mp_process_exit_code(p), MP_NO_EXIT_CODE);
    CHECK_EQUAL(mp_process_start(p), -EPERM);
    CHECK_EQUAL(mp_process_set_daemon(p, 1), -EPERM);
    CHECK_EQUAL(mp_process_set_name(p, "mine"), -EPERM);
    CHECK_EQUAL(mp_process_sentinel(p), -EPERM);
    CHECK_EQUAL(mp_active_children(NULL, 0), 0);
    CHECK_EQUAL(mp_process_terminate(p), 0);
    CHECK_EQUAL(mp_process_close(p), 0); /* my copy */
    return 5;
}

static void only_the_creator_joins_but_others_terminate(void)
{
    struct mp_process *p = started(sleeps, LONG_MS);
    CHECK_EQUAL(code_of(started(tries_what_others_may, (long)p)), 5);
    CHECK_EQUAL(code_of(p), -15);
}

/* ---- daemons and other children ---- */

static int tries_to_have_children(void *unused)
{
    struct mp_process *p = make(returns, 0);
    CHECK_EQUAL(mp_process_daemon(mp_current_process()), 1);
    CHECK_EQUAL(mp_process_start(p), -EDAEMON);
    CHECK(strcmp(strerror(EDAEMON), "daemonic processes are not allowed to have children") == 0);
    CHECK_EQUAL(mp_process_pid(p), 0);
    return 8;
}

static void a_daemon_may_have_no_children_and_can_be_joined(void)
{
    struct mp_process *p = daemon(tries_to_have_children, 0);
    CHECK_EQUAL(mp_process_daemon(p), 1);
    CHECK_EQUAL(code_of(p), 8);
}

enum way { RETURN, EXIT, UNDER_EXIT, FAULT, KILL, WAYS };

/* Starts a daemon and another child, tells their pids, and ends in one of the ways. */
static int has_children_and_ends(void *way)
{
    bool joins = (long)way == RETURN || (long)way == EXIT;
    struct mp_process *d = daemon(sleeps, LONG_MS), *c = started(sleeps, joins ? 30 : LONG_MS);
    tell(mp_process_pid(d));
    tell(mp_process_pid(c));
    switch ((long)way) {
    case RETURN:
        return 1;
    case EXIT:
        exit(2);
    case UNDER_EXIT:
        _exit(3);
    case FAULT:
        faults(0);
    }
    sleeps((void *)LONG_MS);
    return 0;
}

static void daemons_die_first_and_exit_joins_the_others(void)
{
    static const int codes[WAYS] = {1, 2, 3, -SIGSEGV, -SIGKILL};
    for (long way = 0; way < WAYS; way++) {
        open_line();
        struct mp_process *p = started(has_children_and_ends, way);
        int d = told(), c = told();
        if (way == KILL)
            mp_process_kill(p);
        struct pollfd fd = {mp_process_sentinel(p), POLLIN, 0};
        CHECK_EQUAL(poll(&fd, 1, -1), 1);
        struct proc_info info;
        CHECK(process_list(d, &info, 1) == 0 || info.pid != d || info.state == PROC_ZOMBIE); /* dead by now */
        bool joined = way == RETURN || way == EXIT;
        if (joined) {
            CHECK(!is_there(c));
        } else {
            CHECK(process_list(c, &info, 1) == 1 && info.pid == c && info.ppid == 1); /* an orphan: init's */
            CHECK_EQUAL(kill(c, SIGKILL), 0);
        }
        CHECK_EQUAL(code_of(p), codes[way]);
        CHECK(!is_there(d));
        mp_connection_close(&here);
        mp_connection_close(&there);
    }
}

/* Its child is at work for longer than it is itself. */
static int has_a_slow_child(void *unused)
{
    tell(mp_process_pid(started(sleeps, 30)));
    return 0;
}

static int ender; /* pid of the one that starts another in its exit handler: the others inherit the handler */

static void starts_another(void)
{
    if (getpid() == ender)
        tell(mp_process_pid(started(has_a_slow_child, 0)));
}

static void who_is_started_in_an_exit_handler_is_joined_and_joins(void)
{
    open_line();
    int pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) { /* lib/mp's own handler is registered later, and so has run before that one is called */
        ender = getpid();
        CHECK_EQUAL(atexit(starts_another), 0);
        CHECK_EQUAL(code_of(started(returns, 0)), 0);
        exit(4);
    }
    CHECK_EQUAL(ending_of(pid), 4);
    for (int i = 0; i < 2; i++)
        CHECK(!is_there(told()));
}

static int execs(void *unused)
{
    tell(mp_process_pid(daemon(sleeps, LONG_MS)));
    char *argv[] = {"/bin/sleep", "1000", NULL};
    execv(argv[0], argv);
    return 1;
}

static void daemons_outlive_an_exec_of_their_parent_and_not_its_end(void)
{
    struct proc_info info = {0};
    open_line();
    struct mp_process *p = started(execs, 0);
    int d = told();
    while (strcmp(info.name, "sleep") != 0)
        CHECK_EQUAL(process_list(mp_process_pid(p), &info, 1), 1);
    CHECK(is_there(d));
    CHECK_EQUAL(mp_process_terminate(p), 0);
    struct pollfd fd = {mp_process_sentinel(p), POLLIN, 0};
    CHECK_EQUAL(poll(&fd, 1, -1), 1);
    CHECK(!is_there(d));
    CHECK_EQUAL(code_of(p), -SIGTERM);
}

#define HANDLED 40 /* more than atexit has places */

static _Atomic int *finished; /* shared */
static int who_handles;       /* pid: its children have its handlers, too */

static int takes_a_while(void *unused)
{
    sleep_ns(20 * MS);
    ++*finished;
    return 0;
}

static void starts_some(void)
{
    for (int i = 0; i < HANDLED / 2 && getpid() == who_handles; i++) {
        daemon(sleeps, LONG_MS);
        started(takes_a_while, 0);
    }
}

static void starts_some_and_has_others_started(void)
{
    CHECK_EQUAL(atexit(starts_some), 0);
    starts_some();
}

/* Its handler was there before the library's, and so runs after it. */
static int exits_with_handlers(void *early)
{
    if (early)
        CHECK_EQUAL(code_of(started(returns, 7)), 7);
    return 5;
}

static void what_an_exit_handler_starts_is_joined_too(void)
{
    finished = share(sizeof *finished);
    for (int early = 0; early < 2; early++) {
        *finished = 0;
        int pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
            who_handles = getpid();
            CHECK_EQUAL(atexit(starts_some_and_has_others_started), 0);
            exit(exits_with_handlers((void *)(long)early));
        }
        CHECK_EQUAL(ending_of(pid), 5);
        CHECK_EQUAL(*finished, HANDLED);
    }
}

static int ends_when_told(void *unused)
{
    told();
    return 0;
}

static int forks_by_hand(void *unused)
{
    open_line();
    started(ends_when_told, 0);
    int pid = fork(); /* does not inherit the children, nor the duty to join them */
    if (pid == 0) {
        CHECK(strcmp(mp_process_name(mp_current_process()), "MainProcess") == 0);
        CHECK_EQUAL(mp_active_children(NULL, 0), 0);
        CHECK_EQUAL(code_of(started(returns, 6)), 6);
        exit(4);
    }
    CHECK_EQUAL(ending_of(pid), 4);
    CHECK_EQUAL(mp_active_children(NULL, 0), 1);
    tell(0);
    return 0;
}

static void plain_fork_and_process_get_along(void)
{
    CHECK_EQUAL(code_of(started(forks_by_hand, 0)), 0);
}

/* Is killed at all instants of starting daemons: none is left over. */
_Noreturn static int starts_daemons(void *unused)
{
    for (;;)
        tell(mp_process_pid(daemon(sleeps, LONG_MS)));
}

static void killed_while_it_starts_daemons_it_leaves_none(void)
{
    for (uint64_t wait = 0; wait < 4 * MS; wait += 137000) {
        int pid;
        open_line();
        struct mp_process *p = started(starts_daemons, 0);
        sleep_ns(wait);
        CHECK_EQUAL(mp_process_kill(p), 0);
        CHECK_EQUAL(code_of(p), -9);
        mp_connection_close(&there);
        while (mp_connection_receive(&here, &pid, sizeof pid) == sizeof pid)
            CHECK(!is_there(pid));
        mp_connection_close(&here);
    }
}

static void what_cannot_be_started_leaves_nothing(void)
{
    struct job_limits limits = {.max_processes = 3}, old;
    struct mp_process *p[8];
    int n = 0, error;
    CHECK_EQUAL(job_limits(getjob(0), &limits, &old), 0);
    for (;; n++) {
        CHECK(n < 8);
        p[n] = make(sleeps, LONG_MS);
        error = mp_process_start(p[n]);
        if (error)
            break;
    }
    CHECK_EQUAL(error, -EAGAIN);
    CHECK_EQUAL(n, 2);
    CHECK_EQUAL(mp_process_pid(p[n]), 0);
    CHECK_EQUAL(mp_process_is_alive(p[n]), 0);
    CHECK_EQUAL(mp_process_kill(p[0]), 0);
    CHECK_EQUAL(mp_process_join(p[0], -1), 0);
    CHECK_EQUAL(mp_process_start(p[n]), 0); /* it can be tried again */
    for (int i = 0; i <= n; i++) {
        mp_process_kill(p[i]);
        code_of(p[i]);
    }
}

static void ten_thousand_processes(void)
{
    for (long i = 0; i < ROUNDS; i += 4) {
        struct mp_process *p[4];
        for (int j = 0; j < 4; j++)
            p[j] = started(returns, i + j);
        for (int j = 0; j < 4; j++)
            CHECK_EQUAL(code_of(p[j]), (i + j) & 255);
    }
}

int main(int argc, char **argv)
{
    check_patience = 5; /* two processes that wake each other, on harts that the host runs in turns */
    check_start(argc, argv);
    RUN(unstarted_it_is_nothing_yet);
    RUN(it_starts_once);
    RUN(run_calls_the_target_here);
    RUN(names_keys_and_who_is_current);
    RUN(a_plain_fork_has_its_parents_key_and_programs_have_different_ones);
    RUN(exit_codes_say_how_it_ended);
    RUN(join_gives_up_when_the_time_is_up);
    RUN(the_sentinel_can_be_polled);
    RUN(somebody_else_took_its_end);
    RUN(active_children_are_those_that_run);
    RUN(nobody_closes_himself);
    RUN(only_the_creator_joins_but_others_terminate);
    RUN(a_daemon_may_have_no_children_and_can_be_joined);
    RUN(daemons_die_first_and_exit_joins_the_others);
    RUN(who_is_started_in_an_exit_handler_is_joined_and_joins);
    RUN(daemons_outlive_an_exec_of_their_parent_and_not_its_end);
    RUN(what_an_exit_handler_starts_is_joined_too);
    RUN(plain_fork_and_process_get_along);
    RUN(killed_while_it_starts_daemons_it_leaves_none);
    RUN(what_cannot_be_started_leaves_nothing);
    RUN(ten_thousand_processes);
    return check_end();
}
