/*
 * For the tests of lib/mp's Manager: one manager a case, and processes that work with it.
 */
#ifndef TEST_MANAGER_TOOLS_H
#define TEST_MANAGER_TOOLS_H

#include "mp_tools.h"

#define CALL_REASON "call" /* ps shows it for who waits for a server's answer */

static struct mp_manager *manager;

static inline void begin(void)
{
    CHECK_EQUAL(mp_manager_start(&manager), 0);
}

/* All proxies are closed, and the server knows it: it has nothing left. */
static inline void finish(void)
{
    struct mp_manager_info info;
    for (int i = 0; i < 1000; i++) { /* a process that has ended is still being closed */
        CHECK_EQUAL(mp_manager_info(manager, &info), 0);
        if (info.objects == 0 && info.references == 0 && info.connections == 1 && info.bytes == 0)
            break;
        sleep_ns(MS / 4);
    }
    CHECK_EQUAL(info.objects, 0);
    CHECK_EQUAL(info.references, 0);
    CHECK_EQUAL(info.waiting, 0);
    CHECK_EQUAL(info.connections, 1);
    CHECK_EQUAL(info.bytes, 0);
    CHECK_EQUAL(mp_manager_shutdown(manager), 0);
    CHECK_EQUAL(mp_manager_close(manager), 0);
}

/* Runs the target in a process with this manager; it found nothing wrong. */
static inline void in_process(int (*target)(void *), long argument)
{
    CHECK_EQUAL(code_of(started(target, argument)), 0);
}

/* Waits until so many calls wait for a lock. */
static inline void wait_for_waiters(unsigned n)
{
    struct mp_manager_info info;
    for (int i = 0; i < 40000; i++) {
        CHECK_EQUAL(mp_manager_info(manager, &info), 0);
        if (info.waiting == n)
            return;
        sleep_ns(MS / 4);
    }
    CHECK_EQUAL(info.waiting, n);
}

/* The same for connections: processes that have ended are forgotten. */
static inline void wait_for_connections(unsigned n)
{
    struct mp_manager_info info;
    for (int i = 0; i < 40000; i++) {
        CHECK_EQUAL(mp_manager_info(manager, &info), 0);
        if (info.connections == n)
            return;
        sleep_ns(MS / 4);
    }
    CHECK_EQUAL(info.connections, n);
}

#endif
