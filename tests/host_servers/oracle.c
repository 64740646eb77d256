/*
 * See oracle.h. Paths are relative to the directory that oracle_enter made.
 */
#include "oracle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char place[] = "/tmp/kinglet-oracle-XXXXXX";

static void leave(void)
{
    char command[64];

    snprintf(command, sizeof command, "rm -rf %s", place);
    if (system(command) != 0)
        perror(place);
}

void oracle_enter(void)
{
    if (mkdtemp(place) == NULL || chdir(place) != 0) {
        perror(place);
        exit(1);
    }
    atexit(leave);
}

static int result(int value)
{
    return value < 0 ? -errno : 0;
}

int oracle_mkdir(const char *path)
{
    return result(mkdir(path, 0755));
}

static int open_and_close(const char *path, int flags)
{
    int fd = open(path, flags, 0644);

    if (fd >= 0)
        close(fd);
    return result(fd);
}

int oracle_create(const char *path)
{
    return open_and_close(path, O_CREAT | O_EXCL | O_WRONLY);
}

int oracle_open(const char *path)
{
    return open_and_close(path, O_RDONLY);
}

int oracle_unlink(const char *path)
{
    return result(unlink(path));
}

int oracle_rmdir(const char *path)
{
    return result(rmdir(path));
}

int oracle_link(const char *from, const char *to)
{
    return result(link(from, to));
}

int oracle_rename(const char *from, const char *to)
{
    return result(rename(from, to));
}

int oracle_links(const char *path)
{
    struct stat found;

    if (stat(path, &found) != 0)
        return -errno;
    return S_ISDIR(found.st_mode) ? 0 : (int)found.st_nlink;
}
