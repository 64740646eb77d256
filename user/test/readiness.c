/*
 * Channels beyond one call: what a server may call itself, many clients, readiness, notifications, timers.
 */
#include "serving.h"

#include <fcntl.h>

static char buffer[100];

/* --- ranks --- */

static int higher, equal, lower; /* sessions on channels that nobody serves */

static void serve_upward_only(int channel)
{
    struct message m;
    struct pollfd p = {.fd = higher};
    int own = channel_connect(channel, 1, SESSION_READ);
    for (;;) {
        next(channel, &m);
        CHECK_EQUAL(simple_call(equal, OP(1), 0, 0), -EDEADLK);
        CHECK_EQUAL(simple_call(lower, OP(1), 0, 0), -EDEADLK);
        CHECK_EQUAL(simple_call(own, OP(1), 0, 0), -EDEADLK);
        CHECK_ERRNO(read(equal, buffer, 1), EDEADLK);
        CHECK_ERRNO(open("/README", O_RDONLY), EDEADLK); /* rank 10 */
        CHECK_EQUAL(poll(&p, 1, 0), 0);                  /* sends no message, so it may */
        CHECK_EQUAL(simple_call(higher, OP(1), 20, 1), 21);
        answer(channel, &m, 0);
    }
}

static void serve_sum(int channel)
{
    struct message m;
    for (;;) {
        next(channel, &m);
        answer(channel, &m, (int64_t)(m.arg0 + m.arg1));
    }
}

static void a_server_may_only_call_upward_in_rank(void)
{
    struct server top = start_server(serve_sum, 101, SESSION_READ, false);
    higher = top.session;
    int e = channel_create(100), l = channel_create(99);
    equal = channel_connect(e, 0, SESSION_READ);
    lower = channel_connect(l, 0, SESSION_READ);
    struct server s = start_server(serve_upward_only, 100, SESSION_READ, false);
    CHECK_EQUAL(simple_call(s.session, OP(1), 0, 0), 0);
    end_server(&s);
    end_server(&top);
}

/* --- readiness, notifications, timers --- */

static void serve_readiness(int channel)
{
    struct message m;
    for (;;) {
        next(channel, &m);
        if (m.op == MSG_NOTIFY) {
            CHECK_EQUAL(session_ready(channel, COOKIE, (int)m.arg0), 0);
            continue;
        }
        CHECK_EQUAL(session_ready(channel, m.arg0, (int)m.arg1), 0);
        answer(channel, &m, 0);
    }
}

static void poll_sleeps_on_what_the_server_says(void)
{
    struct server s = start_server(serve_readiness, 0, SESSION_READ, true);
    struct pollfd p = {.fd = s.session, .events = POLLIN};
    CHECK_EQUAL(poll(&p, 1, 0), 0);
    CHECK_EQUAL(simple_call(s.session, OP(1), COOKIE + 1, POLLIN), 0); /* somebody else's */
    CHECK_EQUAL(poll(&p, 1, 0), 0);
    CHECK_EQUAL(simple_call(s.session, OP(1), COOKIE, POLLOUT), 0);
    CHECK_EQUAL(poll(&p, 1, 0), 0);
    CHECK_EQUAL(simple_call(s.session, OP(1), COOKIE, POLLIN | POLLOUT), 0);
    CHECK_EQUAL(poll(&p, 1, -1), 1);
    CHECK_EQUAL(p.revents, POLLIN);
    CHECK_EQUAL(simple_call(s.session, OP(1), COOKIE, 0), 0);
    int pid = fork();
    if (pid == 0) {
        CHECK_EQUAL(poll(&p, 1, -1), 1);
        _exit(p.revents);
    }
    wait_until_blocked(pid, "poll");
    CHECK_EQUAL(notify(s.channel, POLLIN), 0);
    CHECK_EQUAL(ending_of(pid), POLLIN);
    end_server(&s);
}

static void poll_wakes_when_the_channel_goes(void)
{
    struct server s = start_server(serve_readiness, 0, SESSION_READ, false);
    int pid = fork();
    if (pid == 0) {
        struct pollfd p = {.fd = s.session, .events = POLLIN};
        CHECK_EQUAL(poll(&p, 1, -1), 1);
        CHECK(p.revents & POLLHUP);
        _exit(0);
    }
    wait_until_blocked(pid, "poll");
    end_server(&s);
    CHECK_EQUAL(ending_of(pid), 0);
}

static void notifications_add_up_until_received(void)
{
    struct message m;
    int channel = channel_create(0);
    CHECK_EQUAL(channel_serve(channel, NULL, 0), 0);
    CHECK_EQUAL(notify(channel, 1), 0);
    CHECK_EQUAL(notify(channel, 1ul << 63), 0);
    CHECK_EQUAL(notify(channel, 0), 0);
    CHECK_EQUAL(notify(channel, 1), 0);
    receive(channel, &m);
    CHECK_EQUAL(m.op, MSG_NOTIFY);
    CHECK_EQUAL(m.arg0, 1ul << 63 | 1);
    CHECK_EQUAL(m.token, 0);
    int pid = fork();
    if (pid == 0) {
        sleep_ns(3 * MS);
        notify(channel, 4);
        _exit(0);
    }
    receive(channel, &m); /* nothing was left: it waits */
    CHECK_EQUAL(m.arg0, 4);
    CHECK_EQUAL(ending_of(pid), 0);
    CHECK_EQUAL(notify(99, 1), -EBADF);
    CHECK_EQUAL(notify(0, 1), -EINVAL);
}

static void a_channels_timer_fires_once_and_in_time(void)
{
    struct message m;
    int channel = channel_create(0);
    CHECK_EQUAL(channel_serve(channel, NULL, 0), 0);
    uint64_t start = clock_ns();
    CHECK_EQUAL(channel_timer(channel, 8, 5 * MS), 0);
    receive(channel, &m);
    CHECK(m.op == MSG_NOTIFY && m.arg0 == 8);
    CHECK(clock_ns() - start >= 5 * MS);
    start = clock_ns();
    CHECK_EQUAL(channel_timer(channel, 16, 1 * MS), 0);
    CHECK_EQUAL(channel_timer(channel, 1, 0), 0); /* disarmed */
    CHECK_EQUAL(channel_timer(channel, 32, UINT64_MAX), 0);
    CHECK_EQUAL(channel_timer(channel, 2, 4 * MS), 0); /* there is one timer: this one now */
    receive(channel, &m);
    CHECK(m.op == MSG_NOTIFY && m.arg0 == 2);
    CHECK(clock_ns() - start >= 4 * MS);
    CHECK_EQUAL(channel_timer(channel, 64, 1000 * MS), 0);
    /* and ends with an armed one */
}

/* --- many at once --- */

static void many_clients_all_get_their_own_answers(void)
{
    enum { CLIENTS = 40, CALLS = 60 };
    struct server s = start_server(serve_sum, 0, SESSION_READ, false);
    int pids[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            for (int n = 0; n < CALLS; n++) {
                CHECK_EQUAL(simple_call(s.session, OP(1), (uint64_t)i << 32, (uint64_t)n), ((long)i << 32) + n);
                if (n % 7 == i % 7)
                    yield();
            }
            _exit(0);
        }
    }
    for (int i = 0; i < CLIENTS; i++)
        CHECK_EQUAL(ending_of(pids[i]), 0);
    end_server(&s);
}

static void serve_late(int channel)
{
    struct message m;
    static struct message parked[64];
    uint64_t n = 0;
    for (;;) { /* all are taken before the first is answered, the last first */
        next(channel, &m);
        CHECK_EQUAL(m.arg0, n);
        parked[n++] = m;
        if (n == m.arg1)
            while (n)
                n--, answer(channel, &parked[n], (int64_t)n);
    }
}

static void calls_come_in_order_and_can_be_answered_in_any(void)
{
    enum { CLIENTS = 50 };
    struct server s = start_server(serve_late, 0, SESSION_READ, false);
    int pids[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            CHECK_EQUAL(simple_call(s.session, OP(1), (uint64_t)i, CLIENTS), i);
            _exit(0);
        }
        if (i < CLIENTS - 1)
            wait_until_blocked(pids[i], "call");
    }
    for (int i = 0; i < CLIENTS; i++)
        CHECK_EQUAL(ending_of(pids[i]), 0);
    end_server(&s);
}

/* A channel that travels through itself must not keep itself alive. */
static void serve_circles(int channel)
{
    struct message m;
    for (;;) {
        next(channel, &m);
        CHECK(m.info >> 32 & MSGF_HANDLE); /* and is never closed */
        answer(channel, &m, 0);
    }
}

static void circles_of_handles_end_with_their_holders(void)
{
    struct server s = start_server(serve_circles, 0, SESSION_READ, true);
    for (int i = 0; i < 10; i++) {
        CHECK_EQUAL(call(s.session, OP(1), 0, (uint64_t)s.session, NULL, 0, CALL_HANDLE), 0);
        CHECK_EQUAL(call(s.session, OP(1), 0, (uint64_t)s.channel, NULL, 0, CALL_HANDLE), 0);
    }
    end_server(&s);
}

int main(int argc, char **argv)
{
    check_start(argc, argv);
    RUN(a_server_may_only_call_upward_in_rank);
    RUN(poll_sleeps_on_what_the_server_says);
    RUN(poll_wakes_when_the_channel_goes);
    RUN(notifications_add_up_until_received);
    RUN(a_channels_timer_fires_once_and_in_time);
    RUN(many_clients_all_get_their_own_answers);
    RUN(calls_come_in_order_and_can_be_answered_in_any);
    RUN(circles_of_handles_end_with_their_holders);
    return check_end();
}
