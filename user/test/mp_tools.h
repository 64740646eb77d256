/*
 * For the tests of lib/mp: shared memory, children that are numbered, and waiting until one waits.
 */
#ifndef TEST_MP_TOOLS_H
#define TEST_MP_TOOLS_H

#include "check.h"

#include <mp/mp.h>

static struct mp_shared *memory;

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

/* The call gives -ETIMEDOUT, not before so many ms are over, and not long after when nothing else runs. */
#define CHECK_TIMES_OUT(call, ms) \
    do { \
        uint64_t check_before = clock_ns(); \
        CHECK_EQUAL(call, -ETIMEDOUT); \
        uint64_t check_took = clock_ns() - check_before; \
        CHECK(check_took >= (ms) * MS); \
        CHECK(!exact_time || check_took < ((ms) + 2) * MS); \
    } while (0)
static bool exact_time; /* under -icount on one hart */

#endif
