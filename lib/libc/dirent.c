/*
 * Directories: a buffer of the system's records, handed out one by one.
 */
#include "ecall.h"
#include "internal.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECORDS_ROOM 2048

struct libc_dir {
    int fd;
    size_t at, end; /* unread records in the buffer */
    struct dirent entry;
    _Alignas(struct kdirent) char records[RECORDS_ROOM];
};

DIR *opendir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    DIR *dir = malloc(sizeof *dir);
    if (!dir) {
        close(fd);
        errno = ENOMEM;
        return NULL;
    }
    dir->fd = fd;
    dir->at = dir->end = 0;
    return dir;
}

struct dirent *readdir(DIR *dir)
{
    if (dir->at >= dir->end) {
        long got = libc_result(ecall3(SYS_getdents, dir->fd, ARGUMENT(dir->records), RECORDS_ROOM));
        if (got <= 0)
            return NULL;
        dir->at = 0;
        dir->end = (size_t)got;
    }
    struct kdirent *record = (struct kdirent *)(dir->records + dir->at);
    if (record->d_reclen <= offsetof(struct kdirent, d_name) || record->d_reclen > dir->end - dir->at) {
        dir->end = 0;
        errno = EIO; /* the server sent nonsense */
        return NULL;
    }
    dir->at += record->d_reclen;
    dir->entry.d_ino = record->d_ino;
    dir->entry.d_type = record->d_type;
    size_t room = record->d_reclen - offsetof(struct kdirent, d_name); /* sizeof counts padding */
    size_t length = strnlen(record->d_name, room < NAME_MAX ? room : NAME_MAX);
    memcpy(dir->entry.d_name, record->d_name, length);
    dir->entry.d_name[length] = '\0';
    return &dir->entry;
}

void rewinddir(DIR *dir)
{
    lseek(dir->fd, 0, SEEK_SET);
    dir->at = dir->end = 0;
}

int closedir(DIR *dir)
{
    int result = close(dir->fd);
    free(dir);
    return result;
}

int dirfd(DIR *dir)
{
    return dir->fd;
}
