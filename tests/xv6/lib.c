/* The library: printing, strings, memory, reading lines. */
#include "kernel/types.h"
#include "promise.h"

static char text[512];

/* What came through a pipe, as a string. */
static int ends[2];

static void begin(void)
{
    CHECK_EQUAL(pipe(ends), 0);
}

static void printed(const char *expected)
{
    close(ends[1]);

    int n = 0, got;

    while ((got = read(ends[0], text + n, sizeof text - 1 - n)) > 0)
        n += got;
    text[n] = '\0';
    close(ends[0]);
    if (strcmp(text, expected) != 0) {
        printf("printed: %s\nwanted:  %s\n", text, expected);
        exit(1);
    }
}

static void printf_knows_the_conversions_of_2022_and_2025(void)
{
    begin();
    fprintf(ends[1], "%d %d %x %c %s %% %p|", -5, 7, 255, 'c', "text", 0x123);
    fprintf(ends[1], "%l|%ld %lu %lx %lld %llu %llx %u|", 5000000000L, -5000000000L, 5000000000L, 0xabcdef012345L,
            -1LL, 1ULL << 63, 1ULL << 63, 4000000000u);
    fprintf(ends[1], "%d %s", 0x80000000, (char *)0);
    printed("-5 7 ff c text % 0x0000000000000123|5000000000|-5000000000 5000000000 abcdef012345 -1 "
            "9223372036854775808 8000000000000000 4000000000|-2147483648 (null)");
}

static void a_long_line_is_printed_whole(void)
{
    begin();
    memset(text, 'y', 400);
    text[400] = '\0';
    fprintf(ends[1], "<%s>", text);
    close(ends[1]);
    CHECK_EQUAL(read(ends[0], text, 200), 200);
    CHECK_EQUAL(text[0], '<');

    int n = 200, got;

    while ((got = read(ends[0], text + n, sizeof text - n)) > 0)
        n += got;
    CHECK_EQUAL(n, 402);
    CHECK_EQUAL(text[401], '>');
}

static void gets_takes_one_line_and_no_more(void)
{
    begin();
    CHECK_EQUAL(write(ends[1], "one\ntwo\nthree", 13), 13);
    close(ends[1]);
    close(0);
    CHECK_EQUAL(dup(ends[0]), 0);
    CHECK_EQUAL(strcmp(gets(text, sizeof text), "one\n"), 0);
    CHECK_EQUAL(strcmp(gets(text, 3), "tw"), 0);
    CHECK_EQUAL(strcmp(gets(text, sizeof text), "o\n"), 0);
    CHECK_EQUAL(strcmp(gets(text, sizeof text), "three"), 0);
    CHECK_EQUAL(strcmp(gets(text, sizeof text), ""), 0);
}

static void strings_are_compared_copied_and_searched(void)
{
    CHECK(strcpy(text, "hello") == text);
    CHECK_EQUAL(strlen(text), 5);
    CHECK_EQUAL(strcmp(text, "hello"), 0);
    CHECK(strcmp("a", "b") < 0 && strcmp("b", "a") > 0 && strcmp("a", "") > 0);
    CHECK(strcmp("\xff", "a") > 0);
    CHECK(strchr(text, 'l') == text + 2);
    CHECK(strchr(text, 'x') == 0);
    CHECK(strchr(text, '\0') == 0);
    CHECK_EQUAL(atoi("123abc"), 123);
    CHECK_EQUAL(atoi("-5"), 0);
    CHECK_EQUAL(atoi(""), 0);
}

static void bytes_are_moved_compared_and_set(void)
{
    strcpy(text, "0123456789");
    CHECK(memmove(text + 2, text, 5) == text + 2);
    CHECK_EQUAL(strcmp(text, "0101234789"), 0);
    memmove(text, text + 2, 5);
    CHECK_EQUAL(strcmp(text, "0123434789"), 0);
    CHECK(memset(text, 'z', 3) == text);
    CHECK_EQUAL(memcmp(text, "zzz3", 4), 0);
    CHECK(memcmp("abc", "abd", 3) < 0 && memcmp("b", "a", 1) > 0);
    CHECK_EQUAL(memcmp("a", "b", 0), 0);
    CHECK(memcpy(text, "xy", 3) == text);
    CHECK_EQUAL(strcmp(text, "xy"), 0);
}

static void malloc_gives_disjoint_memory_and_takes_it_back(void)
{
    enum { N = 200 };
    static uchar *piece[N];
    static uint size[N];
    uint x = 1;

    for (int round = 0; round < 2000; round++) {
        x = x * 1103515245 + 12345;
        int i = x >> 16 & 0x7f;
        if (piece[i] != 0) {
            for (uint j = 0; j < size[i]; j++)
                CHECK_EQUAL(piece[i][j], i);
            free(piece[i]);
            piece[i] = 0;
        } else {
            size[i] = x >> 8 & 0xfff;
            piece[i] = malloc(size[i]);
            CHECK(piece[i] != 0 && (uint64)piece[i] % 16 == 0);
            memset(piece[i], i, size[i]);
        }
    }
    char *top = sbrk(0);
    for (int i = 0; i < N; i++)
        free(piece[i]);
    CHECK(malloc(100000) != 0); /* what was free side by side is one piece again */
    CHECK(sbrk(0) <= top + 131072);
    CHECK(malloc(0xffffffff) == 0);
    free(0);
}

int main(void)
{
    RUN(printf_knows_the_conversions_of_2022_and_2025);
    RUN(a_long_line_is_printed_whole);
    RUN(gets_takes_one_line_and_no_more);
    RUN(strings_are_compared_copied_and_searched);
    RUN(bytes_are_moved_compared_and_set);
    RUN(malloc_gives_disjoint_memory_and_takes_it_back);
    return 0;
}
