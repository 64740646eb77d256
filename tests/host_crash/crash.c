/*
 * See crash.h. The names are those that the compiler calls.
 */
#include "crash.h"

#include <stdbool.h>
#include <string.h>

static const uint8_t *watched;
static size_t watched_bytes;
static bool counting;
static uint64_t count, limit;
jmp_buf crash_back;

void crash_watch(const void *start, size_t bytes)
{
    watched = start;
    watched_bytes = bytes;
}

void crash_at(uint64_t n)
{
    count = 0;
    limit = n;
    counting = true;
}

uint64_t crash_stop(void)
{
    counting = false;
    return count;
}

static void stored(const void *address)
{
    if (!counting || (size_t)((const uint8_t *)address - watched) >= watched_bytes)
        return;
    if (count++ == limit) {
        counting = false;
        longjmp(crash_back, 1);
    }
}

void __tsan_init(void);
void __tsan_init(void)
{
}

#define PASS(name, ...) \
    void name(__VA_ARGS__); \
    void name(__VA_ARGS__) \
    { \
    }
#define STORED(name) \
    void name(void *address); \
    void name(void *address) \
    { \
        stored(address); \
    }

PASS(__tsan_func_entry, void *caller)
PASS(__tsan_func_exit, void)
PASS(__tsan_read1, void *address)
PASS(__tsan_read2, void *address)
PASS(__tsan_read4, void *address)
PASS(__tsan_read8, void *address)
PASS(__tsan_read16, void *address)
PASS(__tsan_unaligned_read2, void *address)
PASS(__tsan_unaligned_read4, void *address)
PASS(__tsan_unaligned_read8, void *address)
PASS(__tsan_read_range, void *address, size_t bytes)
PASS(__tsan_volatile_read1, void *address)
PASS(__tsan_volatile_read2, void *address)
PASS(__tsan_volatile_read4, void *address)
PASS(__tsan_volatile_read8, void *address)
STORED(__tsan_write1)
STORED(__tsan_write2)
STORED(__tsan_write4)
STORED(__tsan_write8)
STORED(__tsan_write16)
STORED(__tsan_unaligned_write2)
STORED(__tsan_unaligned_write4)
STORED(__tsan_unaligned_write8)
STORED(__tsan_volatile_write1)
STORED(__tsan_volatile_write2)
STORED(__tsan_volatile_write4)
STORED(__tsan_volatile_write8)

void __tsan_write_range(void *address, size_t bytes);
void __tsan_write_range(void *address, size_t bytes)
{
    stored(address);
}

/* gcc turns copying and clearing into these. */
void *__tsan_memcpy(void *to, const void *from, size_t n);
void *__tsan_memcpy(void *to, const void *from, size_t n)
{
    stored(to);
    return memcpy(to, from, n);
}

void *__tsan_memset(void *to, int value, size_t n);
void *__tsan_memset(void *to, int value, size_t n)
{
    stored(to);
    return memset(to, value, n);
}
