/*
 * Paths and directories at their limits, from inside: long, deep, odd and bad paths, thousands of names.
 */
#include "fs_tools.h"

static char path[3 * PATH_MAX];

/* "./././name", so many bytes long. */
static const char *long_path(size_t bytes, const char *name)
{
    size_t at = 0, end = bytes - strlen(name);
    while (at + 2 <= end) {
        path[at++] = '.';
        path[at++] = '/';
    }
    if (at < end)
        path[at++] = '/';
    strcpy(path + at, name);
    return path;
}

static void paths_have_limits(void)
{
    fs_enter();
    CHECK_ERRNO(open("", O_RDONLY), ENOENT);
    CHECK_ERRNO(mkdir("", 0755), ENOENT);
    CHECK_ERRNO(rename("", "x"), ENOENT);
    CHECK_ERRNO(chdir(""), ENOENT);
    fs_make("f", "x");
    fs_holds(long_path(PATH_MAX - 1, "f"), "x");
    fs_holds(long_path(PATH_MAX - 2, "f"), "x");
    CHECK_ERRNO(open(long_path(PATH_MAX, "f"), O_RDONLY), ENAMETOOLONG);
    CHECK_ERRNO(unlink(long_path(2 * PATH_MAX, "f")), ENAMETOOLONG);
    CHECK_ERRNO(rename("f", long_path(PATH_MAX, "g")), ENAMETOOLONG);
    CHECK_EQUAL(rename(long_path(PATH_MAX - 1, "f"), "g"), 0);
    CHECK_EQUAL(unlink("g"), 0);

    memset(path, 'n', NAME_MAX + 1);
    path[NAME_MAX] = '\0';
    fs_make(path, "long");
    fs_holds(path, "long");
    CHECK_EQUAL(unlink(path), 0);
    path[NAME_MAX] = 'n';
    path[NAME_MAX + 1] = '\0';
    CHECK_ERRNO(open(path, O_CREAT | O_WRONLY, 0644), ENAMETOOLONG);
    CHECK_ERRNO(mkdir(path, 0755), ENAMETOOLONG);
    CHECK_ERRNO(fs_exists(path) ? 0 : -1, ENAMETOOLONG);
    fs_leave();
}

static void slashes_and_dots(void)
{
    fs_enter();
    CHECK_EQUAL(mkdir("a//", 0755), 0);
    fs_make("a///f", "x");
    snprintf(path, sizeof path, "//%s///./a/../a/f", fs_place);
    fs_holds(path, "x");
    snprintf(path, sizeof path, "/../..%s/a/f", fs_place);
    fs_holds(path, "x");
    CHECK_EQUAL(fs_stat("/..").st_ino, fs_stat("/").st_ino);
    CHECK_EQUAL(fs_stat("a/").st_ino, fs_stat("a/.").st_ino);
    CHECK_ERRNO(open("a/f/.", O_RDONLY), ENOTDIR);
    CHECK_ERRNO(open("a/f/..", O_RDONLY), ENOTDIR);
    CHECK_ERRNO(open("a/no/..", O_RDONLY), ENOENT);
    CHECK_ERRNO(open("a/g/", O_CREAT | O_WRONLY, 0644), EISDIR);
    CHECK_ERRNO(unlink("a/f/"), ENOTDIR);
    CHECK_ERRNO(mkdir(".", 0755), EEXIST);
    CHECK_ERRNO(mkdir("..", 0755), EEXIST);
    CHECK_EQUAL(unlink("a/f"), 0);
    CHECK_EQUAL(rmdir("a/../a"), 0);
    fs_leave();
}

/* Deeper than any path can say: there by chdir, and back by "..". */
static void a_tree_deeper_than_a_path(void)
{
    enum { DEPTH = 3 * PATH_MAX / 2 / 4 };
    fs_enter();
    for (int i = 0; i < DEPTH; i++) {
        CHECK_EQUAL(mkdir("down", 0755), 0);
        CHECK_EQUAL(chdir("down"), 0);
    }
    for (int i = 0; i < DEPTH; i++) {
        CHECK_EQUAL(chdir(".."), 0);
        CHECK_EQUAL(rmdir("down"), 0);
    }
    CHECK_EQUAL(fs_stat(".").st_ino, fs_stat(fs_place).st_ino);
    fs_leave();
}

/* ---- many names ---- */

#define MANY 2000

static unsigned char seen[2 * MANY];

static void name_of(char name[16], int i)
{
    snprintf(name, 16, "file-%d", i);
}

/* Count a directory's entries in `seen`, through buffers of so many bytes. After each buffer `between`. */
static int list_numbers(size_t bytes, void (*between)(int round))
{
    static char buffer[8192] __attribute__((aligned(8)));
    int fd = open(".", O_RDONLY | O_DIRECTORY), total = 0, round = 0;
    CHECK(fd >= 0);
    memset(seen, 0, sizeof seen);
    for (long n; (n = getdents(fd, buffer, bytes)) != 0;) {
        CHECK(n > 0);
        for (long at = 0; at < n;) {
            struct kdirent *entry = (struct kdirent *)(buffer + at);
            int number;
            if (strncmp(entry->d_name, "file-", 5) == 0) {
                number = atoi(entry->d_name + 5);
                CHECK(number >= 0 && number < 2 * MANY);
                CHECK_EQUAL(seen[number], 0); /* never twice */
                seen[number] = 1;
                total++;
            } else {
                CHECK(strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0);
            }
            at += entry->d_reclen;
        }
        if (between)
            between(round++);
    }
    close(fd);
    return total;
}

static void two_thousand_files_in_a_directory(void)
{
    char name[16];
    fs_enter();
    for (int i = 0; i < MANY; i++) {
        name_of(name, i);
        fs_make(name, name);
    }
    CHECK_EQUAL(list_numbers(8192, NULL), MANY);
    CHECK_EQUAL(list_numbers(300, NULL), MANY);
    for (int i = 0; i < MANY; i += 97) {
        name_of(name, i);
        fs_holds(name, name);
    }
    for (int i = 0; i < MANY; i++) {
        name_of(name, (i * 7) % MANY);
        CHECK_EQUAL(unlink(name), 0);
    }
    CHECK_EQUAL(list_numbers(300, NULL), 0);
    fs_leave();
}

/* Three of four files go while the directory is read, some already seen and some not, and others come. */
static void churn(int round)
{
    char name[16];
    for (int i = round * 8; i < round * 8 + 8 && i < MANY / 4; i++) {
        name_of(name, i % 2 ? i : MANY / 4 - i);
        if (i % 4 != 0)
            unlink(name);
        name_of(name, MANY + i);
        fs_make(name, "");
    }
}

static void readdir_is_stable_while_names_come_and_go(void)
{
    char name[16];
    fs_enter();
    for (int i = 0; i <= MANY / 4; i++) {
        name_of(name, i);
        fs_make(name, "");
    }
    list_numbers(300, churn);
    for (int i = 0; i <= MANY / 4; i++) {
        name_of(name, i);
        if (fs_exists(name))
            CHECK_EQUAL(seen[i], 1); /* was there all the time */
    }
    for (int i = 0; i < 2 * MANY; i++) {
        name_of(name, i);
        unlink(name);
    }
    CHECK_EQUAL(list_numbers(8192, NULL), 0);
    fs_leave();
}

/* ---- paths that are no strings ---- */

static const char *unterminated(void)
{
    char *page = sbrk(0);
    page = sbrk((intptr_t)(8192 - ((uintptr_t)page & 4095)));
    char *end = sbrk(0);
    CHECK(page != (char *)-1);
    memset(end - 100, 'x', 100);
    return end - 100; /* and behind it nothing is mapped */
}

static void paths_that_are_no_strings(void)
{
    static const int one_path[] = {SYS_open, SYS_stat, SYS_mkdir, SYS_rmdir, SYS_unlink, SYS_mknod, SYS_chdir,
                                   SYS_unmount, SYS_exec, SYS_mount};
    const uintptr_t bad[] = {0, 8, 0x3fff0000, 0xffffffc080200000, 0xffffffffffffffff, 0x4000000000, 1UL << 63,
                             (uintptr_t)unterminated()};
    static char much[5000];
    struct stat st;
    memset(much, 'y', sizeof much - 1);
    fs_enter();
    for (size_t i = 0; i < sizeof one_path / sizeof one_path[0]; i++) {
        long second = one_path[i] == SYS_stat ? (long)&st : 0;
        for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++)
            CHECK_EQUAL(raw(one_path[i], bad[k], second, 0), -EFAULT);
        CHECK_EQUAL(raw(one_path[i], much, second, 0), -ENAMETOOLONG);
    }
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
        CHECK_EQUAL(raw(SYS_link, bad[k], "x", 0), -EFAULT);
        CHECK_EQUAL(raw(SYS_link, "x", bad[k], 0), -EFAULT);
        CHECK_EQUAL(raw(SYS_rename, bad[k], "x", 0), -EFAULT);
        CHECK_EQUAL(raw(SYS_rename, "x", bad[k], 0), -EFAULT);
        CHECK_EQUAL(raw(SYS_stat, ".", bad[k] == bad[7] ? 0 : bad[k], 0), -EFAULT);
    }
    CHECK_EQUAL(raw(SYS_link, much, "x", 0), -ENAMETOOLONG);
    CHECK_EQUAL(raw(SYS_rename, "x", much, 0), -ENAMETOOLONG);
    fs_leave();
}

int main(int argc, char **argv)
{
    check_start(argc, argv);
    RUN(paths_have_limits);
    RUN(slashes_and_dots);
    RUN(a_tree_deeper_than_a_path);
    RUN(two_thousand_files_in_a_directory);
    RUN(readdir_is_stable_while_names_come_and_go);
    RUN(paths_that_are_no_strings);
    return check_end();
}
