/*
 * System calls about futexes.
 */
#include "sys/calls.h"

#include "ipc/futex.h"
#include "riscv/clock.h"
#include "sched/sched.h"

#include <kinglet/futex.h>

int64_t sys_futex_wait(const uint64_t a[7])
{
    struct futex_wait wait = {
        .address = user_at(a[0]),
        .expected = (uint32_t)a[1],
        /* A tick more: less than was asked for would be wrong. */
        .when = (int64_t)a[2] < 0 ? SCHED_NEVER : clock_ticks() + ticks_of_ns(a[2]) + (a[2] ? 1 : 0),
        .owner = (int32_t)a[3],
        .flags = (unsigned)a[4],
        .release = user_at(a[5]),
    };
    if (a[3] > INT32_MAX || a[4] & ~(uint64_t)(FUTEX_ROBUST | FUTEX_HAND_ON | FUTEX_RELEASE_ALL))
        return -EINVAL;
    if (wait.release.v && a[4] & FUTEX_ROBUST)
        return -EINVAL; /* who gets -EOWNERDEAD would not know whether it was let go */
    return futex_wait(&wait);
}

int64_t sys_futex_wake(const uint64_t a[7])
{
    return futex_wake(user_at(a[0]), a[1]);
}

int64_t sys_futex_change(const uint64_t a[7])
{
    return futex_change(user_at(a[0]), (uint32_t)a[1], (uint32_t)a[2], a[3]);
}
