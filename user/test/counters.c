/*
 * The counters that programs may read, on every hart, and the count of TLB flushes.
 */
#include "check.h"

#include <kinglet/counters.h>

#define WORKERS_PER_HART 3
#define MAX_HARTS 8
#define WORK_NS (30 * MS)

static void counters_go_forward(void)
{
    struct system_info info;
    CHECK_EQUAL(system_info(&info), 0);
    uint64_t time = time_ticks();
    for (int i = 0; i < 1000; i++) {
        uint64_t now = time_ticks();
        CHECK(now >= time);
        time = now;
    }
    if (info.harts > 1)
        return; /* the others are each hart's own, and this process may be moved */
    for (int i = 0; i < 1000; i++) {
        uint64_t cycles = cycle_count(), instructions = instruction_count();
        CHECK(cycle_count() > cycles);
        CHECK(instruction_count() > instructions);
    }
}

/* The time that programs read is the one the system keeps. */
static void time_is_the_systems_time(void)
{
    struct system_info info;
    CHECK_EQUAL(system_info(&info), 0);
    uint64_t before = time_ticks() * (1000000000 / info.timebase_hz);
    uint64_t now = clock_ns();
    uint64_t after = time_ticks() * (1000000000 / info.timebase_hz);
    CHECK(before <= now && now <= after);
    CHECK(info.entry_ns > 0 && info.entry_ns < info.uptime_ns);
}

static unsigned hart_now(void)
{
    struct proc_info info;
    CHECK_EQUAL(process_list(getpid(), &info, 1), 1);
    return info.hart;
}

/* Computes and reads all counters for a while; gives the harts it was on, a bit for each. */
static int read_everywhere(void)
{
    int harts = 0;
    uint64_t end = clock_ns() + WORK_NS;
    while (clock_ns() < end) {
        unsigned before = hart_now();
        cycle_count(), instruction_count(), time_ticks();
        if (hart_now() == before)
            harts |= 1 << before;
    }
    return harts;
}

/* More processes than harts, so that each hart gets some: a hart that forbids a counter ends one by SIGILL. */
static void counters_are_allowed_on_every_hart(void)
{
    struct system_info info;
    CHECK_EQUAL(system_info(&info), 0);
    int all = (1 << info.harts) - 1, seen = 0;
    for (int attempt = 0; seen != all && attempt < 100; attempt++) {
        int pids[WORKERS_PER_HART * MAX_HARTS];
        int workers = (int)info.harts * WORKERS_PER_HART;
        for (int i = 0; i < workers; i++) {
            pids[i] = fork();
            CHECK(pids[i] >= 0);
            if (pids[i] == 0)
                _exit(read_everywhere());
        }
        for (int i = 0; i < workers; i++) {
            int ending = ending_of(pids[i]);
            CHECK(ending >= 0);
            seen |= ending;
        }
    }
    CHECK_EQUAL(seen, all);
}

static uint64_t flushes(void)
{
    struct system_info info;
    CHECK_EQUAL(system_info(&info), 0);
    return info.tlb_flushes;
}

/* A page that is taken away must leave the TLB: each shrink of the heap is at least one flush. */
static void taking_a_page_away_flushes(void)
{
    for (int i = 0; i < 10; i++) {
        volatile char *heap = sbrk(4096);
        CHECK(heap != (char *)-1);
        *heap = 1;
        uint64_t before = flushes();
        CHECK(sbrk(-4096) != (void *)-1);
        CHECK(flushes() > before);
    }
}

/* So must the entry of a page that was read-only as long as a child shared it. */
static void copying_on_write_flushes(void)
{
    static volatile char page[3 * 4096]; /* the middle of it shares its page with nothing else */
    page[4096] = 1;
    int pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        sleep_ns(MS);
        _exit(0);
    }
    CHECK_EQUAL(page[4096], 1); /* it is in the TLB, and may not be written */
    uint64_t before = flushes();
    page[4096] = 2;
    CHECK(flushes() > before);
    CHECK_EQUAL(ending_of(pid), 0);
}

int main(int argc, char **argv)
{
    check_start(argc, argv);
    RUN(counters_go_forward);
    RUN(time_is_the_systems_time);
    RUN(counters_are_allowed_on_every_hart);
    RUN(taking_a_page_away_flushes);
    RUN(copying_on_write_flushes);
    return check_end();
}
