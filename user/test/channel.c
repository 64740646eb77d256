/*
 * Channels: what a call carries there and back, and what a server may do with a client's memory.
 */
#include "serving.h"

#include <fcntl.h>

#define PAGE 4096ul

static char big[5 * PAGE], other[5 * PAGE];

/* --- arguments and results --- */

static void serve_sums(int channel)
{
    struct message m;
    for (;;) {
        next(channel, &m);
        CHECK_EQUAL(m.cookie, COOKIE);
        CHECK(m.token != 0);
        CHECK_EQUAL(m.inlined, 0);
        if (m.op == OP(1))
            answer(channel, &m, (int64_t)(m.arg0 + m.arg1 + m.arg2));
        else if (m.op == OP(2))
            answer(channel, &m, (int32_t)m.info); /* the client's pid */
        else
            answer(channel, &m, -ENOTTY);
    }
}

static void a_call_brings_arguments_and_result(void)
{
    struct server s = start_server(serve_sums, 0, SESSION_READ, false);
    CHECK_EQUAL(simple_call(s.session, OP(1), 1, 2), 3);
    CHECK_EQUAL(simple_call(s.session, OP(1), INT64_MAX, 0), INT64_MAX);
    CHECK_EQUAL(simple_call(s.session, OP(1), UINT64_MAX - 3, 0), -EINTR); /* any errno, as it is */
    CHECK_EQUAL(simple_call(s.session, OP(1), (uint64_t)INT64_MIN, 0), INT64_MIN);
    const uint64_t words[3] = {1000, 200, 30};
    CHECK_EQUAL(call_words(s.session, OP(1), words, NULL, 0, 0), 1230);
    CHECK_EQUAL(call_words(s.session, OP(1), words, NULL, 0, CALL_PLAIN), 1230);
    CHECK_EQUAL(call_words(s.session, INT64_MAX, words, NULL, 0, 0), -ENOTTY);
    CHECK_EQUAL(call_words(s.session, INT64_MIN, words, NULL, 0, 0), -EINVAL);
    CHECK_EQUAL(simple_call(s.session, OP(2), 0, 0), getpid());
    CHECK_EQUAL(simple_call(s.session, OP(3), 0, 0), -ENOTTY);
    end_server(&s);
}

static void nonsense_is_not_sent(void)
{
    struct server s = start_server(serve_sums, 0, SESSION_READ | SESSION_WRITE, false);
    for (int op = -3; op < MSG_CALL_FIRST; op++)
        CHECK_EQUAL(simple_call(s.session, op, 0, 0), -EINVAL);
    CHECK_EQUAL(call(s.session, OP(1), 0, 0, NULL, 0, 0x20), -EINVAL);
    CHECK_EQUAL(call(s.session, OP(1), 0, 0, NULL, 0, 0x80), -EINVAL);
    CHECK_EQUAL(call(s.session, OP(1), 0, 55, NULL, 0, CALL_HANDLE), -EBADF);
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    CHECK_EQUAL(simple_call(ends[0], OP(1), 0, 0), -ENOTTY);
    CHECK_EQUAL(simple_call(s.session, OP(1), 20, 22), 42);
    end_server(&s);
}

static void the_console_answers_what_it_does_not_know(void)
{
    CHECK_EQUAL(simple_call(1, OP(77), 0, 0), -ENOTTY);
    int file = open("/README", O_RDONLY);
    CHECK_EQUAL(simple_call(file, OP(77), 0, 0), -ENOTTY);
    CHECK_EQUAL(call(file, OP(77), 0, (uint64_t)dup(0), big, sizeof big, CALL_HANDLE | CALL_SEND | CALL_RECEIVE),
                -ENOTTY);
}

/* --- grants --- */

/* OP(1): turns the buffer's bytes around, in pieces of odd sizes. */
static void serve_reverse(int channel)
{
    struct message m;
    for (;;) {
        next(channel, &m);
        uint64_t n = m.arg0;
        for (uint64_t at = 0, part = 1; at < n; at += part, part = part * 3 % 5000 + 1) {
            part = part < n - at ? part : n - at;
            CHECK_EQUAL(grant_read(channel, m.token, at, other + at, part), part);
        }
        for (uint64_t i = 0; i < n; i++)
            big[i] = other[n - 1 - i];
        for (uint64_t at = 0, part = 1; at < n; at += part, part = part * 7 % 5000 + 1) {
            part = part < n - at ? part : n - at;
            CHECK_EQUAL(grant_write(channel, m.token, at, big + at, part), part);
        }
        answer(channel, &m, (int64_t)n);
    }
}

static void grants_go_both_ways_at_any_offset(void)
{
    struct server s = start_server(serve_reverse, 0, SESSION_READ, false);
    for (uint64_t start = 0; start < 300; start += 37) {
        uint64_t n = sizeof big - 300 - start * 41;
        for (uint64_t i = 0; i < sizeof big; i++)
            big[i] = (char)(i * 31 + start);
        CHECK_EQUAL(call(s.session, OP(1), n, 0, big + start, n, CALL_SEND | CALL_RECEIVE), n);
        for (uint64_t i = 0; i < sizeof big; i++) {
            uint64_t from = i >= start && i < start + n ? start + (n - 1 - (i - start)) : i;
            CHECK(big[i] == (char)(from * 31 + start));
        }
    }
    end_server(&s);
}

/* arg0: what the client allows; its buffer is of 100 bytes. */
static void serve_bounds(int channel)
{
    static const uint64_t outside[][2] = {
        {0, 101}, {1, 100}, {99, 2}, {101, 0}, {101, 1}, {UINT64_MAX, 1}, {1, UINT64_MAX}, {0, UINT64_MAX},
        {UINT64_MAX, UINT64_MAX}, {1ul << 63, 1ul << 63}, {50, UINT64_MAX - 49}, {1ul << 38, 1},
    };
    struct message m;
    for (;;) {
        next(channel, &m);
        bool may_read = m.arg0 & CALL_SEND, may_write = m.arg0 & CALL_RECEIVE;
        uint64_t t = m.token;
        CHECK_EQUAL(grant_read(channel, t, 0, big, 100), may_read ? 100 : -EACCES);
        CHECK_EQUAL(grant_read(channel, t, 99, big, 1), may_read ? 1 : -EACCES);
        CHECK_EQUAL(grant_read(channel, t, 100, big, 0), may_read ? 0 : -EACCES);
        CHECK_EQUAL(grant_write(channel, t, 0, big, 100), may_write ? 100 : -EACCES);
        CHECK_EQUAL(grant_write(channel, t, 100, NULL, 0), may_write ? 0 : -EACCES);
        for (unsigned i = 0; i < sizeof outside / sizeof outside[0]; i++) {
            CHECK_EQUAL(grant_read(channel, t, outside[i][0], big, outside[i][1]), may_read ? -EINVAL : -EACCES);
            CHECK_EQUAL(grant_write(channel, t, outside[i][0], big, outside[i][1]), may_write ? -EINVAL : -EACCES);
        }
        static char *const bad[] = {NULL, (char *)8, (char *)0x20000000, (char *)0xffffffc080200000,
                                    (char *)UINT64_MAX, (char *)(1ul << 38), (char *)((1ul << 38) - 50)};
        for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
            CHECK_EQUAL(grant_read(channel, t, 0, bad[i], 100), may_read ? -EFAULT : -EACCES);
            CHECK_EQUAL(grant_write(channel, t, 0, bad[i], 100), may_write ? -EFAULT : -EACCES);
        }
        CHECK_EQUAL(grant_read(channel, t, 0, (char *)serve_bounds, 100), may_read ? -EFAULT : -EACCES);
        CHECK_EQUAL(grant_read(channel + 50, t, 0, big, 100), -EBADF);
        answer(channel, &m, 0);
    }
}

static void a_grant_has_direction_and_bounds(void)
{
    struct server s = start_server(serve_bounds, 0, SESSION_READ, false);
    memset(big, 'c', sizeof big);
    for (int flags = 0; flags < 4; flags++) {
        CHECK_EQUAL(call(s.session, OP(1), (uint64_t)flags, 0, big, 100, flags), 0);
        for (unsigned i = 100; i < sizeof big; i++)
            CHECK(big[i] == 'c');
    }
    end_server(&s);
}

static void serve_bad_clients(int channel)
{
    struct message m;
    for (;;) {
        next(channel, &m);
        CHECK_EQUAL(grant_read(channel, m.token, 0, big, 64), -EFAULT);
        CHECK_EQUAL(grant_write(channel, m.token, 0, big, 64), -EFAULT);
        struct reply r = {.token = m.token, .status = 5, .data = big, .length = 64, .flags = REPLY_DATA};
        CHECK_EQUAL(reply(channel, &r), 0);
    }
}

/* The client's mistake is the client's: the server goes on. */
static void a_bad_buffer_is_the_clients_efault(void)
{
    struct server s = start_server(serve_bad_clients, 0, SESSION_READ, false);
    static char *const bad[] = {NULL, (char *)8, (char *)0x20000000, (char *)0xffffffc080200000, (char *)UINT64_MAX,
                                (char *)(1ul << 38), (char *)((1ul << 38) - 10)};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK_EQUAL(call(s.session, OP(1), 0, 0, bad[i], 64, CALL_SEND | CALL_RECEIVE), -EFAULT);
        CHECK_EQUAL(call(s.session, OP(1), 0, 0, bad[i], (1ul << 56) - 1, CALL_SEND | CALL_RECEIVE), -EFAULT);
    }
    end_server(&s);
}

static void serve_read_only(int channel)
{
    struct message m;
    for (;;) {
        next(channel, &m);
        CHECK_EQUAL(grant_read(channel, m.token, 0, big, 64), 64);
        CHECK_EQUAL(grant_write(channel, m.token, 0, big, 64), -EFAULT);
        answer(channel, &m, 0);
    }
}

static void no_grant_writes_to_a_clients_text(void)
{
    struct server s = start_server(serve_read_only, 0, SESSION_READ, false);
    CHECK_EQUAL(call(s.session, OP(1), 0, 0, (char *)serve_read_only, 64, CALL_SEND | CALL_RECEIVE), 0);
    end_server(&s);
}

/* Client and server share the page, copy-on-write, since the fork; at the same address, too. */
static void serve_swap(int channel)
{
    struct message m;
    for (;;) {
        next(channel, &m);
        CHECK_EQUAL(big[0], 'f');
        CHECK_EQUAL(grant_read(channel, m.token, 0, big, PAGE), PAGE);
        CHECK_EQUAL(big[0], 'c');
        big[0] = 's';
        CHECK_EQUAL(grant_write(channel, m.token, 0, big, PAGE), PAGE);
        big[0] = 'f';
        answer(channel, &m, 0);
    }
}

static void grants_respect_copy_on_write(void)
{
    memset(big, 'f', sizeof big);
    struct server s = start_server(serve_swap, 0, SESSION_READ, false);
    for (int i = 0; i < 3; i++) {
        int pid = fork();
        if (pid == 0) {
            big[0] = 'c';
            CHECK_EQUAL(call(s.session, OP(1), 0, 0, big, PAGE, CALL_SEND | CALL_RECEIVE), 0);
            CHECK(big[0] == 's' && big[1] == 'f');
            _exit(0);
        }
        CHECK_EQUAL(ending_of(pid), 0);
        CHECK_EQUAL(big[0], 'f');
    }
    end_server(&s);
}

/* --- replies --- */

static void serve_tokens(int channel)
{
    struct message m;
    uint64_t old = 0;
    for (;;) {
        next(channel, &m);
        uint64_t forged[] = {0, 1, 2, UINT64_MAX, old, m.token + 1, m.token ^ 1ul << 32, m.token ^ 1ul << 63,
                             (uint32_t)m.token, m.token & ~0xfffffffful};
        for (unsigned i = 0; i < sizeof forged / sizeof forged[0]; i++) {
            struct reply r = {.token = forged[i], .status = 66, .data = big, .length = 1, .flags = REPLY_DATA};
            CHECK_EQUAL(grant_read(channel, forged[i], 0, big, 1), -ESRCH);
            CHECK_EQUAL(grant_write(channel, forged[i], 0, big, 1), -ESRCH);
            CHECK_EQUAL(reply(channel, &r), -ESRCH);
        }
        answer(channel, &m, 7);
        struct reply again = {.token = m.token, .status = 8};
        CHECK_EQUAL(reply(channel, &again), -ESRCH);
        CHECK_EQUAL(grant_read(channel, m.token, 0, big, 1), -ESRCH);
        old = m.token;
    }
}

static void only_the_token_of_a_request_in_service_counts(void)
{
    struct server s = start_server(serve_tokens, 0, SESSION_READ, false);
    for (int i = 0; i < 5; i++)
        CHECK_EQUAL(call(s.session, OP(1), 0, 0, big, 10, CALL_SEND | CALL_RECEIVE), 7);
    end_server(&s);
}

/* A reply that cannot be made leaves the client waiting for one that can. */
static void serve_bad_replies(int channel)
{
    struct message m;
    for (;;) {
        next(channel, &m);
        struct reply r = {.token = m.token, .status = 1, .data = big, .length = 11, .flags = REPLY_DATA};
        CHECK_EQUAL(reply(channel, &r), -EINVAL); /* longer than the buffer */
        r.length = UINT64_MAX;
        CHECK_EQUAL(reply(channel, &r), -EINVAL);
        r = (struct reply){.token = m.token, .extra = 99, .flags = REPLY_HANDLE};
        CHECK_EQUAL(reply(channel, &r), -EBADF);
        r.extra = (uint64_t)-1;
        CHECK_EQUAL(reply(channel, &r), -EBADF);
        r = (struct reply){.token = m.token, .extra = 99, .flags = REPLY_REDIRECT};
        CHECK_EQUAL(reply(channel, &r), -EBADF);
        r.extra = (uint64_t)channel; /* no session */
        CHECK_EQUAL(reply(channel, &r), -EINVAL);
        memcpy(big, "0123456789", 10);
        r = (struct reply){.token = m.token, .status = 10, .data = big, .length = 10, .flags = REPLY_DATA};
        struct message after;
        reply_receive(channel, &r, &after);
        CHECK_EQUAL(after.op, OP_END);
        answer(channel, &after, 0);
        _exit(0);
    }
}

static void a_refused_reply_leaves_the_client_waiting(void)
{
    struct server s = start_server(serve_bad_replies, 0, SESSION_READ, false);
    memset(big, 0, sizeof big);
    CHECK_EQUAL(call(s.session, OP(1), 0, 0, big, 10, CALL_RECEIVE), 10);
    CHECK(memcmp(big, "0123456789", 11) == 0);
    end_server(&s);
}

/* --- who may serve --- */

static void serve_and_be_the_only_one(int channel)
{
    struct message m;
    int second = channel_create(0);
    CHECK_EQUAL(channel_serve(second, serve_buffer, sizeof serve_buffer), -EBUSY);
    receive(second, &m);
    CHECK_EQUAL(m.op, -EPERM);
    CHECK_EQUAL(channel_serve(channel, serve_buffer, sizeof serve_buffer), 0); /* again is fine */
    for (;;) {
        next(channel, &m);
        answer(channel, &m, 0);
    }
}

static void a_channel_has_one_server_and_a_server_one_channel(void)
{
    struct server s = start_server(serve_and_be_the_only_one, 0, SESSION_READ, true);
    struct message m;
    CHECK_EQUAL(simple_call(s.session, OP(1), 0, 0), 0);
    CHECK_EQUAL(channel_serve(s.channel, serve_buffer, sizeof serve_buffer), -EBUSY);
    receive(s.channel, &m);
    CHECK_EQUAL(m.op, -EPERM);
    struct reply r = {.token = 1};
    CHECK_EQUAL(reply(s.channel, &r), -ESRCH);
    CHECK_EQUAL(grant_read(s.channel, 1, 0, big, 1), -ESRCH);
    receive(0, &m);
    CHECK_EQUAL(m.op, -EINVAL);
    receive(99, &m);
    CHECK_EQUAL(m.op, -EBADF);
    end_server(&s);
}

static void ranks_are_of_0_to_255(void)
{
    CHECK_EQUAL(channel_create(-1), -EINVAL);
    CHECK_EQUAL(channel_create(RANK_MAX + 1), -EINVAL);
    CHECK(channel_create(RANK_MAX) >= 0);
}

int main(int argc, char **argv)
{
    check_start(argc, argv);
    RUN(a_call_brings_arguments_and_result);
    RUN(nonsense_is_not_sent);
    RUN(the_console_answers_what_it_does_not_know);
    RUN(grants_go_both_ways_at_any_offset);
    RUN(a_grant_has_direction_and_bounds);
    RUN(a_bad_buffer_is_the_clients_efault);
    RUN(no_grant_writes_to_a_clients_text);
    RUN(grants_respect_copy_on_write);
    RUN(only_the_token_of_a_request_in_service_counts);
    RUN(a_refused_reply_leaves_the_client_waiting);
    RUN(a_channel_has_one_server_and_a_server_one_channel);
    RUN(ranks_are_of_0_to_255);
    return check_end();
}
