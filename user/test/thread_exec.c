/*
 * Exec in a process of several threads: what the program that takes over finds, and who wins when the process, or its
 * parent, ends at the same moment.
 */
#include "check.h"

#include <kinglet/thread.h>

#define SLEEPERS 40 /* whom exec has to end first: so that there is time for something to come in between */

static int ends[2];

static void *sleep_for_ever(void *argument)
{
    sleep_ns(1000000 * MS);
    return argument;
}

static int started(void *(*function)(void *), long argument)
{
    int tid = thread_create(function, (void *)argument);
    CHECK(tid > 0);
    return tid;
}

static void *be(void *what)
{
    char text[16];
    snprintf(text, sizeof text, "%d", ends[1]);
    char *argv[] = {"thread_exec", what, text, NULL};
    execv("/test/thread_exec", argv);
    CHECK(errno == EINTR); /* somebody else was first */
    return NULL;
}

static void pause_for(unsigned n)
{
    for (volatile unsigned i = 0; i < n; i++)
        ;
}

/* --- the new program is as new --- */

static void be_a_plain_program(void)
{
    for (int i = 0; i < 3; i++)
        started(sleep_for_ever, 0);
    CHECK_EQUAL(thread_detach(getpid()), 0);
    be("plain");
}

static void be_a_plain_program_by_a_thread(void)
{
    for (int i = 0; i < 3; i++)
        started(sleep_for_ever, 0);
    CHECK_EQUAL(thread_detach(getpid()), 0);
    thread_create(be, "plain");
    sleep_for_ever(NULL);
}

static void at_the_end(void)
{
    write(ends[1], "e", 1);
}

static void *join_the_first(void *argument)
{
    CHECK_EQUAL(thread_join(getpid(), NULL), 0);
    thread_exit(argument);
}

/* Its first thread can be joined, and the last thread knows that it is: what exit has to do is done. */
static int plain(void)
{
    atexit(at_the_end);
    started(join_the_first, 0);
    thread_exit(NULL);
}

static void has_one_thread_that_can_be_joined(void (*begin)(void))
{
    char byte = 0;
    CHECK_EQUAL(pipe(ends), 0);
    CHECK_EQUAL(in_child(begin), 0);
    close(ends[1]);
    CHECK_EQUAL(read(ends[0], &byte, 1), 1);
    CHECK_EQUAL(byte, 'e');
    close(ends[0]);
}

static void a_new_program_has_one_thread(void)
{
    has_one_thread_that_can_be_joined(be_a_plain_program);
    has_one_thread_that_can_be_joined(be_a_plain_program_by_a_thread);
}

/* --- exit at the same time --- */

#define MANY_SLEEPERS 150 /* who are told to end one after the other: the last of them when the first have ended */

static int first_sleeper;

/* Exits as soon as the exec has begun to end the others, but has not come to this one. */
static void *exit_when_others_end(void *argument)
{
    struct proc_info info;
    do
        CHECK_EQUAL(thread_list(first_sleeper, &info, 1), 1);
    while (info.tid == first_sleeper && info.state != PROC_ZOMBIE);
    _exit((int)(long)argument);
}

static int exec_and_exit(void)
{
    int pid = fork();
    CHECK(pid >= 0);
    if (pid != 0)
        return pid;
    first_sleeper = started(sleep_for_ever, 0);
    for (int i = 1; i < MANY_SLEEPERS; i++)
        started(sleep_for_ever, 0);
    started(exit_when_others_end, 7);
    thread_create(be, "say");
    sleep_for_ever(NULL);
    _exit(1);
}

/* The program that says that it runs. */
static int say(void)
{
    write(ends[1], "s", 1);
    return 5;
}

/* Either the process ends as the exit says, or the program runs and ends as it says. */
static void exit_or_the_program(void)
{
    for (int round = 0; round < 20; round++) {
        char byte;
        CHECK_EQUAL(pipe(ends), 0);
        int ending = ending_of(exec_and_exit());
        CHECK(ending == 7 || ending == 5);
        close(ends[1]);
        CHECK_EQUAL(read(ends[0], &byte, 1), ending == 5);
        close(ends[0]);
    }
}

/* --- the end of a daemon's parent at the same time --- */

static unsigned delay;

static void *tell_and_exec(void *argument)
{
    write(ends[1], "x", 1);
    return be(argument);
}

static void end_while_the_daemon_execs(void)
{
    char byte;
    int pid = fork_flags(FORK_DAEMON);
    CHECK(pid >= 0);
    if (pid == 0) {
        for (int i = 0; i < SLEEPERS; i++)
            started(sleep_for_ever, 0);
        thread_create(tell_and_exec, "linger");
        sleep_for_ever(NULL);
    }
    CHECK_EQUAL(read(ends[0], &byte, 1), 1);
    pause_for(delay);
    _exit(3);
}

static void a_daemon_that_execs_ends_with_its_parent(void)
{
    for (int round = 0; round < 40; round++) {
        CHECK_EQUAL(pipe(ends), 0);
        delay = (unsigned)round * 7500;
        CHECK_EQUAL(in_child(end_while_the_daemon_execs), 3);
        close(ends[0]);
        close(ends[1]);
    }
}

int main(int argc, char **argv)
{
    if (argc == 3) {
        ends[1] = atoi(argv[2]);
        if (strcmp(argv[1], "plain") == 0)
            return plain();
        if (strcmp(argv[1], "say") == 0)
            return say();
        sleep_for_ever(NULL);
    }
    check_start(argc, argv);
    RUN(a_new_program_has_one_thread);
    RUN(exit_or_the_program);
    RUN(a_daemon_that_execs_ends_with_its_parent);
    return check_end();
}
