/* Paths, names and directories. */
#include "kernel/types.h"
#include "promise.h"

static char path[MAXPATH + 8];

static void create(const char *name)
{
    int fd = open(name, O_CREATE | O_RDWR);

    CHECK(fd >= 0);
    CHECK_EQUAL(close(fd), 0);
}

static int exists(const char *name)
{
    struct stat st;

    return stat(name, &st) == 0;
}

/* All calls that take a path say -1 to this one. */
static void refused_everywhere(char *bad)
{
    struct stat st;
    char *argv[] = {"x", 0};

    CHECK_EQUAL(open(bad, O_RDONLY), -1);
    CHECK_EQUAL(open(bad, O_CREATE | O_WRONLY), -1);
    CHECK_EQUAL(unlink(bad), -1);
    CHECK_EQUAL(mkdir(bad), -1);
    CHECK_EQUAL(chdir(bad), -1);
    CHECK_EQUAL(mknod(bad, 1, 0), -1);
    CHECK_EQUAL(link(bad, "other"), -1);
    CHECK_EQUAL(link("/README", bad), -1);
    CHECK_EQUAL(stat(bad, &st), -1);
    CHECK_EQUAL(exec(bad, argv), -1);
}

static void a_path_of_128_bytes_gives_minus_1(void)
{
    memset(path, 'x', MAXPATH);
    path[MAXPATH] = '\0';
    refused_everywhere(path);
    for (int i = 0; i < MAXPATH; i += 2)
        memmove(path + i, "./", 2);
    path[MAXPATH - 1] = '\0'; /* 127 bytes */
    CHECK(exists(path));
}

static void an_unreadable_path_gives_minus_1(void)
{
    char *top = sbrk(0);

    top += -(uint64)top % PGSIZE;
    sbrk(top - sbrk(0));
    sbrk(PGSIZE);
    top[PGSIZE - 1] = 'x'; /* a string that goes on where there is nothing */
    refused_everywhere(top + PGSIZE - 1);
    refused_everywhere(0);
    refused_everywhere((char *)KERNBASE);
    refused_everywhere((char *)0x3fffffe000);
    refused_everywhere((char *)0x3ffffff000);
    refused_everywhere((char *)0x4000000000);
    refused_everywhere((char *)0xffffffffffffffff);
}

static void an_empty_path_creates_nothing(void)
{
    CHECK_EQUAL(mkdir(""), -1);
    CHECK_EQUAL(open("", O_CREATE), -1);
    CHECK_EQUAL(link("/README", ""), -1);
    CHECK_EQUAL(unlink(""), -1);
}

static void names_are_cut_to_14_bytes(void)
{
    CHECK_EQUAL(mkdir("12345678901234"), 0);
    CHECK_EQUAL(mkdir("12345678901234xyz"), -1);
    create("123456789012345/abcdefghijklmnop");
    CHECK(exists("12345678901234/abcdefghijklmn"));
    CHECK(exists("1234567890123499/abcdefghijklmnZZZ"));
    CHECK(!exists("1234567890123/abcdefghijklmn"));
    CHECK_EQUAL(unlink("123456789012345/abcdefghijklmn-"), 0);
    CHECK_EQUAL(unlink("12345678901234-----"), 0);
    CHECK(!exists("12345678901234"));
}

static void unlink_removes_empty_directories_and_no_dots(void)
{
    CHECK_EQUAL(mkdir("d"), 0);
    CHECK_EQUAL(mkdir("d/e"), 0);
    CHECK_EQUAL(unlink("d"), -1);
    CHECK_EQUAL(unlink("d/."), -1);
    CHECK_EQUAL(unlink("d/.."), -1);
    CHECK_EQUAL(unlink("d/e/.."), -1);
    CHECK_EQUAL(unlink("/"), -1);
    CHECK_EQUAL(unlink("d/e"), 0);
    CHECK_EQUAL(unlink("d"), 0);
    CHECK_EQUAL(unlink("d"), -1);
}

static void a_directory_is_opened_for_reading_only(void)
{
    CHECK_EQUAL(mkdir("d"), 0);
    CHECK_EQUAL(open("d", O_WRONLY), -1);
    CHECK_EQUAL(open("d", O_RDWR), -1);
    CHECK_EQUAL(open("d", O_CREATE), -1);
    CHECK_EQUAL(open("d", O_RDONLY | O_CREATE), -1);

    int fd = open("d", O_RDONLY);

    CHECK(fd >= 0);
    CHECK(write(fd, "x", 1) <= 0);
    close(fd);
    CHECK_EQUAL(unlink("d"), 0);
}

static void a_file_is_no_directory(void)
{
    create("f");
    CHECK_EQUAL(chdir("f"), -1);
    CHECK_EQUAL(open("f/x", O_CREATE), -1);
    CHECK_EQUAL(mkdir("f/x"), -1);
    CHECK_EQUAL(unlink("f/x"), -1);
    CHECK_EQUAL(link("/README", "f/x"), -1);
    CHECK_EQUAL(mkdir("f"), -1);
    CHECK_EQUAL(open("nothing/x", O_CREATE), -1);
    CHECK_EQUAL(unlink("f"), 0);
}

static void link_makes_a_second_name_of_files_only(void)
{
    struct stat st;

    create("one");
    CHECK_EQUAL(link("one", "two"), 0);
    CHECK_EQUAL(link("one", "two"), -1);
    CHECK_EQUAL(stat("two", &st), 0);
    CHECK_EQUAL(st.nlink, 2);
    CHECK_EQUAL(unlink("one"), 0);
    CHECK(exists("two"));
    CHECK_EQUAL(link("one", "three"), -1);
    CHECK_EQUAL(link(".", "three"), -1);
    CHECK_EQUAL(link("/", "three"), -1);
    CHECK_EQUAL(unlink("two"), 0);
}

static void a_directory_reads_as_entries_of_16_bytes(void)
{
    struct dirent entry;
    struct stat st, other;
    int n = 0, seen = 0;

    CHECK_EQUAL(sizeof entry, 16);
    CHECK_EQUAL(mkdir("d"), 0);
    create("d/a");
    create("d/bcdefghijklmno");
    create("d/gone");
    CHECK_EQUAL(unlink("d/gone"), 0);

    int fd = open("d", O_RDONLY);

    CHECK_EQUAL(fstat(fd, &st), 0);
    CHECK_EQUAL(st.type, T_DIR);
    while (read(fd, &entry, sizeof entry) == sizeof entry) {
        n++;
        if (entry.inum == 0)
            continue;
        CHECK_EQUAL(chdir("d"), 0);
        if (strcmp(entry.name, "a") == 0) {
            CHECK_EQUAL(stat("a", &other), 0);
            CHECK_EQUAL(entry.inum, other.ino);
            seen |= 1;
        } else if (memcmp(entry.name, "bcdefghijklmno", DIRSIZ) == 0) {
            seen |= 2;
        } else if (strcmp(entry.name, ".") == 0) {
            CHECK_EQUAL(entry.inum, st.ino);
            seen |= 4;
        } else {
            CHECK_EQUAL(strcmp(entry.name, ".."), 0);
            seen |= 8;
        }
        CHECK_EQUAL(chdir(".."), 0);
    }
    close(fd);
    CHECK_EQUAL(seen, 15);
    CHECK_EQUAL(st.size, n * 16);
    CHECK_EQUAL(unlink("d/a"), 0);
    CHECK_EQUAL(unlink("d/bcdefghijklmno"), 0);
    CHECK_EQUAL(unlink("d"), 0);
}

static void a_process_may_sit_in_a_removed_directory(void)
{
    CHECK_EQUAL(mkdir("d"), 0);
    CHECK_EQUAL(chdir("d"), 0);
    CHECK_EQUAL(unlink("../d"), 0);
    CHECK_EQUAL(open("x", O_CREATE | O_RDWR), -1);
    CHECK_EQUAL(mkdir("x"), -1);
    CHECK_EQUAL(link("/README", "x"), -1);
    CHECK_EQUAL(unlink("x"), -1);
    CHECK_EQUAL(chdir(".."), 0);
    CHECK(!exists("d"));
}

static void dot_dot_does_not_lead_into_a_removed_directory(void)
{
    CHECK_EQUAL(mkdir("d"), 0);
    CHECK_EQUAL(mkdir("d/e"), 0);
    CHECK_EQUAL(chdir("d/e"), 0);
    CHECK_EQUAL(unlink("../../d/e"), 0);
    CHECK_EQUAL(unlink("../../d"), 0);
    CHECK_EQUAL(open("../", O_RDONLY), -1);
    CHECK_EQUAL(open("../x", O_CREATE | O_RDWR), -1);
    CHECK_EQUAL(chdir("/"), 0);
}

static void dot_dot_of_the_root_is_the_root(void)
{
    CHECK(exists("/../../README"));
    CHECK_EQUAL(chdir("/.."), 0);
    CHECK(exists("README"));
}

static void the_root_holds_what_xv6s_does(void)
{
    static const char *const names[] = {"README", "console", "cat", "echo", "grep", "init", "kill", "ln", "ls",
                                        "mkdir", "rm", "sh", "wc"};
    struct stat st;

    CHECK_EQUAL(chdir("/"), 0);
    for (int i = 0; i < sizeof names / sizeof names[0]; i++) {
        CHECK_EQUAL(stat(names[i], &st), 0);
        CHECK_EQUAL(st.type, i == 1 ? T_DEVICE : T_FILE);
        CHECK(i == 1 || st.size > 100);
    }
    CHECK_EQUAL(stat("/", &st), 0);
    CHECK_EQUAL(st.type, T_DIR);
    CHECK_EQUAL(st.ino, ROOTINO);
    CHECK_EQUAL(st.dev, ROOTDEV);
}

static void the_console_can_be_made_and_opened(void)
{
    struct stat st;
    int fd = open("/console", O_RDWR);

    CHECK(fd >= 0);
    CHECK_EQUAL(fstat(fd, &st), 0);
    CHECK_EQUAL(st.type, T_DEVICE);
    CHECK_EQUAL(mknod("console2", 1, 0), 0);
    CHECK_EQUAL(mknod("console2", 1, 0), -1);
    CHECK((fd = open("console2", O_WRONLY)) >= 0);
    CHECK_EQUAL(write(fd, "hello\n", 6), 6);
    CHECK_EQUAL(unlink("console2"), 0);
}

static void many_may_make_and_remove_the_same_names(void)
{
    for (int i = 0; i < 4; i++)
        if (fork() == 0) {
            uint x = i + 1;

            for (int n = 0; n < 300; n++) {
                x = x * 1103515245 + 12345;
                switch (x >> 16 & 3) {
                case 0:
                    close(open("same", O_CREATE | O_RDWR));
                    break;
                case 1:
                    link("/cat", "same");
                    break;
                case 2:
                    mkdir("same");
                    break;
                default:
                    unlink("same");
                }
            }
            exit(0);
        }
    for (int i = 0; i < 4; i++) {
        int status;

        CHECK(wait(&status) > 0);
        CHECK_EQUAL(status, 0);
    }
    unlink("same");
    CHECK(!exists("same"));
}

int main(void)
{
    CHECK_EQUAL(mkdir("/tmp/names"), 0);
    CHECK_EQUAL(chdir("/tmp/names"), 0);
    RUN(a_path_of_128_bytes_gives_minus_1);
    RUN(an_unreadable_path_gives_minus_1);
    RUN(an_empty_path_creates_nothing);
    RUN(names_are_cut_to_14_bytes);
    RUN(unlink_removes_empty_directories_and_no_dots);
    RUN(a_directory_is_opened_for_reading_only);
    RUN(a_file_is_no_directory);
    RUN(link_makes_a_second_name_of_files_only);
    RUN(a_directory_reads_as_entries_of_16_bytes);
    RUN(a_process_may_sit_in_a_removed_directory);
    RUN(dot_dot_does_not_lead_into_a_removed_directory);
    RUN(dot_dot_of_the_root_is_the_root);
    RUN(the_root_holds_what_xv6s_does);
    RUN(the_console_can_be_made_and_opened);
    RUN(many_may_make_and_remove_the_same_names);
    CHECK_EQUAL(chdir("/"), 0);
    CHECK_EQUAL(unlink("/tmp/names"), 0); /* nothing was left in it */
    return 0;
}
