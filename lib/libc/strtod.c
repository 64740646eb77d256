/*
 * A double from decimal text, correctly rounded (half to even) however long the text is.
 * The number is held exactly in base 10^9 on both sides of the point; then it is multiplied or divided by
 * powers of two until its whole part is the mantissa with some bits to spare.
 */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LIMB UINT32_C(1000000000)
#define LIMB_DIGITS 9
#define WHOLE 35     /* limbs before the point: 10^309 is above the largest double */
#define FRACTION 120 /* limbs behind it: 1,080 digits; the smallest halfway number has 1,075 */
#define EXPONENT_MAX 310
#define EXPONENT_MIN (-330)

struct number {
    uint32_t limb[WHOLE + FRACTION]; /* greatest first */
    bool more;                       /* something not 0 was cut off below */
};

static double make_double(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The digits at `text` (one point among them), of which the first, not 0, counts 10^(exponent - 1). */
static void number_fill(struct number *number, const char *text, const char *end, int exponent)
{
    memset(number, 0, sizeof *number);
    static const uint32_t powers[LIMB_DIGITS] = {1,      10,      100,      1000,     10000,
                                                 100000, 1000000, 10000000, 100000000};
    int place = WHOLE * LIMB_DIGITS - exponent; /* counted from the first digit of the first limb */
    for (; text < end; text++) {
        if (*text == '.')
            continue;
        uint32_t digit = (uint32_t)(*text - '0');
        if (place < (WHOLE + FRACTION) * LIMB_DIGITS)
            number->limb[place / LIMB_DIGITS] += digit * powers[LIMB_DIGITS - 1 - place % LIMB_DIGITS];
        else if (digit)
            number->more = true;
        place++;
    }
}

/* Divides the whole part by 2^shift; what falls out only counts as "more". */
static void halve(struct number *number, int first, int shift)
{
    uint64_t rest = 0;
    for (int i = first; i < WHOLE; i++) {
        rest = rest * LIMB + number->limb[i];
        number->limb[i] = (uint32_t)(rest >> shift);
        rest &= (UINT64_C(1) << shift) - 1;
    }
    if (rest)
        number->more = true;
}

/* Multiplies the fraction by 2^shift and gives what moves over the point. `last` is the end of its limbs that
 * are not 0. */
static uint64_t double_fraction(struct number *number, int last, int shift)
{
    uint64_t carry = 0;
    for (int i = last - 1; i >= WHOLE; i--) {
        carry += (uint64_t)number->limb[i] << shift;
        number->limb[i] = (uint32_t)(carry % LIMB);
        carry /= LIMB;
    }
    return carry;
}

/* The number as mantissa * 2^*exponent; the mantissa has 55 to 60 bits, and number->more says whether there
 * is more. */
static uint64_t number_to_binary(struct number *number, int *exponent)
{
    int shifted = 0;
    int first = 0;
    while (first < WHOLE - 2) {
        /* Far above 2^64 in big steps, near it bit by bit, so as not to lose any that count. */
        if (number->limb[first] == 0) {
            first++;
            continue;
        }
        int step = first < WHOLE - 5 ? 29 : 1;
        halve(number, first, step);
        shifted += step;
    }
    uint64_t mantissa = (uint64_t)number->limb[WHOLE - 2] * LIMB + number->limb[WHOLE - 1];
    int last = WHOLE + FRACTION;
    while (last > WHOLE && number->limb[last - 1] == 0)
        last--;
    if (shifted > 0) {
        number->more = number->more || last > WHOLE;
        *exponent = shifted;
        return mantissa;
    }
    while (mantissa < UINT64_C(1) << 55) {
        int step = mantissa ? 4 : 29;
        mantissa = mantissa << step | double_fraction(number, last, step);
        shifted += step;
    }
    for (int i = WHOLE; i < last; i++)
        number->more = number->more || number->limb[i];
    *exponent = -shifted;
    return mantissa;
}

/* Bits of the double next to (mantissa + more) * 2^exponent; the mantissa has 55 to 60 bits. */
static uint64_t round_to_double(uint64_t mantissa, int exponent, bool more)
{
    int drop = 64 - __builtin_clzll(mantissa) - 53;
    if (exponent + drop < -1074)
        drop = -1074 - exponent; /* subnormal: fewer bits are left */
    if (drop >= 64)
        return 0; /* less than a sixteenth of the smallest */
    uint64_t kept = mantissa >> drop;
    uint64_t rest = mantissa & ((UINT64_C(1) << drop) - 1);
    uint64_t half = UINT64_C(1) << (drop - 1);
    if (rest > half || (rest == half && (more || kept & 1)))
        kept++;
    exponent += drop;
    if (kept >> 53) {
        kept >>= 1;
        exponent++;
    }
    if (kept == 0 || exponent > 971) {
        errno = ERANGE;
        return kept ? UINT64_C(0x7ff) << 52 : 0;
    }
    /* The mantissa's top bit, where it is set, adds one to the exponent field. */
    return ((uint64_t)(exponent + 1074) << 52) + kept;
}

static bool match_word(const char **text, const char *word)
{
    size_t length = strlen(word);
    if (strncasecmp(*text, word, length) != 0)
        return false;
    *text += length;
    return true;
}

/* e+12 behind the digits; without a digit it is not part of the number. */
static int parse_exponent(const char **text)
{
    const char *at = *text;
    if (tolower((unsigned char)*at) != 'e')
        return 0;
    at++;
    bool negative = *at == '-';
    if (*at == '-' || *at == '+')
        at++;
    if (!isdigit((unsigned char)*at))
        return 0;
    int exponent = 0;
    for (; isdigit((unsigned char)*at); at++) {
        if (exponent < 100000000)
            exponent = exponent * 10 + (*at - '0');
    }
    *text = at;
    return negative ? -exponent : exponent;
}

double strtod(const char *text, char **end)
{
    if (end)
        *end = (char *)text;
    while (isspace((unsigned char)*text))
        text++;
    uint64_t sign = *text == '-' ? UINT64_C(1) << 63 : 0;
    if (*text == '-' || *text == '+')
        text++;

    uint64_t bits = 0;
    if (match_word(&text, "infinity") || match_word(&text, "inf")) {
        bits = UINT64_C(0x7ff) << 52;
    } else if (match_word(&text, "nan")) {
        bits = UINT64_C(0xfff) << 51;
    } else {
        const char *first = NULL; /* first digit that is not 0 */
        const char *point = NULL;
        bool any = false;
        int64_t exponent = 0;
        const char *at = text;
        for (; isdigit((unsigned char)*at) || (*at == '.' && !point); at++) {
            if (*at == '.') {
                point = at;
                continue;
            }
            any = true;
            if (!first && *at != '0')
                first = at;
            if (first && !point)
                exponent++;
            else if (!first && point)
                exponent--;
        }
        if (!any)
            return 0;
        const char *digits_end = at;
        text = at;
        exponent += parse_exponent(&text);
        if (first && exponent > EXPONENT_MAX) {
            errno = ERANGE;
            bits = UINT64_C(0x7ff) << 52;
        } else if (first && exponent < EXPONENT_MIN) {
            errno = ERANGE;
        } else if (first) {
            struct number number;
            number_fill(&number, first, digits_end, (int)exponent);
            int binary_exponent;
            uint64_t mantissa = number_to_binary(&number, &binary_exponent);
            bits = round_to_double(mantissa, binary_exponent, number.more);
        }
    }
    if (end)
        *end = (char *)text;
    return make_double(sign | bits);
}

double atof(const char *text)
{
    return strtod(text, NULL);
}
