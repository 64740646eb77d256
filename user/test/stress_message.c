/*
 * Stress: queues whose producers and consumers are killed, connections that travel with requests, and pipes that lie
 * in pipes.
 */
#include "stress.h"

#include <mp/pipe.h>
#include <mp/queue.h>

#define PRODUCERS 4
#define CONSUMERS 3
#define CLIENTS 4
#define SERVERS 2
#define LARGEST 20000

/* Followed by bytes that can be told from these. */
struct item {
    uint32_t producer, number, bytes, check;
};

/* What a consumer has seen, put into `results` at the end. */
struct seen {
    uint32_t count[PRODUCERS];
    uint64_t sum[PRODUCERS];
};

static struct mp_queue queue, results;
static struct mp_connection requests, to_server;
static char buffer[LARGEST];
static bool kill_consumers;

static void fill_item(char *to, uint32_t producer, uint32_t number, uint32_t bytes)
{
    struct item item = {producer, number, bytes, (producer + 1) * 0x9e3779b9u ^ number * 0x85ebca6bu ^ bytes};
    memcpy(to, &item, sizeof item);
    memset(to + sizeof item, (int)item.check, bytes - sizeof item);
}

static struct item check_item(const char *from, int64_t bytes)
{
    static char again[LARGEST];
    struct item item;
    memcpy(&item, from, sizeof item);
    CHECK(item.producer < PRODUCERS);
    CHECK_EQUAL(bytes, item.bytes);
    fill_item(again, item.producer, item.number, item.bytes);
    CHECK(memcmp(from, again, item.bytes) == 0);
    return item;
}

static void produces(int me)
{
    mp_queue_close_getter(&queue);
    mp_queue_close(&results);
    for (uint32_t n = 0; time_left();) {
        uint32_t bytes = (uint32_t)sizeof(struct item) + (one_in(8) ? below(LARGEST - sizeof(struct item)) : below(100));
        fill_item(buffer, (uint32_t)me, n, bytes);
        int error = mp_queue_put(&queue, buffer, bytes, one_in(4) ? (int)below(3) : -1);
        if (error == -EPIPE) {
            CHECK(kill_consumers);
            _exit(0);
        }
        CHECK(error == 0 || error == -ETIMEDOUT);
        n += error == 0;
    }
}

static void consumes(int me)
{
    struct seen seen = {0};
    int64_t last[PRODUCERS], n;
    (void)me;
    memset(last, 0xff, sizeof last);
    mp_queue_close_putter(&queue);
    while ((n = mp_queue_get(&queue, buffer, one_in(16) ? below(LARGEST) : LARGEST,
                             one_in(4) ? (int)below(3) : -1)) != -ENODATA) {
        if (n == -ETIMEDOUT || n == -EMSGSIZE)
            continue;
        CHECK(n > 0);
        struct item item = check_item(buffer, n);
        CHECK(item.number > last[item.producer]);
        last[item.producer] = item.number;
        seen.count[item.producer]++;
        seen.sum[item.producer] += item.number;
    }
    CHECK_EQUAL(mp_queue_put(&results, &seen, sizeof seen, -1), 0);
}

static void a_queue_and_its_users(void)
{
    int pids[PRODUCERS + CONSUMERS];
    bool killed[PRODUCERS + CONSUMERS] = {0};
    struct seen seen, all = {0};
    uint64_t end = stress_until;
    CHECK_EQUAL(mp_queue_create(&queue, below(6) + 1, LARGEST), 0);
    CHECK_EQUAL(mp_queue_create(&results, CONSUMERS, sizeof seen), 0);
    stress_until = clock_ns() + (below(40) + 1) * MS;
    for (int i = 0; i < PRODUCERS + CONSUMERS; i++)
        pids[i] = start(i < PRODUCERS ? produces : consumes, i);
    for (int kills = (int)below(4); kills > 0; kills--) {
        int which = (int)below(kill_consumers ? PRODUCERS + CONSUMERS : PRODUCERS);
        sleep_at_most(20);
        kill_child(pids[which]);
        killed[which] = true;
    }
    mp_queue_close(&queue);
    for (int i = 0; i < PRODUCERS + CONSUMERS; i++) {
        int how = ending_of(pids[i]);
        CHECK(how == 0 || (killed[i] && how == -SIGKILL));
    }
    while (mp_queue_get(&results, &seen, sizeof seen, 0) == sizeof seen)
        for (int p = 0; p < PRODUCERS; p++) {
            all.count[p] += seen.count[p];
            all.sum[p] += seen.sum[p];
        }
    mp_queue_close(&results);
    /* Without a consumer's death: of each producer all up to its last, and each once. */
    for (uint64_t p = 0; !kill_consumers && p < PRODUCERS; p++) {
        uint64_t n = all.count[p];
        CHECK_EQUAL(all.sum[p], n ? n * (n - 1) / 2 : 0);
    }
    stress_until = end;
}

static void producers_are_killed(void)
{
    begin();
    kill_consumers = false;
    while (time_left())
        a_queue_and_its_users();
}

static void consumers_are_killed_too(void)
{
    begin();
    kill_consumers = true;
    while (time_left())
        a_queue_and_its_users();
}

/* --- requests with the connection for the answer; both sides are killed --- */

static void serves(int unused)
{
    (void)unused;
    mp_connection_close(&to_server);
    for (;;) {
        int handles[2];
        uint64_t n;
        int64_t bytes = mp_connection_receive_handles(&requests, &n, sizeof n, handles, 2);
        if (bytes == -ENODATA)
            _exit(0);
        CHECK_EQUAL(bytes, sizeof n);
        struct mp_connection answer = {.receiver = handles[1], .sender = handles[0]};
        n *= 3;
        int error = mp_connection_send(&answer, &n, sizeof n);
        CHECK(error == 0 || error == -EPIPE); /* the client is dead */
        mp_connection_close(&answer);
    }
}

static void asks(int me)
{
    (void)me;
    mp_connection_close(&requests);
    for (uint64_t n = 0, answer; time_left(); n++) {
        struct mp_connection in, out;
        CHECK_EQUAL(mp_pipe(&in, &out, one_in(2)), 0);
        int error = mp_connection_send_handles(&to_server, &n, sizeof n, (int[]){out.sender, in.receiver},
                                               one_in(8) ? 1 : 2);
        if (error == -EPIPE)
            _exit(0); /* no server is left */
        CHECK_EQUAL(error, 0);
        mp_connection_close(&out);
        int64_t bytes = mp_connection_receive(&in, &answer, sizeof answer);
        CHECK(bytes == sizeof answer || bytes == -ENODATA); /* the server was killed, or had no way to us any more */
        if (bytes > 0)
            CHECK_EQUAL(answer, n * 3);
        mp_connection_close(&in);
    }
}

static void requests_carry_connections(void)
{
    begin();
    while (time_left()) {
        int pids[SERVERS + CLIENTS];
        bool killed[SERVERS + CLIENTS] = {0};
        uint64_t end = stress_until;
        CHECK_EQUAL(mp_pipe(&requests, &to_server, 0), 0);
        stress_until = clock_ns() + (below(30) + 1) * MS;
        for (int i = 0; i < SERVERS + CLIENTS; i++)
            pids[i] = start(i < SERVERS ? serves : asks, i);
        mp_connection_close(&requests);
        mp_connection_close(&to_server);
        for (int kills = (int)below(3); kills > 0; kills--) {
            int which = (int)below(SERVERS + CLIENTS);
            sleep_at_most(20);
            kill_child(pids[which]);
            killed[which] = true;
        }
        for (int i = 0; i < SERVERS + CLIENTS; i++) {
            int how = ending_of(pids[i]);
            CHECK(how == 0 || (killed[i] && how == -SIGKILL));
        }
        stress_until = end;
    }
}

/* --- pipes in pipes: random ones, as far as they are let, let go of in random order --- */

#define PIPES 24

static bool lies_in[PIPES][PIPES]; /* [a][b]: a receiving end of a lies in b, or in what lies in b, and so on */

static void now_lies_in(int what, int through)
{
    for (int outer = 0; outer < PIPES; outer++)
        for (int inner = 0; inner < PIPES; inner++)
            if ((inner == what || lies_in[inner][what]) && (outer == through || lies_in[through][outer]))
                lies_in[inner][outer] = true;
}

/* A circle is never let, and what holds no receiving end may go anywhere. */
static void check_journey(int what, int through, int error)
{
    bool holds = what == through;
    for (int i = 0; i < PIPES; i++)
        holds = holds || lies_in[i][what];
    if (error)
        CHECK(error == -ELOOP && holds);
    else
        CHECK(what != through && !lies_in[through][what]);
    if (!error)
        now_lies_in(what, through);
}

static void sleeps(int unused)
{
    (void)unused;
    sleep_ns(100000 * MS);
}

static void pipes_lie_in_pipes(void)
{
    begin();
    while (time_left()) {
        int receiver[PIPES], sender[PIPES];
        memset(lies_in, 0, sizeof lies_in);
        for (int i = 0; i < PIPES; i++) {
            int ends[2];
            CHECK_EQUAL(message_pipe(ends, 100, 8, 0), 0);
            receiver[i] = ends[0];
            sender[i] = ends[1];
        }
        for (int i = 0; i < 3 * PIPES; i++) {
            int through = (int)below(PIPES), what = (int)below(PIPES);
            bool sending = one_in(2);
            int error = message_send(sender[through], "x", 1, sending ? &sender[what] : &receiver[what], 1, 0);
            if (sending)
                CHECK(error == 0 || error == -EAGAIN);
            else if (error != -EAGAIN)
                check_journey(what, through, error);
        }
        int pid = one_in(2) ? start(sleeps, 0) : 0; /* it holds all of them open, too, and is killed at some time */
        for (int i = 0; i < 2 * PIPES; i++) {
            int at = (int)below(PIPES), got;
            if (message_receive(receiver[at], buffer, 1, &got, 1, 0) == 1)
                close(got);
            close(one_in(2) ? sender[below(PIPES)] : receiver[below(PIPES)]);
        }
        for (int i = 0; i < PIPES; i++) {
            close(sender[i]);
            close(receiver[i]);
        }
        if (pid) {
            kill_child(pid);
            CHECK_EQUAL(ending_of(pid), -SIGKILL);
        }
    }
}

/* --- the same pipes, in the hands of several: a circle that two of them closed at once would stay for ever --- */

#define SHARED_PIPES 5
#define MOVERS 4

static int shared[SHARED_PIPES][2];

static void moves_pipes(int unused)
{
    (void)unused;
    while (time_left()) {
        int through = (int)below(SHARED_PIPES), what = (int)below(SHARED_PIPES), got;
        int error = message_send(shared[through][1], "x", 1, &shared[what][0], 1, 0);
        CHECK(error == 0 || error == -ELOOP || error == -EAGAIN);
        if (!one_in(3) && message_receive(shared[below(SHARED_PIPES)][0], buffer, 1, &got, 1, 0) == 1)
            close(got);
    }
}

static void pipes_are_moved_by_many(void)
{
    begin();
    uint64_t end = stress_until;
    while (time_left()) {
        int pids[MOVERS];
        for (int i = 0; i < SHARED_PIPES; i++)
            CHECK_EQUAL(message_pipe(shared[i], 100, 2, 0), 0);
        stress_until = clock_ns() + (below(10) + 1) * MS;
        for (int i = 0; i < MOVERS; i++)
            pids[i] = start(moves_pipes, 0);
        for (int i = 0; i < MOVERS; i++)
            CHECK_EQUAL(ending_of(pids[i]), 0);
        for (int i = 0; i < SHARED_PIPES; i++) {
            close(shared[i][0]);
            close(shared[i][1]);
        }
        stress_until = end;
    }
}

int main(int argc, char **argv)
{
    stress_start(argc, argv);
    RUN(producers_are_killed);
    RUN(consumers_are_killed_too);
    RUN(requests_carry_connections);
    RUN(pipes_lie_in_pipes);
    RUN(pipes_are_moved_by_many);
    return check_end();
}
