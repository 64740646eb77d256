/*
 * Job lists for those who have none: a mix of interactive jobs (short bursts between waits) and batch jobs (long
 * bursts), some of which arrive together. Whole and tenth milliseconds, so that things happen at the same time.
 */
#include "schedsim.h"

/* splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014): the same everywhere. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

static uint64_t between(uint64_t *state, uint64_t low, uint64_t high)
{
    return low + next_random(state) % (high - low + 1);
}

#define TENTH (NS_PER_MS / 10)

void make_random_jobs(struct job_list *list, uint64_t seed, uint64_t count)
{
    uint64_t state = seed, now = 0;
    for (uint64_t i = 1; i <= count; i++) {
        char name[24];
        int length = snprintf(name, sizeof name, "j%llu", (unsigned long long)i);
        if (i > 1 && between(&state, 0, 3) > 0)
            now += between(&state, 1, 40) * NS_PER_MS;
        add_job(list, name, (size_t)length, now, (uint32_t)i);
        if (between(&state, 0, 2) == 0) { /* batch */
            add_time(list, between(&state, 10, 120) * NS_PER_MS);
            continue;
        }
        add_time(list, between(&state, 2, 60) * TENTH);
        for (uint64_t more = between(&state, 0, 5); more > 0; more--) {
            add_time(list, between(&state, 1, 30) * NS_PER_MS);
            add_time(list, between(&state, 2, 60) * TENTH);
        }
    }
}
