/*
 * For the tests of threads (threads.c, thread_end.c, thread_memory.c): starting and joining, and threads that are busy in one
 * way or another.
 */
#ifndef USER_TEST_THREAD_TOOLS_H
#define USER_TEST_THREAD_TOOLS_H

#include "check.h"

#include <fcntl.h>
#include <kinglet/thread.h>

#define MANY 8

static volatile int counter;
static volatile bool stop;
static int ends[2];

static inline void *give_back(void *argument)
{
    return argument;
}

static inline void *count_up(void *argument)
{
    for (int i = 0; i < 1000; i++)
        __atomic_fetch_add(&counter, 1, __ATOMIC_RELAXED);
    return argument;
}

static inline void *compute(void *argument)
{
    while (!stop)
        ;
    return argument;
}

static inline void *read_for_ever(void *argument)
{
    char byte;
    read(ends[0], &byte, 1);
    return argument;
}

static inline void *sleep_for_ever(void *argument)
{
    sleep_ns(1000000 * MS);
    return argument;
}

static inline int started(void *(*function)(void *), long argument)
{
    int tid = thread_create(function, (void *)argument);
    if (tid < 0)
        errno = -tid;
    CHECK(tid > 0);
    return tid;
}

static inline long joined(int tid)
{
    void *value = NULL;
    CHECK_EQUAL(thread_join(tid, &value), 0);
    return (long)value;
}

/* Some that compute, some that are blocked. */
static inline void start_busy_ones(void)
{
    CHECK_EQUAL(pipe(ends), 0);
    for (int i = 0; i < 3; i++) {
        started(compute, 0);
        started(read_for_ever, 0);
        started(sleep_for_ever, 0);
    }
}

#endif
