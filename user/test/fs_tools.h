/*
 * What the fs_ programs share: a directory to work in, small files, and a sequence of bytes that shows
 * which place of a file a byte belongs to. For user/test/fs_*.c only.
 */
#ifndef TEST_FS_TOOLS_H
#define TEST_FS_TOOLS_H

#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

/* Byte n of a sequence that repeats in no round number. */
static inline unsigned char fs_byte(uint64_t n)
{
    return (unsigned char)((n * 2654435761u) >> 13 ^ n >> 20);
}

static inline void fs_fill(unsigned char *to, uint64_t from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = fs_byte(from + i);
}

static inline void fs_check_bytes(const unsigned char *found, uint64_t from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (found[i] != fs_byte(from + i))
            CHECK_EQUAL(from + i, -1);
}

/* Make a file that holds this text. */
static inline void fs_make(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    CHECK(fd >= 0);
    CHECK_EQUAL(write(fd, text, strlen(text)), strlen(text));
    CHECK_EQUAL(close(fd), 0);
}

/* Check that a file holds just this text. */
static inline void fs_holds(const char *path, const char *text)
{
    char found[200];
    int fd = open(path, O_RDONLY);
    CHECK(fd >= 0);
    CHECK_EQUAL(read(fd, found, sizeof found), strlen(text));
    CHECK(memcmp(found, text, strlen(text)) == 0);
    CHECK_EQUAL(close(fd), 0);
}

static inline struct stat fs_stat(const char *path)
{
    struct stat st;
    CHECK_EQUAL(stat(path, &st), 0);
    return st;
}

static inline bool fs_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

/* A fresh directory as the current one, of this process alone. fs_leave takes it away again, and it must be
 * empty. */
static char fs_place[32];

static inline void fs_enter(void)
{
    snprintf(fs_place, sizeof fs_place, "/tmp/fs-%d", getpid());
    CHECK_EQUAL(mkdir(fs_place, 0755), 0);
    CHECK_EQUAL(chdir(fs_place), 0);
}

static inline void fs_leave(void)
{
    CHECK_EQUAL(chdir("/"), 0);
    CHECK_EQUAL(rmdir(fs_place), 0);
}

#endif
