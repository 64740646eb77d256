/*
 * Operations on files of the root file system, which are in its server's memory.
 */
#include "ops.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME "/tmp/bench"
#define NEW_NAME "/tmp/bench.new"
#define FILE_BYTES (256 << 10)
#define BIG (64 << 10)

static char buffer[BIG];
static int file;

static void file_start(void)
{
    file = open(FILE_NAME, O_RDWR | O_CREAT | O_TRUNC, 0644);
    MUST(file >= 0);
    for (unsigned at = 0; at < FILE_BYTES; at += BIG)
        MUST(write(file, buffer, BIG) == BIG);
}

static void open_close_round(void)
{
    int fd = open(FILE_NAME, O_RDONLY);
    MUST(fd >= 0);
    MUST(close(fd) == 0);
}

static void stat_round(void)
{
    struct stat status;
    MUST(stat(FILE_NAME, &status) == 0 && status.st_size == FILE_BYTES);
}

static void fstat_round(void)
{
    struct stat status;
    MUST(fstat(file, &status) == 0 && status.st_size == FILE_BYTES);
}

static void read_all(unsigned chunk)
{
    MUST(lseek(file, 0, SEEK_SET) == 0);
    for (unsigned at = 0; at < FILE_BYTES; at += chunk)
        MUST(read(file, buffer, chunk) == (ssize_t)chunk);
}

static void read_4k_round(void)
{
    read_all(4096);
}

static void read_64k_round(void)
{
    read_all(BIG);
}

static void write_all(unsigned bytes, unsigned chunk)
{
    MUST(lseek(file, 0, SEEK_SET) == 0);
    for (unsigned at = 0; at < bytes; at += chunk)
        MUST(write(file, buffer, chunk) == (ssize_t)chunk);
}

static void write_512_round(void)
{
    write_all(16 << 10, 512);
}

static void write_64k_round(void)
{
    write_all(FILE_BYTES, BIG);
}

static void create(unsigned bytes)
{
    int fd = open(NEW_NAME, O_WRONLY | O_CREAT | O_EXCL, 0644);
    MUST(fd >= 0);
    if (bytes)
        MUST(write(fd, buffer, bytes) == (ssize_t)bytes);
    MUST(close(fd) == 0);
    MUST(unlink(NEW_NAME) == 0);
}

static void create_round(void)
{
    create(0);
}

static void create_64k_round(void)
{
    create(BIG);
}

const struct op file_ops[] = {
    {"open_close", open_close_round, file_start, 40, 1},
    {"stat", stat_round, file_start, 50, 1},
    {"fstat", fstat_round, file_start, 50, 1},
    {"read_4k", read_4k_round, file_start, 2, FILE_BYTES / 1024},
    {"read_64k", read_64k_round, file_start, 2, FILE_BYTES / 1024},
    {"write_512", write_512_round, file_start, 4, 16},
    {"write_64k", write_64k_round, file_start, 2, FILE_BYTES / 1024},
    {"create_unlink", create_round, NULL, 10, 1},
    {"create_64k", create_64k_round, NULL, 4, BIG / 1024},
    OPS_END,
};
