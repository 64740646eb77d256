/*
 * For the tests of submitted calls: one queue a case, its records, and the threads that carry its calls.
 */
#ifndef TEST_SUBMIT_TOOLS_H
#define TEST_SUBMIT_TOOLS_H

#include "check.h"

#include <kinglet/submit.h>

#define FOREVER_NS (1000000 * MS)

static int queue, ends[2];
static char buffer[4096] __attribute__((unused));

static inline void make_queue(int flags)
{
    queue = completion_create(flags);
    if (queue < 0)
        errno = -queue;
    CHECK(queue >= 0);
}

static inline void make_queue_and_pipe(int flags)
{
    make_queue(flags);
    CHECK_EQUAL(pipe(ends), 0);
}

/* The next record. */
static inline struct completion next_record(void)
{
    struct completion done;
    CHECK_EQUAL(read(queue, &done, sizeof done), sizeof done);
    return done;
}

static inline void expect_record(uint64_t tag, int64_t result)
{
    struct completion done = next_record();
    CHECK_EQUAL(done.tag, tag);
    CHECK_EQUAL(done.result, result);
}

static inline void expect_the_end(void)
{
    struct completion done;
    CHECK_EQUAL(read(queue, &done, sizeof done), 0);
}

/* How many carriers this process has that are blocked for that reason; NULL: that have not ended. */
static inline int carriers(const char *reason)
{
    static struct proc_info list[128];
    int n = thread_list(getpid(), list, 128), found = 0;
    for (int i = 0; i < n && i < 128; i++)
        if (list[i].pid == getpid() && strncmp(list[i].name, "submit ", 7) == 0)
            found += reason ? list[i].state == PROC_BLOCKED && strcmp(list[i].reason, reason) == 0
                            : list[i].state != PROC_ZOMBIE;
    return found;
}

static inline void wait_for_carriers(int wanted, const char *reason)
{
    int found;
    for (int i = 0; (found = carriers(reason)) != wanted && i < 40000; i++)
        sleep_ns(MS / 4);
    CHECK_EQUAL(found, wanted);
}

static inline bool one_hart(void)
{
    struct system_info info;
    system_info(&info);
    return info.harts == 1;
}

#endif
