/*
 * Random numbers: getrandom and what libc makes of it. "random show" prints some, for tests that compare runs.
 */
#include "check.h"

#include <sys/random.h>

#define DRAWS 1000

static void as_many_bytes_as_asked_for_and_no_others(void)
{
    unsigned char area[RANDOM_BYTES_MAX + 16];
    for (int n = 0; n <= RANDOM_BYTES_MAX; n++) {
        int changed = 0;
        for (int attempt = 0; attempt < 4; attempt++) { /* the last byte stays as it was once in 256 times */
            memset(area, 0x5a, sizeof area);
            CHECK_EQUAL(raw(SYS_getrandom, area + 8, n, 0), n);
            changed |= n && area[8 + n - 1] != 0x5a;
            for (int i = 0; i < 8; i++)
                CHECK(area[i] == 0x5a && area[8 + n + i] == 0x5a);
        }
        CHECK(changed || n == 0);
    }
    CHECK_EQUAL(raw(SYS_getrandom, area, RANDOM_BYTES_MAX + 1, 0), -EINVAL);
    CHECK_EQUAL(raw(SYS_getrandom, area, UINT64_MAX, 0), -EINVAL);
    CHECK_EQUAL(raw(SYS_getrandom, 0, 0, 0), 0);
}

static void libc_draws_any_number(void)
{
    static unsigned char large[3 * RANDOM_BYTES_MAX + 7];
    CHECK_EQUAL(getrandom(large, sizeof large, 0), sizeof large);
    CHECK(memcmp(large, large + RANDOM_BYTES_MAX, RANDOM_BYTES_MAX) != 0);
    CHECK_EQUAL(getrandom(large, 0, GRND_NONBLOCK | GRND_RANDOM), 0);
    CHECK_ERRNO(getrandom(large, 1, 4), EINVAL);
    CHECK_ERRNO(getrandom((void *)8, 1, 0), EFAULT);
    CHECK_EQUAL(getentropy(large, RANDOM_BYTES_MAX), 0);
    CHECK_ERRNO(getentropy(large, RANDOM_BYTES_MAX + 1), EINVAL);
}

/* 64 bits that were drawn twice would be a broken generator; so would a bit that is mostly set. */
static void numbers_do_not_repeat_and_no_bit_is_special(void)
{
    static uint64_t drawn[DRAWS];
    int set[64] = {0};
    for (int i = 0; i < DRAWS; i++) {
        CHECK_EQUAL(getrandom(&drawn[i], sizeof drawn[i], 0), sizeof drawn[i]);
        for (int j = 0; j < i; j++)
            CHECK(drawn[i] != drawn[j]);
        for (int bit = 0; bit < 64; bit++)
            set[bit] += drawn[i] >> bit & 1;
    }
    for (int bit = 0; bit < 64; bit++)
        CHECK(set[bit] > DRAWS / 3 && set[bit] < DRAWS - DRAWS / 3); /* ten times the standard deviation away */
}

static void processes_draw_different_numbers(void)
{
    uint64_t mine[4], other[4];
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    int pid = fork();
    if (pid == 0) {
        getrandom(other, sizeof other, 0);
        _exit(write(ends[1], other, sizeof other) == sizeof other ? 0 : 1);
    }
    getrandom(mine, sizeof mine, 0);
    CHECK_EQUAL(ending_of(pid), 0);
    CHECK_EQUAL(read(ends[0], other, sizeof other), sizeof other);
    CHECK(memcmp(mine, other, sizeof mine) != 0);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "show") == 0) {
        unsigned char some[16];
        getrandom(some, sizeof some, 0);
        for (unsigned i = 0; i < sizeof some; i++)
            printf("%02x", some[i]);
        printf("\n");
        return 0;
    }
    check_start(argc, argv);
    RUN(as_many_bytes_as_asked_for_and_no_others);
    RUN(libc_draws_any_number);
    RUN(numbers_do_not_repeat_and_no_bit_is_special);
    RUN(processes_draw_different_numbers);
    return check_end();
}
