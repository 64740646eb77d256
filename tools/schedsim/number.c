/*
 * Times as people write them. No floating point: a time is exact, or it is rounded here and nowhere else.
 */
#include "schedsim.h"


static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A decimal number in units of 10^-6, at most `max` whole ones; what is finer is rounded. */
static const char *read_millionths(const char *text, uint64_t max, const char *too_large, uint64_t *value)
{
    if (*text == '\0')
        return "is missing";
    if (*text == '-')
        return "is negative";
    uint64_t whole = 0, fraction = 0;
    bool digits = false, round_up = false;
    for (; digit(*text); text++) {
        digits = true;
        whole = whole * 10 + (uint64_t)(*text - '0');
        if (whole > max)
            return too_large;
    }
    if (*text == '.') {
        uint64_t unit = 100000;
        for (text++; digit(*text); text++) {
            digits = true;
            if (unit == 0)
                continue;
            fraction += unit * (uint64_t)(*text - '0');
            unit /= 10;
            if (unit == 0)
                round_up = text[1] >= '5' && text[1] <= '9';
        }
    }
    if (!digits || *text != '\0')
        return "is not a number";
    *value = whole * 1000000 + fraction + round_up;
    return *value > max * 1000000 ? too_large : NULL;
}

const char *read_ms(const char *text, uint64_t *ns)
{
    _Static_assert(NS_PER_MS == 1000000, "a nanosecond is a millionth of the unit");
    return read_millionths(text, TIME_MAX_MS, "is longer than 1000000000000 ms", ns);
}

const char *read_ppm(const char *text, uint32_t *ppm)
{
    uint64_t value = 0;
    const char *wrong = read_millionths(text, 1, "is greater than 1", &value);
    *ppm = (uint32_t)value;
    return wrong;
}

const char *read_count(const char *text, uint64_t max, uint64_t *count)
{
    *count = 0;
    if (*text == '\0')
        return "is missing";
    if (*text == '-')
        return "is negative";
    for (; digit(*text); text++) {
        uint64_t d = (uint64_t)(*text - '0');
        if (*count > (max - d) / 10)
            return "is too large";
        *count = *count * 10 + d;
    }
    return *text == '\0' ? NULL : "is not a whole number";
}

char *ms_text(char text[MS_TEXT_SIZE], uint64_t ns)
{
    uint64_t fraction = ns % NS_PER_MS, whole = ns / NS_PER_MS;
    char *at = text + MS_TEXT_SIZE - 1;
    *at = '\0';
    if (fraction) {
        unsigned decimals = 6;
        for (; fraction % 10 == 0; decimals--)
            fraction /= 10;
        for (; decimals > 0; decimals--, fraction /= 10)
            *--at = (char)('0' + fraction % 10);
        *--at = '.';
    }
    do {
        *--at = (char)('0' + whole % 10);
    } while (whole /= 10);
    return at;
}
