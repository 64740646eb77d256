/*
 * Integers from text. One parser for all widths: it works in 64 bits with a limit to either side.
 */
#include "internal.h"
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

/* The digit's value, or 36, which is no digit in any base. */
static unsigned int digit_value(char c)
{
    if (isdigit((unsigned char)c))
        return (unsigned int)(c - '0');
    if (isalpha((unsigned char)c))
        return (unsigned int)(tolower((unsigned char)c) - 'a') + 10;
    return 36;
}

/*
 * `max` is the largest positive value. Signed: the smallest is -max - 1. Unsigned: a minus negates
 * within the type, as C wants it, and out of range is max. Sets ERANGE, and EINVAL for a bad base.
 */
uint64_t libc_parse_integer(const char *text, char **end, int base, uint64_t max, bool is_signed)
{
    if (end)
        *end = (char *)text;
    if (base < 0 || base == 1 || base > 36) {
        errno = EINVAL;
        return 0;
    }
    while (isspace((unsigned char)*text))
        text++;
    bool negative = *text == '-';
    if (*text == '-' || *text == '+')
        text++;
    /* "0x" counts only with a digit behind it: "0xz" is the number 0 and the text "xz". */
    bool prefixed = text[0] == '0' && (text[1] | 0x20) == 'x' && digit_value(text[2]) < 16;
    if (prefixed && (base == 0 || base == 16)) {
        text += 2;
        base = 16;
    } else if (base == 0) {
        base = *text == '0' ? 8 : 10;
    }

    uint64_t limit = is_signed && negative ? max + 1 : max;
    uint64_t value = 0;
    bool overflow = false;
    bool any = false;
    for (unsigned int digit; (digit = digit_value(*text)) < (unsigned int)base; text++) {
        any = true;
        if (__builtin_mul_overflow(value, (uint64_t)base, &value) ||
            __builtin_add_overflow(value, (uint64_t)digit, &value) || value > limit)
            overflow = true;
    }
    if (any && end)
        *end = (char *)text;
    if (overflow) {
        errno = ERANGE;
        return is_signed && negative ? -limit : limit;
    }
    return negative ? -value : value;
}

long strtol(const char *text, char **end, int base)
{
    return (long)libc_parse_integer(text, end, base, LONG_MAX, true);
}

unsigned long strtoul(const char *text, char **end, int base)
{
    return libc_parse_integer(text, end, base, ULONG_MAX, false);
}

long long strtoll(const char *text, char **end, int base)
{
    return (long long)libc_parse_integer(text, end, base, LLONG_MAX, true);
}

unsigned long long strtoull(const char *text, char **end, int base)
{
    return libc_parse_integer(text, end, base, ULLONG_MAX, false);
}

int atoi(const char *text)
{
    return (int)strtol(text, NULL, 10);
}

long atol(const char *text)
{
    return strtol(text, NULL, 10);
}

long long atoll(const char *text)
{
    return strtoll(text, NULL, 10);
}
