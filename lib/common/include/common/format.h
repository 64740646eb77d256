/*
 * The formatting engine behind the kernel's print and libc's printf family.
 * It produces pieces of text and hands each to a function of the caller's; it allocates nothing
 * and touches no floating point itself: programs pass a function that writes doubles, the kernel none.
 */
#ifndef COMMON_FORMAT_H
#define COMMON_FORMAT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* Takes the next `n` bytes of output. */
typedef void format_put(void *context, const char *text, size_t n);

/* One conversion, as parsed. */
struct format_spec {
    bool left, plus, space, zero, alternate; /* flags - + space 0 # */
    int width;                               /* 0: none */
    int precision;                           /* -1: none given */
    char conversion;                         /* 'd', 'f', … */
};

/* Writes `value` by `spec` (conversion f F e E g or G) through put, padding included (format_padded
 * does that), and gives how many bytes it wrote. */
typedef size_t format_double(format_put *put, void *context, const struct format_spec *spec, double value);

/*
 * printf: flags "-+ 0#", width, precision (both also as *), lengths hh h l ll z j t, conversions
 * d i u x X o c s p %, and f F e E g G through `fp` (NULL: "?" is written in their place).
 * A NULL string prints as "(null)", a pointer as 0x and hexadecimal digits, an unknown conversion as
 * it stands. There is no %n. Gives the number of bytes written, or -EOVERFLOW when a width, a precision
 * or that number is above INT_MAX.
 */
int format_va(format_put *put, void *context, format_double *fp, const char *format, va_list arguments);

/* snprintf without floating point: at most `room` bytes with the NUL; gives the length it would have
 * without a limit. */
int format_n(char *buffer, size_t room, const char *format, ...) __attribute__((format(printf, 3, 4)));
int format_vn(char *buffer, size_t room, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

/* For a format_double: write sign (0 to 2 characters of `prefix`) and `body`, padded by spec to its width:
 * right- or left-justified, or with zeros between the two where spec->zero. Gives the bytes written. */
size_t format_padded(format_put *put, void *context, const struct format_spec *spec, const char *prefix,
                     size_t prefix_length, const char *body, size_t body_length);

/* Write `count` times the character ' ' or '0'. */
void format_fill(format_put *put, void *context, char character, size_t count);

/* A destination for format_va that keeps what fits into a buffer (what snprintf is made of):
 * pass format_to_buffer and a struct format_buffer whose text and room are set, then format_end. */
struct format_buffer {
    char *text;
    size_t room;   /* bytes at text, NUL included */
    size_t length; /* bytes seen so far, kept or not */
};
void format_to_buffer(void *context, const char *text, size_t n);
void format_end(struct format_buffer *buffer); /* puts the NUL */

#endif
