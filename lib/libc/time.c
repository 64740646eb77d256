/*
 * Clocks and sleeping over the system's nanoseconds since boot.
 */
#include "ecall.h"
#include "internal.h"
#include <errno.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_SECOND INT64_C(1000000000)

int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (clock != CLOCK_MONOTONIC) {
        errno = EINVAL;
        return -1;
    }
    long ns = ecall0(SYS_clock);
    now->tv_sec = ns / NS_PER_SECOND;
    now->tv_nsec = ns % NS_PER_SECOND;
    return 0;
}

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
    if (wanted->tv_sec < 0 || wanted->tv_nsec < 0 || wanted->tv_nsec >= NS_PER_SECOND) {
        errno = EINVAL;
        return -1;
    }
    int64_t ns;
    if (__builtin_mul_overflow(wanted->tv_sec, NS_PER_SECOND, &ns) ||
        __builtin_add_overflow(ns, wanted->tv_nsec, &ns))
        ns = INT64_MAX;
    if (left)
        *left = (struct timespec){0, 0}; /* only the end of the process can cut a sleep short */
    return (int)libc_result(ecall1(SYS_sleep, ns));
}

unsigned int sleep(unsigned int seconds)
{
    return ecall1(SYS_sleep, seconds * NS_PER_SECOND) < 0 ? seconds : 0;
}

int usleep(useconds_t us)
{
    return (int)libc_result(ecall1(SYS_sleep, us * INT64_C(1000)));
}
