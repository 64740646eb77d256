/*
 * Writing through stdio: bytes, blocks and strings.
 */
#include "stdio_file.h"
#include <errno.h>
#include <stdint.h>
#include <string.h>

size_t fwrite(const void *from, size_t size, size_t n, FILE *file)
{
    FILE_LOCKED(file);
    size_t bytes;
    if (size == 0 || n == 0)
        return 0;
    if (__builtin_mul_overflow(size, n, &bytes)) {
        errno = EINVAL;
        return 0;
    }
    return libc_file_put(file, from, bytes) ? n : 0;
}

int fputc(int c, FILE *file)
{
    FILE_LOCKED(file);
    unsigned char byte = (unsigned char)c;
    /* The common case: into a buffer that has room for it and more. */
    bool plain = (file->flags & (FILE_WRITING | FILE_UNBUFFERED | FILE_LINES)) == FILE_WRITING;
    if (plain && file->at + 1 < file->room) {
        file->buffer[file->at++] = byte;
        return byte;
    }
    return libc_file_put(file, (const char *)&byte, 1) ? byte : EOF;
}

int putc(int c, FILE *file)
{
    return fputc(c, file);
}

int putchar(int c)
{
    return fputc(c, stdout);
}

int fputs(const char *text, FILE *file)
{
    FILE_LOCKED(file);
    return libc_file_put(file, text, strlen(text)) ? 0 : EOF;
}

int puts(const char *text)
{
    FILE_LOCKED(stdout);
    return fputs(text, stdout) < 0 || fputc('\n', stdout) < 0 ? EOF : 0;
}
