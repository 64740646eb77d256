/*
 * Names in the file system, from inside: directories, links, rename, device nodes, open flags.
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

static void open_checks_its_flags(void)
{
    char buffer[64];
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
    CHECK_ERRNO(read(fd, buffer, 1), EBADF);
    close(fd);
    CHECK_ERRNO(open("locked", O_RDONLY), EACCES);
    CHECK_ERRNO(open("locked", O_WRONLY), EACCES);
    fd = open(".", O_RDONLY);
    CHECK_ERRNO(read(fd, buffer, 16), EISDIR);
    CHECK_ERRNO(write(fd, buffer, 16), EBADF);
    close(fd);
    fd = open("f", O_RDONLY);
    CHECK_ERRNO(write(fd, "y", 1), EBADF);
    CHECK_ERRNO(ftruncate(fd, 0), EBADF);
    CHECK_EQUAL(getdents(fd, buffer, sizeof buffer), -ENOTDIR);
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

int main(int argc, char **argv)
{
    check_start(argc, argv);
    RUN(directories_come_and_go);
    RUN(a_removed_directory_stays_for_those_in_it);
    RUN(hard_links_are_one_file);
    RUN(rename_follows_posix);
    RUN(a_replaced_file_stays_for_who_has_it_open);
    RUN(open_checks_its_flags);
    RUN(device_nodes);
    return check_end();
}
