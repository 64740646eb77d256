/*
 * POSIX's calls on handles: thin functions over the system calls of the same names.
 */
#include "ecall.h"
#include "internal.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

ssize_t read(int fd, void *buffer, size_t bytes)
{
    return libc_result(ecall3(SYS_read, fd, ARGUMENT(buffer), ARGUMENT(bytes)));
}

ssize_t write(int fd, const void *buffer, size_t bytes)
{
    return libc_result(ecall3(SYS_write, fd, ARGUMENT(buffer), ARGUMENT(bytes)));
}

off_t lseek(int fd, off_t offset, int whence)
{
    return libc_result(ecall3(SYS_lseek, fd, offset, whence));
}

int close(int fd)
{
    return (int)libc_result(ecall1(SYS_close, fd));
}

int dup(int fd)
{
    return (int)libc_result(ecall1(SYS_dup, fd));
}

int dup2(int from, int to)
{
    return (int)libc_result(ecall2(SYS_dup2, from, to));
}

int pipe2(int ends[2], int flags)
{
    return (int)libc_result(ecall2(SYS_pipe, ARGUMENT(ends), flags));
}

int pipe(int ends[2])
{
    return pipe2(ends, 0);
}

int fcntl(int fd, int command, ...)
{
    va_list arguments;
    va_start(arguments, command);
    long argument = va_arg(arguments, long); /* commands without one ignore it */
    va_end(arguments);
    return (int)libc_result(ecall3(SYS_fcntl, fd, command, argument));
}

int fstat(int fd, struct stat *out)
{
    return (int)libc_result(ecall2(SYS_fstat, fd, ARGUMENT(out)));
}

int ftruncate(int fd, off_t size)
{
    return (int)libc_result(ecall2(SYS_ftruncate, fd, size));
}

int fsync(int fd)
{
    return (int)libc_result(ecall1(SYS_fsync, fd));
}

int isatty(int fd)
{
    struct stat stat;
    if (fstat(fd, &stat) < 0)
        return 0;
    /* Devices of major 0 (null, zero) are characters too, but nobody types on them. */
    if (S_ISCHR(stat.st_mode) && (stat.st_rdev == 0 || stat.st_rdev >> 8 != 0))
        return 1;
    errno = ENOTTY;
    return 0;
}

int poll(struct pollfd *list, nfds_t n, int timeout_ms)
{
    int64_t timeout_ns = timeout_ms < 0 ? -1 : timeout_ms * INT64_C(1000000);
    return (int)libc_result(ecall3(SYS_poll, ARGUMENT(list), ARGUMENT(n), timeout_ns));
}
