/*
 * The formatting engine: see <common/format.h>. Called by the kernel's print (at any time, panics
 * included) and by libc's printf family. It must not allocate, lock, or use much stack.
 */
#include <common/format.h>
#include <common/string.h>
#include <kinglet/errno.h>
#include <limits.h>
#include <stdint.h>

enum length { LENGTH_INT, LENGTH_CHAR, LENGTH_SHORT, LENGTH_LONG, LENGTH_LONG_LONG, LENGTH_LONG_DOUBLE };

_Static_assert(sizeof(size_t) == sizeof(long) && sizeof(ptrdiff_t) == sizeof(long), "%z and %t are %l");
_Static_assert(sizeof(intmax_t) == sizeof(long long), "%j is %ll");

#define DIGITS_MAX 22 /* of 2^64 in octal */

/* Where the output goes, and how much of it there was. */
struct output {
    format_put *put;
    void *context;
    uint64_t total;
};

static void emit(struct output *out, const char *text, size_t n)
{
    if (n > 0)
        out->put(out->context, text, n);
    out->total += n;
}

void format_fill(format_put *put, void *context, char character, size_t count)
{
    const char *text = character == '0' ? "0000000000000000" : "                ";

    for (; count > 16; count -= 16)
        put(context, text, 16);
    if (count > 0)
        put(context, text, count);
}

size_t format_padded(format_put *put, void *context, const struct format_spec *spec, const char *prefix,
                     size_t prefix_length, const char *body, size_t body_length)
{
    size_t length = prefix_length + body_length;
    size_t padding = (size_t)spec->width > length ? (size_t)spec->width - length : 0;

    if (!spec->left && !spec->zero)
        format_fill(put, context, ' ', padding);
    if (prefix_length > 0)
        put(context, prefix, prefix_length);
    if (!spec->left && spec->zero)
        format_fill(put, context, '0', padding);
    if (body_length > 0)
        put(context, body, body_length);
    if (spec->left)
        format_fill(put, context, ' ', padding);
    return length + padding;
}

/* Digits of `value` into the end of `buffer` (DIGITS_MAX bytes); none for 0. Gives where they begin. */
static char *digits(char *buffer, uint64_t value, unsigned base, bool capital)
{
    const char *set = capital ? "0123456789ABCDEF" : "0123456789abcdef";
    char *at = buffer + DIGITS_MAX;

    for (; value != 0; value /= base)
        *--at = set[value % base];
    return at;
}

/* An integer's magnitude, with what goes in front of it. A precision is the least number of digits; it
 * puts zeros between prefix and digits, which the field's width cannot then do too. */
static void write_integer(struct output *out, struct format_spec *spec, uint64_t value, unsigned base,
                          const char *prefix)
{
    char buffer[DIGITS_MAX];
    const char *text = digits(buffer, value, base, spec->conversion == 'X');
    size_t length = (size_t)(buffer + DIGITS_MAX - text);
    size_t least = spec->precision < 0 ? 1 : (size_t)spec->precision;

    if (base == 8 && spec->alternate && least <= length)
        least = length + 1; /* "#o": the first digit is a 0 */

    size_t zeros = least > length ? least - length : 0;
    size_t whole = strlen(prefix) + zeros + length;
    size_t padding = (size_t)spec->width > whole ? (size_t)spec->width - whole : 0;

    if (spec->zero && !spec->left && spec->precision < 0) {
        zeros += padding;
        whole += padding;
        padding = 0;
    }
    if (!spec->left)
        format_fill(out->put, out->context, ' ', padding);
    if (prefix[0] != '\0')
        out->put(out->context, prefix, strlen(prefix));
    format_fill(out->put, out->context, '0', zeros);
    if (length > 0)
        out->put(out->context, text, length);
    if (spec->left)
        format_fill(out->put, out->context, ' ', padding);
    out->total += whole + padding;
}

static void write_text(struct output *out, struct format_spec *spec, const char *text, size_t length)
{
    spec->zero = false; /* 0 means nothing to text */
    out->total += format_padded(out->put, out->context, spec, "", 0, text, length);
}

/* Decimal number at *at, which moves past it; -1 when it is above INT_MAX. */
static int number(const char **at)
{
    int64_t n = 0;

    for (; **at >= '0' && **at <= '9'; ++*at)
        if (n <= INT_MAX)
            n = 10 * n + (**at - '0');
    return n <= INT_MAX ? (int)n : -1;
}

static enum length length_modifier(const char **at)
{
    switch (*(*at)++) {
    case 'h':
        if (**at != 'h')
            return LENGTH_SHORT;
        ++*at;
        return LENGTH_CHAR;
    case 'l':
        if (**at != 'l')
            return LENGTH_LONG;
        ++*at;
        return LENGTH_LONG_LONG;
    case 'z':
    case 't':
        return LENGTH_LONG;
    case 'j':
        return LENGTH_LONG_LONG;
    case 'L':
        return LENGTH_LONG_DOUBLE;
    default:
        --*at;
        return LENGTH_INT;
    }
}

/* va_list may be an array type: only inside a struct can every function below share one. */
struct arguments {
    va_list list;
};

static int64_t take_signed(struct arguments *args, enum length length)
{
    switch (length) {
    case LENGTH_CHAR:
        return (signed char)va_arg(args->list, int);
    case LENGTH_SHORT:
        return (short)va_arg(args->list, int);
    case LENGTH_LONG:
        return va_arg(args->list, long);
    case LENGTH_LONG_LONG:
        return va_arg(args->list, long long);
    default:
        return va_arg(args->list, int);
    }
}

static uint64_t take_unsigned(struct arguments *args, enum length length)
{
    switch (length) {
    case LENGTH_CHAR:
        return (unsigned char)va_arg(args->list, int);
    case LENGTH_SHORT:
        return (unsigned short)va_arg(args->list, int);
    case LENGTH_LONG:
        return va_arg(args->list, unsigned long);
    case LENGTH_LONG_LONG:
        return va_arg(args->list, unsigned long long);
    default:
        return va_arg(args->list, unsigned int);
    }
}

/* Flags, width and precision after a '%'. False: a number is out of range. */
static bool parse_spec(const char **at, struct format_spec *spec, struct arguments *args)
{
    *spec = (struct format_spec){ .precision = -1 };
    for (;; ++*at) {
        if (**at == '-')
            spec->left = true;
        else if (**at == '+')
            spec->plus = true;
        else if (**at == ' ')
            spec->space = true;
        else if (**at == '0')
            spec->zero = true;
        else if (**at == '#')
            spec->alternate = true;
        else
            break;
    }
    if (**at == '*') {
        ++*at;
        spec->width = va_arg(args->list, int);
        if (spec->width < 0) { /* C17 7.21.6.1: taken as a - flag and a positive width */
            if (spec->width == INT_MIN)
                return false;
            spec->left = true;
            spec->width = -spec->width;
        }
    } else {
        spec->width = number(at);
        if (spec->width < 0)
            return false;
    }
    if (**at == '.') {
        ++*at;
        if (**at == '*') {
            ++*at;
            spec->precision = va_arg(args->list, int);
            if (spec->precision < 0)
                spec->precision = -1; /* as if not given */
        } else {
            spec->precision = number(at);
            if (spec->precision < 0)
                return false;
        }
    }
    return true;
}

static void write_double(struct output *out, struct format_spec *spec, format_double *fp,
                         struct arguments *args, enum length length)
{
    if (length == LENGTH_LONG_DOUBLE) { /* arithmetic on it needs a library that may not be there */
        (void)va_arg(args->list, long double);
        write_text(out, spec, "?", 1);
        return;
    }

    double value = va_arg(args->list, double);

    if (fp == NULL)
        write_text(out, spec, "?", 1);
    else
        out->total += fp(out->put, out->context, spec, value);
}

static const char *sign_prefix(const struct format_spec *spec, bool negative)
{
    return negative ? "-" : spec->plus ? "+" : spec->space ? " " : "";
}

/* One conversion; false when the character is none. */
static bool convert(struct output *out, struct format_spec *spec, format_double *fp, enum length length,
                    struct arguments *args)
{
    switch (spec->conversion) {
    case 'd':
    case 'i': {
        int64_t value = take_signed(args, length);

        write_integer(out, spec, value < 0 ? -(uint64_t)value : (uint64_t)value, 10,
                      sign_prefix(spec, value < 0));
        return true;
    }
    case 'u':
        write_integer(out, spec, take_unsigned(args, length), 10, "");
        return true;
    case 'o':
        write_integer(out, spec, take_unsigned(args, length), 8, "");
        return true;
    case 'x':
    case 'X': {
        uint64_t value = take_unsigned(args, length);
        const char *prefix = spec->conversion == 'x' ? "0x" : "0X";

        write_integer(out, spec, value, 16, spec->alternate && value != 0 ? prefix : "");
        return true;
    }
    case 'p':
        write_integer(out, spec, (uintptr_t)va_arg(args->list, void *), 16, "0x");
        return true;
    case 'c': {
        char character = (char)va_arg(args->list, int);

        write_text(out, spec, &character, 1);
        return true;
    }
    case 's': {
        const char *text = va_arg(args->list, const char *);

        if (text == NULL)
            text = "(null)";
        write_text(out, spec, text, strnlen(text, spec->precision < 0 ? INT_MAX : (size_t)spec->precision));
        return true;
    }
    case '%':
        emit(out, "%", 1);
        return true;
    case 'f':
    case 'F':
    case 'e':
    case 'E':
    case 'g':
    case 'G':
        write_double(out, spec, fp, args, length);
        return true;
    default:
        return false;
    }
}

int format_va(format_put *put, void *context, format_double *fp, const char *format, va_list arguments)
{
    struct output out = { .put = put, .context = context };
    struct arguments args;
    const char *at = format;
    bool in_range = true;

    va_copy(args.list, arguments);
    while (*at != '\0' && in_range) {
        const char *start = at;
        struct format_spec spec;

        while (*at != '\0' && *at != '%')
            at++;
        emit(&out, start, (size_t)(at - start));
        if (*at == '\0')
            break;

        start = at++;
        if (!parse_spec(&at, &spec, &args)) {
            in_range = false;
            break;
        }
        enum length length = length_modifier(&at);

        spec.conversion = *at;
        if (*at != '\0')
            at++;
        if (!convert(&out, &spec, fp, length, &args))
            emit(&out, start, (size_t)(at - start));
        in_range = out.total <= INT_MAX;
    }
    va_end(args.list);
    return in_range && out.total <= INT_MAX ? (int)out.total : -EOVERFLOW;
}

void format_to_buffer(void *context, const char *text, size_t n)
{
    struct format_buffer *buffer = context;

    if (buffer->length < buffer->room) {
        size_t left = buffer->room - buffer->length;

        memcpy(buffer->text + buffer->length, text, n < left ? n : left);
    }
    buffer->length += n;
}

void format_end(struct format_buffer *buffer)
{
    if (buffer->room > 0)
        buffer->text[buffer->length < buffer->room ? buffer->length : buffer->room - 1] = '\0';
}

int format_vn(char *text, size_t room, const char *format, va_list arguments)
{
    struct format_buffer buffer = { .text = text, .room = room };
    int length = format_va(format_to_buffer, &buffer, NULL, format, arguments);

    format_end(&buffer);
    return length;
}

int format_n(char *text, size_t room, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int length = format_vn(text, room, format, arguments);
    va_end(arguments);
    return length;
}
