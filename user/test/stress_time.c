/*
 * Stress: sleeps and time limits of random length, timers of channels, and crowds that yield, so that processes
 * move from hart to hart.
 */
#include "stress.h"

#define SLEEPERS 8
#define YIELDERS 12

/* --- nobody wakes early, and nobody never --- */

static void sleep_and_look(int unused)
{
    int ends[2];
    (void)unused;
    CHECK_EQUAL(pipe(ends), 0);
    struct pollfd p = {.fd = ends[0], .events = POLLIN};
    while (time_left()) {
        uint64_t before = clock_ns(), ns = (uint64_t)below(3000) * 1000 >> below(8);
        if (one_in(3)) {
            int ms = (int)below(3);
            CHECK_EQUAL(poll(&p, 1, ms), 0);
            CHECK(clock_ns() - before >= (uint64_t)ms * MS);
        } else {
            CHECK_EQUAL(sleep_ns(ns), 0);
            CHECK(clock_ns() - before >= ns);
        }
    }
}

static void sleepers(void)
{
    int pids[SLEEPERS];
    begin();
    for (int i = 0; i < SLEEPERS; i++)
        pids[i] = start(sleep_and_look, i);
    while (time_left()) { /* some are killed in their sleep */
        unsigned which = below(SLEEPERS);
        sleep_at_most(8);
        kill_child(pids[which]);
        ended_or_killed(pids[which], 0);
        pids[which] = start(sleep_and_look, 0);
    }
    for (int i = 0; i < SLEEPERS; i++)
        CHECK_EQUAL(ending_of(pids[i]), 0);
}

/* --- sleepers that are woken by a byte just as their time ends --- */

static int there[2], back[2];

static void answer_bytes(int unused)
{
    char c;
    (void)unused;
    close(there[1]);
    close(back[0]);
    while (read(there[0], &c, 1) == 1) {
        uint64_t until = clock_ns() + (uint64_t)below(2000) * 1000;
        while (clock_ns() < until)
            if (one_in(20))
                yield();
        CHECK_EQUAL(write(back[1], &c, 1), 1);
    }
}

static void wakers_race_with_timers(void)
{
    begin();
    CHECK_EQUAL(pipe(there), 0);
    CHECK_EQUAL(pipe(back), 0);
    int pid = start(answer_bytes, 0);
    close(there[0]);
    close(back[1]);
    for (char c = 0; time_left(); c++) {
        char got;
        struct pollfd p = {.fd = back[0], .events = POLLIN};
        CHECK_EQUAL(write(there[1], &c, 1), 1);
        while (poll(&p, 1, one_in(2) ? 1 : (int)below(3)) == 0)
            ;
        CHECK_EQUAL(read(back[0], &got, 1), 1);
        CHECK_EQUAL(got, c);
    }
    close(there[1]);
    close(back[0]);
    CHECK_EQUAL(ending_of(pid), 0);
}

/* --- a channel's timer, set again and again, and its end --- */

static void set_timers(int unused)
{
    static char buffer[2 * PATH_MAX];
    struct message m;
    int channel = channel_create(1);
    (void)unused;
    CHECK(channel >= 0);
    CHECK_EQUAL(channel_serve(channel, buffer, sizeof buffer), 0);
    while (time_left()) {
        for (unsigned n = below(4); n; n--)
            CHECK_EQUAL(channel_timer(channel, 1ul << n, below(800000)), 0);
        uint64_t ns = (uint64_t)below(1500) * 1000 + 1, before = clock_ns();
        CHECK_EQUAL(channel_timer(channel, 1ul << 40, ns), 0);
        do { /* earlier ones may have come before they were set anew */
            receive(channel, &m);
            CHECK_EQUAL(m.op, MSG_NOTIFY);
        } while (!(m.arg0 & 1ul << 40));
        CHECK(clock_ns() - before >= ns);
    }
    CHECK_EQUAL(channel_timer(channel, 1, MS), 0); /* goes off after our end, or does not */
}

static void timers_of_channels(void)
{
    int pids[4];
    begin();
    for (int i = 0; i < 4; i++)
        pids[i] = start(set_timers, i);
    while (time_left()) {
        unsigned which = below(4);
        sleep_at_most(20);
        kill_child(pids[which]);
        ended_or_killed(pids[which], 0);
        pids[which] = start(set_timers, 0);
    }
    for (int i = 0; i < 4; i++)
        CHECK_EQUAL(ending_of(pids[i]), 0);
}

/* --- a crowd --- */

static void yield_and_count(int result)
{
    uint64_t saved[4] = {stress_random(), stress_random(), stress_random(), stress_random()}, count = 0;
    double sum = 0;
    do { /* once at least: on a busy host a process may come to it when the time is over */
        register uint64_t a = saved[0], b = saved[1];
        if (one_in(8))
            sleep_at_most(1);
        else
            yield();
        CHECK(a == saved[0] && b == saved[1]); /* registers are one's own on every hart */
        count++;
        sum += 0.5;
        CHECK(sum * 2 == (double)count);
    } while (time_left());
    CHECK_EQUAL(write(result, &count, sizeof count), sizeof count);
}

static void a_crowd_yields(void)
{
    int pids[YIELDERS], results[2];
    begin();
    CHECK_EQUAL(pipe(results), 0);
    for (int i = 0; i < YIELDERS; i++)
        pids[i] = start(yield_and_count, results[1]);
    close(results[1]);
    uint64_t count;
    int reports = 0;
    while (read(results[0], &count, sizeof count) == sizeof count)
        reports += count > 0; /* none was forgotten on a run queue */
    close(results[0]);
    CHECK_EQUAL(reports, YIELDERS);
    for (int i = 0; i < YIELDERS; i++)
        CHECK_EQUAL(ending_of(pids[i]), 0);
}

int main(int argc, char **argv)
{
    stress_start(argc, argv);
    RUN(sleepers);
    RUN(wakers_race_with_timers);
    RUN(timers_of_channels);
    RUN(a_crowd_yields);
    return check_end();
}
