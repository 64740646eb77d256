/*
 * For the tests of lib/mp: shared memory, children, processes and threads that get a number, and waiting until one
 * waits.
 */
#ifndef TEST_MP_TOOLS_H
#define TEST_MP_TOOLS_H

#include "check.h"

#include <kinglet/thread.h>
#include <mp/mp.h>

static struct mp_shared *memory __attribute__((unused));

/* Something in shared memory that is new for this case. */
static inline void *share(size_t bytes)
{
    CHECK_EQUAL(mp_shared_create(bytes, &memory), 0);
    void *p = mp_shared_alloc(memory, bytes);
    CHECK(p != NULL);
    return p;
}

static inline int start_child(void (*f)(int), int argument)
{
    int pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        f(argument);
        fflush(stdout);
        _exit(0);
    }
    return pid;
}

static inline int start_waiter(void (*f)(int), int argument)
{
    int pid = start_child(f, argument);
    wait_until_blocked(pid, "futex");
    return pid;
}

static inline void kill_and_wait(int pid)
{
    kill(pid, SIGKILL);
    CHECK_EQUAL(ending_of(pid), -SIGKILL);
}

/* ---- lib/mp's Process ---- */

static inline struct mp_process *make(int (*target)(void *), long args)
{
    struct mp_process *p;
    CHECK_EQUAL(mp_process_create(&p, target, (void *)args), 0);
    return p;
}

static inline struct mp_process *started(int (*target)(void *), long args)
{
    struct mp_process *p = make(target, args);
    CHECK_EQUAL(mp_process_start(p), 0);
    return p;
}

/* Joins and closes it. */
static inline int code_of(struct mp_process *p)
{
    CHECK_EQUAL(mp_process_join(p, -1), 0);
    int code = mp_process_exit_code(p);
    CHECK_EQUAL(mp_process_close(p), 0);
    return code;
}

/* ---- threads ---- */

static inline int start_thread(void *(*f)(void *), long argument)
{
    int tid = thread_create(f, (void *)argument);
    if (tid < 0)
        errno = -tid;
    CHECK(tid > 0);
    return tid;
}

static inline int start_waiting_thread(void *(*f)(void *), long argument)
{
    int tid = start_thread(f, argument);
    wait_until_thread_blocked(tid, "futex");
    return tid;
}

static inline long end_of_thread(int tid)
{
    void *value = NULL;
    CHECK_EQUAL(thread_join(tid, &value), 0);
    return (long)value;
}

/* ---- time ---- */

/* The call gives -ETIMEDOUT, not before so many ms are over, and not long after when nothing else runs. */
#define CHECK_TIMES_OUT(call, ms) \
    do { \
        uint64_t check_before = clock_ns(); \
        CHECK_EQUAL(call, -ETIMEDOUT); \
        uint64_t check_took = clock_ns() - check_before; \
        CHECK(check_took >= (ms) * MS); \
        CHECK(!exact_time || check_took < ((ms) + 2) * MS); \
    } while (0)
static bool exact_time __attribute__((unused)); /* under -icount on one hart */

#endif
