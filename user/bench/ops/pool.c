/*
 * Pool: a task there, and its result back.
 */
#include "ops.h"

#include <mp/pool.h>

#define ITEMS 64

static struct mp_pool *pool;
static long numbers[ITEMS], doubled[ITEMS];

static int twice(const void *argument, size_t bytes, void *result, size_t room)
{
    *(long *)result = 2 * *(const long *)argument;
    return sizeof(long);
}

static void start(void)
{
    MUST(mp_pool_create(&pool, 1, NULL, NULL) == 0);
    for (long i = 0; i < ITEMS; i++)
        numbers[i] = i;
}

static void apply_round(void)
{
    long n = 21, result = 0;
    MUST(mp_pool_apply(pool, twice, &n, sizeof n, &result, sizeof result) == sizeof result);
    MUST(result == 42);
}

static void map_round(void)
{
    struct mp_map map = {.function = twice, .items = numbers, .count = ITEMS, .item_bytes = sizeof(long),
                         .results = doubled, .result_bytes = sizeof(long), .chunksize = 16};
    MUST(mp_pool_map(pool, &map) == 0);
    MUST(doubled[ITEMS - 1] == 2 * (ITEMS - 1));
}

const struct op pool_ops[] = {
    {"pool_apply", apply_round, start, 20, 1},
    {"pool_map", map_round, start, 5, ITEMS},
    OPS_END,
};
