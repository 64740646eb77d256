/*
 * Opening and closing files of stdio, and choosing their buffers.
 */
#include "internal.h"
#include "stdio_file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "r+", "wx", … as open's flags; -1 and EINVAL when it does not start with r, w or a. */
static int mode_flags(const char *mode)
{
    int flags;
    switch (*mode) {
    case 'r':
        flags = O_RDONLY;
        break;
    case 'w':
        flags = O_WRONLY | O_CREAT | O_TRUNC;
        break;
    case 'a':
        flags = O_WRONLY | O_CREAT | O_APPEND;
        break;
    default:
        errno = EINVAL;
        return -1;
    }
    if (strchr(mode, '+'))
        flags = (flags & ~O_ACCMODE) | O_RDWR;
    if (strchr(mode, 'x'))
        flags |= O_EXCL;
    if (strchr(mode, 'e'))
        flags |= O_CLOEXEC;
    return flags;
}

static FILE *make_file(int flags)
{
    FILE *file = malloc(sizeof *file + BUFSIZ);
    if (!file)
        return NULL;
    memset(file, 0, sizeof *file);
    file->fd = -1;
    file->flags = FILE_ALLOCATED;
    if ((flags & O_ACCMODE) != O_WRONLY)
        file->flags |= FILE_READS;
    if ((flags & O_ACCMODE) != O_RDONLY)
        file->flags |= FILE_WRITES;
    file->buffer = (unsigned char *)(file + 1);
    file->room = BUFSIZ;
    return file;
}

FILE *fopen(const char *path, const char *mode)
{
    int flags = mode_flags(mode);
    if (flags < 0)
        return NULL;
    FILE *file = make_file(flags);
    if (!file)
        return NULL;
    file->fd = open(path, flags, 0666);
    if (file->fd < 0) {
        free(file);
        return NULL;
    }
    return file;
}

FILE *fdopen(int fd, const char *mode)
{
    int flags = mode_flags(mode);
    if (flags < 0 || fcntl(fd, F_GETFD) < 0)
        return NULL;
    FILE *file = make_file(flags);
    if (file) {
        file->fd = fd;
        file->flags |= file->flags & FILE_WRITES ? FILE_ASK : 0;
    }
    return file;
}

int fclose(FILE *file)
{
    int result = fflush(file); /* with the file's lock; from here on nobody else may use it */
    int error = errno;
    libc_file_unlist(file);
    if (close(file->fd) < 0)
        result = EOF;
    else
        errno = error;
    file->fd = -1;
    file->flags &= ~(FILE_READS | FILE_WRITES);
    if (file->flags & FILE_ALLOCATED)
        free(file);
    return result;
}

int setvbuf(FILE *file, char *buffer, int mode, size_t bytes)
{
    if (mode != _IOFBF && mode != _IOLBF && mode != _IONBF) {
        errno = EINVAL;
        return -1;
    }
    FILE_LOCKED(file);
    if (fflush(file) < 0)
        return -1;
    file->flags &= ~(FILE_ASK | FILE_LINES | FILE_UNBUFFERED);
    if (mode == _IONBF) {
        file->flags |= FILE_UNBUFFERED;
        file->buffer = file->one;
        file->room = sizeof file->one;
        return 0;
    }
    if (mode == _IOLBF)
        file->flags |= FILE_LINES;
    if (buffer && bytes > 0) {
        file->buffer = (unsigned char *)buffer;
        file->room = bytes;
    }
    return 0;
}
