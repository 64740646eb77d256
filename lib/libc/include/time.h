/*
 * Time since boot; the machine's date is not known.
 */
#ifndef LIBC_TIME_H
#define LIBC_TIME_H

#include <sys/types.h>

struct timespec {
    time_t tv_sec;
    long tv_nsec; /* 0..999999999 */
};

typedef int clockid_t;
#define CLOCK_MONOTONIC 1

/* Both: 0, or -1 and errno (EINVAL: another clock, tv_nsec out of range). `left` may be NULL. */
int clock_gettime(clockid_t clock, struct timespec *now);
int nanosleep(const struct timespec *wanted, struct timespec *left);

#endif
