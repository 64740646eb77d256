/*
 * Strings, bytes and numbers, and gets.
 */
#include "internal.h"

PUBLIC char *strcpy(char *to, const char *from)
{
    char *at = to;

    while ((*at++ = *from++) != '\0')
        continue;
    return to;
}

PUBLIC int strcmp(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b)
        a++, b++;
    return (uchar)*a - (uchar)*b;
}

PUBLIC uint strlen(const char *text)
{
    uint n = 0;

    while (text[n] != '\0')
        n++;
    return n;
}

PUBLIC char *strchr(const char *text, char c)
{
    for (; *text != '\0'; text++)
        if (*text == c)
            return (char *)text;
    return 0; /* xv6 does not find the NUL */
}

PUBLIC void *memset(void *to, int c, uint n)
{
    for (uchar *at = to; n > 0; n--)
        *at++ = (uchar)c;
    return to;
}

PUBLIC void *memmove(void *to, const void *from, int n)
{
    uchar *t = to;
    const uchar *f = from;

    if (t <= f) {
        for (int i = 0; i < n; i++)
            t[i] = f[i];
    } else {
        for (int i = n; i-- > 0;)
            t[i] = f[i];
    }
    return to;
}

PUBLIC void *memcpy(void *to, const void *from, uint n)
{
    return memmove(to, from, (int)n);
}

PUBLIC int memcmp(const void *a, const void *b, uint n)
{
    const uchar *x = a, *y = b;

    for (uint i = 0; i < n; i++)
        if (x[i] != y[i])
            return x[i] - y[i];
    return 0;
}

PUBLIC int atoi(const char *text)
{
    uint value = 0;

    while ('0' <= *text && *text <= '9')
        value = value * 10 + (uint)(*text++ - '0');
    return (int)value;
}

/* A line with its end, byte by byte: what comes after it is for whoever reads next. */
PUBLIC char *gets(char *buffer, int max)
{
    int n = 0;

    while (n + 1 < max) {
        char c;

        if (read(0, &c, 1) < 1)
            break;
        buffer[n++] = c;
        if (c == '\n' || c == '\r')
            break;
    }
    buffer[n] = '\0';
    return buffer;
}
