/* Processes, their ends, and time, as xv6 has them. */
#include "kernel/types.h"
#include "promise.h"

static int code;

static void exit_with_code(void)
{
    exit(code);
}

static void wait_gives_the_full_int_that_exit_was_given(void)
{
    static const int codes[] = {0, 1, 255, 256, 747, 0x12345678, -2, -1000};

    for (int i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        code = codes[i];
        CHECK_EQUAL(in_child(exit_with_code), codes[i]);
    }
}

static void a_killed_child_gives_minus_1(void)
{
    int status = 0, pid = fork();

    if (pid == 0)
        for (;;)
            getpid();
    CHECK_EQUAL(kill(pid), 0);
    CHECK_EQUAL(wait(&status), pid);
    CHECK_EQUAL(status, -1);
    pid = fork();
    if (pid == 0)
        for (;;)
            sleep(1000);
    sleep(1);
    CHECK_EQUAL(kill(pid), 0);
    CHECK_EQUAL(wait(&status), pid);
    CHECK_EQUAL(status, -1);
}

static void fault(void)
{
    *(volatile int *)8 = 1;
}

static void a_child_that_faults_gives_minus_1(void)
{
    CHECK_EQUAL(in_child(fault), -1);
}

static void wait_takes_no_pointer_and_ends_without_children(void)
{
    if (fork() == 0)
        exit(3);
    CHECK(wait(0) > 0);
    CHECK_EQUAL(wait(0), -1);
}

static void wait_with_a_bad_pointer_gives_minus_1_and_keeps_the_child(void)
{
    int status = 0, pid = fork();

    if (pid == 0)
        exit(5);
    CHECK_EQUAL(wait((int *)0x80000000L), -1);
    CHECK_EQUAL(wait((int *)8), -1);
    CHECK_EQUAL(wait((int *)(sbrk(0) + 4096)), -1);
    CHECK_EQUAL(wait(&status), pid);
    CHECK_EQUAL(status, 5);
    if (fork() == 0)
        exit(6);

    int *heap = (int *)sbrk(4096);

    CHECK(wait(heap) > 0);
    CHECK_EQUAL(*heap, 6);
}

static void kill_of_nobody_gives_minus_1(void)
{
    CHECK_EQUAL(kill(2000000000), -1);
    CHECK_EQUAL(kill(0), -1);
    CHECK_EQUAL(kill(-1), -1);
}

static void exec_self(char *one, char *two)
{
    char *argv[] = {"proc", one, two, 0};

    exec("/proc", argv);
    exit(99);
}

static void return_from_main(void)
{
    exec_self("return", "77");
}

static void returning_from_main_exits(void)
{
    CHECK_EQUAL(in_child(return_from_main), 77);
}

static void see_arguments(void)
{
    exec_self("", "two words");
}

static void a_program_sees_its_arguments(void)
{
    CHECK_EQUAL(in_child(see_arguments), 33);
}

static void a_tick_is_100_ms_for_uptime_sleep_and_pause(void)
{
    sleep(1); /* now a tick has just begun */

    int start = uptime();

    CHECK_EQUAL(sleep(5), 0);
    CHECK_EQUAL(uptime() - start, 5);
    CHECK_EQUAL(pause(7), 0);
    CHECK_EQUAL(uptime() - start, 12);
    CHECK_EQUAL(sleep(0), 0);
    CHECK_EQUAL(sleep(-1), 0);
    CHECK_EQUAL(uptime() - start, 12);
}

static void make_orphans(void)
{
    for (int i = 0; i < 100; i++) {
        int pid = fork();

        CHECK(pid >= 0);
        if (pid == 0) {
            CHECK(fork() >= 0);
            exit(0);
        }
        CHECK_EQUAL(wait(0), pid);
    }
}

/* Each hundred by a new process, which runs at a better level than init, who has to wait for them, does by and by. */
static void thousands_of_orphans_do_not_fill_the_limit(void)
{
    for (int i = 0; i < 30; i++)
        CHECK_EQUAL(in_child(make_orphans), 0);
}

static void two_children_may_end_at_once(void)
{
    for (int i = 0; i < 300; i++) {
        for (int j = 0; j < 2; j++) {
            int pid = fork();

            CHECK(pid >= 0);
            if (pid == 0)
                exit(0);
        }
        CHECK(wait(0) > 0);
        CHECK(wait(0) > 0);
        CHECK_EQUAL(wait(0), -1);
    }
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "return") == 0)
        return atoi(argv[2]);
    if (argc == 3)
        exit(strcmp(argv[0], "proc") == 0 && strlen(argv[1]) == 0 && strcmp(argv[2], "two words") == 0 &&
                     argv[3] == 0 ? 33 : 34);
    RUN(wait_gives_the_full_int_that_exit_was_given);
    RUN(a_killed_child_gives_minus_1);
    RUN(a_child_that_faults_gives_minus_1);
    RUN(wait_takes_no_pointer_and_ends_without_children);
    RUN(wait_with_a_bad_pointer_gives_minus_1_and_keeps_the_child);
    RUN(kill_of_nobody_gives_minus_1);
    RUN(returning_from_main_exits);
    RUN(a_program_sees_its_arguments);
    RUN(a_tick_is_100_ms_for_uptime_sleep_and_pause);
    RUN(thousands_of_orphans_do_not_fill_the_limit);
    RUN(two_children_may_end_at_once);
    return 0;
}
