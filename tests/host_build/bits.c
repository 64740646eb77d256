/*
 * lib/common/bits.c against counting bit by bit, for every distance from both ends with random bits
 * between. tests/test_build.py builds and runs it on the host; it prints the first difference.
 */
#include <stdint.h>
#include <stdio.h>

int __ctzdi2(uint64_t value);
int __clzdi2(uint64_t value);
int __popcountdi2(uint64_t value);

static int differs(uint64_t value)
{
    int low = 0, high = 0, ones = 0;
    while (!(value >> low & 1))
        low++;
    while (!(value << high >> 63))
        high++;
    for (int bit = 0; bit < 64; bit++)
        ones += value >> bit & 1;
    if (__ctzdi2(value) == low && __clzdi2(value) == high && __popcountdi2(value) == ones)
        return 0;
    printf("%#llx: %d %d %d\n", (unsigned long long)value, __ctzdi2(value), __clzdi2(value),
           __popcountdi2(value));
    return 1;
}

int main(void)
{
    uint64_t random = 88172645463325252;
    for (int shift = 0; shift < 64; shift++) {
        for (int i = 0; i < 1000; i++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            if (differs((random | 1) << shift) || differs((random | 1ULL << 63) >> shift))
                return 1;
        }
    }
    return 0;
}
