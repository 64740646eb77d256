/*
 * errno: the number of the last error of a POSIX-style call that returned -1 (or NULL).
 * The numbers are the kernel's own list; their texts come from strerror.
 */
#ifndef LIBC_ERRNO_H
#define LIBC_ERRNO_H

#include <kinglet/errno.h>

#define EWOULDBLOCK EAGAIN

extern _Thread_local int errno; /* each thread has its own */

#endif
