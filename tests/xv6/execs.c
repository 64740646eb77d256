/* exec's limits and errors, and the limit of processes. */
#include "kernel/types.h"
#include "promise.h"

static char big[2 * PGSIZE];
static char *many[MAXARG + 2];

/* Run this program as "execs N" with arguments: it exits with N + the number of bytes in them. */
static char *self = "/execs";

static void arguments_of_more_than_a_page_give_minus_1(void)
{
    char *one[] = {"execs", big, 0};
    char *three[] = {"execs", big, big, big, 0};

    memset(big, 'x', PGSIZE);
    CHECK_EQUAL(exec(self, one), -1);
    memset(big, 0, sizeof big);
    memset(big, 'x', PGSIZE / 2 - 1);
    CHECK_EQUAL(exec(self, three), -1);
}

static void nearly_a_page(void)
{
    char *argv[] = {"execs", "count", big, 0};

    memset(big, 'x', 3500);
    exec(self, argv);
}

static void arguments_below_a_page_arrive(void)
{
    CHECK_EQUAL(in_child(nearly_a_page), 3500);
}

static void as_many_as_allowed(void)
{
    exec(self, many);
}

static void more_than_MAXARG_arguments_give_minus_1(void)
{
    for (int i = 0; i < MAXARG; i++)
        many[i] = "1";
    CHECK_EQUAL(exec(self, many), -1);
    many[1] = "count";
    many[MAXARG - 1] = 0;
    CHECK_EQUAL(in_child(as_many_as_allowed), MAXARG - 3);
}

static void bad_arguments_give_minus_1(void)
{
    char *bad_string[] = {(char *)0xffffffff, 0};
    char *bad_later[] = {"execs", (char *)8, 0};
    char *unterminated[] = {"execs", sbrk(PGSIZE), 0};

    memset(unterminated[1], 'x', PGSIZE);
    CHECK_EQUAL(exec(self, bad_string), -1);
    CHECK_EQUAL(exec(self, bad_later), -1);
    CHECK_EQUAL(exec(self, unterminated), -1);
    CHECK_EQUAL(exec(self, 0), -1);
    CHECK_EQUAL(exec(self, (char **)0x80000000L), -1);
    CHECK_EQUAL(exec(self, (char **)(sbrk(0) - 8)), -1);
    CHECK_EQUAL(exec((char *)0xeaeb0b5b00002f5eL, bad_string), -1);
}

static void fifty_thousand_bad_execs_take_two_seconds_at_most(void)
{
    char *argv[] = {(char *)0xffffffff, 0};
    int start = uptime();

    for (int i = 0; i < 50000; i++)
        CHECK_EQUAL(exec("echo", argv), -1);
    CHECK(uptime() - start <= 20);
}

static void what_is_no_program_gives_minus_1(void)
{
    char *argv[] = {"x", 0};

    CHECK_EQUAL(exec("/README", argv), -1);
    CHECK_EQUAL(exec("/", argv), -1);
    CHECK_EQUAL(exec("/nothing", argv), -1);
    CHECK_EQUAL(exec("", argv), -1);
    CHECK_EQUAL(exec("/console", argv), -1);
}

static void write_through_exec(void)
{
    char *argv[] = {"echo", "OK", 0};

    close(1);
    CHECK_EQUAL(open("echoed", O_CREATE | O_WRONLY), 1);
    exec("echo", argv);
}

static void handles_go_through_exec(void)
{
    char buffer[8];

    CHECK_EQUAL(in_child(write_through_exec), 0);

    int fd = open("echoed", O_RDONLY);

    CHECK_EQUAL(read(fd, buffer, sizeof buffer), 3);
    CHECK(memcmp(buffer, "OK\n", 3) == 0);
    close(fd);
    CHECK_EQUAL(unlink("echoed"), 0);
}

/* Fork until it fails; gives how many times it went well. The children end at once. */
static int fork_all(void)
{
    int n = 0;

    for (int pid; n < 1000 && (pid = fork()) >= 0; n++)
        if (pid == 0)
            exit(0);
    for (int i = 0; i < n; i++)
        CHECK(wait(0) > 0);
    CHECK_EQUAL(wait(0), -1);
    return n;
}

static void a_program_and_its_children_are_about_64(void)
{
    int first = fork_all();

    CHECK(50 <= first && first < NPROC);
    CHECK_EQUAL(fork_all(), first); /* those that were waited for count no more */
}

static void exec_and_fork_all(void)
{
    char *argv[] = {"execs", "fork", 0};

    exec(self, argv);
}

static void exec_does_not_lift_the_limit_of_processes(void)
{
    int n = fork_all();

    CHECK_EQUAL(in_child(exec_and_fork_all), n - 1);
}

static void sixteen_handles_can_be_open(void)
{
    int fd = 0;

    for (int i = 3; i < NOFILE; i++)
        CHECK_EQUAL(fd = dup(0), i);
    CHECK_EQUAL(close(5), 0);
    CHECK_EQUAL(open("/README", O_RDONLY), 5); /* the lowest that is free */
    CHECK_EQUAL(close(1000), -1);
    CHECK_EQUAL(dup(-1), -1);
    CHECK_EQUAL(read(900, big, 1), -1);
}

int main(int argc, char **argv)
{
    if (argc >= 3 && strcmp(argv[1], "count") == 0) {
        int n = 0;

        for (int i = 2; i < argc; i++)
            n += strlen(argv[i]);
        exit(n);
    }
    if (argc == 2 && strcmp(argv[1], "fork") == 0)
        exit(fork_all());
    RUN(arguments_of_more_than_a_page_give_minus_1);
    RUN(arguments_below_a_page_arrive);
    RUN(more_than_MAXARG_arguments_give_minus_1);
    RUN(bad_arguments_give_minus_1);
    RUN(fifty_thousand_bad_execs_take_two_seconds_at_most);
    RUN(what_is_no_program_gives_minus_1);
    RUN(handles_go_through_exec);
    RUN(a_program_and_its_children_are_about_64);
    RUN(exec_does_not_lift_the_limit_of_processes);
    RUN(sixteen_handles_can_be_open);
    return 0;
}
