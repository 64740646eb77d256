/*
 * What a file is. struct stat and the S_IF… types are the system's own.
 * All return 0, or -1 and errno.
 */
#ifndef LIBC_SYS_STAT_H
#define LIBC_SYS_STAT_H

#include <kinglet/file.h>
#include <sys/types.h>

#define S_ISBLK(m) (((m) & S_IFMT) == S_IFBLK)

#define S_IRUSR 0400
#define S_IWUSR 0200
#define S_IXUSR 0100
#define S_IRWXU 0700
#define S_IRGRP 0040
#define S_IWGRP 0020
#define S_IXGRP 0010
#define S_IRWXG 0070
#define S_IROTH 0004
#define S_IWOTH 0002
#define S_IXOTH 0001
#define S_IRWXO 0007

int stat(const char *path, struct stat *out);
int fstat(int fd, struct stat *out);
int mkdir(const char *path, mode_t mode);
int mknod(const char *path, mode_t mode_and_type, dev_t device);

#endif
