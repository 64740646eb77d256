/*
 * The printf family for strings.
 */
#include "internal.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

int vsnprintf(char *out, size_t room, const char *format, va_list arguments)
{
    struct format_buffer buffer = {.text = out, .room = room};
    int length = format_va(format_to_buffer, &buffer, libc_format_double, format, arguments);
    format_end(&buffer);
    return (int)libc_result(length);
}

int snprintf(char *out, size_t room, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(out, room, format, arguments);
    va_end(arguments);
    return length;
}

int vsprintf(char *out, const char *format, va_list arguments)
{
    return vsnprintf(out, INT_MAX, format, arguments);
}

int sprintf(char *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsprintf(out, format, arguments);
    va_end(arguments);
    return length;
}

int vasprintf(char **out, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    *out = length < 0 ? NULL : malloc((size_t)length + 1);
    if (!*out)
        return -1;
    return vsnprintf(*out, (size_t)length + 1, format, arguments);
}

int asprintf(char **out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(out, format, arguments);
    va_end(arguments);
    return length;
}
