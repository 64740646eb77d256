/*
 * A file system that is full, from inside: ENOSPC and no damage, and everything usable after deleting.
 */
#include "fs_sequence.h"

static int run(char *program)
{
    char *argv[] = {program, NULL};
    int pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        execv(program, argv);
        _exit(127);
    }
    return ending_of(pid);
}

/* Files of a megabyte until there is no room; gives how many were begun. The last is short. */
static int fill_up(void)
{
    char name[16];
    for (int i = 0;; i++) {
        snprintf(name, sizeof name, "full-%d", i);
        int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0644);
        if (fd < 0) {
            CHECK_EQUAL(errno, ENOSPC);
            return i;
        }
        for (uint64_t at = 0; at < MIB; at += 65536) {
            fs_fill(buffer, at + (uint64_t)i * MIB, 65536);
            long n = write(fd, buffer, 65536);
            if (n == 65536)
                continue;
            CHECK(n >= 0 || errno == ENOSPC);
            CHECK_ERRNO(write(fd, buffer, 65536), ENOSPC);
            close(fd);
            return i + 1;
        }
        close(fd);
    }
}

static void empty(int files)
{
    char name[16];
    for (int i = 0; i < files; i++) {
        snprintf(name, sizeof name, "full-%d", i);
        CHECK_EQUAL(unlink(name), 0);
    }
}

static void full_and_then_usable_again(void)
{
    char name[16];
    fs_enter();
    fs_make("before", "before");
    int files = fill_up();
    CHECK(files > 10);
    fs_holds("before", "before"); /* reading, and running programs, goes on */
    CHECK_EQUAL(run("/bin/true"), 0);
    CHECK_EQUAL(run("/bin/false"), 1);
    CHECK_EQUAL(mkdir("d", 0755), 0); /* names have a reserve of their own */
    CHECK_EQUAL(rename("before", "d/after"), 0);
    for (int i = 0; i < files; i += files / 5) { /* and nothing was damaged */
        snprintf(name, sizeof name, "full-%d", i);
        int fd = open(name, O_RDONLY);
        read_sequence(fd, 0, 0);
        long n = read(fd, buffer, 65536);
        CHECK(n > 0); /* the last one may be short */
        fs_check_bytes(buffer, (uint64_t)i * MIB, (size_t)n);
        close(fd);
    }
    CHECK_EQUAL(unlink("full-3"), 0);
    int fd = open("full-3", O_WRONLY | O_CREAT, 0644);
    write_sequence(fd, 0, MIB / 2);
    close(fd);
    empty(files);
    int again = fill_up();
    CHECK(again >= files - 1 && again <= files + 1); /* as much room as before */
    empty(again);
    fs_holds("d/after", "before");
    CHECK_EQUAL(unlink("d/after"), 0);
    CHECK_EQUAL(rmdir("d"), 0);
    fs_leave();
}

int main(int argc, char **argv)
{
    check_start(argc, argv);
    RUN(full_and_then_usable_again);
    return check_end();
}
