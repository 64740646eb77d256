/*
 * Argument lists of exec: what arrives, how much may, and what is too much.
 */
#include "check.h"

#define STRINGS 2048         /* argv and envp together, as docs/limits.md says */
#define BYTES (16 * 4096)    /* of all strings with their NULs */

extern char **environ;

/* The program itself, called again: does everything look as `what` says? */
static int report(int argc, char **argv)
{
    int n = argc > 2 ? atoi(argv[2]) : 0;
    if (strcmp(argv[1], "--count") == 0) { /* argv: arguments, --count, n, then strings "0", "1", ... */
        if (argc != n + 3)
            return 1;
        for (int i = 0; i < n; i++)
            if (atoi(argv[i + 3]) != i)
                return 2;
        return argv[argc] ? 3 : 0;
    }
    if (strcmp(argv[1], "--long") == 0) { /* one string of n letters */
        if (argc != 4 || strlen(argv[3]) != (size_t)n)
            return 1;
        for (int i = 0; i < n; i++)
            if (argv[3][i] != 'a' + i % 26)
                return 2;
        return 0;
    }
    if (strcmp(argv[1], "--odd") == 0) {
        if (argc != 6 || argv[2][0] || argv[3][0] || strcmp(argv[4], " \n\t\"'$") != 0 || argv[5][0])
            return 1;
        if (!environ[0] || strcmp(environ[0], "") != 0 || !environ[1] || strcmp(environ[1], "A=") != 0 || environ[2])
            return 2;
        /* System V: argc lies at sp, argv behind it, then envp */
        long *sp = (long *)argv - 1;
        return *sp != argc || (uint64_t)sp % 16 != 0 || (char **)(sp + 1 + argc + 1) != environ ? 3 : 0;
    }
    return 99;
}

static char *const no_environment[] = {NULL};

static int run_with(char *const *arguments, char *const *environment)
{
    int pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        execve("/test/arguments", arguments, environment);
        _exit(1000 + errno);
    }
    return ending_of(pid);
}

static int run_count(int n)
{
    static char *list[STRINGS + 10], text[STRINGS + 10][6];
    char number[10];
    snprintf(number, sizeof number, "%d", n);
    list[0] = (char *)"arguments", list[1] = (char *)"--count", list[2] = number;
    for (int i = 0; i < n; i++) {
        snprintf(text[i], sizeof text[i], "%d", i);
        list[i + 3] = text[i];
    }
    list[n + 3] = NULL;
    return run_with(list, no_environment);
}

static int run_long(int n)
{
    static char text[2 * BYTES];
    char number[10];
    snprintf(number, sizeof number, "%d", n);
    for (int i = 0; i < n; i++)
        text[i] = (char)('a' + i % 26);
    text[n] = '\0';
    char *list[] = {(char *)"arguments", (char *)"--long", number, text, NULL};
    return run_with(list, no_environment);
}

static void they_arrive_as_they_are(void)
{
    char odd[] = " \n\t\"'$", none[] = "";
    char *list[] = {(char *)"arguments", (char *)"--odd", none, none, odd, none, NULL};
    char *environment[] = {none, (char *)"A=", NULL};
    CHECK_EQUAL(run_with(list, environment), 0);
}

static void any_number_up_to_the_limit(void)
{
    static const int numbers[] = {0, 1, 2, 30, 31, 32, 33, 509, 510, 511, 1000, STRINGS - 3};
    for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        CHECK_EQUAL(run_count(numbers[i]), 0);
    CHECK_EQUAL(run_count(STRINGS - 2), 1000 + E2BIG);
}

/* Around each border of a page, where a string has to be put together again. */
static void any_length_up_to_the_limit(void)
{
    int others = sizeof "arguments" + sizeof "--long";
    for (int pages = 1; pages <= 16; pages *= 2)
        for (int off = -30; off <= 3; off++) {
            int n = pages * 4096 + off;
            int bytes = others + (n < 10000 ? 5 : 6) + n + 1;
            CHECK_EQUAL(run_long(n), bytes <= BYTES ? 0 : 1000 + E2BIG);
        }
}

static void too_much_is_e2big(void)
{
    static char *list[100001];
    CHECK_EQUAL(run_long(BYTES), 1000 + E2BIG);
    CHECK_EQUAL(run_long(2 * BYTES - 1), 1000 + E2BIG);
    for (int i = 0; i < 100000; i++)
        list[i] = (char *)"x";
    CHECK_EQUAL(run_with(list, no_environment), 1000 + E2BIG);
    CHECK_EQUAL(run_with(no_environment, list), 1000 + E2BIG);
    for (int i = 0; i < 100000; i++)
        list[i] = (char *)"";
    CHECK_EQUAL(run_with(list, no_environment), 1000 + E2BIG);
}

/* A list that has no end before its memory has. */
static void an_endless_list_is_e2big(void)
{
    static char text[4096];
    static char *list[8192];
    memset(text, 'x', sizeof text - 1);
    for (int i = 0; i < 8192; i++)
        list[i] = text;
    CHECK_EQUAL(run_with(list, no_environment), 1000 + E2BIG);
}

static void no_arguments_at_all_is_no_fault(void)
{
    for (int i = 0; i < 2; i++) {
        int pid = fork();
        if (pid == 0) {
            raw(SYS_exec, "/bin/true", i ? no_environment : NULL, NULL);
            _exit(99);
        }
        CHECK_EQUAL(ending_of(pid), 0);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1 && argv[1][0] == '-')
        return report(argc, argv);
    check_start(argc, argv);
    RUN(they_arrive_as_they_are);
    RUN(any_number_up_to_the_limit);
    RUN(any_length_up_to_the_limit);
    RUN(too_much_is_e2big);
    RUN(an_endless_list_is_e2big);
    RUN(no_arguments_at_all_is_no_fault);
    return check_end();
}
