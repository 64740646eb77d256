/*
 * The string functions that only programs need; the others are in lib/common/string.c.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

char *stpcpy(char *to, const char *from)
{
    size_t length = strlen(from);
    memcpy(to, from, length + 1);
    return to + length;
}

char *strcpy(char *to, const char *from)
{
    stpcpy(to, from);
    return to;
}

char *strncpy(char *to, const char *from, size_t n)
{
    size_t length = strnlen(from, n);
    memcpy(to, from, length);
    memset(to + length, 0, n - length);
    return to;
}

char *strcat(char *to, const char *from)
{
    stpcpy(to + strlen(to), from);
    return to;
}

char *strncat(char *to, const char *from, size_t n)
{
    size_t length = strnlen(from, n);
    char *end = to + strlen(to);
    memcpy(end, from, length);
    end[length] = '\0';
    return to;
}

char *strstr(const char *text, const char *wanted)
{
    size_t length = strlen(wanted);
    if (length == 0)
        return (char *)text;
    while ((text = strchr(text, *wanted))) {
        if (strncmp(text, wanted, length) == 0)
            return (char *)text;
        text++;
    }
    return NULL;
}

/* A set of bytes, one bit each. */
struct byte_set {
    uint64_t bits[4];
};

static struct byte_set byte_set_of(const char *members)
{
    struct byte_set set = {{0}};
    for (; *members; members++) {
        unsigned char c = (unsigned char)*members;
        set.bits[c / 64] |= UINT64_C(1) << c % 64;
    }
    return set;
}

static bool byte_in(const struct byte_set *set, char byte)
{
    unsigned char c = (unsigned char)byte;
    return set->bits[c / 64] >> c % 64 & 1;
}

size_t strspn(const char *s, const char *accept)
{
    struct byte_set set = byte_set_of(accept); /* never holds the NUL, which therefore ends it */
    size_t n = 0;
    while (byte_in(&set, s[n]))
        n++;
    return n;
}

size_t strcspn(const char *s, const char *reject)
{
    struct byte_set set = byte_set_of(reject);
    size_t n = 0;
    while (s[n] && !byte_in(&set, s[n]))
        n++;
    return n;
}

char *strpbrk(const char *s, const char *accept)
{
    s += strcspn(s, accept);
    return *s ? (char *)s : NULL;
}

char *strtok_r(char *s, const char *separators, char **state)
{
    if (!s)
        s = *state;
    s += strspn(s, separators);
    char *end = s + strcspn(s, separators);
    *state = *end ? end + 1 : end;
    if (end == s)
        return NULL;
    *end = '\0';
    return s;
}

char *strtok(char *s, const char *separators)
{
    static char *state = (char *)"";
    return strtok_r(s, separators, &state);
}

char *strndup(const char *s, size_t n)
{
    size_t length = strnlen(s, n);
    char *copy = malloc(length + 1);
    if (copy) {
        memcpy(copy, s, length);
        copy[length] = '\0';
    }
    return copy;
}

char *strdup(const char *s)
{
    return strndup(s, SIZE_MAX);
}

int strncasecmp(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int difference = tolower((unsigned char)a[i]) - tolower((unsigned char)b[i]);
        if (difference || !a[i])
            return difference;
    }
    return 0;
}

int strcasecmp(const char *a, const char *b)
{
    return strncasecmp(a, b, SIZE_MAX);
}

int strcoll(const char *a, const char *b)
{
    return strcmp(a, b);
}
