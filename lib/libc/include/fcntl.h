/*
 * Opening files and changing what is known of a handle. O_… and F_… are the system's own.
 */
#ifndef LIBC_FCNTL_H
#define LIBC_FCNTL_H

#include <kinglet/file.h>
#include <sys/types.h>

/* -> handle, or -1 and errno. The third argument, a mode, counts with O_CREAT only. */
int open(const char *path, int flags, ...);
int creat(const char *path, mode_t mode);
/* F_DUPFD -> handle, F_GETFD and F_GETFL -> flags, others 0; -1 and errno */
int fcntl(int fd, int command, ...);

#endif
