/*
 * The core of stdio: one buffer per file, used for input or for output at a time, and the list of
 * files that may hold output. Never writes a byte twice: what failed to go out is dropped and marked.
 */
#include "internal.h"
#include "stdio_file.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* libc_files_lock is taken while a file's lock is held, so with it no other file's is waited for. */
static FILE *listed;

#define TRIES 1000

void libc_file_list(FILE *file)
{
    if (file->flags & FILE_LISTED)
        return;
    file->flags |= FILE_LISTED;
    libc_lock(&libc_files_lock);
    file->next = listed;
    listed = file;
    libc_unlock(&libc_files_lock);
}

void libc_file_unlist(FILE *file)
{
    libc_lock(&libc_files_lock);
    for (FILE **place = &listed; *place; place = &(*place)->next) {
        if (*place == file) {
            *place = file->next;
            break;
        }
    }
    libc_unlock(&libc_files_lock);
    file->flags &= ~FILE_LISTED;
}

static bool write_all(FILE *file, const unsigned char *from, size_t n)
{
    while (n > 0) {
        ssize_t done = write(file->fd, from, n);
        if (done <= 0) {
            if (done == 0)
                errno = EIO;
            file->flags |= FILE_ERROR;
            return false;
        }
        from += done;
        n -= (size_t)done;
    }
    return true;
}

int libc_file_empty(FILE *file)
{
    if (!(file->flags & FILE_WRITING))
        return 0;
    size_t waiting = file->at;
    file->at = 0;
    return write_all(file, file->buffer, waiting) ? 0 : -1;
}

void libc_file_drop_input(FILE *file)
{
    if (file->flags & FILE_WRITING)
        return;
    if (file->at < file->end) {
        int error = errno;
        lseek(file->fd, -(off_t)(file->end - file->at), SEEK_CUR); /* a pipe's input is just gone */
        errno = error;
    }
    file->at = file->end = 0;
}

bool libc_file_begin_write(FILE *file)
{
    if (file->flags & FILE_WRITING)
        return true;
    if (!(file->flags & FILE_WRITES)) {
        file->flags |= FILE_ERROR;
        errno = EBADF;
        return false;
    }
    libc_file_drop_input(file);
    if (file->flags & FILE_ASK) {
        struct stat stat;
        int error = errno;
        if (fstat(file->fd, &stat) == 0 && S_ISCHR(stat.st_mode))
            file->flags |= FILE_LINES;
        errno = error;
        file->flags &= ~FILE_ASK;
    }
    libc_file_list(file);
    file->flags |= FILE_WRITING;
    return true;
}

bool libc_file_put(FILE *file, const char *text, size_t n)
{
    if (!libc_file_begin_write(file))
        return false;
    const unsigned char *from = (const unsigned char *)text;
    if (file->flags & FILE_UNBUFFERED)
        return write_all(file, from, n);
    bool line_ends = file->flags & FILE_LINES && memchr(text, '\n', n);
    while (n > 0) {
        if (file->at == 0 && n >= file->room) {
            size_t whole = n - n % file->room;
            if (!write_all(file, from, whole))
                return false;
            from += whole;
            n -= whole;
            continue;
        }
        size_t part = file->room - file->at < n ? file->room - file->at : n;
        memcpy(file->buffer + file->at, from, part);
        file->at += part;
        from += part;
        n -= part;
        if (file->at == file->room && libc_file_empty(file) < 0)
            return false;
    }
    return !line_ends || libc_file_empty(file) == 0;
}

void libc_file_format_put(void *file, const char *text, size_t n)
{
    libc_file_put(file, text, n);
}

bool libc_file_begin_read(FILE *file)
{
    if (!(file->flags & FILE_READS)) {
        file->flags |= FILE_ERROR;
        errno = EBADF;
        return false;
    }
    if (file->flags & FILE_WRITING) {
        if (libc_file_empty(file) < 0)
            return false;
        file->flags &= ~FILE_WRITING;
    }
    return true;
}

static bool file_try(FILE *file)
{
    return !libc_threaded || libc_lock_try(&file->lock);
}

/* ---- all files with output: fflush(NULL). A write may block for ever, so the list is not locked meanwhile ---- */

static unsigned int new_pass(void)
{
    static unsigned int passes;
    return __atomic_add_fetch(&passes, 1, __ATOMIC_RELAXED);
}

/* The next that has output and all these flags, locked; NULL: there is none but `busy` that other threads are at work
 * with. Those that this pass, or a later one, has seen are left out. */
static FILE *next_to_empty(unsigned int flags, unsigned int pass, unsigned int *busy)
{
    FILE *file;
    *busy = 0;
    libc_lock(&libc_files_lock);
    for (file = listed; file; file = file->next) {
        if ((int)(file->pass - pass) >= 0)
            continue;
        if (!file_try(file)) {
            ++*busy;
            continue;
        }
        file->pass = pass;
        if ((file->flags & flags) == flags)
            break;
        libc_unlock(&file->lock);
    }
    libc_unlock(&libc_files_lock);
    return file;
}

static int empty_all(unsigned int flags, unsigned int pass, unsigned int *busy)
{
    FILE *file;
    int result = 0;
    while ((file = next_to_empty(flags, pass, busy)) != NULL) {
        if (libc_file_empty(file) < 0)
            result = EOF;
        libc_unlock(&file->lock);
    }
    return result;
}

bool libc_file_fill(FILE *file)
{
    if (!libc_file_begin_read(file) || file->flags & FILE_EOF)
        return false;
    /* A prompt without a newline is to be seen before the program waits for the answer. */
    unsigned int busy; /* one in use is being written by another thread */
    empty_all(FILE_WRITING | FILE_LINES, new_pass(), &busy);
    file->at = file->end = 0;
    ssize_t got = read(file->fd, file->buffer, file->room);
    if (got <= 0) {
        file->flags |= got < 0 ? FILE_ERROR : FILE_EOF;
        return false;
    }
    file->end = (size_t)got;
    return true;
}

int fflush(FILE *file)
{
    if (file) {
        FILE_LOCKED(file);
        libc_file_drop_input(file);
        return libc_file_empty(file);
    }
    int result = 0;
    unsigned int busy = 1, pass = new_pass();
    /* A file that another thread is stuck with, in a write that nobody reads, must not keep the process from ending. */
    for (int tries = 0; busy && tries < TRIES; tries++) {
        if (empty_all(FILE_WRITING, pass, &busy) < 0)
            result = EOF;
        if (busy)
            libc_lock_pause();
    }
    return busy ? EOF : result;
}

/* NULL: but for files that another thread is at work with. */
int fpurge(FILE *file)
{
    if (file) {
        FILE_LOCKED(file);
        file->at = file->end = 0;
        return 0;
    }
    libc_lock(&libc_files_lock);
    for (file = listed; file; file = file->next) {
        if (!file_try(file))
            continue;
        if (file->flags & FILE_WRITING)
            file->at = 0;
        libc_unlock(&file->lock);
    }
    libc_unlock(&libc_files_lock);
    return 0;
}

void libc_stdio_finish(void)
{
    fflush(NULL);
}
