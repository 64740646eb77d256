/*
 * Small arithmetic: absolute values and pseudo-random numbers.
 */
#include <stdint.h>
#include <stdlib.h>

int abs(int n)
{
    return n < 0 ? -n : n;
}

long labs(long n)
{
    return n < 0 ? -n : n;
}

long long llabs(long long n)
{
    return n < 0 ? -n : n;
}

static uint64_t random_state = 1;

void srand(unsigned int seed)
{
    random_state = seed;
}

/* A linear congruential generator; its high bits are the good ones (Knuth, TAOCP vol. 2, 3.3.4). */
int rand(void)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (int)(random_state >> 33);
}
