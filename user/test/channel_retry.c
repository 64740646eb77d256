/*
 * What becomes of requests, sessions and readiness when a server dies and another takes its channel over.
 */
#include "serving.h"

#include <fcntl.h>
#include <poll.h>

static char buffer[100];

/* What the servers of a case tell the case: each line of it written by one of them. */
struct seen {
    int64_t op;
    uint64_t token, arg0, flags, incarnation;
};
static int seen[2];        /* a pipe of struct seen */
static int incarnation;
static int opened[2] = {-1, -1}; /* sessions of the case's own, which its servers must not keep open */

static void tell(const struct message *m)
{
    struct seen s = {m->op, m->token, m->arg0, m->info >> 32, (uint64_t)incarnation};
    CHECK_EQUAL(write(seen[1], &s, sizeof s), sizeof s);
}

static struct seen hear(void)
{
    struct seen s;
    CHECK_EQUAL(read(seen[0], &s, sizeof s), sizeof s);
    return s;
}

/* The next server on the channel of `s`. */
static void start_next(struct server *s, void (*serve)(int channel))
{
    incarnation++;
    s->pid = fork();
    CHECK(s->pid >= 0);
    if (s->pid == 0) {
        close(s->session), close(opened[0]), close(opened[1]);
        CHECK_EQUAL(channel_serve(s->channel, serve_buffer, sizeof serve_buffer), 0);
        serve(s->channel);
        _exit(0);
    }
}

static struct server begin(void (*serve)(int channel))
{
    incarnation = 0;
    CHECK_EQUAL(pipe(seen), 0);
    return start_server(serve, 0, SESSION_READ | SESSION_WRITE, true);
}

static int client(struct server *s, int op, uint64_t arg0, int64_t wanted)
{
    int pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        close(s->channel);
        CHECK_EQUAL(simple_call(s->session, op, arg0, 0), wanted);
        _exit(0);
    }
    wait_until_blocked(pid, "call");
    return pid;
}

static void end_by_kill(struct server *s)
{
    CHECK_EQUAL(kill(s->pid, SIGKILL), 0);
    CHECK_EQUAL(ending_of(s->pid), -SIGKILL);
}

/* OP(1): tells, and works until it is killed. OP(2): puts it aside. OP(3): dies. Others: tells and answers. */
static void serve_badly(int channel)
{
    struct message m;
    for (;;) {
        next(channel, &m);
        tell(&m);
        if (m.op == OP(1))
            for (;;)
                sleep_ns(1000 * MS);
        if (m.op == OP(3))
            _exit(9);
        if (m.op >= OP(4))
            answer(channel, &m, 7);
    }
}

static void serve_well(int channel)
{
    struct message m;
    for (;;) {
        next(channel, &m);
        tell(&m);
        if (m.op >= MSG_OPEN)
            answer(channel, &m, 7);
    }
}

static void a_request_in_service_is_delivered_once_more(void)
{
    struct server s = begin(serve_badly);
    int pid = client(&s, OP(1), 55, 7);
    struct seen first = hear();
    CHECK_EQUAL(first.flags & MSGF_RETRY, 0);
    end_by_kill(&s);
    wait_until_blocked(pid, "call");
    start_next(&s, serve_well);
    struct seen second = hear();
    CHECK_EQUAL(second.incarnation, 1);
    CHECK_EQUAL(second.op, OP(1));
    CHECK_EQUAL(second.arg0, 55);
    CHECK_EQUAL(second.token, first.token);
    CHECK_EQUAL(second.flags & MSGF_RETRY, MSGF_RETRY);
    CHECK_EQUAL(ending_of(pid), 0);
    end_server(&s);
}

static void one_that_ends_two_servers_gets_eio(void)
{
    struct server s = begin(serve_badly);
    int bad = client(&s, OP(3), 0, -EIO);
    CHECK_EQUAL(ending_of(s.pid), 9);
    int good = client(&s, OP(4), 0, 7); /* waits behind it */
    start_next(&s, serve_badly);
    CHECK_EQUAL(ending_of(s.pid), 9);
    CHECK_EQUAL(ending_of(bad), 0);
    start_next(&s, serve_badly);
    CHECK_EQUAL(ending_of(good), 0);
    hear(), hear();
    CHECK_EQUAL(hear().flags & MSGF_RETRY, 0); /* that one was never in service before */
    end_server(&s);
}

static void those_put_aside_come_again_in_order_however_often(void)
{
    enum { PARKED = 12, DEATHS = 5 };
    int pids[PARKED];
    struct server s = begin(serve_badly);
    for (uint64_t i = 0; i < PARKED; i++) {
        pids[i] = client(&s, OP(2), i, 7);
        CHECK_EQUAL(hear().arg0, i);
    }
    for (int death = 0; death < DEATHS; death++) {
        wait_until_blocked(s.pid, "receive");
        end_by_kill(&s);
        start_next(&s, death < DEATHS - 1 ? serve_badly : serve_well);
        for (uint64_t i = 0; i < PARKED; i++) {
            struct seen again = hear();
            CHECK_EQUAL(again.arg0, i);
            CHECK_EQUAL(again.flags & MSGF_RETRY, MSGF_RETRY);
        }
    }
    for (int i = 0; i < PARKED; i++)
        CHECK_EQUAL(ending_of(pids[i]), 0);
    end_server(&s);
}

/* Only the one it was working on counts as having ended the server; and all are served before newer ones. */
static void the_one_in_hand_bears_the_death_alone(void)
{
    struct server s = begin(serve_badly);
    int aside = client(&s, OP(2), 1, 7), killer = client(&s, OP(3), 2, -EIO);
    CHECK_EQUAL(ending_of(s.pid), 9);
    int newer = client(&s, OP(4), 3, 7);
    hear(), hear();
    start_next(&s, serve_badly);
    CHECK_EQUAL(ending_of(s.pid), 9);
    CHECK_EQUAL(ending_of(killer), 0);
    CHECK_EQUAL(hear().arg0, 1);
    CHECK_EQUAL(hear().arg0, 2);
    start_next(&s, serve_well);
    CHECK_EQUAL(hear().arg0, 1);
    CHECK_EQUAL(hear().arg0, 3);
    CHECK_EQUAL(ending_of(aside), 0);
    CHECK_EQUAL(ending_of(newer), 0);
    end_server(&s);
}

static void a_waiting_client_can_be_killed(void)
{
    struct server s = begin(serve_badly);
    int known = client(&s, OP(1), 0, 7);
    struct seen first = hear();
    int unknown = client(&s, OP(4), 0, 7);
    end_by_kill(&s);
    CHECK_EQUAL(kill(unknown, SIGKILL), 0);
    CHECK_EQUAL(kill(known, SIGKILL), 0);
    CHECK_EQUAL(ending_of(known), -SIGKILL);
    CHECK_EQUAL(ending_of(unknown), -SIGKILL);
    start_next(&s, serve_well);
    struct seen told = hear(); /* of the one that a server knew */
    CHECK_EQUAL(told.op, MSG_CANCEL);
    CHECK_EQUAL(told.token, first.token);
    CHECK_EQUAL(simple_call(s.session, OP(5), 0, 0), 7);
    CHECK_EQUAL(hear().op, OP(5)); /* and of nobody else */
    end_server(&s);
}

static void a_waiting_client_gets_eio_when_the_channel_goes(void)
{
    struct server s = begin(serve_badly);
    int first = client(&s, OP(1), 0, -EIO), second = client(&s, OP(4), 0, -EIO);
    hear();
    end_by_kill(&s);
    wait_until_blocked(first, "call");
    wait_until_blocked(second, "call");
    close(s.channel);
    CHECK_EQUAL(ending_of(first), 0);
    CHECK_EQUAL(ending_of(second), 0);
    close(s.session);
}

/* A server that runs another program has left its channel, whether it dies or not. */
static void serve_until_exec(int channel)
{
    char *argv[] = {"sleep", "0.001", NULL};
    struct message m;
    next(channel, &m);
    tell(&m);
    execv("/bin/sleep", argv);
}

static void exec_of_the_server_is_as_its_death(void)
{
    struct server s = begin(serve_until_exec);
    int pid = client(&s, OP(1), 0, 7);
    CHECK_EQUAL(ending_of(s.pid), 0);
    start_next(&s, serve_well);
    CHECK_EQUAL(hear().flags & MSGF_RETRY, 0);
    CHECK_EQUAL(hear().flags & MSGF_RETRY, MSGF_RETRY);
    CHECK_EQUAL(ending_of(pid), 0);
    end_server(&s);
}

/* ---- what goes along ---- */

static void serve_paths(int channel)
{
    struct message m;
    next(channel, &m);
    CHECK(strcmp(serve_buffer, "some/path") == 0);
    CHECK_EQUAL(m.inlined, 10);
    CHECK(m.info >> 32 & MSGF_HANDLE);
    if (incarnation == 0)
        _exit(9);
    CHECK_EQUAL(close((int)m.arg1), 0);
    answer(channel, &m, 0);
    next(channel, &m);
}

static void path_handle_and_buffer_are_there_again(void)
{
    struct server s = begin(serve_paths);
    int pid = fork();
    if (pid == 0) {
        close(s.channel);
        CHECK_EQUAL(set_root(s.session), 0);
        CHECK_EQUAL(mount("some/path", s.session), 0);
        _exit(0);
    }
    CHECK_EQUAL(ending_of(s.pid), 9);
    start_next(&s, serve_paths);
    CHECK_EQUAL(ending_of(pid), 0);
    end_server(&s);
}

static void serve_copies(int channel)
{
    struct message m;
    next(channel, &m);
    CHECK_EQUAL(grant_read(channel, m.token, 0, buffer, 10), 10);
    CHECK_EQUAL(grant_write(channel, m.token, 10, buffer, 10), 10);
    if (incarnation == 0)
        _exit(9);
    answer(channel, &m, 1);
    next(channel, &m);
}

static void the_grant_is_good_again(void)
{
    struct server s = begin(serve_copies);
    int pid = fork();
    if (pid == 0) {
        char text[20] = "0123456789abcdefghi";
        close(s.channel);
        CHECK_EQUAL(call(s.session, OP(1), 0, 0, text, sizeof text, CALL_SEND | CALL_RECEIVE), 1);
        CHECK(memcmp(text, "01234567890123456789", 20) == 0);
        _exit(0);
    }
    CHECK_EQUAL(ending_of(s.pid), 9);
    start_next(&s, serve_copies);
    CHECK_EQUAL(ending_of(pid), 0);
    end_server(&s);
}

/* Nothing may be done with the token of a request that waits to be delivered again. */
static void serve_early(int channel)
{
    struct message m;
    static uint64_t *token; /* the first server's, in the pipe */
    if (incarnation == 0) {
        next(channel, &m);
        tell(&m);
        _exit(9);
    }
    token = &(uint64_t){hear().token};
    struct reply r = {.token = *token};
    CHECK_EQUAL(reply(channel, &r), -ESRCH);
    CHECK_EQUAL(grant_read(channel, *token, 0, buffer, 0), -ESRCH);
    next(channel, &m);
    CHECK_EQUAL(m.token, *token);
    answer(channel, &m, 3);
    next(channel, &m);
}

static void a_token_is_dead_until_it_is_delivered_again(void)
{
    struct server s = begin(serve_early);
    int pid = fork();
    if (pid == 0) {
        close(s.channel);
        CHECK_EQUAL(simple_call(s.session, OP(1), 0, 0), 3);
        _exit(0);
    }
    CHECK_EQUAL(ending_of(s.pid), 9);
    start_next(&s, serve_early);
    CHECK_EQUAL(ending_of(pid), 0);
    end_server(&s);
}

/* ---- sessions ---- */

/* Opens give cookies that count up; a close is heard of. Before serving: how many sessions there are. */
static void serve_opens(int channel)
{
    uint64_t cookies[8];
    struct message m = {.op = -1};
    m.arg0 = (uint64_t)channel_sessions(channel, cookies, 8);
    tell(&m);
    for (uint64_t made = 100;;) {
        next(channel, &m);
        struct reply r = {.token = m.token, .flags = REPLY_SESSION, .extra = made++, .length = SESSION_READ};
        if (m.op == MSG_CLOSE)
            tell(&m);
        else if (m.op == OP(1))
            _exit(9);
        else
            CHECK_EQUAL(reply(channel, &r), 0);
    }
}

static void a_close_not_heard_of_is_still_a_session(void)
{
    struct server s = begin(serve_opens);
    CHECK_EQUAL(hear().arg0, 0);
    for (int i = 0; i < 2; i++)
        opened[i] = (int)simple_call(s.session, OP(2), 0, 0);
    CHECK(opened[0] >= 0 && opened[1] >= 0);
    end_by_kill(&s);
    close(opened[0]); /* the next server knows both, and then hears of this */
    start_next(&s, serve_opens);
    CHECK_EQUAL(hear().arg0, 2);
    CHECK_EQUAL(hear().op, MSG_CLOSE);
    CHECK_EQUAL(simple_call(s.session, OP_END, 0, 0), 0);
    CHECK_EQUAL(ending_of(s.pid), 0);
    start_next(&s, serve_opens);
    CHECK_EQUAL(hear().arg0, 1);
    close(opened[1]);
    CHECK_EQUAL(hear().op, MSG_CLOSE);
    end_server(&s);
}

/* ---- what a server leaves to the next ---- */

static int other; /* a session on a channel of the case's own */

static void serve_kept(int channel)
{
    struct message m;
    uint64_t key;
    if (incarnation == 0) {
        CHECK_EQUAL(channel_keep(channel, 7, other), 0);
        CHECK_EQUAL(channel_keep(channel, 3, other), 0);
        CHECK_EQUAL(channel_keep(channel, 3, other), 0); /* again */
        CHECK_EQUAL(channel_keep(channel, 90, other), 0);
        CHECK_EQUAL(channel_keep(channel, 90, -1), 0);
        CHECK_EQUAL(channel_keep(channel, 90, -1), -ENOENT);
        CHECK_EQUAL(channel_keep(channel, 1, channel), -EINVAL);
        CHECK_EQUAL(channel_keep(channel, 1, 99), -EBADF);
        for (uint64_t key = 100; key < 100 + 1022; key++)
            CHECK_EQUAL(channel_keep(channel, key, other), 0);
        CHECK_EQUAL(channel_keep(channel, 99, other), -ENOSPC); /* they cost memory for which no job pays */
        CHECK_EQUAL(channel_keep(channel, 500, other), 0);
        for (uint64_t key = 100; key < 100 + 1022; key++)
            CHECK_EQUAL(channel_keep(channel, key, -1), 0);
    }
    close(other);
    int first = channel_kept(channel, 0, &key);
    CHECK(first >= 0 && key == 3);
    CHECK_EQUAL(simple_call(first, OP(9), 5, 0), 7);
    close(first);
    first = channel_kept(channel, 4, &key);
    CHECK(first >= 0 && key == 7);
    close(first);
    CHECK_EQUAL(channel_kept(channel, 8, &key), -ENOENT);
    next(channel, &m);
    tell(&m);
    for (;;)
        next(channel, &m);
}

static void sessions_kept_with_the_channel_are_there_for_the_next(void)
{
    CHECK_EQUAL(pipe(seen), 0);
    struct server third = start_server(serve_well, 1, SESSION_READ, false);
    uint64_t key;
    other = third.session;
    struct server s = begin(serve_kept);
    int pid = client(&s, OP(1), 0, -EIO);
    hear();
    CHECK_EQUAL(channel_keep(s.channel, 1, other), -EPERM);
    CHECK_EQUAL(channel_kept(s.channel, 0, &key), -EPERM);
    wait_until_blocked(s.pid, "receive");
    end_by_kill(&s);
    start_next(&s, serve_kept);
    hear();
    wait_until_blocked(s.pid, "receive");
    end_by_kill(&s);
    close(s.channel), close(s.session);
    CHECK_EQUAL(ending_of(pid), 0);
    end_server(&third);
}

/* ---- readiness ---- */

static void serve_readiness(int channel)
{
    struct message m;
    for (;;) {
        next(channel, &m);
        CHECK_EQUAL(session_ready(channel, COOKIE, (int)m.arg0), 0);
        answer(channel, &m, 0);
    }
}

static void readiness_dies_with_its_server(void)
{
    struct server s = begin(serve_readiness);
    struct pollfd p = {.fd = s.session, .events = POLLIN | POLLOUT};
    CHECK_EQUAL(simple_call(s.session, OP(1), POLLIN | POLLOUT, 0), 0);
    CHECK_EQUAL(poll(&p, 1, 0), 1);
    end_by_kill(&s);
    CHECK_EQUAL(poll(&p, 1, 0), 0); /* nobody says so any more */
    int pid = fork();
    if (pid == 0) { /* sleeps across the death, and is woken by what the next server says */
        CHECK_EQUAL(poll(&p, 1, -1), 1);
        CHECK_EQUAL(p.revents, POLLIN | POLLOUT);
        _exit(0);
    }
    wait_until_blocked(pid, "poll");
    start_next(&s, serve_readiness);
    CHECK_EQUAL(simple_call(s.session, OP(1), POLLIN | POLLOUT, 0), 0); /* the same word as before */
    CHECK_EQUAL(ending_of(pid), 0);
    end_server(&s);
}

/* ---- at any moment ---- */

/* Killed all the time while clients call and are killed: every call ends well, or with -EIO when it met two. */
static void serve_a_crowd(int channel)
{
    struct message m;
    for (;;) {
        next(channel, &m);
        if (m.op < MSG_OPEN)
            continue;
        struct reply r = {.token = m.token, .status = 5};
        for (volatile uint64_t i = 0; i < m.arg0; i++)
            continue;
        int64_t result = reply(channel, &r);
        CHECK(result == 0 || result == -ESRCH);
    }
}

static void servers_and_clients_die_at_random(void)
{
    enum { CLIENTS = 12, ROUNDS = 300 };
    struct server s = begin(serve_a_crowd);
    int pids[CLIENTS] = {0};
    uint64_t seed = 11;
    for (int i = 0; i < ROUNDS; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        int at = (int)(seed >> 33) % CLIENTS;
        if (pids[at]) {
            kill(pids[at], SIGKILL);
            CHECK_EQUAL(ending_of(pids[at]), -SIGKILL);
        }
        pids[at] = fork();
        CHECK(pids[at] >= 0);
        if (pids[at] == 0) {
            close(s.channel);
            for (uint64_t n = (uint64_t)i;; n = n * 31 + 7) {
                int64_t result = simple_call(s.session, OP(1), n % 2000, 0);
                if (result != -EIO)
                    CHECK_EQUAL(result, 5);
            }
        }
        sleep_ns((seed >> 40) % 300000);
        if (i % 3 == 0) {
            end_by_kill(&s);
            start_next(&s, serve_a_crowd);
        }
    }
    for (int i = 0; i < CLIENTS; i++)
        if (pids[i]) {
            kill(pids[i], SIGKILL);
            CHECK_EQUAL(ending_of(pids[i]), -SIGKILL);
        }
    end_server(&s);
}

int main(int argc, char **argv)
{
    check_start(argc, argv);
    RUN(a_request_in_service_is_delivered_once_more);
    RUN(one_that_ends_two_servers_gets_eio);
    RUN(those_put_aside_come_again_in_order_however_often);
    RUN(the_one_in_hand_bears_the_death_alone);
    RUN(a_waiting_client_can_be_killed);
    RUN(a_waiting_client_gets_eio_when_the_channel_goes);
    RUN(exec_of_the_server_is_as_its_death);
    RUN(path_handle_and_buffer_are_there_again);
    RUN(the_grant_is_good_again);
    RUN(a_token_is_dead_until_it_is_delivered_again);
    RUN(a_close_not_heard_of_is_still_a_session);
    RUN(sessions_kept_with_the_channel_are_there_for_the_next);
    RUN(readiness_dies_with_its_server);
    RUN(servers_and_clients_die_at_random);
    return check_end();
}
