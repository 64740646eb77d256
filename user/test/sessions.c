/*
 * Sessions: handles in messages, opens and closes in order, offsets.
 */
#include "serving.h"

#include <fcntl.h>

static char buffer[1000];

/* --- handles in messages --- */

/* OP(1): arg1 is a handle: writes arg0 letters into it, closes it. OP(2): gives its handle number arg0. */
static void serve_handles(int channel)
{
    struct message m;
    for (;;) {
        next(channel, &m);
        struct reply r = {.token = m.token};
        bool gift = m.info >> 32 & MSGF_HANDLE;
        if (m.op == OP(1)) {
            CHECK(gift);
            memset(buffer, 'h', sizeof buffer);
            r.status = write((int)m.arg1, buffer, m.arg0);
            close((int)m.arg1);
        } else {
            CHECK(!gift);
            r.flags = REPLY_HANDLE;
            r.extra = m.arg0;
        }
        int64_t result = reply(channel, &r);
        if (result == -EBADF) {
            r = (struct reply){.token = m.token, .status = -EBADF};
            result = reply(channel, &r);
        }
        CHECK_EQUAL(result, 0);
    }
}

static void a_handle_goes_along_with_a_call(void)
{
    int ends[2];
    struct server s = start_server(serve_handles, 0, SESSION_READ, false);
    CHECK_EQUAL(pipe(ends), 0);
    CHECK_EQUAL(call(s.session, OP(1), 300, (uint64_t)ends[1], NULL, 0, CALL_HANDLE), 300);
    close(ends[1]);
    CHECK_EQUAL(read(ends[0], buffer, sizeof buffer), 300);
    CHECK_EQUAL(read(ends[0], buffer, sizeof buffer), 0); /* the server's copy is closed, too */
    end_server(&s);
}

static int given; /* the read end of a pipe, which the server inherits */

static void a_handle_comes_back_with_a_reply(void)
{
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    given = ends[0];
    struct server s = start_server(serve_handles, 0, SESSION_READ, false);
    close(ends[0]);
    int got = (int)simple_call(s.session, OP(2), (uint64_t)given, 0);
    CHECK_EQUAL(got, ends[0]); /* the lowest free number */
    CHECK_EQUAL(write(ends[1], "abc", 3), 3);
    CHECK_EQUAL(read(got, buffer, 3), 3);
    CHECK_EQUAL(fcntl(got, F_GETFD), 0);
    got = (int)call(s.session, OP(2), (uint64_t)given, 0, NULL, 0, CALL_CLOFORK);
    CHECK_EQUAL(fcntl(got, F_GETFD), FD_CLOFORK);
    int lowest = dup(0);
    close(lowest);
    CHECK_EQUAL(call(s.session, OP(2), (uint64_t)given, 0, NULL, 0, CALL_PLAIN), 0); /* it is dropped */
    CHECK_EQUAL(dup(0), lowest);
    CHECK_EQUAL(simple_call(s.session, OP(2), 900, 0), -EBADF);
    CHECK_EQUAL(simple_call(s.session, OP(2), UINT64_MAX, 0), -EBADF);
    end_server(&s);
}

static void a_full_table_of_the_client_is_told_before_the_call(void)
{
    struct server s = start_server(serve_handles, 0, SESSION_READ, false);
    int last = -1, n;
    while ((n = dup(0)) >= 0)
        last = n;
    CHECK_EQUAL(simple_call(s.session, OP(2), 0, 0), -EMFILE);
    CHECK_EQUAL(call(s.session, OP(1), 1, 0, NULL, 0, CALL_HANDLE), -EMFILE);
    close(last);
    CHECK_EQUAL(simple_call(s.session, OP(2), 0, 0), last);
    close(last);
    end_server(&s);
}

static void serve_full(int channel)
{
    struct message m;
    while (dup(0) >= 0)
        ;
    for (;;) {
        next(channel, &m);
        CHECK_EQUAL(m.op, OP(5)); /* OP(1) with its handle never gets here */
        answer(channel, &m, 5);
    }
}

static void a_full_table_of_the_server_is_the_clients_emfile(void)
{
    struct server s = start_server(serve_full, 0, SESSION_READ, false);
    for (int i = 0; i < 3; i++)
        CHECK_EQUAL(call(s.session, OP(1), 1, 1, NULL, 0, CALL_HANDLE), -EMFILE);
    CHECK_EQUAL(simple_call(s.session, OP(5), 0, 0), 5);
    end_server(&s);
}

/* --- sessions of a server's making --- */

/* OP(1): a new session with cookie arg0 and flags arg1. OP(2): the log so far, and forget it. */
static void serve_opens(int channel)
{
    struct message m;
    static char log[1000];
    for (;;) {
        next(channel, &m);
        size_t n = strlen(log);
        struct reply r = {.token = m.token};
        if (m.op == OP(1)) {
            snprintf(log + n, sizeof log - n, "open %lu; ", m.arg0);
            r.flags = REPLY_SESSION;
            r.extra = m.arg0;
            r.length = m.arg1;
        } else if (m.op == OP(2)) {
            r.data = log;
            r.status = (int64_t)n;
            r.length = n + 1;
            r.flags = REPLY_DATA;
            CHECK_EQUAL(reply(channel, &r), 0);
            log[0] = '\0';
            continue;
        } else if (m.op == OP(4)) { /* the sessions there are */
            uint64_t cookies[64];
            int64_t count = channel_sessions(channel, cookies, 64);
            CHECK_EQUAL(channel_sessions(channel, NULL, 0), count);
            if (count) {
                CHECK_EQUAL(channel_sessions(channel, NULL, 64), -EFAULT);
                CHECK_EQUAL(channel_sessions(channel, (uint64_t *)0xffffffc080200000, 64), -EFAULT);
            }
            r.status = 0;
            for (int64_t i = 0; i < count; i++)
                r.status += (int64_t)cookies[i] * 100 + 1;
        } else if (m.op == MSG_CLOSE) {
            CHECK_EQUAL(m.token, 0);
            snprintf(log + n, sizeof log - n, "close %lu; ", m.cookie);
            continue;
        } else {
            CHECK_EQUAL(m.op, OP(3));
            snprintf(log + n, sizeof log - n, "call %lu; ", m.cookie);
        }
        CHECK_EQUAL(reply(channel, &r), 0);
    }
}

static int open_session(int session, uint64_t cookie)
{
    int n = (int)simple_call(session, OP(1), cookie, SESSION_READ | SESSION_WRITE);
    CHECK(n >= 0);
    return n;
}

static const char *log_of(int session)
{
    CHECK(call(session, OP(2), 0, 0, buffer, sizeof buffer, CALL_RECEIVE) >= 0);
    return buffer;
}

static void opens_calls_and_closes_keep_their_order(void)
{
    struct server s = start_server(serve_opens, 0, SESSION_READ, false);
    int one = open_session(s.session, 1), two = open_session(s.session, 2);
    CHECK_EQUAL(simple_call(one, OP(3), 0, 0), 0);
    close(one);
    CHECK_EQUAL(simple_call(two, OP(3), 0, 0), 0);
    close(two);
    int three = open_session(s.session, 3);
    CHECK(strcmp(log_of(s.session), "open 1; open 2; call 1; close 1; call 2; close 2; open 3; ") == 0);
    close(three);
    end_server(&s);
}

static void only_the_last_close_is_told(void)
{
    struct server s = start_server(serve_opens, 0, SESSION_READ, false);
    int one = open_session(s.session, 1), copy = dup(one);
    close(one);
    int pid = fork();
    if (pid == 0) {
        CHECK_EQUAL(simple_call(copy, OP(3), 0, 0), 0);
        _exit(0);
    }
    close(copy);
    CHECK_EQUAL(ending_of(pid), 0);
    CHECK(strcmp(log_of(s.session), "open 1; call 1; close 1; ") == 0);
    end_server(&s);
}

static void a_killed_clients_sessions_are_closed(void)
{
    struct server s = start_server(serve_opens, 0, SESSION_READ, false);
    int pid = fork();
    if (pid == 0) {
        for (uint64_t i = 1; i < 6; i++)
            open_session(s.session, i);
        kill(getpid(), SIGKILL);
        for (;;)
            ;
    }
    CHECK_EQUAL(ending_of(pid), -SIGKILL);
    CHECK(strcmp(log_of(s.session), "open 1; open 2; open 3; open 4; open 5; "
                                    "close 1; close 2; close 3; close 4; close 5; ") == 0);
    end_server(&s);
}

static void a_server_can_list_its_live_sessions(void)
{
    struct server s = start_server(serve_opens, 0, SESSION_READ, false);
    CHECK_EQUAL(simple_call(s.session, OP(4), 0, 0), 0);
    int one = open_session(s.session, 7), two = open_session(s.session, 9);
    CHECK_EQUAL(simple_call(s.session, OP(4), 0, 0), 1602);
    close(one);
    CHECK_EQUAL(simple_call(s.session, OP(4), 0, 0), 901);
    close(two);
    end_server(&s);
}

static void a_session_allows_what_its_flags_say(void)
{
    struct server s = start_server(serve_opens, 0, SESSION_READ, false);
    int none = (int)simple_call(s.session, OP(1), 1, 0);
    char c;
    CHECK_ERRNO(read(none, &c, 1), EBADF);
    CHECK_ERRNO(write(none, &c, 1), EBADF);
    CHECK_ERRNO(write(s.session, &c, 1), EBADF);
    CHECK_ERRNO(lseek(none, 0, SEEK_SET), ESPIPE);
    CHECK_ERRNO(ftruncate(none, 0), EBADF);
    close(none);
    end_server(&s);
}

static void serve_greedily(int channel)
{
    struct message m;
    static const uint64_t two[] = {REPLY_SESSION | REPLY_HANDLE, REPLY_SESSION | REPLY_REDIRECT,
                                   REPLY_REDIRECT | REPLY_HANDLE, REPLY_SESSION | REPLY_HANDLE | REPLY_REDIRECT};
    int own = channel_connect(channel, 1, SESSION_READ);
    for (;;) {
        next(channel, &m);
        for (unsigned i = 0; i < 4; i++) {
            struct reply r = {.token = m.token, .extra = (uint64_t)own, .length = SESSION_READ, .flags = two[i]};
            CHECK_EQUAL(reply(channel, &r), -EINVAL);
        }
        answer(channel, &m, 0);
    }
}

static void a_reply_gives_one_thing_at_most(void)
{
    struct server s = start_server(serve_greedily, 0, SESSION_READ, false);
    CHECK_EQUAL(simple_call(s.session, OP(1), 0, 0), 0);
    end_server(&s);
}

/* --- offsets --- */

static void serve_positions(int channel)
{
    struct message m;
    for (;;) {
        next(channel, &m);
        if (m.op == MSG_READ) {
            uint64_t n = m.arg1 < 8 ? m.arg1 : 8;
            if (m.arg0 >= 1000)
                n = m.arg1 + 1; /* a lie */
            memcpy(buffer, &m.arg0, 8);
            struct reply r = {.token = m.token, .data = buffer, .length = 8, .flags = REPLY_DATA};
            r.status = (int64_t)n;
            CHECK_EQUAL(reply(channel, &r), 0);
        } else if (m.op == MSG_WRITE) {
            struct reply r = {.token = m.token, .status = (int64_t)m.arg1, .extra = 500, .flags = REPLY_OFFSET};
            CHECK_EQUAL(reply(channel, &r), 0);
        } else {
            CHECK_EQUAL(m.op, MSG_SIZE);
            answer(channel, &m, 90);
        }
    }
}

static void the_offset_moves_by_what_was_done(void)
{
    struct server s =
        start_server(serve_positions, 0, SESSION_READ | SESSION_WRITE | SESSION_SEEKABLE, false);
    uint64_t at = 99;
    for (uint64_t i = 0; i < 5; i++) {
        CHECK_EQUAL(read(s.session, &at, 8), 8);
        CHECK_EQUAL(at, i * 8);
    }
    CHECK_EQUAL(lseek(s.session, -3, SEEK_END), 87);
    CHECK_EQUAL(read(s.session, &at, 8), 8);
    CHECK_EQUAL(at, 87);
    CHECK_EQUAL(lseek(s.session, 5, SEEK_CUR), 100);
    CHECK_EQUAL(write(s.session, &at, 8), 8);
    CHECK_EQUAL(lseek(s.session, 0, SEEK_CUR), 500); /* the server said so */
    CHECK_ERRNO(lseek(s.session, -501, SEEK_CUR), EINVAL);
    CHECK_ERRNO(lseek(s.session, INT64_MAX, SEEK_CUR), EOVERFLOW);
    CHECK_ERRNO(lseek(s.session, INT64_MIN, SEEK_SET), EINVAL);
    CHECK_ERRNO(lseek(s.session, 0, 3), EINVAL);
    CHECK_EQUAL(lseek(s.session, 0, SEEK_CUR), 500);
    CHECK_EQUAL(lseek(s.session, 1000, SEEK_SET), 1000);
    CHECK_ERRNO(read(s.session, buffer, 20), EIO); /* more than was asked for */
    CHECK_EQUAL(lseek(s.session, 0, SEEK_CUR), 1000);
    end_server(&s);
}

static void sharers_of_an_offset_do_not_overlap(void)
{
    enum { SHARERS = 6, READS = 15 };
    struct server s = start_server(serve_positions, 0, SESSION_READ | SESSION_SEEKABLE, false);
    int pids[SHARERS], ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    for (int i = 0; i < SHARERS; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            for (int n = 0; n < READS; n++) {
                uint64_t at;
                CHECK_EQUAL(read(s.session, &at, 8), 8);
                CHECK_EQUAL(write(ends[1], &at, 8), 8);
                if (n % 3 == i % 3)
                    yield();
            }
            _exit(0);
        }
    }
    for (int i = 0; i < SHARERS; i++)
        CHECK_EQUAL(ending_of(pids[i]), 0);
    bool seen[SHARERS * READS] = {false};
    for (int i = 0; i < SHARERS * READS; i++) {
        uint64_t at;
        CHECK_EQUAL(read(ends[0], &at, 8), 8);
        CHECK(at % 8 == 0 && at / 8 < SHARERS * READS && !seen[at / 8]);
        seen[at / 8] = true;
    }
    end_server(&s);
}

/* Answers the second read, and never the first. */
static void serve_second_only(int channel)
{
    struct message m;
    int reads = 0;
    for (;;) {
        next(channel, &m);
        if (m.op == MSG_READ && reads++ > 0)
            answer(channel, &m, 1);
        else
            CHECK(m.op == MSG_READ || m.op == MSG_CANCEL);
    }
}

/* One request at a time on a seekable session; who is killed, served or waiting, makes room for the next. */
static void a_killed_sharer_gives_the_offset_back(void)
{
    struct server s = start_server(serve_second_only, 0, SESSION_READ | SESSION_SEEKABLE, false);
    int pids[4];
    for (int i = 0; i < 4; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            _exit(read(s.session, buffer, 1) == 1 ? 0 : 1);
        wait_until_blocked(pids[i], i == 0 ? "call" : "offset");
    }
    kill(pids[2], SIGTERM);
    CHECK_EQUAL(ending_of(pids[2]), -SIGTERM);
    kill(pids[0], SIGTERM);
    CHECK_EQUAL(ending_of(pids[0]), -SIGTERM);
    CHECK_EQUAL(ending_of(pids[1]), 0);
    CHECK_EQUAL(ending_of(pids[3]), 0);
    CHECK_EQUAL(lseek(s.session, 0, SEEK_CUR), 2);
    end_server(&s);
}

int main(int argc, char **argv)
{
    check_start(argc, argv);
    RUN(a_handle_goes_along_with_a_call);
    RUN(a_handle_comes_back_with_a_reply);
    RUN(a_full_table_of_the_client_is_told_before_the_call);
    RUN(a_full_table_of_the_server_is_the_clients_emfile);
    RUN(opens_calls_and_closes_keep_their_order);
    RUN(only_the_last_close_is_told);
    RUN(a_killed_clients_sessions_are_closed);
    RUN(a_server_can_list_its_live_sessions);
    RUN(a_session_allows_what_its_flags_say);
    RUN(a_reply_gives_one_thing_at_most);
    RUN(the_offset_moves_by_what_was_done);
    RUN(sharers_of_an_offset_do_not_overlap);
    RUN(a_killed_sharer_gives_the_offset_back);
    return check_end();
}
