/*
 * POSIX's calls that name a path. The path goes to the kernel unread.
 */
#include "ecall.h"
#include "internal.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    if (flags & O_CREAT) {
        va_list arguments;
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    return (int)libc_result(ecall3(SYS_open, ARGUMENT(path), flags, mode));
}

int creat(const char *path, mode_t mode)
{
    return open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

int stat(const char *path, struct stat *out)
{
    return (int)libc_result(ecall2(SYS_stat, ARGUMENT(path), ARGUMENT(out)));
}

int mkdir(const char *path, mode_t mode)
{
    return (int)libc_result(ecall2(SYS_mkdir, ARGUMENT(path), mode));
}

int mknod(const char *path, mode_t mode_and_type, dev_t device)
{
    return (int)libc_result(ecall3(SYS_mknod, ARGUMENT(path), mode_and_type, ARGUMENT(device)));
}

int rmdir(const char *path)
{
    return (int)libc_result(ecall1(SYS_rmdir, ARGUMENT(path)));
}

int unlink(const char *path)
{
    return (int)libc_result(ecall1(SYS_unlink, ARGUMENT(path)));
}

int link(const char *from, const char *to)
{
    return (int)libc_result(ecall2(SYS_link, ARGUMENT(from), ARGUMENT(to)));
}

int rename(const char *from, const char *to)
{
    return (int)libc_result(ecall2(SYS_rename, ARGUMENT(from), ARGUMENT(to)));
}

int remove(const char *path)
{
    if (unlink(path) == 0)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return -1;
    return rmdir(path);
}

int chdir(const char *path)
{
    return (int)libc_result(ecall1(SYS_chdir, ARGUMENT(path)));
}

int access(const char *path, int mode)
{
    struct stat found;
    if (stat(path, &found) < 0)
        return -1;
    /* The bits R_OK, W_OK and X_OK are those of one octal digit of the mode; any of the three serves. */
    int granted = found.st_mode | found.st_mode >> 3 | found.st_mode >> 6;
    if ((mode & granted & 7) == mode)
        return 0;
    errno = mode & ~7 ? EINVAL : EACCES;
    return -1;
}
