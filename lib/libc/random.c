/*
 * getrandom and getentropy: the system call, in pieces of what it gives at once.
 */
#include "ecall.h"
#include "internal.h"
#include <errno.h>
#include <sys/random.h>
#include <unistd.h>

int getentropy(void *buffer, size_t bytes)
{
    return libc_result(ecall2(SYS_getrandom, ARGUMENT(buffer), ARGUMENT(bytes))) < 0 ? -1 : 0;
}

ssize_t getrandom(void *buffer, size_t bytes, unsigned flags)
{
    if (flags & ~(unsigned)(GRND_NONBLOCK | GRND_RANDOM)) {
        errno = EINVAL;
        return -1;
    }
    for (size_t done = 0; done < bytes; done += RANDOM_BYTES_MAX) {
        size_t left = bytes - done;
        if (getentropy((char *)buffer + done, left < RANDOM_BYTES_MAX ? left : RANDOM_BYTES_MAX) < 0)
            return -1;
    }
    return (ssize_t)bytes;
}
