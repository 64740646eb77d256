/*
 * Counting of zero bits for compilers that have no instruction for it (Zbb) and call their runtime
 * library instead, which the kernel does not link: its builds for the kernel's ABI are not everywhere.
 * Called by __builtin_ctz(ll) and __builtin_clz(ll), thus from anywhere. As there, 0 gives nonsense.
 */
#include <stdint.h>

int __ctzdi2(uint64_t value);
int __clzdi2(uint64_t value);
int __popcountdi2(uint64_t value);

int __popcountdi2(uint64_t value)
{
    value -= value >> 1 & 0x5555555555555555;
    value = (value & 0x3333333333333333) + (value >> 2 & 0x3333333333333333);
    value = (value + (value >> 4)) & 0x0f0f0f0f0f0f0f0f;
    return value * 0x0101010101010101 >> 56;
}

/* The lowest one bit times a de Bruijn number brings a different six bits to the top for each bit. */
int __ctzdi2(uint64_t value)
{
    static const uint8_t position[64] = {
        0,  1,  48, 2,  57, 49, 28, 3,  61, 58, 50, 42, 38, 29, 17, 4,  62, 55, 59, 36, 53, 51,
        43, 22, 45, 39, 33, 30, 24, 18, 12, 5,  63, 47, 56, 27, 60, 41, 37, 16, 54, 35, 52, 21,
        44, 32, 23, 11, 46, 26, 40, 15, 34, 20, 31, 10, 25, 14, 19, 9,  13, 8,  7,  6};
    return position[(value & -value) * 0x03f79d71b4cb0a89 >> 58];
}

/* All bits below the highest one are set too; the rest are the leading zeroes. */
int __clzdi2(uint64_t value)
{
    for (int shift = 1; shift < 64; shift *= 2)
        value |= value >> shift;
    return __popcountdi2(~value);
}
