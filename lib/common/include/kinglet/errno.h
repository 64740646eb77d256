/*
 * Errors: one list for kernel, servers and programs.
 * The kernel returns them negated; libc turns that into errno and -1.
 * Numbers are those of Linux's asm-generic/errno.h, so that host tools agree.
 */
#ifndef KINGLET_ERRNO_H
#define KINGLET_ERRNO_H

#define KINGLET_ERRORS(E) \
    E(EPERM, 1, "operation not permitted") \
    E(ENOENT, 2, "no such file or directory") \
    E(ESRCH, 3, "no such process") \
    E(EINTR, 4, "interrupted") \
    E(EIO, 5, "input/output error") \
    E(ENXIO, 6, "no such device or address") \
    E(E2BIG, 7, "argument list too long") \
    E(ENOEXEC, 8, "not an executable program") \
    E(EBADF, 9, "bad handle") \
    E(ECHILD, 10, "no child processes") \
    E(EAGAIN, 11, "try again (limit reached or it would block)") \
    E(ENOMEM, 12, "out of memory") \
    E(EACCES, 13, "permission denied") \
    E(EFAULT, 14, "bad address") \
    E(EBUSY, 16, "busy") \
    E(EEXIST, 17, "already exists") \
    E(EXDEV, 18, "link across file systems") \
    E(ENODEV, 19, "no such device") \
    E(ENOTDIR, 20, "not a directory") \
    E(EISDIR, 21, "is a directory") \
    E(EINVAL, 22, "invalid argument") \
    E(ENFILE, 23, "too many open handles in the system") \
    E(EMFILE, 24, "too many open handles") \
    E(ENOTTY, 25, "not a terminal (no such control on this handle)") \
    E(EFBIG, 27, "file too large") \
    E(ENOSPC, 28, "no space left") \
    E(ESPIPE, 29, "cannot seek") \
    E(EROFS, 30, "read-only file system") \
    E(EMLINK, 31, "too many links") \
    E(EPIPE, 32, "broken pipe") \
    E(EDOM, 33, "argument outside the domain") \
    E(ERANGE, 34, "result out of range") \
    E(EDEADLK, 35, "would deadlock") \
    E(ENAMETOOLONG, 36, "name too long") \
    E(ENOSYS, 38, "no such system call") \
    E(ENOTEMPTY, 39, "directory not empty") \
    E(ELOOP, 40, "too many redirects") \
    E(ENODATA, 61, "no more data (every sender has closed)") \
    E(EOVERFLOW, 75, "value too large") \
    E(EMSGSIZE, 90, "message too long") \
    E(ENOTSUP, 95, "not supported") \
    E(ESHUTDOWN, 108, "the server has shut down") \
    E(ETIMEDOUT, 110, "timed out") \
    E(EALREADY, 114, "already under way") \
    E(ESTALE, 116, "stale handle") \
    E(ECANCELED, 125, "cancelled") \
    E(EOWNERDEAD, 130, "owner died") \
    E(EDAEMON, 140, "daemonic processes are not allowed to have children")

enum {
#define KINGLET_ERROR_ENUM(name, number, text) name = number,
    KINGLET_ERRORS(KINGLET_ERROR_ENUM)
#undef KINGLET_ERROR_ENUM
};

#endif
