/*
 * Random numbers. One key of 32 bytes for the whole machine, made from the seed in the device tree. Each call draws two
 * digests of it: the key that replaces it, and the key that this call's output is made with. So nobody who reads the
 * kernel's memory later can tell what was given out before.
 */
#include "sys/calls.h"

#include "riscv/clock.h"
#include "riscv/machine.h"
#include "riscv/spinlock.h"
#include "sys/random.h"

#include <common/sha256.h>
#include <common/string.h>

#define SEED_MAX 512 /* bytes of a seed that are used */

static struct spinlock random_lock = SPINLOCK_INIT("random", LOCK_RANDOM);
static uint8_t key[SHA256_BYTES]; /* the lock */

/* What a digest is for; no two uses hash the same. */
enum use { USE_NEXT_KEY, USE_CALL_KEY, USE_OUTPUT };

/* The time and the caller go in, too: without a seed that is all there is, and with one it does no harm. */
struct drawn {
    uint8_t key[SHA256_BYTES];
    uint64_t use, clock, tid;
};

void random_init(void)
{
    uint8_t seed[SEED_MAX];
    size_t n = machine_take_seed(seed, sizeof seed);
    sha256(seed, n, key); /* the same as without a seed if n is 0: see docs/limits.md */
    secret_wipe(seed, sizeof seed);
}

static void take_call_key(uint8_t call_key[SHA256_BYTES])
{
    struct drawn drawn = {.clock = clock_ticks(), .tid = (uint64_t)this_proc()->tid};
    spin_lock(&random_lock);
    memcpy(drawn.key, key, sizeof key);
    drawn.use = USE_NEXT_KEY;
    sha256(&drawn, sizeof drawn, key);
    spin_unlock(&random_lock);
    drawn.use = USE_CALL_KEY;
    sha256(&drawn, sizeof drawn, call_key);
    secret_wipe(&drawn, sizeof drawn);
}

int64_t sys_getrandom(const uint64_t a[7])
{
    struct drawn drawn = {.use = USE_OUTPUT};
    uint8_t out[RANDOM_BYTES_MAX];
    if (a[1] > sizeof out)
        return -EINVAL;
    take_call_key(drawn.key);
    for (size_t done = 0; done < a[1]; done += SHA256_BYTES) {
        drawn.clock = done; /* a counter here */
        sha256(&drawn, sizeof drawn, out + done);
    }
    int error = to_user(a[0], out, a[1]);
    secret_wipe(&drawn, sizeof drawn);
    secret_wipe(out, sizeof out);
    return error ? error : (int64_t)a[1];
}
