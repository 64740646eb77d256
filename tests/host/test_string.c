/*
 * lib/common/string.c against the host's C library and against simple loops, at every alignment.
 */
#include "check.h"

void *kinglet_memcpy(void *to, const void *from, size_t n);
void *kinglet_memmove(void *to, const void *from, size_t n);
void *kinglet_memset(void *to, int byte, size_t n);
int kinglet_memcmp(const void *a, const void *b, size_t n);
void *kinglet_memchr(const void *bytes, int byte, size_t n);
size_t kinglet_strlen(const char *text);
size_t kinglet_strnlen(const char *text, size_t limit);
int kinglet_strcmp(const char *a, const char *b);
int kinglet_strncmp(const char *a, const char *b, size_t n);
char *kinglet_strchr(const char *text, int character);
char *kinglet_strrchr(const char *text, int character);
size_t kinglet_strlcpy(char *to, const char *from, size_t room);

#define AREA 512

static unsigned char before[AREA], expected[AREA];

static void fill_randomly(void)
{
    for (int i = 0; i < AREA; i++)
        before[i] = (unsigned char)random_u64();
}

static int sign(int n)
{
    return (n > 0) - (n < 0);
}

CASE(memcpy_copies_every_length_at_every_alignment)
{
    for (size_t n = 0; n <= 200; n++) {
        for (int to = 0; to < 8; to++) {
            for (int from = 0; from < 8; from++) {
                /* blocks that end where the copy ends: one byte too many is seen */
                unsigned char *source = malloc(from + n + 1), *target = malloc(to + n + 1);

                fill_randomly();
                memcpy(source, before, from + n);
                memset(target, 0xee, to + n);
                source = realloc(source, from + n + (from + n == 0));
                target = realloc(target, to + n + (to + n == 0));
                CHECK(kinglet_memcpy(target + to, source + from, n) == target + to);
                CHECK(memcmp(target + to, before + from, n) == 0);
                for (int i = 0; i < to; i++)
                    CHECK_EQUAL(target[i], 0xee);
                free(source);
                free(target);
            }
        }
    }
}

CASE(memmove_keeps_the_data_of_ranges_that_overlap)
{
    static unsigned char area[AREA] __attribute__((aligned(8)));

    for (int round = 0; round < 60000; round++) {
        unsigned from = random_below(200), to = from + random_below(100) - 50;
        unsigned n = random_below(250);

        if (to >= 250)
            continue;
        if (round % 64 == 0)
            fill_randomly();
        memcpy(area, before, AREA);
        memcpy(expected, before, AREA);
        for (unsigned i = 0; i < n; i++)
            expected[to + i] = before[from + i];
        CHECK(kinglet_memmove(area + to, area + from, n) == area + to);
        CHECK(memcmp(area, expected, AREA) == 0);
    }
}

CASE(memset_sets_those_bytes_and_no_others)
{
    static unsigned char area[AREA] __attribute__((aligned(8)));

    for (unsigned start = 0; start < 16; start++) {
        for (unsigned n = 0; n <= 200; n++) {
            fill_randomly();
            memcpy(area, before, AREA);
            memcpy(expected, before, AREA);
            for (unsigned i = 0; i < n; i++)
                expected[start + i] = 0xa5;
            CHECK(kinglet_memset(area + start, 0x1a5, n) == area + start);
            CHECK(memcmp(area, expected, AREA) == 0);
        }
    }
}

CASE(memcmp_finds_the_first_difference_wherever_it_is)
{
    for (unsigned n = 1; n <= 100; n++) {
        for (unsigned x = 0; x < 8; x++) {
            for (unsigned y = 0; y < 8; y += 1 + x % 2) {
                unsigned char *a = malloc(x + n), *b = malloc(y + n);
                unsigned at = random_below(n);

                fill_randomly();
                memcpy(a + x, before, n);
                memcpy(b + y, before, n);
                CHECK_EQUAL(kinglet_memcmp(a + x, b + y, n), 0);
                b[y + at] ^= 1 + random_below(255);
                b[y + n - 1] ^= 0x80; /* what follows the first difference decides nothing */
                CHECK_EQUAL(sign(kinglet_memcmp(a + x, b + y, n)), sign(memcmp(a + x, b + y, n)));
                CHECK_EQUAL(sign(kinglet_memcmp(b + y, a + x, n)), sign(memcmp(b + y, a + x, n)));
                free(a);
                free(b);
            }
        }
    }
    CHECK_EQUAL(kinglet_memcmp("a", "b", 0), 0);
}

CASE(memchr_looks_at_no_more_than_it_was_given)
{
    unsigned char *text = exact_copy("abc\0abc", 7);

    CHECK(kinglet_memchr(text, 'c', 7) == text + 2);
    CHECK(kinglet_memchr(text, 'c' + 256, 7) == text + 2);
    CHECK(kinglet_memchr(text, '\0', 7) == text + 3);
    CHECK(kinglet_memchr(text, 'd', 7) == NULL);
    CHECK(kinglet_memchr(text, 'c', 2) == NULL);
    CHECK(kinglet_memchr(text, 'a', 0) == NULL);
    free(text);
}

/* Strings of few different characters, so that random ones are often alike, with signs of both kinds. */
static char *random_string(void)
{
    size_t n = random_below(20);
    char *text = malloc(n + 1);

    for (size_t i = 0; i < n; i++)
        text[i] = "ab\xff\x7f"[random_below(4)];
    text[n] = '\0';
    return text;
}

CASE(string_functions_agree_with_the_host)
{
    for (int round = 0; round < 50000; round++) {
        char *a = random_string(), *b = random_below(4) ? random_string() : exact_copy(a, strlen(a) + 1);
        size_t n = random_below(24);
        int c = "ab\xff\x7f\0x"[random_below(6)];

        CHECK_EQUAL(kinglet_strlen(a), strlen(a));
        CHECK_EQUAL(kinglet_strnlen(a, n), strnlen(a, n));
        CHECK_EQUAL(sign(kinglet_strcmp(a, b)), sign(strcmp(a, b)));
        CHECK_EQUAL(sign(kinglet_strncmp(a, b, n)), sign(strncmp(a, b, n)));
        CHECK(kinglet_strchr(a, c) == strchr(a, c));
        CHECK(kinglet_strrchr(a, c) == strrchr(a, c));
        free(a);
        free(b);
    }
}

CASE(bounded_functions_need_no_nul_within_the_bound)
{
    char *a = exact_copy("abcd", 4), *b = exact_copy("abcd", 4);

    CHECK_EQUAL(kinglet_strnlen(a, 4), 4);
    CHECK_EQUAL(kinglet_strncmp(a, b, 4), 0);
    free(a);
    free(b);
}

CASE(strlcpy_cuts_and_always_terminates)
{
    for (size_t room = 0; room < 10; room++) {
        char *to = malloc(room + (room == 0));

        CHECK_EQUAL(kinglet_strlcpy(to, "seven77", room), 7);
        if (room > 0)
            CHECK_EQUAL(strlen(to), room > 7 ? 7 : room - 1);
        if (room > 0)
            CHECK(strncmp(to, "seven77", room - 1) == 0);
        free(to);
    }
}
