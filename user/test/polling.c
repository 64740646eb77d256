/*
 * poll: over pipes, the console, files and processes; timeouts; and what is no handle at all.
 */
#include "check.h"

#include <fcntl.h>

static int ends[2];

static void make_pipe(int flags)
{
    CHECK_EQUAL(pipe2(ends, flags), 0);
}

static struct pollfd one(int handle, int events)
{
    struct pollfd p = {.fd = handle, .events = (short)events};
    return p;
}

static void a_pipe_is_readable_when_something_is_in_it(void)
{
    make_pipe(0);
    struct pollfd p[2] = {one(ends[0], POLLIN), one(ends[1], POLLOUT)};
    CHECK_EQUAL(poll(p, 2, 0), 1);
    CHECK(p[0].revents == 0 && p[1].revents == POLLOUT);
    CHECK_EQUAL(write(ends[1], "x", 1), 1);
    CHECK_EQUAL(poll(p, 2, -1), 2);
    CHECK(p[0].revents == POLLIN && p[1].revents == POLLOUT);
}

static void a_pipe_is_writable_when_pipe_buf_fits(void)
{
    static char block[PIPE_BUF];
    make_pipe(O_NONBLOCK);
    struct pollfd p = one(ends[1], POLLOUT);
    long written = 0, n;
    while (poll(&p, 1, 0) == 1) {
        CHECK_EQUAL(n = write(ends[1], block, sizeof block), sizeof block); /* it said so */
        written += n;
    }
    CHECK_EQUAL(p.revents, 0);
    CHECK_EQUAL(written, 65536);
    CHECK_EQUAL(read(ends[0], block, PIPE_BUF - 1), PIPE_BUF - 1);
    CHECK_EQUAL(poll(&p, 1, 0), 0);
    CHECK_EQUAL(read(ends[0], block, 1), 1);
    CHECK_EQUAL(poll(&p, 1, 0), 1);
}

static void the_other_ends_close_is_told_unasked(void)
{
    char c;
    make_pipe(0);
    CHECK_EQUAL(write(ends[1], "x", 1), 1);
    close(ends[1]);
    struct pollfd p = one(ends[0], 0);
    CHECK_EQUAL(poll(&p, 1, -1), 1);
    CHECK_EQUAL(p.revents, POLLHUP);
    p.events = POLLIN;
    CHECK_EQUAL(poll(&p, 1, -1), 1);
    CHECK_EQUAL(p.revents, POLLHUP | POLLIN);
    CHECK_EQUAL(read(ends[0], &c, 1), 1);
    CHECK_EQUAL(poll(&p, 1, -1), 1);
    CHECK(p.revents & POLLHUP);
    make_pipe(0);
    close(ends[0]);
    p = one(ends[1], 0);
    CHECK_EQUAL(poll(&p, 1, -1), 1);
    CHECK_EQUAL(p.revents, POLLERR);
}

static void what_is_no_handle_is_pollnval(void)
{
    struct pollfd p[4] = {one(77, POLLIN), one(-1, POLLIN), one(INT32_MAX, 0), one(INT32_MIN, POLLIN)};
    CHECK_EQUAL(poll(p, 4, -1), 2);
    CHECK_EQUAL(p[0].revents, POLLNVAL);
    CHECK_EQUAL(p[1].revents, 0);
    CHECK_EQUAL(p[2].revents, POLLNVAL);
    CHECK_EQUAL(p[3].revents, 0);
}

static void files_are_always_ready(void)
{
    int file = open("/README", O_RDONLY);
    struct pollfd p = one(file, POLLIN | POLLOUT);
    CHECK_EQUAL(poll(&p, 1, -1), 1);
    CHECK(p.revents & POLLIN);
}

/* Nothing has been typed: not readable, a read would wait. */
static void the_console_is_not_readable_before_something_is_typed(void)
{
    struct pollfd p = one(0, POLLIN);
    char c;
    CHECK_EQUAL(poll(&p, 1, 0), 0);
    int console = open("/dev/console", O_RDONLY | O_NONBLOCK);
    CHECK(console >= 0);
    CHECK_ERRNO(read(console, &c, 1), EAGAIN);
    p = one(1, POLLOUT);
    CHECK_EQUAL(poll(&p, 1, -1), 1);
    CHECK_EQUAL(p.revents, POLLOUT);
}

static void timeouts_are_kept_and_not_early(void)
{
    make_pipe(0);
    struct pollfd p = one(ends[0], POLLIN);
    static const int times[] = {0, 1, 2, 5, 20};
    for (unsigned i = 0; i < sizeof times / sizeof times[0]; i++) {
        uint64_t start = clock_ns();
        CHECK_EQUAL(poll(&p, 1, times[i]), 0);
        CHECK(clock_ns() - start >= (uint64_t)times[i] * MS);
        start = clock_ns();
        CHECK_EQUAL(poll(NULL, 0, times[i]), 0); /* a sleep */
        CHECK(clock_ns() - start >= (uint64_t)times[i] * MS);
    }
    CHECK_EQUAL(write(ends[1], "x", 1), 1);
    CHECK_EQUAL(raw(SYS_poll, &p, 1, INT64_MAX), 1);
}

/* The case exact_times: only with icount does time stand still but for what the program does. */
static void exact_times(void)
{
    for (uint64_t ns = 1; ns < 100 * MS; ns = ns * 7 + 3) {
        uint64_t start = clock_ns();
        CHECK_EQUAL(raw(SYS_poll, NULL, 0, ns), 0);
        uint64_t took = clock_ns() - start;
        CHECK(took >= ns && took < ns + MS / 10);
        start = clock_ns();
        CHECK_EQUAL(sleep_ns(ns), 0);
        took = clock_ns() - start;
        CHECK(took >= ns && took < ns + MS / 10);
    }
}

static void a_wake_up_ends_the_wait(void)
{
    make_pipe(0);
    int pid = fork();
    if (pid == 0) {
        sleep_ns(3 * MS);
        write(ends[1], "x", 1);
        _exit(0);
    }
    struct pollfd p = one(ends[0], POLLIN);
    uint64_t start = clock_ns();
    CHECK_EQUAL(poll(&p, 1, 100000), 1);
    CHECK(clock_ns() - start < 10000 * MS);
    CHECK_EQUAL(ending_of(pid), 0);
}

/* What happens to others on the same queue: each is woken, and finds what is left. */
static void many_can_poll_the_same(void)
{
    enum { POLLERS = 10 };
    int pids[POLLERS];
    make_pipe(O_NONBLOCK);
    for (int i = 0; i < POLLERS; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            struct pollfd p[2] = {one(ends[0], POLLIN), one(0, POLLIN)};
            char c;
            do
                CHECK_EQUAL(poll(p, 2, -1), 1);
            while (read(ends[0], &c, 1) != 1);
            _exit(0);
        }
    }
    for (int i = 0; i < POLLERS; i++)
        wait_until_blocked(pids[i], "poll");
    for (int i = 0; i < POLLERS; i++) {
        CHECK_EQUAL(write(ends[1], "x", 1), 1);
        sleep_ns(MS / 10);
    }
    for (int i = 0; i < POLLERS; i++)
        CHECK_EQUAL(ending_of(pids[i]), 0);
}

static void many_handles_at_once(void)
{
    enum { PIPES = 400 };
    static struct pollfd list[1024];
    static int all[PIPES][2];
    for (int i = 0; i < PIPES; i++) {
        CHECK_EQUAL(pipe(all[i]), 0);
        list[i] = one(all[i][0], POLLIN);
    }
    CHECK_EQUAL(poll(list, PIPES, 1), 0);
    CHECK_EQUAL(write(all[7][1], "x", 1), 1);
    close(all[399][1]);
    CHECK_EQUAL(poll(list, PIPES, -1), 2);
    for (int i = 0; i < PIPES; i++)
        CHECK_EQUAL(list[i].revents, i == 7 ? POLLIN : i == 399 ? POLLHUP : 0);
    int pid = fork();
    if (pid == 0) {
        CHECK_EQUAL(write(all[200][1], "x", 1), 1);
        _exit(0);
    }
    list[7].fd = list[399].fd = -1;
    CHECK_EQUAL(poll(list, PIPES, -1), 1);
    CHECK_EQUAL(list[200].revents, POLLIN);
    CHECK_EQUAL(ending_of(pid), 0);
    for (int i = 0; i < 1024; i++)
        list[i] = one(all[200][0], POLLIN); /* one handle as often as the table is long */
    CHECK_EQUAL(poll(list, 1024, -1), 1024);
    CHECK_EQUAL(raw(SYS_poll, list, 1025, 0), -EINVAL);
    CHECK_EQUAL(raw(SYS_poll, list, UINT64_MAX, 0), -EINVAL);
}

static void a_handle_closed_while_polled_keeps_its_meaning(void)
{
    make_pipe(0);
    int pid = fork();
    if (pid == 0) {
        close(ends[1]);
        struct pollfd p = one(ends[0], POLLIN);
        CHECK_EQUAL(poll(&p, 1, -1), 1);
        CHECK_EQUAL(p.revents, POLLHUP);
        _exit(0);
    }
    wait_until_blocked(pid, "poll");
    close(ends[0]);
    close(ends[1]);
    CHECK_EQUAL(ending_of(pid), 0);
}

static void a_process_is_readable_when_it_has_ended(void)
{
    make_pipe(0);
    int pid = fork();
    if (pid == 0) {
        char c;
        close(ends[1]);
        read(ends[0], &c, 1);
        _exit(3);
    }
    int handle = process_open(pid);
    struct pollfd p = one(handle, POLLIN);
    CHECK_EQUAL(poll(&p, 1, 1), 0);
    close(ends[1]);
    CHECK_EQUAL(poll(&p, 1, -1), 1);
    CHECK_EQUAL(p.revents, POLLIN);
    CHECK_EQUAL(ending_of(pid), 3);
    CHECK_EQUAL(poll(&p, 1, -1), 1);
    char c;
    CHECK_ERRNO(read(handle, &c, 1), EBADF);
    CHECK_ERRNO(write(handle, &c, 1), EBADF);
    CHECK_EQUAL(process_open(-1), -ESRCH);
    CHECK_EQUAL(process_open(0), -ESRCH);
    CHECK_EQUAL(process_open(INT32_MAX), -ESRCH);
}

/* More than the end itself wakes; some are killed just then. */
static void hundreds_hear_of_the_end_of_a_process(void)
{
    static int pids[150];
    make_pipe(0);
    int pid = fork();
    if (pid == 0) {
        char c;
        close(ends[1]);
        read(ends[0], &c, 1);
        _exit(3);
    }
    struct pollfd p = one(process_open(pid), POLLIN);
    for (int i = 0; i < 150; i++) {
        pids[i] = fork();
        CHECK(pids[i] >= 0);
        if (pids[i] == 0) {
            close(ends[1]);
            _exit(poll(&p, 1, -1));
        }
    }
    for (int i = 0; i < 150; i++)
        wait_until_blocked(pids[i], "poll");
    close(ends[1]);
    for (int i = 0; i < 150; i += 3)
        kill(pids[i], SIGKILL);
    for (int i = 0; i < 150; i++) {
        int ending = ending_of(pids[i]);
        CHECK(ending == 1 || (i % 3 == 0 && ending == -SIGKILL));
    }
    CHECK_EQUAL(ending_of(pid), 3);
}

static void ones_own_handle_is_readable_when_a_child_has_ended(void)
{
    struct pollfd p = one(process_open(getpid()), POLLIN);
    CHECK_EQUAL(poll(&p, 1, 0), 0);
    int pid = fork();
    if (pid == 0) {
        sleep_ns(2 * MS);
        _exit(0);
    }
    CHECK_EQUAL(poll(&p, 1, -1), 1);
    CHECK_EQUAL(poll(&p, 1, 0), 1); /* until it is waited for */
    CHECK_EQUAL(ending_of(pid), 0);
    CHECK_EQUAL(poll(&p, 1, 0), 0);
}

/* Three kinds in one call, each ending the wait in its turn. */
static void everything_together(void)
{
    for (int which = 0; which < 3; which++) {
        make_pipe(0);
        int pid = fork();
        if (pid == 0) {
            sleep_ns(MS);
            if (which == 0)
                write(ends[1], "x", 1);
            if (which == 1)
                sleep_ns(100000 * MS);
            if (which == 2)
                _exit(0);
            sleep_ns(100000 * MS);
        }
        int process = process_open(pid);
        struct pollfd p[4] = {one(0, POLLIN), one(ends[0], POLLIN), one(process, POLLIN), one(-5, POLLIN)};
        CHECK_EQUAL(poll(p, 4, which == 1 ? 3 : -1), which != 1);
        CHECK_EQUAL(p[1].revents, which == 0 ? POLLIN : 0);
        CHECK_EQUAL(p[2].revents, which == 2 ? POLLIN : 0);
        kill(pid, SIGKILL);
        ending_of(pid);
        close(process), close(ends[0]), close(ends[1]);
    }
}

int main(int argc, char **argv)
{
    check_start(argc, argv);
    RUN(a_pipe_is_readable_when_something_is_in_it);
    RUN(a_pipe_is_writable_when_pipe_buf_fits);
    RUN(the_other_ends_close_is_told_unasked);
    RUN(what_is_no_handle_is_pollnval);
    RUN(files_are_always_ready);
    RUN(the_console_is_not_readable_before_something_is_typed);
    RUN(timeouts_are_kept_and_not_early);
    RUN(a_wake_up_ends_the_wait);
    RUN(many_can_poll_the_same);
    RUN(many_handles_at_once);
    RUN(a_handle_closed_while_polled_keeps_its_meaning);
    RUN(a_process_is_readable_when_it_has_ended);
    RUN(hundreds_hear_of_the_end_of_a_process);
    RUN(ones_own_handle_is_readable_when_a_child_has_ended);
    RUN(everything_together);
    if (argc > 1)
        RUN(exact_times);
    return check_end();
}
