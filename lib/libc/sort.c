/*
 * qsort (a heap sort: in place, n log n at worst, no recursion) and bsearch.
 */
#include <stdlib.h>

typedef int comparison(const void *, const void *);

static void swap(char *a, char *b, size_t size)
{
    for (; size >= sizeof(long); size -= sizeof(long), a += sizeof(long), b += sizeof(long)) {
        long keep; /* copied as bytes: elements need not be aligned */
        __builtin_memcpy(&keep, a, sizeof keep);
        __builtin_memcpy(a, b, sizeof keep);
        __builtin_memcpy(b, &keep, sizeof keep);
    }
    for (; size > 0; size--, a++, b++) {
        char keep = *a;
        *a = *b;
        *b = keep;
    }
}

/* Lets the element at `top` sink until no child is greater; the heap has n elements. */
static void sink(char *base, size_t top, size_t n, size_t size, comparison *compare)
{
    for (size_t child; (child = 2 * top + 1) < n; top = child) {
        if (child + 1 < n && compare(base + child * size, base + (child + 1) * size) < 0)
            child++;
        if (compare(base + top * size, base + child * size) >= 0)
            return;
        swap(base + top * size, base + child * size, size);
    }
}

void qsort(void *base, size_t n, size_t size, comparison *compare)
{
    for (size_t top = n / 2; top > 0; top--)
        sink(base, top - 1, n, size, compare);
    for (; n > 1; n--) {
        swap(base, (char *)base + (n - 1) * size, size);
        sink(base, 0, n - 1, size, compare);
    }
}

void *bsearch(const void *key, const void *base, size_t n, size_t size, comparison *compare)
{
    const char *low = base;
    while (n > 0) {
        const char *middle = low + n / 2 * size;
        int order = compare(key, middle);
        if (order == 0)
            return (void *)middle;
        if (order > 0) {
            low = middle + size;
            n--;
        }
        n /= 2;
    }
    return NULL;
}
