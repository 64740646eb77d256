/*
 * Textbook: data parallelism. The primes of prime_sieve once more, but not with a process for each prime: a pool of
 * workers crosses out multiples, each task in a piece of the numbers of its own. What the pieces need in common, the
 * small primes, is found before the workers are started: they are forks, and have a copy.
 */
#include <mp/pool.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define LAST 100
#define PIECE 20
#define PIECES ((LAST + PIECE - 1) / PIECE)

static int small_primes[LAST], small_count; /* up to the root of LAST */

static void find_small_primes(void)
{
    for (int n = 2; n * n <= LAST; n++) {
        bool prime = true;
        for (int i = 0; i < small_count; i++) {
            prime = prime && n % small_primes[i] != 0;
        }
        if (prime) {
            small_primes[small_count++] = n;
        }
    }
}

/* A task: the primes from *first to *first + PIECE - 1. Gives how many bytes they are. */
static int sieve_piece(const void *first, size_t bytes, void *primes, size_t room)
{
    bool crossed_out[PIECE] = {false};
    int start, *next = primes;
    memcpy(&start, first, sizeof start);
    for (int i = 0; i < small_count; i++) {
        int p = small_primes[i], multiple = (start + p - 1) / p * p;
        for (multiple = multiple < p * p ? p * p : multiple; multiple < start + PIECE; multiple += p) {
            crossed_out[multiple - start] = true;
        }
    }
    for (int n = start; n < start + PIECE; n++) {
        if (n >= 2 && n <= LAST && !crossed_out[n - start]) {
            *next++ = n;
        }
    }
    return (int)((char *)next - (char *)primes);
}

int main(void)
{
    static int starts[PIECES], primes[PIECES][PIECE], bytes[PIECES];
    struct mp_pool *pool;
    find_small_primes();
    for (int i = 0; i < PIECES; i++) {
        starts[i] = i * PIECE + 1;
    }
    struct mp_map pieces = {.function = sieve_piece, .items = starts, .count = PIECES, .item_bytes = sizeof starts[0],
                            .results = primes, .result_bytes = sizeof primes[0], .statuses = bytes, .chunksize = 1};
    int error = mp_pool_create(&pool, 0, NULL, NULL); /* as many workers as there are harts */
    if (!error) {
        error = mp_pool_map(pool, &pieces);
        mp_pool_free(pool);
    }
    if (error) {
        fprintf(stderr, "pool_sieve: %s\n", strerror(-error));
        return 1;
    }
    for (int i = 0; i < PIECES; i++) { /* whoever was done first, the results are in order */
        for (size_t j = 0; j < (size_t)bytes[i] / sizeof primes[i][0]; j++) {
            printf("%d\n", primes[i][j]);
        }
    }
    return 0;
}
