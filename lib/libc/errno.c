/*
 * errno, and how a system call's result becomes it.
 */
#include "internal.h"
#include <errno.h>

_Thread_local int errno;

long libc_result(long result)
{
    if (result >= 0)
        return result;
    errno = (int)-result;
    return -1;
}
