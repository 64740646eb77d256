/*
 * For programs that kill servers, at an exact moment or all the time, and look whether anybody notices. They need
 * the boot options session=system (or they may not) and restarts=unlimited (or init gives up).
 */
#ifndef TEST_DEATHS_H
#define TEST_DEATHS_H

#include "check.h"

/* The server with this name: its pid, or 0 while there is none. */
static inline int server_pid(const char *name)
{
    static struct proc_info list[64];
    int n = process_list(1, list, 64);
    for (int i = 0; i < n; i++)
        if (list[i].ppid == 1 && strcmp(list[i].name, name) == 0)
            return list[i].state == PROC_ZOMBIE ? 0 : list[i].pid;
    return 0;
}

/* Waits until there is one; its pid. */
static inline int live_server(const char *name)
{
    int pid;
    while ((pid = server_pid(name)) == 0)
        sleep_ns(MS / 10);
    return pid;
}

/* Kills it, and waits until it is gone. */
static inline void kill_server(const char *name)
{
    int pid = live_server(name);
    CHECK_EQUAL(kill(pid, SIGKILL), 0);
    while (server_pid(name) == pid)
        sleep_ns(MS / 10);
}

/* Uses up slices until whoever wakes up runs before us, and takes the processor from us at once. */
static inline void sink(void)
{
    struct proc_info me;
    do
        for (volatile int i = 0; i < 20000; i++)
            continue;
    while (process_list(getpid(), &me, 1) == 1 && me.level == 0);
}

/* Runs `work` in a child, and kills the server so long after its start. Gives how long `work` took. */
static inline uint64_t work_and_kill(void (*work)(void), const char *server, uint64_t after_ns)
{
    int ends[2];
    char c;
    CHECK_EQUAL(pipe(ends), 0);
    int victim = server ? live_server(server) : 0, pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        sink();
        write(ends[1], "x", 1);
        work();
        _exit(0);
    }
    CHECK_EQUAL(read(ends[0], &c, 1), 1);
    uint64_t start = clock_ns();
    if (server) {
        sleep_ns(after_ns);
        CHECK_EQUAL(kill(victim, SIGKILL), 0);
    }
    CHECK_EQUAL(ending_of(pid), 0);
    uint64_t took = clock_ns() - start;
    while (server && server_pid(server) == victim)
        sleep_ns(MS / 10);
    close(ends[0]), close(ends[1]);
    return took;
}

/* Kills the server in `kills` moments spread over the time that `work` takes, each in a run of its own. */
static inline void sweep(void (*work)(void), const char *server, unsigned kills)
{
    uint64_t took = 0;
    for (int i = 0; i < 3; i++) /* what is touched for the first time takes longer */
        took = work_and_kill(work, NULL, 0);
    for (unsigned i = 0; i < kills; i++)
        work_and_kill(work, server, took * i / kills);
}

#endif
