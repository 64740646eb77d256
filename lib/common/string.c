/*
 * Memory and string functions for kernel and programs: see <common/string.h>.
 * Only aligned accesses (a misaligned one may trap to the firmware), and never a byte
 * outside the caller's ranges, so that the sanitizers agree with every one of them.
 */
#include <common/string.h>
#include <stdint.h>

/* Without this the compiler may turn the loops below into calls of the functions they make up. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#endif

typedef uint64_t __attribute__((may_alias)) word; /* looks at any object's bytes */

#define WORD sizeof(word)
#define OFFSET(pointer) ((uintptr_t)(pointer) & (WORD - 1))

/* With fewer bytes than this it does not pay to go to a word's boundary first. */
#define SMALL 32

/* Copies strictly from low addresses to high, so memmove uses it where `to` is below `from`. */
static void copy_up(unsigned char *to, const unsigned char *from, size_t n)
{
    if (n >= SMALL)
        for (; OFFSET(to) != 0; n--)
            *to++ = *from++;

    if (OFFSET(to) == 0 && OFFSET(from) == 0) {
        for (; n >= 8 * WORD; n -= 8 * WORD, to += 8 * WORD, from += 8 * WORD) {
            const word *f = (const word *)from;
            word *t = (word *)to;
            word a = f[0], b = f[1], c = f[2], d = f[3], e = f[4], g = f[5], h = f[6], i = f[7];

            t[0] = a, t[1] = b, t[2] = c, t[3] = d, t[4] = e, t[5] = g, t[6] = h, t[7] = i;
        }
        for (; n >= WORD; n -= WORD, to += WORD, from += WORD)
            *(word *)to = *(const word *)from;
    } else if (OFFSET(to) == 0 && n >= 3 * WORD) {
        /* Words of the source are loaded aligned and shifted together. The first eight bytes go singly,
         * so that the word that holds the first of the rest begins inside the range. */
        for (size_t i = 0; i < WORD; i++)
            *to++ = *from++;
        n -= WORD;

        unsigned down = 8 * OFFSET(from), up = 8 * WORD - down;
        const word *f = (const word *)(from - OFFSET(from));
        word low = *f++;

        for (; n >= 2 * WORD; n -= WORD, to += WORD, from += WORD) {
            word high = *f++;

            *(word *)to = low >> down | high << up;
            low = high;
        }
    }
    while (n-- > 0)
        *to++ = *from++;
}

/* The same from high addresses to low. */
static void copy_down(unsigned char *to, const unsigned char *from, size_t n)
{
    to += n;
    from += n;
    if (n >= SMALL && OFFSET(to) == OFFSET(from)) {
        for (; OFFSET(to) != 0; n--)
            *--to = *--from;
        for (; n >= WORD; n -= WORD) {
            to -= WORD;
            from -= WORD;
            *(word *)to = *(const word *)from;
        }
    }
    while (n-- > 0)
        *--to = *--from;
}

void *memcpy(void *to, const void *from, size_t n)
{
    copy_up(to, from, n);
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    /* unsigned wrap-around makes this true for `to` below `from` and for ranges that do not meet */
    if ((uintptr_t)to - (uintptr_t)from >= n)
        copy_up(to, from, n);
    else
        copy_down(to, from, n);
    return to;
}

void *memset(void *to, int byte, size_t n)
{
    unsigned char *t = to;

    if (n >= SMALL)
        for (; OFFSET(t) != 0; n--)
            *t++ = (unsigned char)byte;
    if (OFFSET(t) == 0) {
        word pattern = (unsigned char)byte * 0x0101010101010101ULL;

        for (; n >= 8 * WORD; n -= 8 * WORD, t += 8 * WORD) {
            word *w = (word *)t;

            w[0] = pattern, w[1] = pattern, w[2] = pattern, w[3] = pattern;
            w[4] = pattern, w[5] = pattern, w[6] = pattern, w[7] = pattern;
        }
        for (; n >= WORD; n -= WORD, t += WORD)
            *(word *)t = pattern;
    }
    while (n-- > 0)
        *t++ = (unsigned char)byte;
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *x = a, *y = b;

    if (n >= SMALL && OFFSET(x) == OFFSET(y)) {
        for (; OFFSET(x) != 0 && *x == *y; n--)
            x++, y++;
        /* stops at the first word that differs; the bytes of it decide below */
        if (OFFSET(x) == 0)
            for (; n >= WORD && *(const word *)x == *(const word *)y; n -= WORD)
                x += WORD, y += WORD;
    }
    for (; n > 0; n--, x++, y++)
        if (*x != *y)
            return *x < *y ? -1 : 1;
    return 0;
}

void *memchr(const void *text, int byte, size_t n)
{
    const unsigned char *t = text;

    for (; n > 0; n--, t++)
        if (*t == (unsigned char)byte)
            return (void *)t;
    return NULL;
}

size_t strlen(const char *text)
{
    const char *end = text;

    while (*end != '\0')
        end++;
    return (size_t)(end - text);
}

size_t strnlen(const char *text, size_t max)
{
    size_t n = 0;

    while (n < max && text[n] != '\0')
        n++;
    return n;
}

int strcmp(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b)
        a++, b++;
    return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (; n > 0; n--, a++, b++)
        if (*a != *b || *a == '\0')
            return (unsigned char)*a - (unsigned char)*b;
    return 0;
}

char *strchr(const char *text, int character)
{
    for (;; text++) {
        if (*text == (char)character)
            return (char *)text;
        if (*text == '\0')
            return NULL;
    }
}

char *strrchr(const char *text, int character)
{
    const char *last = NULL;

    for (;; text++) {
        if (*text == (char)character)
            last = text;
        if (*text == '\0')
            return (char *)last;
    }
}

size_t strlcpy(char *to, const char *from, size_t room)
{
    size_t length = strlen(from);

    if (room > 0) {
        size_t kept = length < room ? length : room - 1;

        memcpy(to, from, kept);
        to[kept] = '\0';
    }
    return length;
}
