/*
 * Reading through stdio: bytes, blocks and lines.
 */
#include "stdio_file.h"
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool has_input(FILE *file)
{
    return (!(file->flags & FILE_WRITING) && file->at < file->end) || libc_file_fill(file);
}

int fgetc(FILE *file)
{
    FILE_LOCKED(file);
    return has_input(file) ? file->buffer[file->at++] : EOF;
}

int getc(FILE *file)
{
    return fgetc(file);
}

int getchar(void)
{
    return fgetc(stdin);
}

int ungetc(int c, FILE *file)
{
    FILE_LOCKED(file);
    if (c == EOF || !libc_file_begin_read(file))
        return EOF;
    if (file->at == file->end)
        file->at = file->end = 1; /* empty: as if one byte had just been read */
    else if (file->at == 0)
        return EOF; /* nothing was read since the buffer was filled: no place */
    file->buffer[--file->at] = (unsigned char)c;
    file->flags &= ~FILE_EOF;
    return (unsigned char)c;
}

size_t fread(void *to, size_t size, size_t n, FILE *file)
{
    FILE_LOCKED(file);
    size_t wanted;
    if (size == 0 || n == 0)
        return 0;
    if (__builtin_mul_overflow(size, n, &wanted))
        wanted = SIZE_MAX - SIZE_MAX % size;
    unsigned char *at = to;
    size_t left = wanted;
    while (left > 0) {
        bool empty = file->flags & FILE_WRITING || file->at == file->end;
        if (empty && left >= file->room) {
            /* Enough for a whole buffer: straight to where it is wanted. */
            if (!libc_file_begin_read(file) || file->flags & FILE_EOF)
                break;
            ssize_t got = read(file->fd, at, left);
            if (got <= 0) {
                file->flags |= got < 0 ? FILE_ERROR : FILE_EOF;
                break;
            }
            at += got;
            left -= (size_t)got;
            continue;
        }
        if (!has_input(file))
            break;
        size_t part = file->end - file->at < left ? file->end - file->at : left;
        memcpy(at, file->buffer + file->at, part);
        file->at += part;
        at += part;
        left -= part;
    }
    return (wanted - left) / size;
}

/* What is buffered up to and including the delimiter, at most `max` bytes of it; `found` says whether
 * it ends with one. */
static size_t piece_of_line(FILE *file, int delimiter, size_t max, bool *found)
{
    size_t n = file->end - file->at < max ? file->end - file->at : max;
    unsigned char *start = file->buffer + file->at;
    unsigned char *hit = memchr(start, delimiter, n);
    *found = hit != NULL;
    return hit ? (size_t)(hit - start) + 1 : n;
}

char *fgets(char *line, int room, FILE *file)
{
    FILE_LOCKED(file);
    if (room <= 0)
        return NULL;
    size_t length = 0;
    bool found = false;
    while (!found && length + 1 < (size_t)room && has_input(file)) {
        size_t n = piece_of_line(file, '\n', (size_t)room - 1 - length, &found);
        memcpy(line + length, file->buffer + file->at, n);
        file->at += n;
        length += n;
    }
    if ((length == 0 && room > 1) || file->flags & FILE_ERROR)
        return NULL;
    line[length] = '\0';
    return line;
}

ssize_t getdelim(char **line, size_t *room, int delimiter, FILE *file)
{
    FILE_LOCKED(file);
    size_t length = 0;
    bool found = false;
    while (!found && has_input(file)) {
        size_t n = piece_of_line(file, delimiter, SIZE_MAX, &found);
        if (!*line || length + n + 1 > *room) {
            size_t more = length + n + 1 > 2 * length ? length + n + 1 : 2 * length;
            more = more < 128 ? 128 : more;
            char *bigger = realloc(*line, more);
            if (!bigger)
                return -1;
            *line = bigger;
            *room = more;
        }
        memcpy(*line + length, file->buffer + file->at, n);
        file->at += n;
        length += n;
    }
    if (length == 0 || file->flags & FILE_ERROR)
        return -1;
    (*line)[length] = '\0';
    return (ssize_t)length;
}

ssize_t getline(char **line, size_t *room, FILE *file)
{
    return getdelim(line, room, '\n', file);
}
