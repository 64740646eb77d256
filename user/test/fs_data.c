/*
 * What files hold, from inside: contents of many megabytes, holes, append, truncate, files without a name.
 */
#include "fs_sequence.h"

static uint64_t frames_free(void)
{
    struct system_info info;
    system_info(&info);
    return info.frames_free;
}

static void twenty_megabytes_come_back(void)
{
    fs_enter();
    int fd = open("big", O_RDWR | O_CREAT, 0644);
    write_sequence(fd, 0, 20 * MIB);
    CHECK_EQUAL(lseek(fd, 0, SEEK_END), 20 * MIB);
    CHECK_EQUAL(read(fd, buffer, 100), 0);
    CHECK_EQUAL(lseek(fd, 0, SEEK_SET), 0);
    read_sequence(fd, 0, 20 * MIB);
    for (uint64_t at = 19 * MIB + 5; at > 2 * MIB; at -= 1234567) { /* write over pieces of it */
        CHECK_EQUAL(lseek(fd, (off_t)at, SEEK_SET), at);
        fs_fill(buffer, at + 3, 10000);
        CHECK_EQUAL(write(fd, buffer, 10000), 10000);
        CHECK_EQUAL(lseek(fd, (off_t)at - 5000, SEEK_SET), at - 5000);
        CHECK_EQUAL(read(fd, buffer, 20000), 20000);
        fs_check_bytes(buffer, at - 5000, 5000);
        fs_check_bytes(buffer + 5000, at + 3, 10000);
        fs_check_bytes(buffer + 15000, at + 10000, 5000);
    }
    CHECK(fs_stat("big").st_blocks >= 20 * MIB / 512);
    close(fd);
    uint64_t before = frames_free();
    CHECK_EQUAL(unlink("big"), 0);
    CHECK(frames_free() > before + 19 * MIB / 4096); /* and it was all given back */
    fs_leave();
}

static void an_unlinked_file_lives_while_it_is_open(void)
{
    fs_enter();
    int fd = open("f", O_RDWR | O_CREAT | O_EXCL, 0644);
    write_sequence(fd, 0, 2 * MIB);
    CHECK_EQUAL(unlink("f"), 0);
    CHECK(!fs_exists("f"));
    struct stat st;
    CHECK_EQUAL(fstat(fd, &st), 0);
    CHECK_EQUAL(st.st_nlink, 0);
    CHECK_EQUAL(st.st_size, 2 * MIB);
    write_sequence(fd, 2 * MIB, 3 * MIB);
    fs_make("f", "another"); /* a new file of that name is another one */
    CHECK(fs_stat("f").st_ino != st.st_ino);
    CHECK_EQUAL(lseek(fd, 0, SEEK_SET), 0);
    read_sequence(fd, 0, 3 * MIB);
    CHECK_EQUAL(unlink("f"), 0);
    int other = dup(fd);
    close(fd);
    uint64_t before = frames_free();
    CHECK_EQUAL(lseek(other, 0, SEEK_SET), 0);
    read_sequence(other, 0, MIB);
    close(other); /* the last: now it goes */
    stat(".", &st);
    CHECK(frames_free() > before + 2 * MIB / 4096);
    fs_leave();
}

static void truncate_cuts_and_grows(void)
{
    fs_enter();
    int fd = open("f", O_RDWR | O_CREAT, 0644);
    write_sequence(fd, 0, 100000);
    CHECK_EQUAL(ftruncate(fd, 50001), 0);
    CHECK_EQUAL(fs_stat("f").st_size, 50001);
    CHECK_EQUAL(ftruncate(fd, 90000), 0);
    CHECK_EQUAL(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQUAL(read(fd, buffer, sizeof buffer), 90000);
    fs_check_bytes(buffer, 0, 50001);
    for (int i = 50001; i < 90000; i++)
        CHECK_EQUAL(buffer[i], 0); /* not what was there before */
    CHECK_EQUAL(lseek(fd, 0, SEEK_CUR), 90000);
    CHECK_EQUAL(ftruncate(fd, 10), 0); /* the offset stays, beyond the end */
    CHECK_EQUAL(read(fd, buffer, 10), 0);
    CHECK_EQUAL(write(fd, "x", 1), 1);
    CHECK_EQUAL(fs_stat("f").st_size, 90001);
    CHECK_EQUAL(lseek(fd, 5, SEEK_SET), 5);
    CHECK_EQUAL(read(fd, buffer, 100), 100);
    fs_check_bytes(buffer, 5, 5);
    CHECK(buffer[5] == 0 && buffer[99] == 0);
    CHECK(ftruncate(fd, -1) < 0);
    CHECK_EQUAL(fs_stat("f").st_size, 90001);
    close(fd);
    fd = open("f", O_WRONLY | O_TRUNC);
    CHECK_EQUAL(fs_stat("f").st_size, 0);
    CHECK_EQUAL(fs_stat("f").st_blocks, 0);
    close(fd);
    CHECK_EQUAL(unlink("f"), 0);
    fs_leave();
}

#define LINES 500

/* Two processes that append to one file, each line in one write, through handles of their own. */
static void appending_writers_lose_nothing(void)
{
    static unsigned char seen[4][LINES];
    char line[64];
    int pids[4];
    fs_enter();
    fs_make("log", "");
    for (int k = 0; k < 4; k++) {
        pids[k] = fork();
        CHECK(pids[k] >= 0);
        if (pids[k] != 0)
            continue;
        int fd = open("log", O_WRONLY | O_APPEND);
        for (int i = 0; i < LINES; i++) {
            int n = snprintf(line, sizeof line, "writer %d line %d %.*s\n", k, i, i % 20, "....................");
            CHECK_EQUAL(write(fd, line, (size_t)n), n);
            CHECK(lseek(fd, 0, SEEK_CUR) > 0);
            if (i % 7 == k)
                yield();
        }
        _exit(0);
    }
    for (int k = 0; k < 4; k++)
        CHECK_EQUAL(ending_of(pids[k]), 0);
    FILE *file = fopen("log", "r");
    int writer, number, total = 0, next[4] = {0};
    while (fgets(line, sizeof line, file)) {
        CHECK(strncmp(line, "writer ", 7) == 0);
        writer = line[7] - '0';
        CHECK(writer >= 0 && writer < 4 && strncmp(line + 8, " line ", 6) == 0);
        number = atoi(line + 14);
        CHECK_EQUAL(number, next[writer]++);
        CHECK_EQUAL(seen[writer][number]++, 0);
        total++;
    }
    CHECK_EQUAL(total, 4 * LINES);
    fclose(file);
    CHECK_EQUAL(unlink("log"), 0);
    fs_leave();
}

/* Two processes that write through one handle share its offset: nothing is written over. */
static void sharers_of_an_offset_lose_nothing(void)
{
    char record[16];
    fs_enter();
    int fd = open("f", O_RDWR | O_CREAT, 0644), count[2] = {0};
    int pid = fork();
    memset(record, pid == 0 ? 'c' : 'p', sizeof record);
    for (int i = 0; i < LINES; i++) {
        CHECK_EQUAL(write(fd, record, sizeof record), sizeof record);
        if (i % 5 == 0)
            yield();
    }
    if (pid == 0)
        _exit(0);
    CHECK_EQUAL(ending_of(pid), 0);
    CHECK_EQUAL(lseek(fd, 0, SEEK_CUR), 2 * LINES * sizeof record);
    CHECK_EQUAL(lseek(fd, 0, SEEK_SET), 0);
    while (read(fd, record, sizeof record) == sizeof record) {
        for (size_t i = 1; i < sizeof record; i++)
            CHECK_EQUAL(record[i], record[0]);
        count[record[0] == 'c']++;
    }
    CHECK_EQUAL(count[0], LINES);
    CHECK_EQUAL(count[1], LINES);
    close(fd);
    CHECK_EQUAL(unlink("f"), 0);
    fs_leave();
}

static void check_zeros(int fd, uint64_t at, size_t n)
{
    memset(buffer, 1, n);
    CHECK_EQUAL(lseek(fd, (off_t)at, SEEK_SET), at);
    CHECK_EQUAL(read(fd, buffer, n), n);
    for (size_t i = 0; i < n; i++)
        CHECK_EQUAL(buffer[i], 0);
}

static void holes_are_zeros_and_take_no_room(void)
{
    fs_enter();
    int fd = open("f", O_RDWR | O_CREAT, 0644);
    CHECK_EQUAL(write(fd, "start", 5), 5);
    CHECK_EQUAL(lseek(fd, 10 * MIB, SEEK_SET), 10 * MIB);
    CHECK_EQUAL(write(fd, "end", 3), 3);
    CHECK_EQUAL(fs_stat("f").st_size, 10 * MIB + 3);
    CHECK(fs_stat("f").st_blocks <= 4 * 8);
    check_zeros(fd, 5, 100000);
    check_zeros(fd, 10 * MIB - 100000, 100000);
    CHECK_EQUAL(lseek(fd, 5 * MIB + 100, SEEK_SET), 5 * MIB + 100); /* one in the middle of the hole */
    CHECK_EQUAL(write(fd, "middle", 6), 6);
    check_zeros(fd, 5 * MIB, 100);
    check_zeros(fd, 5 * MIB + 106, 100000);
    CHECK_EQUAL(ftruncate(fd, 1000 * MIB), 0);
    check_zeros(fd, 10 * MIB + 3, 100000);
    check_zeros(fd, 1000 * MIB - 100, 100);
    CHECK_EQUAL(read(fd, buffer, 10), 0);
    close(fd);
    CHECK_EQUAL(unlink("f"), 0);
    fs_leave();
}

static void offsets_have_limits(void)
{
    fs_enter();
    int fd = open("f", O_RDWR | O_CREAT, 0644);
    CHECK_ERRNO(lseek(fd, -1, SEEK_SET), EINVAL);
    CHECK_ERRNO(lseek(fd, -1, SEEK_END), EINVAL);
    CHECK_ERRNO(lseek(fd, 0, 7), EINVAL);
    CHECK_EQUAL(lseek(fd, INT64_MAX, SEEK_SET), INT64_MAX);
    CHECK_EQUAL(read(fd, buffer, 10), 0);
    CHECK_ERRNO(write(fd, "x", 1), EFBIG);
    CHECK_ERRNO(lseek(fd, 1, SEEK_CUR) < 0 ? (errno = EFBIG, -1) : 0, EFBIG);
    CHECK_ERRNO(ftruncate(fd, 1L << 62), EFBIG);
    CHECK_EQUAL(fs_stat("f").st_size, 0);
    CHECK_EQUAL(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQUAL(write(fd, "", 0), 0);
    close(fd);
    CHECK_EQUAL(unlink("f"), 0);
    fs_leave();
}

/* A buffer that ends where nothing is mapped: what is there may be written, and no more is said to be. */
static void buffers_that_end_too_soon(void)
{
    fs_enter();
    char *end = (char *)(((uintptr_t)sbrk(3 * 4096) + 3 * 4096) & ~4095UL);
    CHECK_EQUAL(sbrk(end - (char *)sbrk(0)) != (void *)-1, true);
    fs_fill((unsigned char *)end - 5000, 0, 5000);
    int fd = open("f", O_RDWR | O_CREAT, 0644);
    long n = write(fd, end - 5000, 20000);
    CHECK(n < 0 ? errno == EFAULT : n <= 5000);
    CHECK_EQUAL(fs_stat("f").st_size, n < 0 ? 0 : n);
    CHECK_EQUAL(ftruncate(fd, 0), 0);
    CHECK_EQUAL(lseek(fd, 0, SEEK_SET), 0);
    write_sequence(fd, 0, 20000);
    CHECK_EQUAL(lseek(fd, 0, SEEK_SET), 0);
    n = read(fd, end - 5000, 20000);
    CHECK(n < 0 ? errno == EFAULT : n <= 5000);
    fs_check_bytes((unsigned char *)end - 5000, 0, n < 0 ? 0 : (size_t)n);
    const uintptr_t bad[] = {0, 8, 0xffffffc080200000, 1UL << 38, UINT64_MAX - 10};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK_EQUAL(lseek(fd, 0, SEEK_SET), 0);
        CHECK_EQUAL(raw(SYS_read, fd, bad[i], 100), -EFAULT);
        CHECK_EQUAL(raw(SYS_write, fd, bad[i], 100), -EFAULT);
        CHECK_EQUAL(raw(SYS_fstat, fd, bad[i], 0), -EFAULT);
        CHECK_EQUAL(lseek(fd, 0, SEEK_CUR), 0);
    }
    CHECK_EQUAL(fs_stat("f").st_size, 20000);
    close(fd);
    CHECK_EQUAL(unlink("f"), 0);
    fs_leave();
}

/* Files from the initrd are copied where they are written to, and only there. */
static void files_of_the_initrd_can_be_changed(void)
{
    static unsigned char was[4096], is[4096];
    int fd = open("/bin/sh", O_RDWR);
    uint64_t size = fs_stat("/bin/sh").st_size;
    CHECK(size > 3 * 4096);
    CHECK_EQUAL(lseek(fd, 4096, SEEK_SET), 4096);
    CHECK_EQUAL(read(fd, was, sizeof was), sizeof was);
    CHECK_EQUAL(lseek(fd, 4096 + 100, SEEK_SET), 4096 + 100);
    CHECK_EQUAL(write(fd, "changed", 7), 7);
    CHECK_EQUAL(lseek(fd, 4096, SEEK_SET), 4096);
    CHECK_EQUAL(read(fd, is, sizeof is), sizeof is);
    CHECK(memcmp(is, was, 100) == 0 && memcmp(is + 100, "changed", 7) == 0);
    CHECK(memcmp(is + 107, was + 107, sizeof is - 107) == 0);
    CHECK_EQUAL(lseek(fd, 4096 + 100, SEEK_SET), 4096 + 100);
    CHECK_EQUAL(write(fd, was + 100, 7), 7);
    CHECK_EQUAL(fs_stat("/bin/sh").st_size, size);
    close(fd);
}

int main(int argc, char **argv)
{
    check_start(argc, argv);
    RUN(twenty_megabytes_come_back);
    RUN(an_unlinked_file_lives_while_it_is_open);
    RUN(truncate_cuts_and_grows);
    RUN(appending_writers_lose_nothing);
    RUN(sharers_of_an_offset_lose_nothing);
    RUN(holes_are_zeros_and_take_no_room);
    RUN(offsets_have_limits);
    RUN(buffers_that_end_too_soon);
    RUN(files_of_the_initrd_can_be_changed);
    return check_end();
}
