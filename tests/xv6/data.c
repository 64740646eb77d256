/* What files and pipes hold, and what fstat says. */
#include "kernel/types.h"
#include "promise.h"

static char buffer[12 * BSIZE];

static int made(const char *name)
{
    int fd = open(name, O_CREATE | O_TRUNC | O_RDWR);

    CHECK(fd >= 0);
    return fd;
}

static void writing_behind_the_end_gives_minus_1_and_makes_no_hole(void)
{
    int one = made("f");

    CHECK_EQUAL(write(one, "abcd", 4), 4);

    int two = open("f", O_TRUNC | O_WRONLY);

    CHECK_EQUAL(write(one, "x", 1), -1);
    CHECK_EQUAL(write(two, "wxyz", 4), 4);
    CHECK_EQUAL(write(one, "!", 1), 1); /* now it is at the end */
    CHECK_EQUAL(unlink("f"), 0);
}

static void truncating_reaches_all_who_have_the_file_open(void)
{
    int one = made("f");
    int reader = open("f", O_RDONLY);

    CHECK_EQUAL(write(one, "abcd", 4), 4);
    CHECK_EQUAL(read(reader, buffer, 32), 4);

    int two = open("f", O_WRONLY | O_TRUNC);

    CHECK_EQUAL(read(reader, buffer, 32), 0);
    CHECK_EQUAL(write(two, "abcdef", 6), 6);
    CHECK_EQUAL(read(reader, buffer, 32), 2);
    CHECK(memcmp(buffer, "ef", 2) == 0);
    CHECK_EQUAL(unlink("f"), 0);
}

static void an_unlinked_open_file_lives_on(void)
{
    int fd = made("f");

    CHECK_EQUAL(write(fd, "hello", 5), 5);
    close(fd);
    fd = open("f", O_RDWR);
    CHECK_EQUAL(unlink("f"), 0);

    int other = made("f");

    CHECK_EQUAL(write(other, "yyy", 3), 3);
    CHECK_EQUAL(read(fd, buffer, sizeof buffer), 5);
    CHECK(memcmp(buffer, "hello", 5) == 0);
    CHECK_EQUAL(write(fd, buffer, 10), 10);
    CHECK_EQUAL(unlink("f"), 0);
}

static void two_processes_share_an_offset(void)
{
    int fd = made("f"), n[2] = {0, 0}, got;
    int pid = fork();

    memset(buffer, pid == 0 ? 'c' : 'p', 10);
    for (int i = 0; i < 500; i++)
        CHECK_EQUAL(write(fd, buffer, 10), 10);
    if (pid == 0)
        exit(0);
    wait(0);
    fd = open("f", O_RDONLY);
    while ((got = read(fd, buffer, 10)) > 0)
        for (int i = 0; i < got; i++)
            n[buffer[i] == 'c']++;
    CHECK_EQUAL(n[0], 5000);
    CHECK_EQUAL(n[1], 5000);
    CHECK_EQUAL(unlink("f"), 0);
}

static void a_file_has_room_for_MAXFILE_blocks(void)
{
    int fd = made("f");

    for (int i = 0; i < MAXFILE; i++) {
        *(int *)buffer = i;
        CHECK_EQUAL(write(fd, buffer, BSIZE), BSIZE);
    }
    close(fd);
    fd = open("f", O_RDONLY);
    for (int i = 0; i < MAXFILE; i++) {
        CHECK_EQUAL(read(fd, buffer, BSIZE), BSIZE);
        CHECK_EQUAL(*(int *)buffer, i);
    }
    CHECK_EQUAL(read(fd, buffer, BSIZE), 0);
    CHECK_EQUAL(unlink("f"), 0);
}

static void the_file_system_fills_up_and_is_empty_again(void)
{
    char name[] = "big0";
    int written = 0, n, full = 0;

    for (n = 0; !full; n++) {
        name[3] = '0' + n;
        int fd = made(name);
        for (int i = 0; i < MAXFILE && !full; i++) {
            int got = write(fd, buffer, BSIZE);
            CHECK(got == BSIZE || got == -1);
            full = got < 0;
            written += !full;
        }
        close(fd);
        CHECK(written <= 32 * 1024);
    }
    CHECK(written > 1000);
    CHECK_EQUAL(mkdir("fulldir"), -1);
    while (n-- > 0) {
        name[3] = '0' + n;
        CHECK_EQUAL(unlink(name), 0);
    }
    CHECK_EQUAL(mkdir("fulldir"), 0);
    CHECK_EQUAL(unlink("fulldir"), 0);
}

static char *const bad[] = {0, (char *)KERNBASE, (char *)0x3fffffc000, (char *)0x3fffffe000, (char *)0x3ffffff000,
                            (char *)0x4000000000, (char *)0x8000000000, (char *)0xffffffffffffffff};

static void bad_buffers_give_minus_1(void)
{
    for (int i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int ends[2], fd = open("/README", O_RDONLY);

        CHECK_EQUAL(read(fd, bad[i], 512), -1);
        close(fd);
        fd = made("f");
        CHECK_EQUAL(write(fd, bad[i], 8192), -1);
        close(fd);
        CHECK(write(1, bad[i], 8192) <= 0);
        CHECK_EQUAL(pipe(ends), 0);
        CHECK(write(ends[1], bad[i], 8192) <= 0);
        CHECK_EQUAL(write(ends[1], "x", 1), 1);
        CHECK(read(ends[0], bad[i], 8192) <= 0);
        close(ends[0]);
        close(ends[1]);
        CHECK_EQUAL(pipe((int *)bad[i]), -1);
    }
    CHECK_EQUAL(unlink("f"), 0);
}

static void memory_that_was_given_back_is_a_bad_buffer(void)
{
    char *start = sbrk(2 * PGSIZE);
    int fd = made("f"), readme = open("/README", O_RDONLY);

    sbrk(-2 * PGSIZE);
    CHECK_EQUAL(write(fd, start + PGSIZE, 1024), -1);
    CHECK_EQUAL(read(readme, start + PGSIZE, 10), -1);
    CHECK_EQUAL(unlink("f"), 0);
}

static void a_failed_write_leaves_nothing(void)
{
    struct stat st;

    for (int i = 0; i < 300; i++) {
        int fd = made("f");
        CHECK_EQUAL(write(fd, (char *)0xffffffffffL, 1), -1);
        CHECK_EQUAL(fstat(fd, &st), 0);
        CHECK_EQUAL(st.size, 0);
        close(fd);
        CHECK_EQUAL(unlink("f"), 0);
    }
}

static void fstat_says_type_size_and_links(void)
{
    struct stat st;
    int ends[2], fd = made("f");

    CHECK_EQUAL(write(fd, "abc", 3), 3);
    CHECK_EQUAL(fstat(fd, &st), 0);
    CHECK_EQUAL(st.type, T_FILE);
    CHECK_EQUAL(st.size, 3);
    CHECK_EQUAL(st.nlink, 1);
    CHECK(0 < st.ino && st.ino <= 200); /* xv6's tests take more for damage */
    CHECK_EQUAL(unlink("f"), 0);
    CHECK_EQUAL(fstat(fd, &st), 0);
    CHECK_EQUAL(st.nlink, 0);
    CHECK_EQUAL(fstat(0, &st), 0);
    CHECK_EQUAL(st.type, T_DEVICE);
    CHECK_EQUAL(pipe(ends), 0);
    CHECK_EQUAL(fstat(ends[0], &st), -1);
    CHECK_EQUAL(fstat(77, &st), -1);
    for (int i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK_EQUAL(fstat(fd, (struct stat *)bad[i]), -1);
        CHECK_EQUAL(stat("/README", (struct stat *)bad[i]), -1);
    }
    CHECK_EQUAL(stat("/nothing", &st), -1);
    CHECK_EQUAL(mkdir("d"), 0);
    CHECK_EQUAL(stat("d", &st), 0);
    CHECK_EQUAL(st.type, T_DIR);
    CHECK_EQUAL(st.nlink, 1); /* "." is none */
    CHECK_EQUAL(unlink("d"), 0);
}

static void a_pipe_hands_all_bytes_on_and_then_ends(void)
{
    int ends[2], total = 0, size = 1, got;
    uchar next = 0;

    CHECK_EQUAL(pipe(ends), 0);
    if (fork() == 0) {
        close(ends[0]);
        for (int n = 0; n < 5; n++) {
            for (int i = 0; i < 1033; i++)
                buffer[i] = total++;
            CHECK_EQUAL(write(ends[1], buffer, 1033), 1033);
        }
        exit(0);
    }
    close(ends[1]);
    while ((got = read(ends[0], buffer, size)) > 0) {
        for (int i = 0; i < got; i++)
            CHECK_EQUAL((uchar)buffer[i], next++);
        total += got;
        size = size * 2 > sizeof buffer ? sizeof buffer : size * 2;
    }
    CHECK_EQUAL(got, 0);
    CHECK_EQUAL(total, 5 * 1033);
    wait(0);
}

static void a_read_or_write_of_fewer_than_0_bytes_does_no_harm(void)
{
    int fd = open("/init", O_RDONLY);

    read(fd, sbrk(0) - 1, -1);
    CHECK_EQUAL(write(fd, buffer, -1), -1);
    CHECK_EQUAL(write(1, buffer, -1), -1);
}

int main(void)
{
    CHECK_EQUAL(mkdir("/tmp/data"), 0);
    CHECK_EQUAL(chdir("/tmp/data"), 0);
    RUN(writing_behind_the_end_gives_minus_1_and_makes_no_hole);
    RUN(truncating_reaches_all_who_have_the_file_open);
    RUN(an_unlinked_open_file_lives_on);
    RUN(two_processes_share_an_offset);
    RUN(a_file_has_room_for_MAXFILE_blocks);
    RUN(the_file_system_fills_up_and_is_empty_again);
    RUN(bad_buffers_give_minus_1);
    RUN(memory_that_was_given_back_is_a_bad_buffer);
    RUN(a_failed_write_leaves_nothing);
    RUN(fstat_says_type_size_and_links);
    RUN(a_pipe_hands_all_bytes_on_and_then_ends);
    RUN(a_read_or_write_of_fewer_than_0_bytes_does_no_harm);
    CHECK_EQUAL(chdir("/"), 0);
    CHECK_EQUAL(unlink("/tmp/data"), 0);
    return 0;
}
