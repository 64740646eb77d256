/*
 * For the tests of lib/mp's Pool: one pool a case, its workers, and tasks that count in shared memory what they do, so
 * that none is done twice unnoticed.
 */
#ifndef TEST_POOL_TOOLS_H
#define TEST_POOL_TOOLS_H

#include "mp_tools.h"

#define WORKERS 4
#define ITEMS 64
#define LONG_MS 100000

static struct mp_pool *pool;
static _Atomic int *done; /* shared: how often task i was begun, or whatever a case counts */

static inline void create(unsigned workers)
{
    CHECK_EQUAL(mp_pool_create(&pool, workers, NULL, NULL), 0);
}

static inline void end(void)
{
    CHECK_EQUAL(mp_pool_free(pool), 0);
}

static inline void wait_until_idle(void)
{
    struct mp_process *list[WORKERS];
    int n = mp_active_children(list, WORKERS);
    for (int i = 0; i < n; i++)
        wait_until_blocked(mp_process_pid(list[i]), "futex");
}

/* Kills the i-th of the workers, and gives its pid. */
static inline int kill_worker(int i)
{
    struct mp_process *list[2 * WORKERS];
    int n = mp_active_children(list, 2 * WORKERS);
    if (i >= n)
        return 0;
    int pid = mp_process_pid(list[i]);
    CHECK_EQUAL(mp_process_kill(list[i]), 0);
    return pid;
}

/* One that does nothing; it has ended afterwards, but the pool has not looked yet. */
static inline void kill_and_join_worker(void)
{
    struct mp_process *p;
    CHECK(mp_active_children(&p, 1) >= 1);
    CHECK_EQUAL(mp_process_kill(p), 0);
    CHECK_EQUAL(mp_process_join(p, -1), 0);
}

static inline int many_workers(void)
{
    return mp_active_children(NULL, 0);
}

/* ---- tasks ---- */

static inline int square(const void *argument, size_t bytes, void *result, size_t room)
{
    long n;
    CHECK_EQUAL(bytes, sizeof n);
    memcpy(&n, argument, sizeof n);
    if (done)
        done[n % ITEMS]++;
    n *= n;
    memcpy(result, &n, sizeof n);
    return sizeof n;
}

static inline int echo(const void *argument, size_t bytes, void *result, size_t room)
{
    CHECK(bytes <= room);
    memcpy(result, argument, bytes);
    return (int)bytes;
}

static inline int gives_nothing(const void *argument, size_t bytes, void *result, size_t room)
{
    return bytes || room ? -EINVAL : 0;
}

#define GATE (ITEMS + 1)

/* Until the case says so. */
static inline int waits_at_the_gate(const void *argument, size_t bytes, void *result, size_t room)
{
    while (!done[GATE])
        sleep_ns(MS / 4);
    return 0;
}

static inline int sleeps(const void *argument, size_t bytes, void *result, size_t room)
{
    done[0]++;
    sleep_ns((uint64_t)*(const long *)argument * MS);
    done[1]++;
    return 0;
}

/* How a worker can end. */
enum way { EXIT, UNDER_EXIT, FAULT, KILL, TERMINATE, ABORT, WAYS };
static const int way_codes[WAYS] = {3, 4, -SIGSEGV, -SIGKILL, -SIGTERM, -SIGABRT};

static inline int ends_its_worker(const void *argument, size_t bytes, void *result, size_t room)
{
    switch (*(const long *)argument) {
    case EXIT:
        exit(3);
    case UNDER_EXIT:
        _exit(4);
    case FAULT:
        *(volatile int *)0 = 1;
        break;
    case KILL:
        kill(getpid(), SIGKILL);
        break;
    case TERMINATE:
        kill(getpid(), SIGTERM);
        break;
    case ABORT:
        abort();
    default: /* a good one */
        return square(argument, bytes, result, room);
    }
    return 0;
}

static inline int apply_long(mp_pool_function *function, long argument, long *result)
{
    return mp_pool_apply(pool, function, &argument, sizeof argument, result, sizeof *result);
}

static inline struct mp_result *hand_in(mp_pool_function *function, long argument)
{
    struct mp_result *r;
    CHECK_EQUAL(mp_pool_apply_async(pool, function, &argument, sizeof argument, sizeof(long), &r), 0);
    return r;
}

static inline void works(void)
{
    long n;
    CHECK_EQUAL(apply_long(square, 7, &n), sizeof n);
    CHECK_EQUAL(n, 49);
}

/* ---- a map ---- */

static long numbers[1000], squares[1000];
static int statuses[1000];

static inline struct mp_map squares_of(size_t count, size_t chunksize)
{
    for (long i = 0; i < 1000; i++) {
        numbers[i] = i;
        squares[i] = -1;
        statuses[i] = 12345;
    }
    return (struct mp_map){.function = square, .items = numbers, .count = count, .item_bytes = sizeof(long),
                           .results = squares, .result_bytes = sizeof(long), .statuses = statuses,
                           .chunksize = chunksize};
}

static inline void check_squares(size_t count)
{
    for (long i = 0; i < 1000; i++) {
        CHECK_EQUAL(squares[i], i < (long)count ? i * i : -1);
        CHECK_EQUAL(statuses[i], i < (long)count ? sizeof(long) : 12345);
    }
}

#endif
