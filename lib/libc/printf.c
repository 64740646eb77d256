/*
 * The printf family for files and handles: lib/common's formatting engine, libc's floating point.
 */
#include "internal.h"
#include "stdio_file.h"
#include <errno.h>
#include <unistd.h>

/* Formats into a file; with what went wrong in this call told apart from older errors. */
static int format_to_file(FILE *file, const char *format, va_list arguments)
{
    unsigned int older = file->flags & FILE_ERROR;
    file->flags &= ~FILE_ERROR;
    int length = format_va(libc_file_format_put, file, libc_format_double, format, arguments);
    if (file->flags & FILE_ERROR)
        return -1;
    file->flags |= older;
    return length < 0 ? (int)libc_result(length) : length;
}

/* Through a buffer of this call's own, so that the pieces leave in one write. */
int vdprintf(int fd, const char *format, va_list arguments)
{
    unsigned char buffer[256];
    FILE file = {.fd = fd, .flags = FILE_WRITES | FILE_WRITING, .buffer = buffer, .room = sizeof buffer};
    int length = format_to_file(&file, format, arguments);
    return libc_file_empty(&file) < 0 ? -1 : length;
}

int vfprintf(FILE *file, const char *format, va_list arguments)
{
    FILE_LOCKED(file);
    if (!libc_file_begin_write(file))
        return -1;
    if (!(file->flags & FILE_UNBUFFERED))
        return format_to_file(file, format, arguments);
    int length = vdprintf(file->fd, format, arguments);
    if (length < 0)
        file->flags |= FILE_ERROR;
    return length;
}

int vprintf(const char *format, va_list arguments)
{
    return vfprintf(stdout, format, arguments);
}

int printf(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vfprintf(stdout, format, arguments);
    va_end(arguments);
    return length;
}

int fprintf(FILE *file, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vfprintf(file, format, arguments);
    va_end(arguments);
    return length;
}

int dprintf(int fd, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vdprintf(fd, format, arguments);
    va_end(arguments);
    return length;
}
