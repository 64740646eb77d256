/*
 * printf as xv6 has it: %d %u %x with l and ll (a plain %l, as in 2022, is a long number), %p %s %c %%.
 * Unlike xv6's it does not write byte by byte, so that what several processes print is mixed line by line.
 */
#include "internal.h"

#include <stdarg.h>

struct out {
    int fd, n;
    char bytes[128]; /* no more: it lies on the program's stack, which may be a page */
};

static void flush(struct out *out)
{
    if (out->n > 0)
        write(out->fd, out->bytes, out->n);
    out->n = 0;
}

static void put(struct out *out, char c)
{
    if (out->n == sizeof out->bytes)
        flush(out);
    out->bytes[out->n++] = c;
}

static void put_text(struct out *out, const char *text)
{
    for (; *text != '\0'; text++)
        put(out, *text);
}

/* At least `digits` of them. */
static void put_number(struct out *out, uint64 value, uint base, int digits)
{
    char text[20];
    int n = 0;

    do
        text[n++] = "0123456789abcdef"[value % base];
    while ((value /= base) != 0 || n < digits);
    while (n > 0)
        put(out, text[--n]);
}

static void put_signed(struct out *out, long value)
{
    if (value < 0)
        put(out, '-');
    put_number(out, value < 0 ? 0 - (uint64)value : (uint64)value, 10, 1);
}

/* One conversion; `at` is behind its percent sign. Gives where the text goes on. */
static const char *convert(struct out *out, const char *at, va_list *args)
{
    int longs = 0;

    while (*at == 'l' && longs < 2)
        longs++, at++;
    switch (*at) {
    case 'd':
        put_signed(out, longs > 0 ? va_arg(*args, long) : va_arg(*args, int));
        break;
    case 'u':
        put_number(out, longs > 0 ? va_arg(*args, uint64) : va_arg(*args, uint), 10, 1);
        break;
    case 'x':
        put_number(out, longs > 0 ? va_arg(*args, uint64) : va_arg(*args, uint), 16, 1);
        break;
    case 'p':
        put_text(out, "0x");
        put_number(out, va_arg(*args, uint64), 16, 16);
        break;
    case 's': {
        const char *text = va_arg(*args, const char *);
        put_text(out, text != 0 ? text : "(null)");
        break;
    }
    case 'c':
        put(out, (char)va_arg(*args, int));
        break;
    case '%':
        put(out, '%');
        break;
    default:
        if (longs == 1) { /* a plain %l */
            put_number(out, va_arg(*args, uint64), 10, 1);
            return at;
        }
        put(out, '%'); /* shown as it is, so that the mistake is seen */
        if (*at == '\0')
            return at;
        put(out, *at);
    }
    return at + 1;
}

static void print(int fd, const char *format, va_list *args)
{
    struct out out = {.fd = fd, .n = 0};

    for (const char *at = format; *at != '\0';) {
        if (*at != '%')
            put(&out, *at++);
        else
            at = convert(&out, at + 1, args);
    }
    flush(&out);
}

PUBLIC void fprintf(int fd, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print(fd, format, &args);
    va_end(args);
}

PUBLIC void printf(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print(1, format, &args);
    va_end(args);
}
