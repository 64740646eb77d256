/*
 * System calls about files. Paths and buffers go through to the kernel as they are: only it may find out
 * whether they can be followed.
 */
#include "internal.h"

#include <kinglet/file.h>

/* Both worlds call theirs `struct stat`. */
#define stat xv6_stat
#include "kernel/stat.h"
#undef stat

#define XV6_O_CREATE 0x200 /* kernel/fcntl.h, whose names are Kinglet's too */
#define XV6_O_TRUNC 0x400

PUBLIC int open(const char *path, int flags)
{
    int native = flags & O_ACCMODE;

    if ((flags & XV6_O_CREATE) != 0)
        native |= O_CREAT;
    if ((flags & XV6_O_TRUNC) != 0)
        native |= O_TRUNC;
    return or_minus_1(ecall3(SYS_open, ARGUMENT(path), native, 0777)); /* on xv6 every file may be run */
}

PUBLIC int read(int fd, void *buffer, int n)
{
    return or_minus_1(ecall3(SYS_read, fd, ARGUMENT(buffer), (uint)n)); /* below 0 it is a lot, as on xv6 */
}

PUBLIC int write(int fd, const void *buffer, int n)
{
    return n >= 0 ? or_minus_1(ecall3(SYS_write, fd, ARGUMENT(buffer), n)) : -1;
}

PUBLIC int close(int fd)
{
    return or_minus_1(ecall1(SYS_close, fd));
}

PUBLIC int dup(int fd)
{
    return or_minus_1(ecall1(SYS_dup, fd));
}

PUBLIC int pipe(int ends[2])
{
    return or_minus_1(ecall2(SYS_pipe, ARGUMENT(ends), 0));
}

PUBLIC int mkdir(const char *path)
{
    return or_minus_1(ecall2(SYS_mkdir, ARGUMENT(path), 0777));
}

PUBLIC int mknod(const char *path, short major, short minor)
{
    return or_minus_1(ecall3(SYS_mknod, ARGUMENT(path), S_IFCHR | 0666, (major & 0xff) << 8 | (minor & 0xff)));
}

PUBLIC int unlink(const char *path)
{
    return or_minus_1(ecall1(SYS_unlink, ARGUMENT(path)));
}

PUBLIC int link(const char *old, const char *new)
{
    return or_minus_1(ecall2(SYS_link, ARGUMENT(old), ARGUMENT(new)));
}

PUBLIC int chdir(const char *path)
{
    return or_minus_1(ecall1(SYS_chdir, ARGUMENT(path)));
}

/* What Kinglet says about a file, in xv6's words. */
static int convert(long result, const struct stat *from, struct xv6_stat *to)
{
    if (result < 0 || S_ISFIFO(from->st_mode) || !xv6_may_write(to, sizeof *to))
        return -1; /* xv6 has nothing to say about pipes */
    to->dev = 1;
    to->ino = (uint)from->st_ino;
    to->type = S_ISDIR(from->st_mode) ? T_DIR : S_ISCHR(from->st_mode) ? T_DEVICE : T_FILE;
    to->nlink = (short)(S_ISDIR(from->st_mode) ? from->st_nlink - 1 : from->st_nlink);
    to->size = from->st_size;
    return 0;
}

int xv6_fstat(int fd, struct xv6_stat *to) __asm__("fstat");
int xv6_stat(const char *path, struct xv6_stat *to) __asm__("stat");

PUBLIC int xv6_fstat(int fd, struct xv6_stat *to)
{
    struct stat st;

    return convert(ecall2(SYS_fstat, fd, ARGUMENT(&st)), &st, to);
}

PUBLIC int xv6_stat(const char *path, struct xv6_stat *to)
{
    struct stat st;

    return convert(ecall2(SYS_stat, ARGUMENT(path), ARGUMENT(&st)), &st, to);
}
