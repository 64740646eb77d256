/*
 * For the tests of lib/mp and libc in processes with several threads (mp_threads.c, mp_thread_process.c, mp_thread_libc.c).
 */
#ifndef USER_TEST_MP_THREAD_TOOLS_H
#define USER_TEST_MP_THREAD_TOOLS_H

#include "mp_tools.h"

#define ROUNDS 10000
#define WORKERS 4
#define SHARE (ROUNDS / WORKERS)

static struct {
    struct mp_lock lock;
    struct mp_rlock rlock;
    struct mp_semaphore permits, room;
    struct mp_condition condition;
    struct mp_event event, answer;
    struct mp_barrier barrier;
    volatile uint64_t count, inside, items, told;
    volatile uint32_t seen[WORKERS];
    volatile bool stop, die;
} *s;

static inline void new_case(void)
{
    s = share(sizeof *s);
}

static inline void together(void *(*f)(void *), long argument)
{
    int tids[WORKERS];
    for (int i = 0; i < WORKERS; i++)
        tids[i] = start_thread(f, argument < 0 ? i : argument);
    for (int i = 0; i < WORKERS; i++)
        CHECK_EQUAL(end_of_thread(tids[i]), 0);
}

static inline void row_of(int tid, struct proc_info *info)
{
    CHECK_EQUAL(thread_list(tid, info, 1), 1);
    CHECK_EQUAL(info->tid, tid);
}

static inline void *lives_on(void *unused)
{
    while (!s->stop)
        sleep_ns(MS);
    return NULL;
}

_Noreturn static inline void *exits(void *code)
{
    exit((int)(long)code);
}

static inline int returns(void *code)
{
    return (int)(long)code;
}

#endif
