/*
 * What a FILE is, for the files of libc that make up stdio, and the two movements they are all made
 * of: filling a buffer from the handle and emptying it into the handle.
 */
#ifndef LIBC_STDIO_FILE_H
#define LIBC_STDIO_FILE_H

#include "lock.h"
#include <stdbool.h>
#include <stdio.h>

enum file_flags {
    FILE_READS = 1,       /* may be read */
    FILE_WRITES = 2,      /* may be written */
    FILE_EOF = 4,         /* the end was met (stays until clearerr or a seek) */
    FILE_ERROR = 8,
    FILE_WRITING = 16,    /* the buffer holds output, not input */
    FILE_LINES = 32,      /* a newline empties the buffer */
    FILE_UNBUFFERED = 64,
    FILE_ASK = 128,       /* at the first write: find out whether it is a terminal */
    FILE_ALLOCATED = 256, /* to be freed by fclose */
    FILE_LISTED = 512,    /* in the list of files that exit writes out */
};

struct libc_file {
    int fd;
    unsigned int flags;
    unsigned char *buffer;
    size_t room;          /* bytes at buffer, at least 1 */
    size_t at;            /* reading: the next byte; writing: bytes waiting */
    size_t end;           /* reading: after the last byte; writing: 0 */
    FILE *next;           /* in the list */
    unsigned int pass;    /* libc_files_lock: the last fflush(NULL) that has seen it */
    struct libc_lock lock;
    unsigned char one[1]; /* the buffer of a file without one */
};

/* The first line of what programs call: the file is this thread's until the function returns. */
#define FILE_LOCKED(file) \
    FILE *locked __attribute__((cleanup(libc_file_unlock), unused)) = (file); \
    libc_lock(&locked->lock)
static inline void libc_file_unlock(FILE **file)
{
    libc_unlock(&(*file)->lock);
}

/* Put the file into, take it out of, the list of files that fflush(NULL) and exit write out. */
void libc_file_list(FILE *file);
void libc_file_unlist(FILE *file);

/* Write out what waits. On an error the file's mark is set, the output is dropped: -1 and errno. */
int libc_file_empty(FILE *file);

/* Get more input into the empty buffer: false at the end or on an error (marked). */
bool libc_file_fill(FILE *file);

/* Make ready to read or write; false (marked, EBADF) when the file is not open for that. */
bool libc_file_begin_read(FILE *file);
bool libc_file_begin_write(FILE *file);

/* Forget buffered input, and move the handle's offset back to where the reader is. */
void libc_file_drop_input(FILE *file);

/* Buffered output of n bytes; false on an error (marked). */
bool libc_file_put(FILE *file, const char *text, size_t n);

/* The same as a format_put, its context the FILE. */
void libc_file_format_put(void *file, const char *text, size_t n);

#endif
