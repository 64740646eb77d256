/*
 * Stress: many clients of several servers; clients and servers are killed at any moment, and servers come back.
 * An answer is right, or -EIO after a server's death; none is lost, and none goes to another's call.
 */
#include "stress.h"

#define SERVERS 3
#define CLIENTS 6
#define COOKIE 7000ul
#define OP_ANSWER (MSG_PRIVATE + 1)  /* (x, y): an answer made of both */
#define OP_TURN (MSG_PRIVATE + 2)    /* the buffer's bytes, each turned over */
#define OP_AHEAD (MSG_PRIVATE + 3)   /* as OP_ANSWER, through the server above */
#define PARKED 4
#define BYTES 9000

static int channels[SERVERS], sessions[SERVERS];
static char serve_buffer[2 * PATH_MAX], bytes[BYTES];

static int64_t answer_of(uint64_t x, uint64_t y)
{
    return (int64_t)((x * 0x9e3779b97f4a7c15u ^ y * 0xc2b2ae3d27d4eb4fu) >> 8);
}

/* --- the server --- */

static void send_answer(int channel, const struct message *m, int me)
{
    struct reply r = {.token = m->token};
    if (m->op == OP_ANSWER) {
        r.status = answer_of(m->arg0, m->arg1);
    } else if (m->op == OP_TURN) {
        static char turned[BYTES];
        size_t n = m->arg0;
        CHECK(n <= sizeof turned);
        int64_t got = grant_read(channel, m->token, 0, turned, n);
        if (got != -ESRCH) {
            CHECK_EQUAL(got, n);
            for (size_t i = 0; i < n; i++)
                turned[i] = (char)~turned[i];
            r.status = (int64_t)n;
            r.flags = REPLY_DATA;
            r.data = turned;
            r.length = n;
        }
    } else if (m->op == OP_AHEAD && me + 1 < SERVERS) {
        r.status = call(sessions[me + 1], OP_ANSWER, m->arg0, m->arg1, NULL, 0, 0);
    } else {
        r.status = answer_of(m->arg0, m->arg1);
    }
    int64_t result = reply(channel, &r);
    CHECK(result == 0 || result == -ESRCH); /* the client died */
    if (one_in(8))
        CHECK_EQUAL(reply(channel, &r), -ESRCH); /* never twice */
}

static void serve(int me)
{
    struct message parked[PARKED];
    unsigned n = 0;
    int channel = channels[me];
    CHECK_EQUAL(channel_serve(channel, serve_buffer, sizeof serve_buffer), 0);
    for (;;) {
        struct message m;
        receive(channel, &m);
        if (m.op == MSG_CANCEL) {
            for (unsigned i = 0; i < n; i++)
                if (parked[i].token == m.token)
                    parked[i] = parked[--n];
            continue;
        }
        if (m.op == MSG_NOTIFY) {
            while (n)
                send_answer(channel, &parked[--n], me);
            continue;
        }
        CHECK(m.op == OP_ANSWER || m.op == OP_TURN || m.op == OP_AHEAD);
        if (n < PARKED && one_in(4)) {
            parked[n++] = m; /* answered later, and not in order */
            CHECK_EQUAL(channel_timer(channel, 1, below(500000) + 1), 0);
        } else {
            send_answer(channel, &m, me);
        }
    }
}

/* --- the client --- */

static bool servers_die;

static void be_a_client(int me)
{
    uint64_t y = 0;
    while (time_left()) {
        int which = (int)below(SERVERS);
        uint64_t x = (uint64_t)me << 32 | stress_random() >> 40;
        int64_t got, wanted;
        if (one_in(3)) {
            size_t n = below(BYTES) + 1;
            char first = (char)x;
            memset(bytes, first, n);
            got = call(sessions[which], OP_TURN, n, ++y, bytes, n, CALL_SEND | CALL_RECEIVE);
            wanted = (int64_t)n;
            for (size_t i = 0; got == wanted && i < n; i += 97)
                CHECK_EQUAL(bytes[i], (char)~first);
        } else {
            got = call(sessions[which], one_in(4) ? OP_AHEAD : OP_ANSWER, x, ++y, NULL, 0, 0);
            wanted = answer_of(x, y);
        }
        if (got != wanted && !(servers_die && got == -EIO))
            CHECK_EQUAL(got, wanted);
    }
}

/* --- */

static int start_server(int which)
{
    return start(serve, which);
}

static void storm(bool kill_servers, bool kill_clients)
{
    int servers[SERVERS], clients[CLIENTS];
    begin();
    servers_die = kill_servers;
    for (int i = 0; i < SERVERS; i++) {
        channels[i] = channel_create(i + 1); /* each may call the ones above */
        CHECK(channels[i] >= 0);
        sessions[i] = channel_connect(channels[i], COOKIE + (uint64_t)i, 0);
        CHECK(sessions[i] >= 0);
    }
    for (int i = 0; i < SERVERS; i++)
        servers[i] = start_server(i);
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = start(be_a_client, i);
    while (time_left()) {
        sleep_at_most(6);
        int which = (int)below(CLIENTS);
        if (kill_clients && one_in(2)) {
            kill_child(clients[which]);
            if (one_in(2))
                sleep_at_most(1);
            ended_or_killed(clients[which], 0);
            clients[which] = start(be_a_client, which);
        }
        which = (int)below(SERVERS);
        if (kill_servers && one_in(2)) {
            kill_child(servers[which]);
            CHECK_EQUAL(ending_of(servers[which]), -SIGKILL);
            if (one_in(2))
                sleep_at_most(1);
            servers[which] = start_server(which);
        }
    }
    for (int i = 0; i < CLIENTS; i++)
        CHECK_EQUAL(ending_of(clients[i]), 0); /* every call ends */
    for (int i = 0; i < SERVERS; i++) {
        kill_child(servers[i]);
        CHECK_EQUAL(ending_of(servers[i]), -SIGKILL);
    }
    for (int i = 0; i < SERVERS; i++) {
        close(channels[i]);
        CHECK_EQUAL(call(sessions[i], OP_ANSWER, 1, 1, NULL, 0, 0), -EIO);
        close(sessions[i]);
    }
}

static void nobody_dies(void)
{
    storm(false, false);
}

static void clients_die(void)
{
    storm(false, true);
}

static void servers_die_and_come_back(void)
{
    storm(true, false);
}

static void clients_and_servers_die(void)
{
    storm(true, true);
}

int main(int argc, char **argv)
{
    stress_start(argc, argv);
    RUN(nobody_dies);
    RUN(clients_die);
    RUN(servers_die_and_come_back);
    RUN(clients_and_servers_die);
    return check_end();
}
