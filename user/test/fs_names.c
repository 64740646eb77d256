/*
 * Names in the file system, from inside: directories, links, rename, device nodes, what a path may be.
 */
#include "fs_tools.h"

static void directories_come_and_go(void)
{
    fs_enter();
    CHECK_EQUAL(fs_stat(".").st_nlink, 2);
    CHECK_EQUAL(mkdir("a", 0755), 0);
    CHECK_EQUAL(mkdir("a/b", 0700), 0);
    CHECK(S_ISDIR(fs_stat("a/b").st_mode));
    CHECK_EQUAL(fs_stat("a/b").st_mode & 0777, 0700);
    CHECK_EQUAL(fs_stat(".").st_nlink, 3);
    CHECK_EQUAL(fs_stat("a").st_nlink, 3);
    CHECK_EQUAL(fs_stat("a/b/..").st_ino, fs_stat("a").st_ino);
    CHECK_ERRNO(mkdir("a", 0755), EEXIST);
    CHECK_ERRNO(mkdir("no/b", 0755), ENOENT);
    CHECK_ERRNO(rmdir("a"), ENOTEMPTY);
    CHECK_ERRNO(unlink("a"), EISDIR);
    CHECK_ERRNO(rmdir("no"), ENOENT);
    CHECK_ERRNO(rmdir("a/b/."), EINVAL);
    CHECK_ERRNO(rmdir("a/b/.."), ENOTEMPTY);
    CHECK_ERRNO(rmdir("/"), EBUSY);
    fs_make("f", "x");
    CHECK_ERRNO(rmdir("f"), ENOTDIR);
    CHECK_ERRNO(mkdir("f", 0755), EEXIST);
    CHECK_ERRNO(mkdir("f/b", 0755), ENOTDIR);
    CHECK_ERRNO(open("f/", O_RDONLY), ENOTDIR);
    CHECK_EQUAL(unlink("f"), 0);
    CHECK_EQUAL(rmdir("a/b"), 0);
    CHECK_EQUAL(rmdir("a/"), 0);
    CHECK_EQUAL(fs_stat(".").st_nlink, 2);
    fs_leave();
}

static void a_removed_directory_stays_for_those_in_it(void)
{
    fs_enter();
    CHECK_EQUAL(mkdir("a", 0755), 0);
    CHECK_EQUAL(mkdir("a/b", 0755), 0);
    CHECK_EQUAL(chdir("a/b"), 0);
    int fd = open(".", O_RDONLY);
    CHECK(fd >= 0);
    CHECK_EQUAL(rmdir("../../a/b"), 0);
    CHECK_EQUAL(rmdir("../../a"), 0);
    CHECK_ERRNO(open("f", O_CREAT | O_WRONLY, 0644), ENOENT);
    CHECK_ERRNO(mkdir("d", 0755), ENOENT);
    char buffer[512];
    CHECK_EQUAL(getdents(fd, buffer, sizeof buffer), 0);
    CHECK_EQUAL(fs_stat("../..").st_ino, fs_stat(fs_place).st_ino);
    close(fd);
    fs_leave();
}

static void hard_links_are_one_file(void)
{
    fs_enter();
    fs_make("a", "one");
    CHECK_EQUAL(mkdir("d", 0755), 0);
    CHECK_EQUAL(link("a", "d/b"), 0);
    CHECK_EQUAL(fs_stat("a").st_nlink, 2);
    CHECK_EQUAL(fs_stat("d/b").st_ino, fs_stat("a").st_ino);
    fs_make("d/b", "other");
    fs_holds("a", "other");
    CHECK_ERRNO(link("a", "d/b"), EEXIST);
    CHECK_ERRNO(link("no", "n"), ENOENT);
    CHECK_ERRNO(link("d", "e"), EPERM);
    CHECK_ERRNO(link("a", "no/b"), ENOENT);
    CHECK_ERRNO(link("a", "b/"), ENOENT);
    CHECK_EQUAL(unlink("a"), 0);
    fs_holds("d/b", "other");
    CHECK_EQUAL(fs_stat("d/b").st_nlink, 1);
    CHECK_EQUAL(unlink("d/b"), 0);
    CHECK_EQUAL(rmdir("d"), 0);
    fs_leave();
}

static void rename_follows_posix(void)
{
    fs_enter();
    fs_make("a", "a");
    fs_make("b", "b");
    CHECK_EQUAL(rename("a", "c"), 0);
    CHECK(!fs_exists("a"));
    fs_holds("c", "a");
    CHECK_EQUAL(rename("c", "b"), 0); /* takes b's place */
    fs_holds("b", "a");
    CHECK(!fs_exists("c"));
    CHECK_EQUAL(link("b", "c"), 0);
    CHECK_EQUAL(rename("b", "c"), 0); /* two names of one file: nothing happens */
    CHECK(fs_exists("b") && fs_exists("c"));
    CHECK_EQUAL(unlink("c"), 0);

    CHECK_EQUAL(mkdir("d", 0755), 0);
    CHECK_EQUAL(mkdir("e", 0755), 0);
    CHECK_EQUAL(mkdir("d/sub", 0755), 0);
    CHECK_ERRNO(rename("b", "d"), EISDIR);
    CHECK_ERRNO(rename("d", "b"), ENOTDIR);
    CHECK_ERRNO(rename("e", "d"), ENOTEMPTY);
    CHECK_ERRNO(rename("d", "d/sub/x"), EINVAL);
    CHECK_ERRNO(rename("d/sub", "d"), ENOTEMPTY);
    CHECK_ERRNO(rename("no", "x"), ENOENT);
    CHECK_ERRNO(rename("b", "no/x"), ENOENT);
    CHECK_ERRNO(rename("b", "x/"), ENOTDIR);
    CHECK_ERRNO(rename("d/.", "x"), EINVAL);
    CHECK_ERRNO(rename("d", "e/.."), EINVAL);
    CHECK_ERRNO(rename("/", "x"), EBUSY);
    CHECK_EQUAL(rename("d", "e"), 0); /* e was empty */
    CHECK(!fs_exists("d"));
    CHECK(fs_exists("e/sub"));
    CHECK_EQUAL(rename("e/sub", "sub"), 0);
    CHECK_EQUAL(fs_stat("sub/..").st_ino, fs_stat(".").st_ino);
    CHECK_EQUAL(fs_stat("e").st_nlink, 2);
    CHECK_EQUAL(rmdir("e"), 0);
    CHECK_EQUAL(rename("sub", "sub"), 0);
    CHECK_EQUAL(rename("sub/", "moved/"), 0);
    CHECK_EQUAL(rmdir("moved"), 0);
    CHECK_EQUAL(unlink("b"), 0);
    fs_leave();
}

static void a_replaced_file_stays_for_who_has_it_open(void)
{
    char found[4];
    fs_enter();
    fs_make("old", "old");
    fs_make("new", "new");
    int fd = open("old", O_RDONLY);
    CHECK_EQUAL(rename("new", "old"), 0);
    CHECK_EQUAL(read(fd, found, sizeof found), 3);
    CHECK(memcmp(found, "old", 3) == 0);
    fs_holds("old", "new");
    close(fd);
    CHECK_EQUAL(unlink("old"), 0);
    fs_leave();
}

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

static void open_checks_its_flags(void)
{
    fs_enter();
    fs_make("f", "x");
    fs_make("readonly", "x");
    CHECK_ERRNO(open("no", O_RDONLY), ENOENT);
    CHECK_ERRNO(open("f", O_CREAT | O_EXCL | O_WRONLY, 0644), EEXIST);
    CHECK_ERRNO(open("f", O_DIRECTORY | O_RDONLY), ENOTDIR);
    CHECK_ERRNO(open(".", O_WRONLY), EISDIR);
    CHECK_ERRNO(open(".", O_RDWR | O_CREAT, 0644), EISDIR);
    CHECK_ERRNO(open(".", O_RDONLY | O_TRUNC), EISDIR);
    CHECK_ERRNO(open("f", O_ACCMODE), EINVAL);
    CHECK_EQUAL(raw(SYS_open, "f", O_EXEC, 0), -EACCES); /* mode 0644: nothing to run */
    int fd = open("locked", O_CREAT | O_WRONLY, 0);
    CHECK_EQUAL(write(fd, "x", 1), 1); /* the mode counts from the next open on */
    CHECK_ERRNO(read(fd, path, 1), EBADF);
    close(fd);
    CHECK_ERRNO(open("locked", O_RDONLY), EACCES);
    CHECK_ERRNO(open("locked", O_WRONLY), EACCES);
    fd = open(".", O_RDONLY);
    CHECK_ERRNO(read(fd, path, 16), EISDIR);
    CHECK_ERRNO(write(fd, path, 16), EBADF);
    close(fd);
    fd = open("f", O_RDONLY);
    CHECK_ERRNO(write(fd, "y", 1), EBADF);
    CHECK_ERRNO(ftruncate(fd, 0), EBADF);
    CHECK_EQUAL(getdents(fd, path, sizeof path), -ENOTDIR);
    close(fd);
    CHECK_EQUAL(unlink("f"), 0);
    CHECK_EQUAL(unlink("readonly"), 0);
    CHECK_EQUAL(unlink("locked"), 0);
    fs_leave();
}

static void device_nodes(void)
{
    static char block[300000];
    fs_enter();
    CHECK_EQUAL(mknod("null", S_IFCHR | 0666, 0 << 8 | 3), 0);
    CHECK_EQUAL(mknod("zero", S_IFCHR | 0666, 0 << 8 | 5), 0);
    CHECK_EQUAL(mknod("tty", S_IFCHR | 0666, 1 << 8 | 1), 0);
    CHECK_EQUAL(mknod("nobody", S_IFCHR | 0666, 99 << 8 | 1), 0);
    CHECK_EQUAL(mknod("file", S_IFREG | 0600, 0), 0);
    CHECK_ERRNO(mknod("null", S_IFCHR | 0666, 3), EEXIST);
    CHECK_ERRNO(mknod("block", S_IFBLK | 0666, 3), EINVAL);
    CHECK_ERRNO(mknod("fifo", S_IFIFO | 0666, 0), EINVAL);
    CHECK(S_ISREG(fs_stat("file").st_mode));
    CHECK(S_ISCHR(fs_stat("tty").st_mode));
    CHECK_EQUAL(fs_stat("tty").st_rdev, 1 << 8 | 1);
    CHECK_ERRNO(open("nobody", O_RDONLY), ENXIO);
    CHECK_ERRNO(open("null/x", O_RDONLY), ENOTDIR);

    int fd = open("null", O_RDWR);
    CHECK_EQUAL(read(fd, block, sizeof block), 0);
    CHECK_EQUAL(write(fd, block, sizeof block), sizeof block);
    CHECK_EQUAL(getdents(fd, block, 100), -ENOTDIR);
    close(fd);
    memset(block, 'x', sizeof block);
    fd = open("zero", O_RDWR);
    CHECK_EQUAL(write(fd, block, 1000), 1000);
    long n = read(fd, block, sizeof block);
    CHECK(n > 4096 && n <= (long)sizeof block);
    for (long i = 0; i < n; i++)
        CHECK(block[i] == 0);
    CHECK(n == sizeof block || block[n] == 'x');
    close(fd);

    fd = open("tty", O_WRONLY); /* the console under another name */
    CHECK(isatty(fd));
    CHECK_EQUAL(write(fd, "said by a device node\n", 22), 22);
    CHECK_ERRNO(read(fd, block, 1), EBADF);
    CHECK_ERRNO(lseek(fd, 0, SEEK_SET), ESPIPE);
    close(fd);
    CHECK_ERRNO(open("tty", O_DIRECTORY), ENOTDIR);
    CHECK_ERRNO(chdir("tty"), ENOTDIR);
    const char *const names[] = {"null", "zero", "tty", "nobody", "file"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        CHECK_EQUAL(unlink(names[i]), 0);
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
    RUN(directories_come_and_go);
    RUN(a_removed_directory_stays_for_those_in_it);
    RUN(hard_links_are_one_file);
    RUN(rename_follows_posix);
    RUN(a_replaced_file_stays_for_who_has_it_open);
    RUN(paths_have_limits);
    RUN(slashes_and_dots);
    RUN(a_tree_deeper_than_a_path);
    RUN(open_checks_its_flags);
    RUN(device_nodes);
    RUN(two_thousand_files_in_a_directory);
    RUN(readdir_is_stable_while_names_come_and_go);
    RUN(paths_that_are_no_strings);
    return check_end();
}
