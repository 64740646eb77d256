/*
 * %f %e %g of printf, correctly rounded (half to even) at every precision, from the exact digits.
 */
#include "internal.h"
#include <ctype.h>

/* A decimal number 0.d1d2d3… * 10^exponent without zeros at its end; zero has no digits and exponent 1. */
struct decimal {
    int n;
    int exponent;
    char digits[DOUBLE_DIGITS_MAX];
};

static void decimal_round(struct decimal *decimal, int keep)
{
    if (keep >= decimal->n)
        return;
    if (keep < 0) {
        decimal->n = 0;
        return;
    }
    char first = decimal->digits[keep];
    bool tie = first == '5' && decimal->n == keep + 1; /* nothing but zeros behind it */
    bool odd = keep > 0 && (decimal->digits[keep - 1] - '0') % 2;
    bool up = tie ? odd : first >= '5';
    decimal->n = keep;
    if (up) {
        while (decimal->n > 0 && decimal->digits[decimal->n - 1] == '9')
            decimal->n--;
        if (decimal->n > 0) {
            decimal->digits[decimal->n - 1]++;
        } else {
            decimal->digits[decimal->n++] = '1';
            decimal->exponent++;
        }
    }
    while (decimal->n > 0 && decimal->digits[decimal->n - 1] == '0')
        decimal->n--;
}

struct output {
    format_put *put;
    void *context;
};

/* `count` digits from place `from` on; the number has zeros on either side of its digits. */
static void put_digits(const struct output *out, const struct decimal *decimal, int from, int count)
{
    if (from < 0 && count > 0) {
        int zeros = -from < count ? -from : count;
        format_fill(out->put, out->context, '0', (size_t)zeros);
        from += zeros;
        count -= zeros;
    }
    if (from < decimal->n && count > 0) {
        int there = decimal->n - from < count ? decimal->n - from : count;
        out->put(out->context, decimal->digits + from, (size_t)there);
        count -= there;
    }
    if (count > 0)
        format_fill(out->put, out->context, '0', (size_t)count);
}

/* "e+05": mark, sign, at least two digits. Gives its length. */
static int exponent_text(char *text, char mark, int exponent)
{
    int n = 0;
    text[n++] = mark;
    text[n++] = exponent < 0 ? '-' : '+';
    unsigned int rest = (unsigned int)(exponent < 0 ? -exponent : exponent);
    if (rest >= 100)
        text[n++] = (char)('0' + rest / 100);
    text[n++] = (char)('0' + rest / 10 % 10);
    text[n++] = (char)('0' + rest % 10);
    return n;
}

size_t libc_format_double(format_put *put, void *context, const struct format_spec *spec, double value)
{
    struct output out = {put, context};
    bool upper = isupper((unsigned char)spec->conversion);
    char style = (char)tolower((unsigned char)spec->conversion);
    bool negative = __builtin_signbit(value);
    char sign = '\0';
    if (negative)
        sign = '-';
    else if (spec->plus || spec->space)
        sign = spec->plus ? '+' : ' ';
    if (negative)
        value = -value;

    if (__builtin_isnan(value) || __builtin_isinf(value)) {
        struct format_spec plain = *spec;
        plain.zero = false;
        const char *word = __builtin_isnan(value) ? (upper ? "NAN" : "nan") : (upper ? "INF" : "inf");
        return format_padded(put, context, &plain, &sign, sign != '\0', word, 3);
    }

    struct decimal decimal = {.n = 0, .exponent = 1};
    if (value != 0)
        decimal.n = double_digits(value, decimal.digits, &decimal.exponent);

    int precision = spec->precision < 0 ? 6 : spec->precision;
    if (style == 'g') {
        /* C11 7.21.6.1: P significant digits; style e if the exponent is below -4 or not below P. */
        int significant = precision > 0 ? precision : 1;
        decimal_round(&decimal, significant);
        int exponent = decimal.exponent - 1;
        bool small_enough = exponent >= -4 && exponent < significant;
        style = small_enough ? 'f' : 'e';
        precision = small_enough ? significant - 1 - exponent : significant - 1;
        if (!spec->alternate) {
            int used = small_enough ? decimal.n - decimal.exponent : decimal.n - 1;
            used = used > 0 ? used : 0;
            precision = used < precision ? used : precision;
        }
    } else {
        /* The sum is taken in 64 bits: a precision may be near INT_MAX. */
        int64_t keep = style == 'e' ? (int64_t)precision + 1 : (int64_t)precision + decimal.exponent;
        decimal_round(&decimal, keep > DOUBLE_DIGITS_MAX ? DOUBLE_DIGITS_MAX : (int)keep);
        if (decimal.n == 0)
            decimal.exponent = 1;
    }

    char tail[8];
    int tail_length = 0;
    int before_point = 1; /* digits before the point: places 0.. of the number, or a single 0 */
    int after_from = 1;   /* place of the first digit behind it */
    bool leading_zero = false;
    if (style == 'e') {
        tail_length = exponent_text(tail, upper ? 'E' : 'e', decimal.exponent - 1);
    } else {
        leading_zero = decimal.exponent <= 0;
        before_point = leading_zero ? 1 : decimal.exponent;
        after_from = decimal.exponent;
    }
    bool point = precision > 0 || spec->alternate;

    size_t length = (size_t)(sign != '\0') + (size_t)before_point + point + (size_t)precision;
    length += (size_t)tail_length;
    size_t padding = spec->width > 0 && (size_t)spec->width > length ? (size_t)spec->width - length : 0;
    if (!spec->left && !spec->zero)
        format_fill(put, context, ' ', padding);
    if (sign)
        put(context, &sign, 1);
    if (!spec->left && spec->zero)
        format_fill(put, context, '0', padding);
    put_digits(&out, &decimal, leading_zero ? -1 : 0, before_point);
    if (point)
        put(context, ".", 1);
    put_digits(&out, &decimal, after_from, precision);
    put(context, tail, (size_t)tail_length);
    if (spec->left)
        format_fill(put, context, ' ', padding);
    return length + padding;
}
