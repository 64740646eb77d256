/*
 * Handles: which numbers they get, what shares them, and that nothing keeps them.
 */
#include "check.h"

#include <fcntl.h>
#include <sys/stat.h>

#define HANDLES 1024 /* per process, as docs/limits.md says */

static bool is_open(int handle)
{
    return fcntl(handle, F_GETFD) >= 0;
}

static void the_lowest_free_number_is_taken(void)
{
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    CHECK_EQUAL(ends[0], 3);
    CHECK_EQUAL(ends[1], 4);
    CHECK_EQUAL(dup(0), 5);
    CHECK_EQUAL(dup(0), 6);
    close(4);
    close(3);
    CHECK_EQUAL(dup(0), 3);
    CHECK_EQUAL(open("/bin", O_RDONLY | O_DIRECTORY), 4);
    CHECK_EQUAL(dup(0), 7);
    close(5);
    CHECK_EQUAL(fcntl(0, F_DUPFD, 4), 5);
    CHECK_EQUAL(fcntl(0, F_DUPFD, 100), 100);
    CHECK_EQUAL(fcntl(0, F_DUPFD, 100), 101);
    CHECK_EQUAL(dup(0), 8);
}

static void only_init_has_the_machine(void)
{
    for (int i = 0; i < HANDLES; i++) {
        CHECK_EQUAL(raw(SYS_memory_size, i, 0, 0) < 0, true);
        CHECK_EQUAL(device_claim(i, "ns16550a", 0) < 0, true);
        CHECK_EQUAL(job_session(i) < 0, true);
    }
    for (int i = 3; i < HANDLES; i++)
        CHECK(!is_open(i)); /* a program starts with three */
}

static void dup2_replaces_and_closes(void)
{
    int ends[2], more[2];
    char c;
    CHECK_EQUAL(pipe(ends), 0);
    CHECK_EQUAL(pipe(more), 0);
    CHECK_EQUAL(dup2(more[1], ends[1]), ends[1]); /* the last writer of `ends` is gone */
    CHECK_EQUAL(read(ends[0], &c, 1), 0);
    CHECK_EQUAL(write(ends[1], "x", 1), 1);
    CHECK_EQUAL(read(more[0], &c, 1), 1);
    CHECK_EQUAL(dup2(0, HANDLES - 1), HANDLES - 1);
}

static void dup2_onto_itself_changes_nothing(void)
{
    CHECK_EQUAL(fcntl(1, F_SETFD, FD_CLOEXEC), 0);
    CHECK_EQUAL(dup2(1, 1), 1);
    CHECK_EQUAL(fcntl(1, F_GETFD), FD_CLOEXEC);
    CHECK_EQUAL(dup2(1, 9), 9);
    CHECK_EQUAL(fcntl(9, F_GETFD), 0); /* a copy starts without it */
    CHECK_ERRNO(dup2(77, 77), EBADF);
}

static void bad_numbers_are_ebadf(void)
{
    static const int bad[] = {-1, 3, HANDLES - 1, HANDLES, HANDLES + 1, 100000, INT32_MAX, INT32_MIN};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int n = bad[i];
        char c;
        struct stat st;
        CHECK_ERRNO(close(n), EBADF);
        CHECK_ERRNO(read(n, &c, 1), EBADF);
        CHECK_ERRNO(write(n, &c, 1), EBADF);
        CHECK_ERRNO(lseek(n, 0, SEEK_SET), EBADF);
        CHECK_ERRNO(fstat(n, &st), EBADF);
        CHECK_ERRNO(ftruncate(n, 0), EBADF);
        CHECK_ERRNO(dup(n), EBADF);
        CHECK_ERRNO(dup2(n, 5), EBADF);
        CHECK_ERRNO(fcntl(n, F_GETFL), EBADF);
        CHECK_ERRNO(fcntl(n, F_DUPFD, 5), EBADF);
        CHECK_EQUAL(call(n, MSG_PRIVATE, 0, 0, NULL, 0, 0), -EBADF);
        CHECK_EQUAL(getdents(n, &c, 1), -EBADF);
    }
    CHECK_ERRNO(dup2(0, -1), EBADF);
    CHECK_ERRNO(dup2(0, HANDLES), EBADF);
    CHECK_ERRNO(dup2(0, INT32_MAX), EBADF);
    CHECK_ERRNO(fcntl(0, F_DUPFD, -1), EINVAL);
    CHECK_ERRNO(fcntl(0, F_DUPFD, HANDLES), EINVAL);
    CHECK_ERRNO(fcntl(0, 99, 0), EINVAL);
}

static void there_are_1024_and_no_more(void)
{
    int n;
    while ((n = dup(0)) >= 0)
        ;
    CHECK_EQUAL(errno, EMFILE);
    CHECK(is_open(HANDLES - 1));
    int ends[2] = {-5, -5};
    CHECK_ERRNO(pipe(ends), EMFILE);
    CHECK_ERRNO(open("/README", O_RDONLY), EMFILE);
    CHECK_EQUAL(process_open(getpid()), -EMFILE);
    CHECK_EQUAL(channel_create(0), -EMFILE);
    close(500);
    CHECK_ERRNO(pipe(ends), EMFILE); /* two would be needed */
    CHECK_EQUAL(open("/README", O_RDONLY), 500);
    CHECK_EQUAL(dup2(500, 3), 3);
    int pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        CHECK_ERRNO(dup(0), EMFILE);
        for (int i = 3; i < HANDLES; i++)
            CHECK_EQUAL(close(i), 0);
        _exit(0);
    }
    CHECK_EQUAL(ending_of(pid), 0);
    CHECK(is_open(HANDLES - 1));
}

static void a_close_in_the_child_leaves_the_parents(void)
{
    int ends[2];
    char c;
    CHECK_EQUAL(pipe(ends), 0);
    int pid = fork();
    if (pid == 0) {
        close(ends[0]);
        close(ends[1]);
        CHECK(!is_open(ends[0]));
        _exit(0);
    }
    CHECK_EQUAL(ending_of(pid), 0);
    CHECK_EQUAL(write(ends[1], "x", 1), 1);
    CHECK_EQUAL(read(ends[0], &c, 1), 1);
}

static void what_the_child_opens_is_its_own(void)
{
    int pid = fork();
    if (pid == 0) {
        CHECK_EQUAL(dup(0), 3);
        _exit(0);
    }
    CHECK_EQUAL(ending_of(pid), 0);
    CHECK(!is_open(3));
}

static void dup_shares_offset_and_flags(void)
{
    char a[4] = "", b[4] = "";
    int file = open("/README", O_RDONLY), copy = dup(file);
    CHECK(file >= 0 && copy >= 0);
    CHECK_EQUAL(read(file, a, 3), 3);
    CHECK_EQUAL(lseek(copy, 0, SEEK_CUR), 3);
    int pid = fork();
    if (pid == 0) {
        CHECK_EQUAL(lseek(copy, 1, SEEK_SET), 1);
        _exit(0);
    }
    CHECK_EQUAL(ending_of(pid), 0);
    CHECK_EQUAL(read(file, b, 2), 2);
    CHECK(b[0] == a[1] && b[1] == a[2]);
    CHECK_EQUAL(fcntl(copy, F_SETFL, O_NONBLOCK), 0);
    CHECK_EQUAL(fcntl(file, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
}

/* Run as a program by the next case: are the handles it names open, and no others? */
static int report_handles(char **names)
{
    for (int i = 3; i < 64; i++) {
        bool wanted = false;
        for (char **name = names; *name; name++)
            wanted |= atoi(*name) == i;
        if (is_open(i) != wanted)
            return 1;
    }
    return 0;
}

static void exec_closes_what_is_close_on_exec(void)
{
    int ends[2];
    CHECK_EQUAL(pipe2(ends, O_CLOEXEC), 0); /* 3, 4 */
    CHECK_EQUAL(open("/README", O_RDONLY | O_CLOEXEC), 5);
    CHECK_EQUAL(open("/README", O_RDONLY), 6);
    CHECK_EQUAL(dup(6), 7);
    CHECK_EQUAL(fcntl(7, F_SETFD, FD_CLOEXEC), 0);
    CHECK_EQUAL(dup(3), 8); /* the copy stays */
    CHECK_EQUAL(fcntl(6, F_DUPFD, 40), 40);
    int pid = fork();
    if (pid == 0) {
        CHECK_ERRNO(execl("/test/nothing", "nothing", NULL), ENOENT);
        for (int i = 3; i <= 8; i++)
            CHECK(is_open(i)); /* a failed exec closes nothing */
        execl("/test/handles", "handles", "--open", "6", "8", "40", NULL);
        _exit(99);
    }
    CHECK_EQUAL(ending_of(pid), 0);
    for (int i = 3; i <= 8; i++)
        CHECK(is_open(i));
}

static void fork_copies_nothing_that_is_close_on_fork(void)
{
    int ends[2], more[2];
    char c;
    CHECK_EQUAL(pipe2(ends, O_CLOFORK), 0); /* 3, 4 */
    CHECK_EQUAL(message_pipe(more, 0, 0, O_CLOFORK | O_CLOEXEC), 0); /* 5, 6 */
    CHECK_EQUAL(open("/README", O_RDONLY | O_CLOFORK), 7);
    CHECK_EQUAL(dup(7), 8); /* the copies are without it */
    CHECK_EQUAL(dup2(7, 9), 9);
    CHECK_EQUAL(fcntl(1, F_SETFD, FD_CLOFORK), 0);
    CHECK_EQUAL(fcntl(1, F_GETFD), FD_CLOFORK);
    CHECK_EQUAL(fcntl(3, F_GETFD), FD_CLOFORK);
    CHECK_EQUAL(fcntl(5, F_GETFD), FD_CLOFORK | FD_CLOEXEC);
    CHECK_EQUAL(fcntl(8, F_GETFD), 0);
    CHECK_EQUAL(fcntl(8, F_SETFD, ~(FD_CLOEXEC | FD_CLOFORK)), 0); /* bits that mean nothing are ignored */
    CHECK_EQUAL(fcntl(8, F_GETFD), 0);
    int pid = fork();
    if (pid == 0) {
        CHECK(is_open(0) && !is_open(1) && is_open(2));
        for (int i = 3; i <= 9; i++)
            CHECK_EQUAL(is_open(i), i >= 8);
        CHECK_EQUAL(dup(8), 1); /* the lowest free number */
        CHECK_EQUAL(dup(8), 3);
        _exit(0);
    }
    CHECK_EQUAL(ending_of(pid), 0);
    CHECK(is_open(1));
    for (int i = 3; i <= 9; i++)
        CHECK(is_open(i));
    pid = fork();
    if (pid == 0) {
        sleep_ns(1000 * 1000 * MS);
        _exit(0);
    }
    CHECK_EQUAL(close(4), 0); /* the only writer: the child has none */
    CHECK_EQUAL(read(3, &c, 1), 0);
    kill(pid, SIGKILL);
    CHECK_EQUAL(ending_of(pid), -SIGKILL);
}

static void exec_keeps_what_is_close_on_fork_alone(void)
{
    int pid = fork();
    if (pid == 0) {
        CHECK_EQUAL(open("/README", O_RDONLY | O_CLOFORK), 3);
        CHECK_EQUAL(open("/README", O_RDONLY | O_CLOFORK | O_CLOEXEC), 4);
        execl("/test/handles", "handles", "--open", "3", NULL);
        _exit(99);
    }
    CHECK_EQUAL(ending_of(pid), 0);
}

/* A table of more than the first sixteen numbers is copied another way. */
static void close_on_fork_in_a_large_table(void)
{
    for (int n = 3; n < 300; n++) {
        CHECK_EQUAL(dup(0), n);
        if (n % 3 == 0)
            CHECK_EQUAL(fcntl(n, F_SETFD, FD_CLOFORK), 0);
    }
    int pid = fork();
    if (pid == 0) {
        for (int n = 3; n < 300; n++)
            CHECK_EQUAL(is_open(n), n % 3 != 0);
        _exit(0);
    }
    CHECK_EQUAL(ending_of(pid), 0);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--open") == 0)
        return report_handles(argv + 2);
    check_start(argc, argv);
    RUN(only_init_has_the_machine);
    RUN(the_lowest_free_number_is_taken);
    RUN(dup2_replaces_and_closes);
    RUN(dup2_onto_itself_changes_nothing);
    RUN(bad_numbers_are_ebadf);
    RUN(there_are_1024_and_no_more);
    RUN(a_close_in_the_child_leaves_the_parents);
    RUN(what_the_child_opens_is_its_own);
    RUN(dup_shares_offset_and_flags);
    RUN(exec_closes_what_is_close_on_exec);
    RUN(fork_copies_nothing_that_is_close_on_fork);
    RUN(exec_keeps_what_is_close_on_fork_alone);
    RUN(close_on_fork_in_a_large_table);
    return check_end();
}
