/*
 * A double's exact decimal digits, by whole numbers only: m * 2^e is m * 2^e for e >= 0 and
 * m * 5^-e / 10^-e otherwise, so one large integer and a decimal exponent hold every double.
 */
#include "internal.h"
#include <string.h>

#define LIMB UINT32_C(1000000000) /* base of the large integer: nine decimal digits */
#define LIMB_DIGITS 9
#define LIMBS 87 /* 2^53 * 5^1074 has 767 digits */

struct large {
    int n;
    uint32_t limb[LIMBS]; /* least first */
};

static void multiply(struct large *large, uint32_t factor)
{
    uint64_t carry = 0;
    for (int i = 0; i < large->n; i++) {
        carry += (uint64_t)large->limb[i] * factor;
        large->limb[i] = (uint32_t)(carry % LIMB);
        carry /= LIMB;
    }
    for (; carry; carry /= LIMB)
        large->limb[large->n++] = (uint32_t)(carry % LIMB);
}

/* times base^power, in steps of the largest power of base below 2^32 */
static void multiply_power(struct large *large, uint32_t base, int power)
{
    while (power > 0) {
        uint32_t factor = base;
        power--;
        while (power > 0 && factor <= UINT32_MAX / base) {
            factor *= base;
            power--;
        }
        multiply(large, factor);
    }
}

int double_digits(double value, char *digits, int *exponent)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint64_t mantissa = bits & ((UINT64_C(1) << 52) - 1);
    int binary_exponent = (int)(bits >> 52 & 0x7ff);
    if (binary_exponent)
        mantissa |= UINT64_C(1) << 52;
    else
        binary_exponent = 1; /* subnormal */
    binary_exponent -= 1075;
    for (; !(mantissa & 1); mantissa >>= 1)
        binary_exponent++;

    struct large large = {.n = 0};
    for (; mantissa; mantissa /= LIMB)
        large.limb[large.n++] = (uint32_t)(mantissa % LIMB);
    int decimal_exponent = 0;
    if (binary_exponent >= 0) {
        multiply_power(&large, 2, binary_exponent);
    } else {
        multiply_power(&large, 5, -binary_exponent);
        decimal_exponent = binary_exponent;
    }

    int n = 0;
    for (int i = large.n - 1; i >= 0; i--) {
        uint32_t rest = large.limb[i];
        for (uint32_t unit = LIMB / 10; unit; unit /= 10) {
            char digit = (char)('0' + rest / unit);
            rest %= unit;
            if (n > 0 || digit != '0')
                digits[n++] = digit;
        }
    }
    *exponent = n + decimal_exponent;
    while (digits[n - 1] == '0')
        n--;
    return n;
}
