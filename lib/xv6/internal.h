/*
 * What the parts of lib/xv6 share. The library is apart from libc, whose names collide with xv6's, and uses
 * nothing of it but the inline functions of ecall.h.
 */
#ifndef XV6_INTERNAL_H
#define XV6_INTERNAL_H

#include "../libc/ecall.h"
#include "kernel/types.h"
#include "user/user.h"

/* Public functions are weak: a program that brings one of its own by the same name gets its own. */
#define PUBLIC __attribute__((weak))

/* xv6 knows one error. */
static inline int or_minus_1(long result)
{
    return result < 0 ? -1 : (int)result;
}

/* Whether this program may write n bytes at `to`. For results that the library stores and not the kernel:
 * xv6's kernel says -1 to a bad pointer, where following it would end the process. */
int xv6_may_write(const void *to, uint64 n);

#endif
