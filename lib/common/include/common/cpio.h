/*
 * Reader of cpio archives in "newc" form, which the initrd is. Used by the kernel (to find init),
 * by init and by ramfs. It never reads outside the archive, whatever that holds.
 * Format: Linux's Documentation/driver-api/early-userspace/buffer-format.rst.
 */
#ifndef COMMON_CPIO_H
#define COMMON_CPIO_H

#include <stddef.h>
#include <stdint.h>

struct cpio_entry {
    const char *name;   /* in the archive, NUL-terminated, as stored (perhaps with a leading "./") */
    size_t name_length; /* without the NUL */
    uint32_t mode;      /* S_IF… | permission bits */
    uint32_t nlink;     /* above 1: entries of the same ino are one file; its data come with one of them */
    uint32_t ino;
    uint32_t rdev;      /* device nodes: major << 8 | minor */
    uint64_t mtime;     /* seconds since 1970 */
    const void *data;   /* in the archive; of a symbolic link: its target */
    size_t size;        /* bytes at data */
    size_t data_offset; /* where data begin, from the start of the archive; a multiple of 4 */
};

/* The entry at *position (0 to begin with), which moves on to the next. Gives 1, 0 at the end (the
 * entry TRAILER!!!), -EINVAL where the archive is malformed or cut short. */
int cpio_next(const void *archive, size_t size, size_t *position, struct cpio_entry *out);

/* The entry named `name`; a leading "/" or "./" means nothing on either side, and a hard link comes
 * with its file's data. Gives 1, 0 when there is none, -EINVAL when the archive turned out to be
 * malformed before it was found. */
int cpio_find(const void *archive, size_t size, const char *name, struct cpio_entry *out);

#endif
