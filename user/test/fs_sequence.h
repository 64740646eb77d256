/*
 * A long sequence of known bytes, written to files and read back in pieces of all sizes.
 * For user/test/fs_*.c only.
 */
#ifndef TEST_FS_SEQUENCE_H
#define TEST_FS_SEQUENCE_H

#include "fs_tools.h"

#define MIB (1UL << 20)

static unsigned char buffer[3 * 65536];

/* A piece size that is now small, now large, and rarely a round number. */
static inline size_t piece(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    size_t n = *seed >> 40;
    return *seed >> 63 ? n % sizeof buffer + 1 : n % 5000 + 1;
}

static inline void write_sequence(int fd, uint64_t from, uint64_t to)
{
    uint64_t seed = from + 1;
    while (from < to) {
        size_t n = piece(&seed);
        if (n > to - from)
            n = to - from;
        fs_fill(buffer, from, n);
        CHECK_EQUAL(write(fd, buffer, n), n);
        from += n;
    }
}

static inline void read_sequence(int fd, uint64_t from, uint64_t to)
{
    uint64_t seed = from + 77;
    while (from < to) {
        size_t n = piece(&seed);
        if (n > to - from)
            n = to - from;
        CHECK_EQUAL(read(fd, buffer, n), n);
        fs_check_bytes(buffer, from, n);
        from += n;
    }
}

#endif
