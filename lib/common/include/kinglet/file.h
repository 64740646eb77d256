/*
 * What programs and file servers agree on: open flags, file types, struct stat,
 * directory entries, poll events. The kernel passes these on; it interprets only
 * what is marked (kernel).
 */
#ifndef KINGLET_FILE_H
#define KINGLET_FILE_H

#include <stdint.h>

#define PATH_MAX 1024 /* bytes of a path with its NUL (kernel) */
#define NAME_MAX 255  /* bytes of one component without a NUL */
#define PIPE_BUF 4096 /* a write of at most this many bytes to a pipe is never interleaved */

/* open: access mode (kernel) and flags */
#define O_RDONLY 0x0
#define O_WRONLY 0x1
#define O_RDWR 0x2
#define O_ACCMODE 0x3
#define O_CREAT 0x40
#define O_EXCL 0x80
#define O_TRUNC 0x200
#define O_APPEND 0x400    /* (kernel) handed on with every write */
#define O_NONBLOCK 0x800  /* (kernel) */
#define O_DIRECTORY 0x10000
#define O_CLOEXEC 0x80000 /* (kernel) */
#define O_CLOFORK 0x100000 /* (kernel) */
#define O_PATH 0x200000   /* only names a place: neither read nor write */
#define O_EXEC 0x400000   /* opened by exec: must be a regular file */

#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2

/* file types, in struct stat's mode */
#define S_IFMT 0170000
#define S_IFIFO 0010000
#define S_IFCHR 0020000
#define S_IFDIR 0040000
#define S_IFBLK 0060000
#define S_IFREG 0100000
#define S_ISREG(m) (((m) & S_IFMT) == S_IFREG)
#define S_ISDIR(m) (((m) & S_IFMT) == S_IFDIR)
#define S_ISCHR(m) (((m) & S_IFMT) == S_IFCHR)
#define S_ISFIFO(m) (((m) & S_IFMT) == S_IFIFO)

struct stat {
    uint64_t st_dev;    /* which server instance */
    uint64_t st_ino;    /* never 0 */
    uint32_t st_mode;   /* S_IF… | permission bits */
    uint32_t st_nlink;
    uint64_t st_size;   /* bytes */
    uint64_t st_rdev;   /* device nodes: major << 8 | minor */
    uint64_t st_blocks; /* 512-byte units in use */
    uint64_t st_mtime_ns; /* since boot */
};

/* What getdents fills a buffer with: records of d_reclen bytes, 8-byte aligned. */
struct kdirent {
    uint64_t d_ino;
    uint16_t d_reclen; /* bytes of this record, padding included */
    uint8_t d_type;    /* S_IF… >> 12 */
    char d_name[];     /* NUL-terminated */
};

/* poll events and session readiness bits (kernel) */
#define POLLIN 0x1
#define POLLOUT 0x4
#define POLLERR 0x8
#define POLLHUP 0x10
#define POLLNVAL 0x20

struct pollfd {
    int fd; /* negative: ignored */
    short events;
    short revents;
};

/* fcntl commands (kernel) */
#define F_DUPFD 0
#define F_GETFD 1
#define F_SETFD 2
#define F_GETFL 3
#define F_SETFL 4 /* O_NONBLOCK and O_APPEND can be changed */
#define FD_CLOEXEC 1 /* closed by exec */
#define FD_CLOFORK 2 /* not copied by fork */

#endif
