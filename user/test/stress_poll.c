/*
 * Stress: poll over pipes, sessions and processes at once, while others write, close, end, and are killed.
 */
#include "stress.h"

#define PIPES 4
#define PROCESSES 4
#define SESSIONS 3
#define ALL (PIPES + PROCESSES + SESSIONS)
#define COOKIE 100ul

static int pipes[PIPES][2], channel;

static void write_and_close(int which)
{
    for (int i = 0; i < PIPES; i++) {
        close(pipes[i][0]);
        if (i != which)
            close(pipes[i][1]);
    }
    for (unsigned n = below(20); n; n--) {
        char byte = (char)which;
        if (one_in(2))
            sleep_at_most(2);
        CHECK_EQUAL(write(pipes[which][1], &byte, 1), 1);
    }
}

static void close_pipes(void)
{
    for (int i = 0; i < PIPES; i++) {
        close(pipes[i][0]);
        close(pipes[i][1]);
    }
}

static void end_soon(int code)
{
    close_pipes();
    sleep_at_most(4);
    _exit(code);
}

/* Serves the sessions: makes each of them ready once, at some time, in some order. */
static void make_ready(int unused)
{
    static char buffer[2 * PATH_MAX];
    bool done[SESSIONS] = {0};
    (void)unused;
    close_pipes();
    CHECK_EQUAL(channel_serve(channel, buffer, sizeof buffer), 0);
    for (int left = SESSIONS; left;) {
        unsigned which = below(SESSIONS);
        if (done[which])
            continue;
        sleep_at_most(3);
        CHECK_EQUAL(session_ready(channel, COOKIE + which, POLLIN), 0);
        done[which] = true;
        left--;
    }
    sleep_ns(UINT64_MAX); /* what a server said ends with it */
}

/* Polls until all has happened that is to happen. */
static void poll_all(struct pollfd *list)
{
    int left = ALL;
    while (left) {
        int timeout = one_in(3) ? (int)below(3) : one_in(2) ? 1000 : -1;
        int ready = poll(list, ALL, timeout), found = 0;
        CHECK(ready > 0 || (ready == 0 && timeout >= 0));
        for (int i = 0; i < ALL; i++) {
            if (list[i].fd < 0 || !list[i].revents)
                continue;
            found++;
            char c;
            if (i < PIPES && (list[i].revents & POLLIN)) {
                CHECK_EQUAL(read(list[i].fd, &c, 1), 1);
                CHECK_EQUAL(c, i);
                continue;
            }
            if (i < PIPES) {
                CHECK_EQUAL(list[i].revents, POLLHUP);
                CHECK_EQUAL(read(list[i].fd, &c, 1), 0);
            } else {
                CHECK_EQUAL(list[i].revents, POLLIN);
            }
            list[i].fd = ~list[i].fd; /* poll looks away now */
            left--;
        }
        CHECK_EQUAL(found, ready);
    }
}

static void one_round(void)
{
    struct pollfd list[ALL];
    int writers[PIPES], ending[PROCESSES], server;
    for (int i = 0; i < PIPES; i++)
        CHECK_EQUAL(pipe(pipes[i]), 0);
    channel = channel_create(1);
    CHECK(channel >= 0);
    for (int i = 0; i < SESSIONS; i++) {
        list[PIPES + PROCESSES + i].fd = channel_connect(channel, COOKIE + (uint64_t)i, 0);
        CHECK(list[PIPES + PROCESSES + i].fd >= 0);
    }
    for (int i = 0; i < PROCESSES; i++) {
        ending[i] = start(end_soon, i + 1);
        list[PIPES + i].fd = process_open(ending[i]);
        CHECK(list[PIPES + i].fd >= 0);
    }
    server = start(make_ready, 0);
    for (int i = 0; i < PIPES; i++)
        writers[i] = start(write_and_close, i);
    for (int i = 0; i < PIPES; i++) {
        close(pipes[i][1]);
        list[i].fd = pipes[i][0];
    }
    for (int i = 0; i < ALL; i++)
        list[i].events = POLLIN;
    bool killed_writer = one_in(4);
    if (killed_writer) {
        sleep_at_most(2);
        kill_child(writers[0]); /* its pipe closes all the same */
    }
    poll_all(list);
    for (int i = 0; i < ALL; i++)
        close(~list[i].fd);
    for (int i = 0; i < PIPES; i++)
        ended_or_killed(writers[i], 0);
    for (int i = 0; i < PROCESSES; i++)
        CHECK_EQUAL(ending_of(ending[i]), i + 1);
    kill_child(server);
    CHECK_EQUAL(ending_of(server), -SIGKILL);
    close(channel);
}

static void everything_happens(void)
{
    begin();
    while (time_left())
        one_round();
}

/* Several poll one pipe; each byte wakes them all, and one gets it. */
static void poll_for_bytes(int result)
{
    long count = 0;
    char c;
    struct pollfd p = {.fd = pipes[0][0], .events = POLLIN};
    close(pipes[0][1]);
    for (;;) {
        CHECK_EQUAL(poll(&p, 1, -1), 1);
        long got = read(pipes[0][0], &c, 1);
        if (got == 0)
            break;
        if (got < 0)
            CHECK_EQUAL(errno, EAGAIN); /* another one had it */
        else
            count++;
    }
    CHECK_EQUAL(write(result, &count, sizeof count), sizeof count);
}

static void many_poll_one_pipe(void)
{
    begin();
    while (time_left()) {
        int results[2], pids[4];
        long sent = 0, got = 0, count;
        CHECK_EQUAL(pipe2(pipes[0], O_NONBLOCK), 0);
        CHECK_EQUAL(pipe(results), 0);
        for (int i = 0; i < 4; i++)
            pids[i] = start(poll_for_bytes, results[1]);
        close(results[1]);
        close(pipes[0][0]);
        for (unsigned n = below(200); n; n--) {
            if (write(pipes[0][1], "x", 1) == 1)
                sent++;
            if (one_in(4))
                sleep_at_most(1);
        }
        close(pipes[0][1]);
        while (read(results[0], &count, sizeof count) == sizeof count)
            got += count;
        close(results[0]);
        for (int i = 0; i < 4; i++)
            CHECK_EQUAL(ending_of(pids[i]), 0);
        CHECK_EQUAL(got, sent);
    }
}

int main(int argc, char **argv)
{
    stress_start(argc, argv);
    RUN(everything_happens);
    RUN(many_poll_one_pipe);
    return check_end();
}
