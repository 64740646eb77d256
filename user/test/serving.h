/*
 * For test programs that are server and client in one: a channel, a child that serves it, a session on it.
 */
#ifndef TEST_SERVING_H
#define TEST_SERVING_H

#include "check.h"

#define COOKIE 0x1122334455667788ul
#define OP(n) (MSG_PRIVATE + (n))
#define OP_END OP(0) /* the server answers 0 and ends with 0 */

static char serve_buffer[2 * PATH_MAX];

struct server {
    int channel, session, pid;
};

/* `serve` runs in the child, as the channel's server. The parent keeps the session, and the channel too when
 * `keep`; otherwise the channel is gone with the server. */
static inline struct server start_server(void (*serve)(int channel), int rank, int session_flags, bool keep)
{
    struct server s;
    s.channel = channel_create(rank);
    s.session = channel_connect(s.channel, COOKIE, session_flags);
    CHECK(s.channel >= 0 && s.session >= 0);
    s.pid = fork();
    CHECK(s.pid >= 0);
    if (s.pid == 0) {
        close(s.session);
        CHECK_EQUAL(channel_serve(s.channel, serve_buffer, sizeof serve_buffer), 0);
        serve(s.channel);
        _exit(0);
    }
    if (!keep) {
        close(s.channel);
        s.channel = -1;
    }
    return s;
}

static inline int64_t simple_call(int session, int op, uint64_t arg0, uint64_t arg1)
{
    return call(session, op, arg0, arg1, NULL, 0, 0);
}

/* The server found nothing wrong, and ends. */
static inline void end_server(struct server *s)
{
    CHECK_EQUAL(simple_call(s->session, OP_END, 0, 0), 0);
    CHECK_EQUAL(ending_of(s->pid), 0);
    close(s->session);
    if (s->channel >= 0)
        close(s->channel);
}

static inline void answer(int channel, const struct message *m, int64_t status)
{
    struct reply r = {.token = m->token, .status = status};
    CHECK_EQUAL(reply(channel, &r), 0);
}

/* The next message; OP_END is dealt with here. */
static inline void next(int channel, struct message *m)
{
    receive(channel, m);
    CHECK(m->op > 0);
    if (m->op == OP_END) {
        answer(channel, m, 0);
        _exit(0);
    }
}

#endif
