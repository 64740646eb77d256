/*
 * exit and wait: how processes end, who hears of it, and what becomes of orphans and daemons.
 */
#include "check.h"

static int exit_code;

static void exits(void)
{
    _exit(exit_code);
}

static void exit_codes_come_back_whole(void)
{
    static const int codes[] = {0, 1, 42, 127, 128, 255, 256, 100000, -1, INT32_MAX, INT32_MIN};
    for (unsigned i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        exit_code = codes[i];
        int pid = fork();
        if (pid == 0)
            exits();
        struct exit_status status = {-3, -3};
        CHECK_EQUAL(wait_status(pid, &status, 0), pid);
        CHECK_EQUAL(status.code, codes[i]);
        CHECK_EQUAL(status.signal, 0);
    }
}

static void ends_itself(void)
{
    kill(getpid(), SIGTERM);
    for (;;)
        yield();
}

static void faults(void)
{
    volatile int *volatile nowhere = NULL;
    *nowhere = 1;
}

static void signals_and_faults_are_told_apart_from_codes(void)
{
    CHECK_EQUAL(in_child(ends_itself), -SIGTERM);
    CHECK_EQUAL(in_child(faults), -SIGSEGV);
    exit_code = SIGTERM;
    CHECK_EQUAL(in_child(exits), SIGTERM);
}

static void without_children_wait_is_echild(void)
{
    CHECK_EQUAL(wait_status(-1, NULL, 0), -ECHILD);
    CHECK_EQUAL(wait_status(-1, NULL, WAIT_NOHANG), -ECHILD);
    CHECK_EQUAL(wait_status(1, NULL, 0), -ECHILD);
    CHECK_EQUAL(wait_status(getpid(), NULL, 0), -ECHILD);
    CHECK_EQUAL(wait_status(getppid(), NULL, 0), -ECHILD);
    CHECK_EQUAL(wait_status(0, NULL, 0), -ECHILD);
    CHECK_EQUAL(wait_status(INT32_MIN, NULL, 0), -ECHILD);
    int pid = fork();
    if (pid == 0)
        _exit(0);
    CHECK_EQUAL(wait_status(pid + 1, NULL, 0), -ECHILD);
    CHECK_EQUAL(wait_status(pid, NULL, 2), -EINVAL);
    CHECK_EQUAL(wait_status(pid, NULL, 0), pid);
    CHECK_EQUAL(wait_status(pid, NULL, 0), -ECHILD); /* only once */
}

static void nohang_returns_at_once(void)
{
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    int pid = fork();
    if (pid == 0) {
        char c;
        read(ends[0], &c, 1);
        _exit(5);
    }
    CHECK_EQUAL(wait_status(pid, NULL, WAIT_NOHANG), 0);
    CHECK_EQUAL(wait_status(-1, NULL, WAIT_NOHANG), 0);
    CHECK_EQUAL(write(ends[1], "x", 1), 1);
    struct exit_status status;
    int got;
    while ((got = wait_status(pid, &status, WAIT_NOHANG)) == 0)
        yield();
    CHECK_EQUAL(got, pid);
    CHECK_EQUAL(status.code, 5);
}

static void wait_for_one_leaves_the_others(void)
{
    int pids[5];
    for (int i = 0; i < 5; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            _exit(i);
    }
    sleep_ns(5 * MS);
    CHECK_EQUAL(ending_of(pids[3]), 3);
    CHECK_EQUAL(ending_of(pids[0]), 0);
    int left = 0;
    struct exit_status status;
    for (int pid; (pid = wait_status(-1, &status, 0)) > 0; left++)
        CHECK_EQUAL(pids[status.code], pid);
    CHECK_EQUAL(left, 3);
}

static void any_is_in_order_of_ending(void)
{
    int pids[3], go[3][2];
    char byte = 0;
    for (int i = 0; i < 3; i++) {
        CHECK_EQUAL(pipe(go[i]), 0);
        pids[i] = fork();
        if (pids[i] == 0) {
            CHECK_EQUAL(read(go[i][0], &byte, 1), 1);
            _exit(0);
        }
    }
    for (int i = 2; i >= 0; i--) { /* the last one first, and each has ended before the next one may */
        struct proc_info info = {.state = PROC_READY};
        CHECK_EQUAL(write(go[i][1], &byte, 1), 1);
        while (info.state != PROC_ZOMBIE) {
            sleep_ns(MS / 4);
            CHECK_EQUAL(process_list(pids[i], &info, 1), 1);
        }
    }
    for (int i = 2; i >= 0; i--)
        CHECK_EQUAL(wait_status(-1, NULL, 0), pids[i]);
}

static void a_grandchild_is_nobodys_to_wait_for_but_inits(void)
{
    int ends[2], pid, ppid;
    CHECK_EQUAL(pipe(ends), 0);
    int middle = fork();
    if (middle == 0) {
        if (fork() == 0) {
            pid = getpid();
            CHECK_EQUAL(write(ends[1], &pid, sizeof pid), sizeof pid);
            while ((ppid = getppid()) != 1)
                sleep_ns(MS);
            CHECK_EQUAL(write(ends[1], &ppid, sizeof ppid), sizeof ppid);
            _exit(9);
        }
        sleep_ns(3 * MS);
        _exit(0);
    }
    CHECK_EQUAL(read(ends[0], &pid, sizeof pid), sizeof pid);
    CHECK_EQUAL(wait_status(pid, NULL, WAIT_NOHANG), -ECHILD);
    CHECK_EQUAL(ending_of(middle), 0);
    CHECK_EQUAL(read(ends[0], &ppid, sizeof ppid), sizeof ppid);
    CHECK_EQUAL(ppid, 1);
    CHECK_EQUAL(wait_status(-1, NULL, 0), -ECHILD);
    struct proc_info info; /* init reaps it */
    for (int i = 0; i < 1000; i++) {
        if (process_list(pid, &info, 1) == 0 || info.pid != pid)
            return;
        sleep_ns(MS);
    }
    CHECK(!"init reaps orphans");
}

/* Zombies too go to init when their parent ends without having waited. */
static void unwaited_zombies_are_reaped_by_init(void)
{
    int middle = fork();
    if (middle == 0) {
        for (int i = 0; i < 20; i++)
            if (fork() == 0)
                _exit(i);
        sleep_ns(5 * MS);
        _exit(0);
    }
    CHECK_EQUAL(ending_of(middle), 0);
}

static void a_zombie_is_seen_and_not_killed_twice(void)
{
    struct proc_info info;
    int pid = fork();
    if (pid == 0)
        _exit(6);
    for (int i = 0; i < 1000; i++) {
        CHECK_EQUAL(process_list(pid, &info, 1), 1);
        if (info.state == PROC_ZOMBIE)
            break;
        sleep_ns(MS);
    }
    CHECK_EQUAL(info.state, PROC_ZOMBIE);
    CHECK_EQUAL(info.pid, pid);
    CHECK_EQUAL(kill(pid, SIGKILL), 0);
    int handle = process_open(pid);
    CHECK(handle >= 0);
    CHECK_EQUAL(ending_of(pid), 6);
    CHECK_ERRNO(kill(pid, SIGKILL), ESRCH);
    struct pollfd ended = {.fd = handle, .events = POLLIN};
    CHECK_EQUAL(poll(&ended, 1, 0), 1); /* a handle keeps it known, not alive */
    CHECK_EQUAL(process_open(pid), -ESRCH);
}

/* --- daemons --- */

static bool is_gone(int pid)
{
    struct proc_info info;
    return process_list(pid, &info, 1) == 0 || info.pid != pid;
}

static void daemon_sleeps(void)
{
    for (;;)
        sleep_ns(1000 * MS);
}

/* By exit, by a signal, by a fault: when the parent can be waited for, its daemons are no more. */
static void daemons_are_dead_when_their_parent_has_ended(void)
{
    static void (*const ways[])(void) = {exits, ends_itself, faults};
    exit_code = 0;
    for (int way = 0; way < 3; way++) {
        int ends[2], pids[5];
        CHECK_EQUAL(pipe(ends), 0);
        int parent = fork();
        if (parent == 0) {
            for (int i = 0; i < 5; i++) {
                pids[i] = fork_flags(FORK_DAEMON);
                if (pids[i] == 0) {
                    if (i == 1)
                        for (;;)
                            ; /* one that never enters the kernel by itself */
                    if (i == 2) {
                        char c;
                        read(ends[0], &c, 1 - 1);
                        int never[2];
                        pipe(never);
                        read(never[0], &c, 1);
                    }
                    daemon_sleeps();
                }
            }
            CHECK_EQUAL(write(ends[1], pids, sizeof pids), sizeof pids);
            sleep_ns(5 * MS);
            ways[way]();
        }
        CHECK_EQUAL(read(ends[0], pids, sizeof pids), sizeof pids);
        CHECK_EQUAL(wait_status(parent, NULL, 0), parent);
        for (int i = 0; i < 5; i++)
            CHECK(is_gone(pids[i]));
        close(ends[0]);
        close(ends[1]);
    }
}

static void a_daemon_has_no_children(void)
{
    int daemon = fork_flags(FORK_DAEMON);
    if (daemon == 0) {
        CHECK_EQUAL(fork_flags(0), -EDAEMON);
        CHECK_EQUAL(fork_flags(FORK_DAEMON), -EDAEMON);
        _exit(4);
    }
    CHECK_EQUAL(ending_of(daemon), 4); /* and can be waited for */
}

static void a_daemon_stays_one_over_exec(void)
{
    int daemon = fork_flags(FORK_DAEMON);
    if (daemon == 0) {
        execl("/test/waiting", "waiting", "--fork", NULL);
        _exit(99);
    }
    CHECK_EQUAL(ending_of(daemon), EDAEMON);
}

/* A parent that is killed while it waits for its daemons to end still ends after them. */
static void a_kill_does_not_overtake_the_daemons(void)
{
    int ends[2], daemon;
    CHECK_EQUAL(pipe(ends), 0);
    int parent = fork();
    if (parent == 0) {
        daemon = fork_flags(FORK_DAEMON);
        if (daemon == 0)
            daemon_sleeps();
        CHECK_EQUAL(write(ends[1], &daemon, sizeof daemon), sizeof daemon);
        _exit(3);
    }
    CHECK_EQUAL(read(ends[0], &daemon, sizeof daemon), sizeof daemon);
    for (int i = 0; i < 5; i++)
        kill(parent, SIGKILL);
    CHECK_EQUAL(wait_status(parent, NULL, 0), parent);
    CHECK(is_gone(daemon));
}

/* The daemon of a child of a killed process: each parent takes its own along, ordinary children live on. */
static void ordinary_children_outlive_the_daemons(void)
{
    int ends[2], pids[3];
    CHECK_EQUAL(pipe(ends), 0);
    int top = fork();
    if (top == 0) {
        pids[0] = fork_flags(FORK_DAEMON);
        if (pids[0] == 0)
            daemon_sleeps();
        pids[1] = fork();
        if (pids[1] == 0) {
            pids[1] = getpid();
            pids[2] = fork_flags(FORK_DAEMON);
            if (pids[2] == 0)
                daemon_sleeps();
            CHECK_EQUAL(write(ends[1], pids, sizeof pids), sizeof pids);
            for (;;)
                sleep_ns(MS);
        }
        for (;;)
            sleep_ns(MS);
    }
    CHECK_EQUAL(read(ends[0], pids, sizeof pids), sizeof pids);
    CHECK_EQUAL(kill(top, SIGTERM), 0);
    CHECK_EQUAL(ending_of(top), -SIGTERM);
    CHECK(is_gone(pids[0]));
    CHECK(!is_gone(pids[1]) && !is_gone(pids[2]));
    CHECK_EQUAL(kill(pids[1], SIGTERM), 0); /* of the same session */
    for (int i = 0; i < 1000 && !(is_gone(pids[1]) && is_gone(pids[2])); i++)
        sleep_ns(MS);
    CHECK(is_gone(pids[1]) && is_gone(pids[2]));
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--fork") == 0)
        return -fork_flags(0);
    check_start(argc, argv);
    RUN(exit_codes_come_back_whole);
    RUN(signals_and_faults_are_told_apart_from_codes);
    RUN(without_children_wait_is_echild);
    RUN(nohang_returns_at_once);
    RUN(wait_for_one_leaves_the_others);
    RUN(any_is_in_order_of_ending);
    RUN(a_grandchild_is_nobodys_to_wait_for_but_inits);
    RUN(unwaited_zombies_are_reaped_by_init);
    RUN(a_zombie_is_seen_and_not_killed_twice);
    RUN(daemons_are_dead_when_their_parent_has_ended);
    RUN(a_daemon_has_no_children);
    RUN(a_daemon_stays_one_over_exec);
    RUN(a_kill_does_not_overtake_the_daemons);
    RUN(ordinary_children_outlive_the_daemons);
    return check_end();
}
