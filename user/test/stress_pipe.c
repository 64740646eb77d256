/*
 * Stress: pipes with several readers and writers, some of which are killed; a ring of processes that pass a token.
 */
#include "stress.h"

#define WRITERS 4
#define READERS 3
#define RING 6

/* A record goes in whole, and so comes out whole: it is the only size in use on that pipe. */
struct record {
    uint32_t writer, number;
    uint64_t check;
    char filling[48];
};

/* What a reader has seen, sent to the parent at the end. */
struct seen {
    uint32_t count[WRITERS];
    uint64_t sum[WRITERS];
};

static int data[2], results[2];
static bool kill_readers;

static uint64_t check_of(uint32_t writer, uint32_t number)
{
    return (writer + 1) * 0x9e3779b97f4a7c15u ^ number * 0xff51afd7ed558ccdu;
}

static void writes(int me)
{
    static struct record several[16];
    uint32_t number = 0;
    close(data[0]);
    close(results[0]);
    close(results[1]);
    while (time_left()) {
        unsigned n = one_in(4) ? below(16) + 1 : 1;
        for (unsigned i = 0; i < n; i++)
            several[i] = (struct record){(uint32_t)me, number + i, check_of((uint32_t)me, number + i), {0}};
        long done = write(data[1], several, n * sizeof several[0]);
        if (done < 0) {
            CHECK_EQUAL(errno, EPIPE);
            CHECK(kill_readers);
            _exit(0);
        }
        CHECK_EQUAL(done, n * sizeof several[0]);
        number += n;
        if (one_in(64))
            sleep_at_most(1);
    }
}

static void reads(int me)
{
    static struct record several[8];
    struct seen seen = {0};
    int64_t last[WRITERS];
    (void)me;
    close(data[1]);
    close(results[0]);
    memset(last, 0xff, sizeof last);
    for (;;) {
        unsigned n = one_in(4) ? below(8) + 1 : 1;
        long got = read(data[0], several, n * sizeof several[0]);
        if (!got)
            break;
        CHECK(got > 0 && got % (long)sizeof several[0] == 0);
        for (unsigned i = 0; i < got / sizeof several[0]; i++) {
            struct record *r = &several[i];
            CHECK(r->writer < WRITERS);
            CHECK(r->check == check_of(r->writer, r->number));
            CHECK((int64_t)r->number > last[r->writer]); /* one writer's come in order, and none twice */
            last[r->writer] = r->number;
            seen.count[r->writer]++;
            seen.sum[r->writer] += r->number;
        }
        if (one_in(128))
            yield();
    }
    CHECK_EQUAL(write(results[1], &seen, sizeof seen), sizeof seen);
    _exit(0);
}

static void one_round(void)
{
    int pids[WRITERS + READERS];
    bool killed[WRITERS + READERS] = {0};
    struct seen all = {0}, seen;
    uint64_t end = stress_until;
    CHECK_EQUAL(pipe(data), 0);
    CHECK_EQUAL(pipe(results), 0);
    stress_until = clock_ns() + (below(40) + 1) * MS;
    for (int i = 0; i < WRITERS + READERS; i++)
        pids[i] = start(i < WRITERS ? writes : reads, i);
    close(data[0]);
    close(data[1]);
    close(results[1]);
    for (int kills = (int)below(3); kills > 0; kills--) {
        int which = (int)below(kill_readers ? WRITERS + READERS : WRITERS);
        sleep_at_most(20);
        kill_child(pids[which]);
        killed[which] = true;
    }
    while (read(results[0], &seen, sizeof seen) == sizeof seen)
        for (int w = 0; w < WRITERS; w++) {
            all.count[w] += seen.count[w];
            all.sum[w] += seen.sum[w];
        }
    close(results[0]);
    for (int i = 0; i < WRITERS + READERS; i++) {
        int how = ending_of(pids[i]);
        CHECK(how == 0 || (killed[i] && how == -SIGKILL));
    }
    /* Without a reader's death: of each writer, all up to its last, and each once. */
    for (uint64_t w = 0; !kill_readers && w < WRITERS; w++) {
        uint64_t n = all.count[w];
        CHECK_EQUAL(all.sum[w], n ? n * (n - 1) / 2 : 0);
    }
    stress_until = end;
}

static void writers_are_killed(void)
{
    begin();
    kill_readers = false;
    while (time_left())
        one_round();
}

static void readers_are_killed_too(void)
{
    begin();
    kill_readers = true;
    while (time_left())
        one_round();
}

/* --- large transfers by two, one of whom is killed in the middle of one --- */

static char big[200000];

static char byte_at(uint64_t n)
{
    return (char)((n * 2654435761u) >> 13);
}

static void writes_much(int unused)
{
    (void)unused;
    close(data[0]);
    for (uint64_t at = 0; time_left();) {
        size_t n = below(sizeof big) + 1;
        for (size_t i = 0; i < n; i++)
            big[i] = byte_at(at + i);
        long done = write(data[1], big, n);
        if (done < 0) {
            CHECK_EQUAL(errno, EPIPE);
            _exit(0);
        }
        CHECK(done > 0 && done <= (long)n);
        at += (uint64_t)done;
    }
}

static void reads_much(int unused)
{
    (void)unused;
    close(data[1]);
    uint64_t at = 0;
    long got;
    while ((got = read(data[0], big, below(sizeof big) + 1)) > 0) {
        for (long i = 0; i < got; i++)
            if (big[i] != byte_at(at + (uint64_t)i))
                CHECK_EQUAL(at + (uint64_t)i, -1);
        at += (uint64_t)got;
    }
    CHECK_EQUAL(got, 0);
}

static void large_transfers_are_cut_short(void)
{
    begin();
    while (time_left()) {
        CHECK_EQUAL(pipe(data), 0);
        int writer = start(writes_much, 0), reader = start(reads_much, 0);
        close(data[0]);
        close(data[1]);
        sleep_at_most(20);
        kill_child(one_in(2) ? writer : reader);
        sleep_at_most(1);
        if (one_in(2))
            kill_child(writer);
        ended_or_killed(writer, 0);
        ended_or_killed(reader, 0);
    }
}

/* --- a token that goes round --- */

static int ring[RING][2];

static void pass_on(int me)
{
    uint64_t token;
    for (int i = 0; i < RING; i++) {
        if (i != me)
            close(ring[i][0]);
        if (i != (me + 1) % RING)
            close(ring[i][1]);
    }
    while (read(ring[me][0], &token, sizeof token) == sizeof token) {
        CHECK_EQUAL(token % RING, me);
        token++;
        if (one_in(16))
            yield();
        if (write(ring[(me + 1) % RING][1], &token, sizeof token) != sizeof token)
            break;
    }
}

static void a_token_goes_round(void)
{
    int pids[RING];
    begin();
    while (time_left()) {
        uint64_t tokens = below(3) + 1, token, rounds = below(200) + 1;
        for (int i = 0; i < RING; i++)
            CHECK_EQUAL(pipe(ring[i]), 0);
        for (int i = 1; i < RING; i++)
            pids[i] = start(pass_on, i);
        for (int i = 2; i < RING; i++) {
            close(ring[i][0]);
            close(ring[i][1]);
        }
        close(ring[0][1]);
        close(ring[1][0]);
        for (uint64_t i = 0; i < tokens; i++) {
            token = i * 1000000 * RING + 1;
            CHECK_EQUAL(write(ring[1][1], &token, sizeof token), sizeof token);
        }
        for (uint64_t i = 0; i < tokens * rounds; i++) {
            CHECK_EQUAL(read(ring[0][0], &token, sizeof token), sizeof token);
            /* They cannot overtake one another. */
            CHECK_EQUAL(token, i % tokens * 1000000 * RING + (i / tokens + 1) * RING);
            token++;
            if (i < tokens * (rounds - 1))
                CHECK_EQUAL(write(ring[1][1], &token, sizeof token), sizeof token);
        }
        close(ring[1][1]); /* the end goes round as well */
        for (int i = 1; i < RING; i++)
            CHECK_EQUAL(ending_of(pids[i]), 0);
        CHECK_EQUAL(read(ring[0][0], &token, sizeof token), 0);
        close(ring[0][0]);
    }
}

int main(int argc, char **argv)
{
    stress_start(argc, argv);
    RUN(writers_are_killed);
    RUN(readers_are_killed_too);
    RUN(large_transfers_are_cut_short);
    RUN(a_token_goes_round);
    return check_end();
}
