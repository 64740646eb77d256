/*
 * Several harts at work (tests/test_harts.py): what only goes wrong when things really happen at the same time.
 * Runs on one hart as well. "partners" and "spin" are no cases but work that the tests look at from outside.
 */
#include "check.h"

#include <sys/wait.h>

#define SPINNERS 4

static int harts(void)
{
    struct system_info info;
    CHECK_EQUAL(system_info(&info), 0);
    return (int)info.harts;
}

static uint64_t now(void)
{
    return clock_ns();
}

/* Two processes that hand one byte to and fro. */
static void ping_pong(int rounds)
{
    int there[2], back[2];
    char byte = 0;
    CHECK_EQUAL(pipe(there), 0);
    CHECK_EQUAL(pipe(back), 0);
    setname("partner");
    int pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        for (int i = 0; i < rounds; i++) {
            CHECK_EQUAL(read(there[0], &byte, 1), 1);
            byte++;
            CHECK_EQUAL(write(back[1], &byte, 1), 1);
        }
        _exit(0);
    }
    for (int i = 0; i < rounds; i++) {
        CHECK_EQUAL(write(there[1], &byte, 1), 1);
        CHECK_EQUAL(read(back[0], &byte, 1), 1);
        CHECK_EQUAL(byte, (char)(i + 1));
    }
    CHECK_EQUAL(ending_of(pid), 0);
}

static void bytes_go_to_and_fro(void)
{
    ping_pong(2000);
}

/* One process for each hart, all running at one time. */
static void as_many_run_as_there_are_harts(void)
{
    int n = harts(), pids[8];
    for (int i = 0; i < n; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            for (;;)
                ;
    }
    bool all = false;
    for (int look = 0; look < 2000 && !all; look++) {
        unsigned seen = 0;
        sleep_ns(MS);
        for (int i = 0; i < n; i++) {
            struct proc_info info;
            CHECK_EQUAL(process_list(pids[i], &info, 1), 1);
            CHECK_EQUAL(info.pid, pids[i]);
            if (info.state == PROC_RUNNING)
                seen |= 1u << info.hart;
        }
        /* We ourselves have a hart while we look. */
        all = __builtin_popcount(seen) >= (n > 1 ? n - 1 : 0);
    }
    for (int i = 0; i < n; i++) {
        kill(pids[i], SIGKILL);
        CHECK_EQUAL(ending_of(pids[i]), -SIGKILL);
    }
    CHECK(all);
}

/* New code in a page that held other code, on whatever hart the process then runs. */
static void new_code_is_seen_on_every_hart(void)
{
    for (int i = 0; i < 60; i++) {
        int pid = fork();
        if (pid == 0) {
            char *argv[] = {i % 2 ? "true" : "false", NULL};
            execv(i % 2 ? "/bin/true" : "/bin/false", argv);
            _exit(9);
        }
        CHECK_EQUAL(ending_of(pid), i % 2 ? 0 : 1);
    }
}

/* A store that a copy-on-write fault answers must never land in the other's page, on whatever hart each goes on. */
static void copies_stay_apart(void)
{
    enum { CHILDREN = 8, PAGES = 32, ROUNDS = 40 };
    static volatile uint32_t page[PAGES][1024];
    for (int round = 0; round < ROUNDS; round++) {
        int pids[CHILDREN];
        for (int p = 0; p < PAGES; p++)
            page[p][p] = (uint32_t)round;
        for (int c = 0; c < CHILDREN; c++) {
            pids[c] = fork();
            CHECK(pids[c] >= 0);
            if (pids[c])
                continue;
            for (int p = 0; p < PAGES; p++) {
                CHECK_EQUAL(page[p][p], round);
                page[p][p] = (uint32_t)(1000 + c);
            }
            yield();
            for (int p = 0; p < PAGES; p++)
                CHECK_EQUAL(page[p][p], 1000 + c);
            _exit(0);
        }
        for (int p = 0; p < PAGES; p++)
            CHECK_EQUAL(page[p][p], round);
        for (int c = 0; c < CHILDREN; c++)
            CHECK_EQUAL(ending_of(pids[c]), 0);
    }
}

/* Sleepers wake up, on time or later, wherever their timers are. */
static void sleepers_wake_up(void)
{
    enum { SLEEPERS = 24 };
    int pids[SLEEPERS];
    for (int i = 0; i < SLEEPERS; i++) {
        pids[i] = fork();
        CHECK(pids[i] >= 0);
        if (pids[i])
            continue;
        for (int round = 0; round < 40; round++) {
            uint64_t ns = (uint64_t)(i * 37 + round * 101) % 500 * 1000, before = now();
            CHECK_EQUAL(sleep_ns(ns), 0);
            CHECK(now() - before >= ns);
        }
        _exit(0);
    }
    for (int i = 0; i < SLEEPERS; i++)
        CHECK_EQUAL(ending_of(pids[i]), 0);
}

/* The policy is changed under those who run by it. */
static void the_policy_changes_under_load(void)
{
    struct sched_params old, other;
    int pids[12];
    CHECK_EQUAL(sched_get(&old), 0);
    for (int i = 0; i < 12; i++) {
        pids[i] = fork();
        CHECK(pids[i] >= 0);
        if (pids[i] == 0) {
            for (int round = 0; round < 300; round++) {
                yield();
                if (round % 10 == i % 10)
                    sleep_ns(10000);
            }
            _exit(0);
        }
    }
    for (int round = 0; round < 40; round++) {
        other = old;
        strcpy(other.policy, round % 2 ? "rr" : "mlfq");
        CHECK_EQUAL(sched_set(&other), 0);
        sleep_ns(MS / 2);
    }
    CHECK_EQUAL(sched_set(&old), 0);
    for (int i = 0; i < 12; i++)
        CHECK_EQUAL(ending_of(pids[i]), 0);
}

/* In a job of its own: moves a child of its own all the time between that job and one below it, where others are. */
static void move_a_child_for_ever(int to)
{
    enum { OTHERS = 80 }; /* more than are marked at one go */
    int job = setjob(0, 0), child = fork();
    if (child == 0)
        sleep_ns(UINT64_MAX);
    int below = setjob(child, 0);
    for (int i = 0; i < OTHERS; i++) {
        int pid = fork();
        if (pid == 0)
            sleep_ns(UINT64_MAX);
        CHECK_EQUAL(setjob(pid, below), below);
    }
    int ids[2] = {job, child};
    CHECK_EQUAL(write(to, ids, sizeof ids), sizeof ids);
    for (;;) {
        setjob(child, job);
        setjob(child, below);
    }
}

static void nobody_is_moved_out_of_a_job_that_ends(void)
{
    for (int round = 0; round < 12; round++) {
        int ends[2], ids[2];
        CHECK_EQUAL(pipe(ends), 0);
        int mover = fork();
        CHECK(mover >= 0);
        if (mover == 0)
            move_a_child_for_ever(ends[1]);
        CHECK_EQUAL(read(ends[0], ids, sizeof ids), sizeof ids);
        sleep_ns(MS);
        CHECK_EQUAL(kill(-ids[0], SIGKILL), 0);
        CHECK_EQUAL(ending_of(mover), -SIGKILL);
        bool lives = true;
        for (int look = 0; look < 2000 && lives; look++) {
            struct proc_info info;
            sleep_ns(MS);
            lives = process_list(ids[1], &info, 1) == 1 && info.pid == ids[1];
        }
        CHECK(!lives);
        close(ends[0]);
        close(ends[1]);
    }
}

static void spin(void)
{
    setname("spinner");
    for (int i = 1; i < SPINNERS; i++)
        if (fork_flags(FORK_DAEMON) == 0)
            break;
    for (;;)
        ;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "partners") == 0) {
        ping_pong(1000);
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "spin") == 0)
        spin();
    check_start(argc, argv);
    RUN(bytes_go_to_and_fro);
    RUN(as_many_run_as_there_are_harts);
    RUN(new_code_is_seen_on_every_hart);
    RUN(copies_stay_apart);
    RUN(sleepers_wake_up);
    RUN(the_policy_changes_under_load);
    RUN(nobody_is_moved_out_of_a_job_that_ends);
    return check_end();
}
