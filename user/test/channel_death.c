/*
 * Channels when one side dies: nobody waits for ever, nobody is served after its death.
 */
#include "serving.h"

static char buffer[8192];
static int go[2];

static void die_by_exit(void)
{
    _exit(3);
}

static void die_by_signal(void)
{
    kill(getpid(), SIGTERM);
    for (;;)
        ;
}

static void die_by_fault(void)
{
    volatile int *volatile nowhere = NULL;
    *nowhere = 1;
}

static void (*const ways[])(void) = {die_by_exit, die_by_signal, die_by_fault};
static const int ends_with[] = {3, -SIGTERM, -SIGSEGV};

/* --- the server dies --- */

static void serve_until_death(int channel)
{
    struct message m;
    next(channel, &m);
    ways[m.arg0]();
}

static void a_client_in_service_gets_eio_when_nobody_can_serve_it_any_more(void)
{
    for (unsigned way = 0; way < 3; way++)
        for (int keep = 0; keep < 2; keep++) {
            struct server s = start_server(serve_until_death, 0, SESSION_READ, keep);
            int pid = fork();
            if (pid == 0) {
                if (keep)
                    close(s.channel);
                CHECK_EQUAL(call(s.session, OP(1), way, 0, buffer, sizeof buffer, CALL_SEND | CALL_RECEIVE), -EIO);
                _exit(0);
            }
            CHECK_EQUAL(ending_of(s.pid), ends_with[way]);
            if (keep) { /* there could be another server, until we let go */
                wait_until_blocked(pid, "call");
                close(s.channel);
            }
            CHECK_EQUAL(ending_of(pid), 0);
            CHECK_EQUAL(simple_call(s.session, OP(1), 0, 0), -EIO); /* and so does everybody after it */
            CHECK_EQUAL(read(s.session, buffer, 1), -1);
            CHECK_EQUAL(errno, EIO);
            struct pollfd p = {.fd = s.session, .events = POLLIN};
            CHECK_EQUAL(poll(&p, 1, -1), 1);
            CHECK(p.revents & POLLHUP);
            close(s.session);
        }
}

static void serve_slowly_until_death(int channel)
{
    struct message m;
    char c;
    next(channel, &m);
    read(go[0], &c, 1); /* a queue forms */
    ways[m.arg0]();
}

static void queued_clients_get_eio_when_the_channel_goes(void)
{
    for (unsigned way = 0; way < 3; way++) {
        int pids[20];
        CHECK_EQUAL(pipe(go), 0);
        struct server s = start_server(serve_slowly_until_death, 0, SESSION_READ, false);
        for (int i = 0; i < 20; i++) {
            pids[i] = fork();
            if (pids[i] == 0) {
                CHECK_EQUAL(simple_call(s.session, OP(1), way, 0), -EIO);
                _exit(0);
            }
        }
        for (int i = 0; i < 20; i++)
            wait_until_blocked(pids[i], "call");
        CHECK_EQUAL(write(go[1], "x", 1), 1);
        for (int i = 0; i < 20; i++)
            CHECK_EQUAL(ending_of(pids[i]), 0);
        CHECK_EQUAL(ending_of(s.pid), ends_with[way]);
        close(s.session), close(go[0]), close(go[1]);
    }
}

enum { HUNDREDS = 150 };

static void take_half_and_close(int channel)
{
    struct message m;
    char c;
    for (int i = 0; i < HUNDREDS / 2; i++)
        next(channel, &m);
    read(go[0], &c, 1);
    CHECK_EQUAL(close(channel), 0);
    read(go[0], &c, 1); /* it ends later: so these are in service when the channel goes */
}

/* More than are told in one go, half of them in service; some are killed just then. */
static void hundreds_get_eio_when_the_channel_goes(void)
{
    static int pids[HUNDREDS];
    CHECK_EQUAL(pipe(go), 0);
    struct server s = start_server(take_half_and_close, 0, SESSION_READ, false);
    for (int i = 0; i < HUNDREDS; i++) {
        pids[i] = fork();
        CHECK(pids[i] >= 0);
        if (pids[i] == 0) {
            CHECK_EQUAL(simple_call(s.session, OP(1), 0, 0), -EIO);
            _exit(0);
        }
    }
    for (int i = 0; i < HUNDREDS; i++)
        wait_until_blocked(pids[i], "call");
    CHECK_EQUAL(write(go[1], "x", 1), 1);
    for (int i = 0; i < HUNDREDS; i += 3)
        kill(pids[i], SIGKILL);
    for (int i = 0; i < HUNDREDS; i++) {
        int ending = ending_of(pids[i]);
        CHECK(ending == 0 || (i % 3 == 0 && ending == -SIGKILL));
    }
    CHECK_EQUAL(write(go[1], "x", 1), 1);
    CHECK_EQUAL(ending_of(s.pid), 0);
    close(s.session), close(go[0]), close(go[1]);
}

static void serve_idle(int channel)
{
    struct message m;
    for (;;) {
        next(channel, &m);
        answer(channel, &m, 1);
    }
}

static void a_server_killed_while_idle_is_missed_at_the_next_call(void)
{
    struct server s = start_server(serve_idle, 0, SESSION_READ, false);
    CHECK_EQUAL(simple_call(s.session, OP(1), 0, 0), 1);
    wait_until_blocked(s.pid, "receive");
    CHECK_EQUAL(kill(s.pid, SIGTERM), 0);
    CHECK_EQUAL(simple_call(s.session, OP(1), 0, 0), -EIO);
    CHECK_EQUAL(ending_of(s.pid), -SIGTERM);
    close(s.session);
}

/* Killed while idle, and called before it had the time to notice. */
static void a_call_to_a_dying_server_does_not_hang(void)
{
    for (int i = 0; i < 20; i++) {
        struct server s = start_server(serve_idle, 0, SESSION_READ, false);
        if (i % 2)
            wait_until_blocked(s.pid, "receive");
        int pid = fork();
        if (pid == 0) {
            for (;;)
                if (simple_call(s.session, OP(1), 0, 0) != 1)
                    _exit(0);
        }
        sleep_ns((uint64_t)i * 100000);
        kill(s.pid, SIGKILL);
        CHECK_EQUAL(simple_call(s.session, OP(1), 0, 0), -EIO);
        CHECK_EQUAL(ending_of(s.pid), -SIGKILL);
        CHECK_EQUAL(ending_of(pid), 0);
        close(s.session);
    }
}

/* Somebody else holds the channel: the queue waits for the next server. */
static void a_held_channel_outlives_its_server(void)
{
    CHECK_EQUAL(pipe(go), 0);
    struct server s = start_server(serve_slowly_until_death, 0, SESSION_READ, true);
    int first = fork();
    if (first == 0) {
        close(s.channel);
        CHECK_EQUAL(simple_call(s.session, OP(1), 0, 0), 1);
        _exit(0);
    }
    wait_until_blocked(first, "call");
    int second = fork();
    if (second == 0) {
        close(s.channel);
        CHECK_EQUAL(simple_call(s.session, OP(1), 0, 0), 1);
        _exit(0);
    }
    wait_until_blocked(second, "call");
    CHECK_EQUAL(write(go[1], "x", 1), 1);
    CHECK_EQUAL(ending_of(s.pid), 3);
    wait_until_blocked(first, "call");
    wait_until_blocked(second, "call");
    s.pid = fork();
    if (s.pid == 0) {
        CHECK_EQUAL(channel_serve(s.channel, serve_buffer, sizeof serve_buffer), 0);
        serve_idle(s.channel);
    }
    CHECK_EQUAL(ending_of(first), 0);
    CHECK_EQUAL(ending_of(second), 0);
    end_server(&s);
}

/* --- the client dies --- */

static int start_client(int session, int op, uint64_t arg0)
{
    int pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        call(session, op, arg0, 0, buffer, sizeof buffer, CALL_SEND | CALL_RECEIVE);
        _exit(0);
    }
    wait_until_blocked(pid, "call");
    return pid;
}

static void kill_client(int pid)
{
    CHECK_EQUAL(kill(pid, SIGTERM), 0);
    CHECK_EQUAL(ending_of(pid), -SIGTERM);
}

static void serve_when_told(int channel)
{
    struct message m;
    char c;
    next(channel, &m);
    CHECK_EQUAL(m.op, OP(1));
    CHECK_EQUAL(read(go[0], &c, 1), 1);
    answer(channel, &m, 0);
    next(channel, &m); /* OP(2) was withdrawn: OP_END is next */
    CHECK_EQUAL(m.op, -1);
}

static void a_client_killed_in_the_queue_is_never_seen(void)
{
    CHECK_EQUAL(pipe(go), 0);
    struct server s = start_server(serve_when_told, 0, SESSION_READ, false);
    int first = start_client(s.session, OP(1), 0), second = start_client(s.session, OP(2), 0);
    kill_client(second);
    CHECK_EQUAL(write(go[1], "x", 1), 1);
    CHECK_EQUAL(ending_of(first), 0);
    end_server(&s);
}

/* OP(1): keeps the request; arg0: what to try when its client is dead. */
static void serve_the_dead(int channel)
{
    struct message m, dead;
    for (;;) {
        next(channel, &m);
        CHECK_EQUAL(m.op, OP(1));
        dead = m;
        if (m.arg0 == 0) { /* waits for the cancel */
            next(channel, &m);
            CHECK_EQUAL(m.op, MSG_CANCEL);
            CHECK_EQUAL(m.token, dead.token);
            CHECK_EQUAL(m.cookie, COOKIE);
        } else {
            char c;
            CHECK_EQUAL(read(go[0], &c, 1), 1);
        }
        CHECK_EQUAL(grant_read(channel, dead.token, 0, buffer, 10), -ESRCH);
        CHECK_EQUAL(grant_write(channel, dead.token, 0, buffer, 10), -ESRCH);
        struct reply r = {.token = dead.token, .status = 1, .data = buffer, .length = 10, .flags = REPLY_DATA};
        CHECK_EQUAL(reply(channel, &r), -ESRCH);
        if (dead.arg0 == 2) { /* reply_receive goes on with the next message */
            next(channel, &m);
            CHECK_EQUAL(m.op, OP(3));
            answer(channel, &m, 0);
        }
    }
}

static void the_server_is_told_when_a_client_dies(void)
{
    struct server s = start_server(serve_the_dead, 0, SESSION_READ, false);
    for (int i = 0; i < 5; i++) {
        int pid = start_client(s.session, OP(1), 0);
        wait_until_blocked(s.pid, "receive");
        kill_client(pid);
    }
    end_server(&s);
}

/* Told by the reply's own -ESRCH, it hears no MSG_CANCEL of it any more. */
static void a_reply_to_the_dead_says_esrch(void)
{
    CHECK_EQUAL(pipe(go), 0);
    struct server s = start_server(serve_the_dead, 0, SESSION_READ, false);
    for (uint64_t how = 1; how < 3; how++) {
        int pid = start_client(s.session, OP(1), how);
        wait_until_blocked(s.pid, "pipe read"); /* it has the request: a queued one would just be withdrawn */
        kill_client(pid);
        CHECK_EQUAL(write(go[1], "x", 1), 1);
        if (how == 2)
            CHECK_EQUAL(simple_call(s.session, OP(3), 0, 0), 0);
    }
    end_server(&s);
}

static void serve_and_go_on(int channel)
{
    struct message m, parked;
    struct reply r;
    next(channel, &m);
    parked = m;
    char c;
    CHECK_EQUAL(read(go[0], &c, 1), 1);
    r = (struct reply){.token = parked.token};
    reply_receive(channel, &r, &m); /* as if nothing had happened */
    CHECK_EQUAL(m.op, OP_END);
    answer(channel, &m, 0);
}

static void reply_receive_goes_on_after_a_clients_death(void)
{
    CHECK_EQUAL(pipe(go), 0);
    struct server s = start_server(serve_and_go_on, 0, SESSION_READ, false);
    int pid = start_client(s.session, OP(1), 0);
    wait_until_blocked(s.pid, "pipe read");
    kill_client(pid);
    CHECK_EQUAL(write(go[1], "x", 1), 1);
    end_server(&s);
}

/* Clients come and are killed all the time, at any moment; the server parks some, copies, answers. */
static void serve_a_crowd(int channel)
{
    enum { PARKED = 16 };
    static struct message parked[PARKED];
    struct message m;
    for (uint64_t n = 0;; n++) {
        next(channel, &m);
        if (m.op == MSG_CANCEL) {
            for (int i = 0; i < PARKED; i++)
                if (parked[i].token == m.token)
                    parked[i].token = 0;
            CHECK_EQUAL(grant_read(channel, m.token, 0, buffer, 1), -ESRCH);
            continue;
        }
        CHECK_EQUAL(m.op, OP(1));
        struct message *place = &parked[n % PARKED];
        if (place->token) {
            int64_t copied = grant_write(channel, place->token, 0, buffer, sizeof buffer);
            CHECK(copied == sizeof buffer || copied == -ESRCH);
            struct reply r = {.token = place->token, .status = 5};
            int64_t result = reply(channel, &r);
            CHECK(result == 0 || result == -ESRCH);
        }
        *place = m;
        if (n % 3) {
            int64_t copied = grant_read(channel, m.token, 100, buffer, 5000);
            CHECK(copied == 5000 || copied == -ESRCH);
        }
    }
}

static void a_crowd_of_dying_clients_confuses_nobody(void)
{
    enum { CLIENTS = 24, ROUNDS = 400 };
    struct server s = start_server(serve_a_crowd, 0, SESSION_READ, false);
    int pids[CLIENTS] = {0};
    uint64_t seed = 7;
    for (int i = 0; i < ROUNDS; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        int at = (int)(seed >> 33) % CLIENTS;
        if (pids[at]) {
            kill(pids[at], SIGKILL);
            CHECK_EQUAL(ending_of(pids[at]), -SIGKILL);
        }
        pids[at] = fork();
        CHECK(pids[at] >= 0);
        if (pids[at] == 0)
            for (;;)
                CHECK_EQUAL(call(s.session, OP(1), 0, 0, buffer, sizeof buffer, CALL_SEND | CALL_RECEIVE), 5);
        if (i % 5 == 0)
            sleep_ns((seed >> 40) % 300000);
    }
    for (int i = 0; i < CLIENTS; i++)
        if (pids[i]) {
            kill(pids[i], SIGKILL);
            CHECK_EQUAL(ending_of(pids[i]), -SIGKILL);
        }
    end_server(&s);
}

/* A client that is killed takes its whole space along: the server's copy under way must not mind. */
static void serve_long_copies(int channel)
{
    const uint64_t bytes = 1 << 20;
    char *large = sbrk((intptr_t)bytes); /* and not in each process that the other cases fork */
    struct message m;
    for (;;) {
        next(channel, &m);
        if (m.op == MSG_CANCEL)
            continue;
        int64_t n = grant_write(channel, m.token, 0, large, bytes);
        CHECK(n == (int64_t)bytes || n == -ESRCH);
        struct reply r = {.token = m.token};
        int64_t result = reply(channel, &r);
        CHECK(result == 0 || result == -ESRCH);
    }
}

static void a_client_killed_during_a_long_copy(void)
{
    struct server s = start_server(serve_long_copies, 0, SESSION_READ, false);
    for (int i = 0; i < 40; i++) {
        int pid = fork();
        if (pid == 0) {
            char *room = sbrk(1 << 20);
            for (;;)
                CHECK_EQUAL(call(s.session, OP(1), 0, 0, room, 1 << 20, CALL_RECEIVE), 0);
        }
        sleep_ns(200000 + (uint64_t)i * 37000);
        CHECK_EQUAL(kill(pid, SIGKILL), 0);
        CHECK_EQUAL(ending_of(pid), -SIGKILL);
    }
    end_server(&s);
}

int main(int argc, char **argv)
{
    check_start(argc, argv);
    RUN(a_client_in_service_gets_eio_when_nobody_can_serve_it_any_more);
    RUN(queued_clients_get_eio_when_the_channel_goes);
    RUN(hundreds_get_eio_when_the_channel_goes);
    RUN(a_server_killed_while_idle_is_missed_at_the_next_call);
    RUN(a_call_to_a_dying_server_does_not_hang);
    RUN(a_held_channel_outlives_its_server);
    RUN(a_client_killed_in_the_queue_is_never_seen);
    RUN(the_server_is_told_when_a_client_dies);
    RUN(a_reply_to_the_dead_says_esrch);
    RUN(reply_receive_goes_on_after_a_clients_death);
    RUN(a_crowd_of_dying_clients_confuses_nobody);
    RUN(a_client_killed_during_a_long_copy);
    return check_end();
}
