/*
 * Bytes that clients gave, looked at a word at a time. What comes in lies on a word's boundary, in memory that goes
 * on to the end of the last word; so does what is kept, with zeroes behind its end.
 */
#include "server.h"

#include <string.h>
#include <sys/random.h>

#define WORD sizeof(uint64_t)

struct item *item_new(const void *data, size_t bytes)
{
    struct item *item = server_alloc(sizeof *item + (bytes + WORD - 1) / WORD * WORD);
    if (item) {
        item->bytes = bytes;
        if (data)
            memcpy(item->data, data, bytes);
    }
    return item;
}

/* The first 1 to 7 bytes of a word. */
static inline uint64_t first_of(uint64_t word, size_t bytes)
{
    return word & ((UINT64_C(1) << 8 * bytes) - 1);
}

bool item_is(const struct item *item, const void *data, size_t bytes)
{
    const uint64_t *a = (const uint64_t *)item->data, *b = data;
    if (item->bytes != bytes)
        return false;
    for (; bytes >= WORD; bytes -= WORD)
        if (*a++ != *b++)
            return false;
    return bytes == 0 || *a == first_of(*b, bytes);
}

/* ---- hashing ---- */

/* The length and the bytes, four at a time, are the coefficients of a polynomial; the hash is its value at a point of
 * chance, modulo the prime 2^61 - 1 (Carter and Wegman, "Universal classes of hash functions", 1979). Two keys have
 * the same hash at one point in 2^61 for each of their pieces. Nobody outside knows the point, so nobody can choose
 * keys that all fall into one bucket, and make each operation on a dict slow for everybody. */

#define PRIME ((UINT64_C(1) << 61) - 1)

static uint64_t point;

void server_hash_init(void)
{
    getrandom(&point, sizeof point, 0);
    point = point % (PRIME - 1) + 1;
}

/* (hash + piece) * point; the result may be the prime itself and a little more, but has no more than 62 bits. */
static inline uint64_t step(uint64_t hash, uint64_t piece)
{
    unsigned __int128 product = (unsigned __int128)(hash + piece) * point;
    uint64_t folded = ((uint64_t)product & PRIME) + (uint64_t)(product >> 61);
    return (folded & PRIME) + (folded >> 61);
}

uint64_t server_hash(const void *data, size_t bytes)
{
    const uint64_t *p = data;
    uint64_t hash = (uint64_t)bytes << 32; /* a part of the first piece: the bytes and a zero are another key */
    for (size_t left = bytes; left; p++) {
        uint64_t word = left >= WORD ? *p : first_of(*p, left);
        hash = step(step(hash, (uint32_t)word), word >> 32);
        left -= left >= WORD ? WORD : left;
    }
    return hash < PRIME ? hash : hash - PRIME;
}
