/*
 * Where a file of stdio stands and how it is: position, end, error, handle.
 */
#include "stdio_file.h"
#include <unistd.h>

int fseek(FILE *file, long offset, int whence)
{
    FILE_LOCKED(file);
    libc_file_drop_input(file);
    if (libc_file_empty(file) < 0 || lseek(file->fd, offset, whence) < 0)
        return -1;
    file->flags &= ~(FILE_EOF | FILE_WRITING);
    return 0;
}

long ftell(FILE *file)
{
    FILE_LOCKED(file);
    /* Output waiting for the end of a file opened to append has its place only once it is there. */
    if (libc_file_empty(file) < 0)
        return -1;
    long at = lseek(file->fd, 0, SEEK_CUR);
    if (at < 0)
        return -1;
    return file->flags & FILE_WRITING ? at : at - (long)(file->end - file->at);
}

void rewind(FILE *file)
{
    FILE_LOCKED(file);
    fseek(file, 0, SEEK_SET);
    file->flags &= ~FILE_ERROR;
}

int feof(FILE *file)
{
    return (file->flags & FILE_EOF) != 0;
}

int ferror(FILE *file)
{
    return (file->flags & FILE_ERROR) != 0;
}

void clearerr(FILE *file)
{
    FILE_LOCKED(file);
    file->flags &= ~(FILE_EOF | FILE_ERROR);
}

int fileno(FILE *file)
{
    return file->fd;
}
