/*
 * kill: from whatever a process is doing, it ends, with the signal it was sent, and leaves nothing behind.
 */
#include "check.h"

#include <fcntl.h>

static char buffer[100000];
static int ends[2], ready[2];

/* --- what the victims do; each tells `ready` before, for those whose state has no name --- */

static void tell(void)
{
    CHECK_EQUAL(write(ready[1], "x", 1), 1);
}

static void spins(void)
{
    tell();
    for (;;)
        ;
}

static void calls_all_the_time(void)
{
    tell();
    for (;;)
        getpid();
}

static void yields(void)
{
    tell();
    for (;;)
        yield();
}

static void sleeps(void)
{
    sleep_ns(UINT64_MAX);
}

static void arrives(void)
{
    arrive(UINT64_MAX);
}

static void reads_pipe(void)
{
    read(ends[0], buffer, 1);
}

static void writes_pipe(void)
{
    write(ends[1], buffer, sizeof buffer);
}

static void polls(void)
{
    struct pollfd list[2] = {{.fd = ends[0], .events = POLLIN}, {.fd = 0, .events = POLLIN}};
    poll(list, 2, -1);
}

static void polls_with_timeout(void)
{
    struct pollfd list[6] = {{.fd = ends[0], .events = POLLIN}, {.fd = -1}, {.fd = -1}, {.fd = -1}, {.fd = -1}};
    poll(list, 5, 1000000);
}

static void waits(void)
{
    if (fork_flags(FORK_DAEMON) == 0) /* it ends with us */
        sleep_ns(UINT64_MAX);
    wait_status(-1, NULL, 0);
    _exit(0);
}

static void reads_console(void)
{
    read(0, buffer, 1);
}

static void ends_with_daemons(void)
{
    int daemon = fork_flags(FORK_DAEMON);
    if (daemon == 0)
        for (;;)
            yield();
    tell();
    _exit(0);
}

static void forks(void)
{
    tell();
    for (;;) {
        int pid = fork();
        if (pid == 0)
            _exit(0);
        if (pid > 0)
            wait_status(pid, NULL, 0);
    }
}

static void execs(void)
{
    tell();
    for (;;) {
        int pid = fork();
        if (pid == 0) {
            execl("/test/killing", "killing", "--end", NULL);
            _exit(1);
        }
        wait_status(pid, NULL, 0);
    }
}

static void execs_itself_for_ever(void)
{
    execl("/test/killing", "killing", "--again", NULL);
    _exit(1);
}

static void uses_files(void)
{
    tell();
    for (;;) {
        int file = open("/README", O_RDONLY);
        read(file, buffer, sizeof buffer);
        close(file);
    }
}

static void grows_and_shrinks(void)
{
    tell();
    for (;;) {
        char *start = sbrk(8 << 20);
        for (int i = 0; i < 8 << 20; i += 4096)
            start[i] = 1;
        sbrk(-(8 << 20));
    }
}

static int start(void (*what)(void))
{
    CHECK_EQUAL(pipe(ends), 0);
    CHECK_EQUAL(pipe(ready), 0);
    int pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        what();
        _exit(0);
    }
    return pid;
}

static void kill_and_wait(int pid)
{
    CHECK_EQUAL(kill(pid, SIGTERM), 0);
    CHECK_EQUAL(ending_of(pid), -SIGTERM);
    for (int i = 0; i < 2; i++) {
        close(ends[i]);
        close(ready[i]);
    }
}

static void blocked(void (*what)(void), const char *reason)
{
    int pid = start(what);
    wait_until_blocked(pid, reason);
    kill_and_wait(pid);
}

/* Killed at many moments, since what it is doing changes all the time. */
static void busy(void (*what)(void), int rounds)
{
    for (int i = 0; i < rounds; i++) {
        char c;
        int pid = start(what);
        CHECK_EQUAL(read(ready[0], &c, 1), 1);
        sleep_ns((uint64_t)(i * 377 % 1000) * 7000);
        kill_and_wait(pid);
    }
}

/* --- the cases --- */

static void while_it_computes(void)
{
    busy(spins, 3);
}

static void while_it_calls_the_kernel(void)
{
    busy(calls_all_the_time, 3);
    busy(yields, 3);
}

static void while_it_is_ready_and_never_ran(void)
{
    for (int i = 0; i < 20; i++) {
        int pid = start(spins);
        kill_and_wait(pid);
    }
}

static void while_it_is_to_arrive(void)
{
    blocked(arrives, "sleep");
}

static void while_it_sleeps(void)
{
    blocked(sleeps, "sleep");
}

static void while_it_reads_a_pipe(void)
{
    blocked(reads_pipe, "pipe read");
}

static void while_it_writes_a_pipe(void)
{
    blocked(writes_pipe, "pipe write");
}

static void while_it_polls(void)
{
    blocked(polls, "poll");
    blocked(polls_with_timeout, "poll");
}

static void while_it_waits(void)
{
    blocked(waits, "child");
}

static void while_it_reads_the_console(void)
{
    blocked(reads_console, "call");
    blocked(reads_console, "call"); /* the console has forgotten the first */
}

static void while_it_ends_its_daemons(void)
{
    for (int i = 0; i < 10; i++) {
        char c;
        int pid = start(ends_with_daemons);
        CHECK_EQUAL(read(ready[0], &c, 1), 1);
        kill(pid, SIGTERM);
        int how = ending_of(pid);
        CHECK(how == 0 || how == -SIGTERM);
        close(ends[0]), close(ends[1]), close(ready[0]), close(ready[1]);
    }
}

static void while_it_forks(void)
{
    busy(forks, 30);
}

static void while_it_execs(void)
{
    busy(execs, 30);
    for (int i = 0; i < 30; i++) {
        int pid = start(execs_itself_for_ever);
        sleep_ns((uint64_t)(i * 377 % 1000) * 3000);
        kill_and_wait(pid);
    }
}

static void while_it_uses_files(void)
{
    busy(uses_files, 40);
}

static void while_its_memory_changes(void)
{
    busy(grows_and_shrinks, 15);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--end") == 0)
        return 0;
    if (argc > 1 && strcmp(argv[1], "--again") == 0)
        execs_itself_for_ever();
    check_start(argc, argv);
    RUN(while_it_computes);
    RUN(while_it_calls_the_kernel);
    RUN(while_it_is_ready_and_never_ran);
    RUN(while_it_sleeps);
    RUN(while_it_is_to_arrive);
    RUN(while_it_reads_a_pipe);
    RUN(while_it_writes_a_pipe);
    RUN(while_it_polls);
    RUN(while_it_waits);
    RUN(while_it_reads_the_console);
    RUN(while_it_ends_its_daemons);
    RUN(while_it_forks);
    RUN(while_it_execs);
    RUN(while_it_uses_files);
    RUN(while_its_memory_changes);
    return check_end();
}
