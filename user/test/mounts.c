/*
 * Paths over more than one server: a small file server of the test's own, mounted, unmounted, dying; link and
 * rename across, redirects in circles, roots that are no directories.
 */
#include "serving.h"

#include <fcntl.h>
#include <sys/stat.h>

#define PLACE "/tmp/mounted"

/*
 * A server of one directory with one file "file". Paths it knows: "", "file"; "loop" leads back to its own start,
 * "half" to a place inside itself, "lie" drops more than there is. Everything else does not exist.
 */
static int own; /* a session on its own directory */

static void serve_files(int channel)
{
    struct message m;
    own = channel_connect(channel, 0, SESSION_READ);
    for (;;) {
        next(channel, &m);
        if (m.op == MSG_CLOSE)
            continue;
        const char *path = serve_buffer;
        struct reply r = {.token = m.token, .status = -ENOENT};
        if (m.op < MSG_READ) {
            CHECK(m.inlined == strlen(path) + 1 || m.op == MSG_LINK || m.op == MSG_RENAME);
            if (strncmp(path, "loop", 4) == 0 || strncmp(path, "lie", 3) == 0) {
                r.flags = REPLY_REDIRECT;
                r.extra = (uint64_t)own;
                r.length = path[1] == 'i' ? 100 : 0;
            } else if (m.op == MSG_STAT && (path[0] == '\0' || strcmp(path, "file") == 0)) {
                static struct stat st;
                st = (struct stat){.st_dev = 99, .st_ino = 1, .st_mode = path[0] ? S_IFREG | 0777 : S_IFDIR | 0777};
                r = (struct reply){.token = m.token, .data = &st, .length = sizeof st, .flags = REPLY_DATA};
            } else if (m.op == MSG_OPEN && strcmp(path, "file") == 0) {
                r = (struct reply){.token = m.token, .extra = 5, .length = SESSION_READ | SESSION_SEEKABLE,
                                   .flags = REPLY_SESSION};
            } else if (m.op == MSG_OPEN && path[0] == '\0') {
                r = (struct reply){.token = m.token, .extra = 0, .length = SESSION_READ, .flags = REPLY_SESSION};
            } else if (m.op == MSG_RESOLVE || m.op == MSG_RENAME || m.op == MSG_LINK) {
                r.status = 0;
            }
        } else if (m.op == MSG_READ) {
            r = (struct reply){.token = m.token, .data = "hello", .status = m.arg0 < 5 ? 5 - (int64_t)m.arg0 : 0,
                               .flags = REPLY_DATA};
            if ((uint64_t)r.status > m.arg1)
                r.status = (int64_t)m.arg1;
            r.length = (uint64_t)r.status;
            r.data = &"hello"[m.arg0 < 5 ? m.arg0 : 5];
        } else {
            r.status = -ENOTTY;
        }
        int64_t result = reply(channel, &r);
        CHECK(result == 0 || result == -ESRCH);
    }
}

static struct server start_mounted(void)
{
    struct server s = start_server(serve_files, RANK_FILE_SYSTEM, SESSION_READ, false);
    CHECK(mkdir(PLACE, 0777) == 0 || errno == EEXIST);
    CHECK_EQUAL(mount(PLACE, s.session), 0);
    return s;
}

static void end_mounted(struct server *s)
{
    CHECK_EQUAL(unmount(PLACE), 0);
    end_server(s);
    CHECK_EQUAL(rmdir(PLACE), 0);
}

static void paths_lead_through_a_mount(void)
{
    struct server s = start_mounted();
    struct stat st;
    char text[10];
    CHECK_EQUAL(stat(PLACE, &st), 0);
    CHECK_EQUAL(st.st_dev, 99);
    CHECK_EQUAL(stat(PLACE "/file", &st), 0);
    CHECK(S_ISREG(st.st_mode));
    CHECK_ERRNO(stat(PLACE "/nothing", &st), ENOENT);
    int file = open(PLACE "//file", O_RDONLY);
    CHECK(file >= 0);
    CHECK_EQUAL(read(file, text, 3), 3);
    CHECK_EQUAL(read(file, text, 10), 2);
    CHECK_EQUAL(text[1], 'o');
    CHECK_EQUAL(read(file, text, 10), 0);
    close(file);
    CHECK_EQUAL(chdir(PLACE), 0);
    CHECK_EQUAL(stat("file", &st), 0);
    CHECK_EQUAL(stat("/bin/sh", &st), 0);
    CHECK_EQUAL(chdir("/"), 0);
    end_mounted(&s);
    CHECK_ERRNO(stat(PLACE "/file", &st), ENOENT);
}

static void link_and_rename_across_are_exdev(void)
{
    struct server s = start_mounted();
    int file = open("/tmp/here", O_WRONLY | O_CREAT, 0666);
    CHECK(file >= 0);
    CHECK_ERRNO(rename("/tmp/here", PLACE "/there"), EXDEV);
    CHECK_ERRNO(rename(PLACE "/file", "/tmp/there"), EXDEV);
    CHECK_ERRNO(link("/tmp/here", PLACE "/there"), EXDEV);
    CHECK_ERRNO(link(PLACE "/file", "/tmp/there"), EXDEV);
    CHECK_EQUAL(rename(PLACE "/file", PLACE "/other"), 0); /* on one server: it decides */
    CHECK_EQUAL(rename("/tmp/here", "/tmp/there"), 0);
    CHECK_EQUAL(unlink("/tmp/there"), 0);
    close(file);
    end_mounted(&s);
}

static void circles_are_eloop(void)
{
    struct server s = start_mounted();
    struct stat st;
    CHECK_ERRNO(open(PLACE "/loop", O_RDONLY), ELOOP);
    CHECK_ERRNO(stat(PLACE "/loop/x", &st), ELOOP);
    CHECK_ERRNO(chdir(PLACE "/loop"), ELOOP);
    CHECK_ERRNO(execl(PLACE "/loop", "loop", NULL), ELOOP);
    end_mounted(&s);
}

static void a_server_that_lies_about_paths_is_eio(void)
{
    struct server s = start_mounted();
    struct stat st;
    CHECK_ERRNO(stat(PLACE "/lie", &st), EIO);
    CHECK_ERRNO(open(PLACE "/lie", O_RDONLY), EIO);
    CHECK_ERRNO(rename(PLACE "/lie", "/tmp/x"), EIO);
    end_mounted(&s);
}

static void a_dead_servers_mount_is_eio_until_unmounted(void)
{
    struct server s = start_mounted();
    struct stat st;
    kill(s.pid, SIGKILL);
    CHECK_EQUAL(ending_of(s.pid), -SIGKILL);
    close(s.session);
    CHECK_ERRNO(stat(PLACE "/file", &st), EIO);
    CHECK_ERRNO(stat(PLACE, &st), EIO);
    CHECK_ERRNO(open(PLACE "/file", O_RDONLY), EIO);
    CHECK_ERRNO(rename(PLACE "/file", "/tmp/x"), EIO);
    CHECK_EQUAL(unmount(PLACE), 0);
    CHECK_EQUAL(stat(PLACE, &st), 0);
    CHECK_EQUAL(rmdir(PLACE), 0);
}

static void what_cannot_be_mounted_is_refused(void)
{
    struct server s = start_mounted();
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    CHECK_EQUAL(mount("/tmp", ends[0]), -EINVAL);
    CHECK_EQUAL(mount("/tmp", 99), -EBADF);
    CHECK_EQUAL(mount("/nothing", s.session), -ENOENT);
    CHECK_EQUAL(mount("/README", s.session), -ENOTDIR);
    CHECK_EQUAL(mount("/", s.session), -EBUSY);
    CHECK_EQUAL(unmount("/bin"), -EINVAL);
    CHECK_EQUAL(unmount("/nothing"), -ENOENT);
    CHECK(rmdir(PLACE) < 0); /* whoever answers, it is not removed */
    CHECK(rename(PLACE, "/tmp/elsewhere") < 0);
    end_mounted(&s);
}

/* set_root takes any session: a root that is a file, or whose server is gone, or that says nothing sensible. */
static void with_root(int session)
{
    struct stat st;
    CHECK_EQUAL(set_root(session), 0);
    static const char *const paths[] = {"/", "//", ".", "/x", "x", "..", "/..", "/bin/sh"};
    for (unsigned i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        stat(paths[i], &st);
        int file = open(paths[i], O_RDONLY);
        if (file >= 0)
            close(file);
        CHECK(mkdir(paths[i], 0777) < 0);
        CHECK(rmdir(paths[i]) < 0);
        CHECK(unlink(paths[i]) < 0);
        CHECK(link(paths[i], "/y") < 0);
        CHECK(link("/", paths[i]) < 0);
        CHECK(rename(paths[i], "/z") < 0);
        CHECK(rename("/", paths[i]) < 0);
        CHECK(mknod(paths[i], S_IFREG | 0666, 0) < 0);
        CHECK(mount(paths[i], session) < 0);
        CHECK(unmount(paths[i]) < 0);
        CHECK(open(paths[i], O_RDWR | O_CREAT | O_EXCL, 0666) < 0);
        CHECK(execl(paths[i], "x", NULL) < 0);
    }
}

static void a_root_that_is_a_file_harms_nobody(void)
{
    int file = open("/README", O_RDONLY);
    CHECK(file >= 0);
    with_root(file);
}

static void a_root_that_is_the_console_harms_nobody(void)
{
    with_root(0);
}

static void a_root_without_server_harms_nobody(void)
{
    int channel = channel_create(0), session = channel_connect(channel, 0, SESSION_READ);
    close(channel);
    with_root(session);
    struct stat st;
    CHECK_ERRNO(stat("/", &st), EIO);
}

static void a_removed_root_harms_nobody(void)
{
    struct stat st;
    CHECK_EQUAL(mkdir("/tmp/gone", 0777), 0);
    int directory = open("/tmp/gone", O_RDONLY | O_DIRECTORY);
    CHECK(directory >= 0);
    CHECK_EQUAL(rmdir("/tmp/gone"), 0);
    CHECK_EQUAL(set_root(directory), 0);
    stat("..", &st);
    stat("/", &st);
    CHECK(open("/x", O_RDWR | O_CREAT, 0666) < 0);
    CHECK(mkdir("/x", 0777) < 0);
    CHECK(unlink("/") < 0);
    CHECK(rmdir("/") < 0);
}

static void a_root_has_to_be_a_session(void)
{
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    CHECK_EQUAL(set_root(ends[0]), -EINVAL);
    CHECK_EQUAL(set_root(77), -EBADF);
    CHECK_EQUAL(set_root(-1), -EBADF);
}

int main(int argc, char **argv)
{
    check_start(argc, argv);
    RUN(paths_lead_through_a_mount);
    RUN(link_and_rename_across_are_exdev);
    RUN(circles_are_eloop);
    RUN(a_server_that_lies_about_paths_is_eio);
    RUN(a_dead_servers_mount_is_eio_until_unmounted);
    RUN(what_cannot_be_mounted_is_refused);
    RUN(a_root_that_is_a_file_harms_nobody);
    RUN(a_root_that_is_the_console_harms_nobody);
    RUN(a_root_without_server_harms_nobody);
    RUN(a_removed_root_harms_nobody);
    RUN(a_root_has_to_be_a_session);
    return check_end();
}
