/*
 * For the stress programs: random numbers that a seed repeats, a time to end, children.
 *     stress_pipe [-s SEED] [-t MILLISECONDS] [CASE]     the time is guest time, for each case
 * They hunt races, so what they do depends on when it happens; the seed repeats the choices, not the moments.
 * Each case checks what it did itself, and check.h that nothing is left behind. tools/soak.py runs them for long.
 */
#ifndef TEST_STRESS_H
#define TEST_STRESS_H

#include "check.h"

#include <fcntl.h>

static uint64_t stress_seed, stress_ms = 1000;
static uint64_t stress_state, stress_until, stress_rounds;
static int stress_case; /* its pid */

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled" */
static inline uint64_t stress_random(void)
{
    stress_state ^= stress_state >> 12;
    stress_state ^= stress_state << 25;
    stress_state ^= stress_state >> 27;
    return stress_state * 2685821657736338717u;
}

/* 0 .. n - 1 */
static inline unsigned below(unsigned n)
{
    return (unsigned)(stress_random() >> 33) % n;
}

static inline bool one_in(unsigned n)
{
    return below(n) == 0;
}

/* 1 .. ms milliseconds or a good deal less */
static inline void sleep_at_most(unsigned ms)
{
    sleep_ns((uint64_t)below(1000) * ms * (MS / 1000) >> below(6));
}

static inline void stress_seeded(uint64_t seed)
{
    stress_state = seed * 6364136223846793005u + 1442695040888963407u;
    if (!stress_state)
        stress_state = 1;
    stress_random();
}

/* In the process of the case itself it counts the rounds, and says in the end how many there were. */
static inline bool time_left(void)
{
    bool left = clock_ns() < stress_until;
    if (getpid() != stress_case)
        return left;
    if (left) {
        stress_rounds++;
    } else if (stress_rounds) {
        printf("  %lu rounds\n", stress_rounds);
        stress_rounds = 0;
    }
    return left;
}

/* A child that runs f with random numbers of its own. Fork may fail when memory is short. */
static inline int start(void (*f)(int), int argument)
{
    uint64_t seed = stress_random();
    int pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        stress_seeded(seed);
        f(argument);
        _exit(0);
    }
    return pid;
}

/* A child that may be killed has ended: with this code, or by the signal. True: it was killed. */
static inline bool ended_or_killed(int pid, int code)
{
    int how = ending_of(pid);
    if (how != code && how != -SIGKILL)
        CHECK_EQUAL(how, code);
    return how == -SIGKILL;
}

/* Kills a child that may have ended by itself; it was not waited for, so its pid is still its own. */
static inline void kill_child(int pid)
{
    CHECK_EQUAL(kill(pid, SIGKILL), 0);
}

/* The first line of each case. */
static inline void begin(void)
{
    stress_seeded(stress_seed);
    stress_case = getpid();
    stress_until = clock_ns() + stress_ms * MS;
}

static inline int stress_start(int argc, char **argv)
{
    int at = 1;
    stress_seed = clock_ns();
    for (; at + 1 < argc && argv[at][0] == '-'; at += 2) {
        uint64_t value = strtoul(argv[at + 1], NULL, 0);
        if (strcmp(argv[at], "-s") == 0)
            stress_seed = value;
        else if (strcmp(argv[at], "-t") == 0)
            stress_ms = value;
    }
    char *rest[] = {argv[0], argv[at], NULL};
    check_start(1 + (at < argc), rest);
    printf("seed=%lu ms=%lu\n", stress_seed, stress_ms);
    return 0;
}

#endif
