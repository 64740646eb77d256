/*
 * Mounts, from inside: a small file server of this program's own, and a second ramfs, at a directory of the
 * first; what paths, rename and the death of a server do then.
 */
#include "fs_tools.h"

#define RANK 5 /* below the file systems: it may call them */

/* Paths that the small server knows. */
#define HELLO "hello" /* a file that holds its name */
#define BACK "back"   /* leads back to the root of the first server */
#define LOOP "loop"   /* leads to this server's own root, whatever follows */
#define MUTE "mute"   /* is never answered */

enum { COOKIE_ROOT, COOKIE_HELLO };

static int channel;
static int root_session, home_session; /* this server's root; the place where it was started */

static bool begins(const char *path, const char *name, size_t *consumed)
{
    size_t n = strlen(name);
    if (strncmp(path, name, n) != 0 || (path[n] != '/' && path[n] != '\0'))
        return false;
    *consumed = n + (path[n] == '/');
    return true;
}

static void redirect(struct reply *answer, int session, size_t consumed)
{
    answer->flags = REPLY_REDIRECT;
    answer->extra = (uint64_t)session;
    answer->length = consumed;
}

static void answer_path(const struct message *m, const char *path, struct reply *answer)
{
    static struct stat st;
    size_t consumed;
    while (*path == '/')
        path++;
    bool is_root = *path == '\0', is_hello = strcmp(path, HELLO) == 0;
    if (begins(path, BACK, &consumed)) {
        redirect(answer, home_session, consumed);
    } else if (begins(path, LOOP, &consumed)) {
        redirect(answer, root_session, 0);
    } else if (m->op == MSG_RESOLVE) {
        answer->status = 0;
    } else if (m->op == MSG_RENAME || m->op == MSG_LINK) {
        answer->status = -EROFS;
    } else if (!is_root && !is_hello) {
        answer->status = strcmp(path, "wrong-redirect") == 0 ? 0 : -ENOENT;
        if (answer->status == 0)
            redirect(answer, root_session, 10000);
        if (strcmp(path, "no-session") == 0)
            answer->status = 0;
        if (strcmp(path, "call-myself") == 0) {
            int fd = open("/tmp/mount/" HELLO, O_RDONLY);
            answer->status = fd < 0 ? -errno : 0;
        }
    } else if (m->op == MSG_OPEN) {
        answer->flags = REPLY_SESSION;
        answer->extra = is_root ? COOKIE_ROOT : COOKIE_HELLO;
        answer->length = SESSION_READ | (is_root ? 0 : SESSION_SEEKABLE);
    } else if (m->op == MSG_STAT) {
        st = (struct stat){.st_dev = 77, .st_ino = 1 + is_hello, .st_nlink = 1, .st_size = strlen(HELLO),
                           .st_mode = is_root ? S_IFDIR | 0555 : S_IFREG | 0444};
        answer->flags = REPLY_DATA;
        answer->data = &st;
        answer->length = sizeof st;
    } else {
        answer->status = -EROFS;
    }
}

static void answer_read(const struct message *m, struct reply *answer)
{
    uint64_t left = m->arg0 < strlen(HELLO) ? strlen(HELLO) - m->arg0 : 0;
    if (m->cookie != COOKIE_HELLO) {
        answer->status = -EISDIR;
        return;
    }
    answer->flags = REPLY_DATA;
    answer->data = &HELLO[m->arg0];
    answer->length = left < m->arg1 ? left : m->arg1;
    answer->status = (int64_t)answer->length;
}

static _Noreturn void serve(void)
{
    static char paths[2 * PATH_MAX];
    struct reply answer = {0};
    struct message m;
    CHECK_EQUAL(channel_serve(channel, paths, sizeof paths), 0);
    for (;;) {
        reply_receive(channel, &answer, &m);
        CHECK(m.op > 0);
        answer = (struct reply){.token = m.op >= MSG_OPEN ? m.token : 0};
        if (m.op >= MSG_OPEN && m.op < MSG_READ && m.inlined != 0 && strcmp(paths, MUTE) == 0)
            answer.token = 0;
        else if (m.op >= MSG_OPEN && m.op < MSG_READ)
            answer_path(&m, paths, &answer);
        else if (m.op == MSG_READ)
            answer_read(&m, &answer);
        else if (m.op >= MSG_OPEN)
            answer.status = -ENOTTY;
    }
}

static void mount_it(void)
{
    unmount("/tmp/mount"); /* a case that failed may have left it */
    rmdir("/tmp/mount");
    CHECK_EQUAL(mkdir("/tmp/mount", 0755), 0);
    CHECK_EQUAL(mount("/tmp/mount", root_session), 0);
}

/* Start the server and mount it at /tmp/mount. Gives its pid. */
static int start(void)
{
    channel = channel_create(RANK);
    root_session = channel_connect(channel, COOKIE_ROOT, SESSION_READ);
    home_session = open("/", O_RDONLY | O_DIRECTORY);
    CHECK(channel >= 0 && root_session >= 0 && home_session >= 0);
    int pid = fork();
    CHECK(pid >= 0);
    if (pid == 0)
        serve();
    mount_it();
    return pid;
}

static void stop(int pid)
{
    CHECK_EQUAL(unmount("/tmp/mount"), 0);
    CHECK_EQUAL(rmdir("/tmp/mount"), 0);
    CHECK_EQUAL(kill(pid, SIGKILL), 0);
    CHECK_EQUAL(ending_of(pid), -SIGKILL);
}

static void paths_lead_to_the_mounted_server(void)
{
    struct stat before = fs_stat("/");
    int pid = start();
    fs_holds("/tmp/mount/" HELLO, HELLO);
    fs_holds("//tmp/../tmp/./mount///" HELLO, HELLO);
    CHECK_EQUAL(fs_stat("/tmp/mount").st_dev, 77);
    CHECK_EQUAL(fs_stat("/tmp/mount/").st_dev, 77);
    CHECK_ERRNO(open("/tmp/mount/no", O_RDONLY), ENOENT);
    CHECK_ERRNO(mkdir("/tmp/mount/x", 0755), ENOENT);
    CHECK_ERRNO(unlink("/tmp/mount/" HELLO), EROFS);
    CHECK_EQUAL(chdir("/tmp/mount"), 0); /* and paths from there start there */
    fs_holds(HELLO, HELLO);
    CHECK_EQUAL(chdir("/"), 0);
    CHECK_EQUAL(fs_stat("/tmp/mount/" BACK).st_ino, before.st_ino);
    CHECK_EQUAL(fs_stat("/tmp/mount/" BACK "/tmp/mount/" BACK "/tmp").st_ino, fs_stat("/tmp").st_ino);
    fs_holds("/tmp/mount/" BACK "/tmp/mount/" HELLO, HELLO);
    stop(pid);
    CHECK(!fs_exists("/tmp/mount/" HELLO));
}

static void seeking_and_sharing_work_as_anywhere(void)
{
    char found[16];
    int pid = start();
    int fd = open("/tmp/mount/" HELLO, O_RDONLY);
    CHECK_EQUAL(read(fd, found, 2), 2);
    CHECK_EQUAL(read(fd, found + 2, sizeof found), 3);
    CHECK(memcmp(found, HELLO, 5) == 0);
    CHECK_EQUAL(lseek(fd, 1, SEEK_SET), 1);
    CHECK_EQUAL(read(dup(fd), found, 1), 1);
    CHECK_EQUAL(found[0], 'e');
    CHECK_ERRNO(write(fd, "x", 1), EBADF);
    CHECK_EQUAL(unmount("/tmp/mount"), 0); /* what is open stays open */
    CHECK_EQUAL(read(fd, found, 1), 1);
    CHECK_EQUAL(found[0], 'l');
    CHECK_EQUAL(mount("/tmp/mount", root_session), 0);
    stop(pid);
}

static void no_rename_or_link_across_servers(void)
{
    int pid = start();
    fs_make("/tmp/file", "x");
    CHECK_ERRNO(rename("/tmp/file", "/tmp/mount/file"), EXDEV);
    CHECK_ERRNO(rename("/tmp/mount/" HELLO, "/tmp/file"), EXDEV);
    CHECK_ERRNO(link("/tmp/file", "/tmp/mount/file"), EXDEV);
    CHECK_ERRNO(link("/tmp/mount/" HELLO, "/tmp/other"), EXDEV);
    CHECK_ERRNO(rename("/tmp/mount/" HELLO, "/tmp/mount/other"), EROFS); /* on one server: it decides */
    CHECK_EQUAL(rename("/tmp/mount/" BACK "/tmp/file", "/tmp/other"), 0); /* both lead to the first */
    CHECK_EQUAL(link("/tmp/other", "/tmp/mount/" BACK "/tmp/file"), 0);
    CHECK_EQUAL(unlink("/tmp/file"), 0);
    CHECK_EQUAL(unlink("/tmp/other"), 0);
    stop(pid);
}

static void redirects_without_end_are_eloop(void)
{
    int pid = start();
    CHECK_ERRNO(open("/tmp/mount/" LOOP, O_RDONLY), ELOOP);
    CHECK_ERRNO(fs_exists("/tmp/mount/" LOOP "/x") ? 0 : -1, ELOOP);
    CHECK_ERRNO(rename("/tmp/mount/" LOOP, "/tmp/x"), ELOOP);
    CHECK_ERRNO(rename("/tmp/mount/" LOOP, "/tmp/mount/" LOOP), ELOOP);
    stop(pid);
}

static void wrong_answers_hurt_nobody_else(void)
{
    int pid = start();
    CHECK_ERRNO(open("/tmp/mount/wrong-redirect", O_RDONLY), EIO);
    CHECK_ERRNO(open("/tmp/mount/no-session", O_RDONLY), EIO);
    CHECK_ERRNO(open("/tmp/mount/call-myself", O_RDONLY), EDEADLK);
    fs_holds("/tmp/mount/" HELLO, HELLO);
    stop(pid);
}

static void mount_and_unmount_check_their_arguments(void)
{
    int ends[2], pid = start();
    fs_make("/tmp/file", "x");
    CHECK_EQUAL(pipe(ends), 0);
    CHECK_EQUAL(mkdir("/tmp/other", 0755), 0);
    CHECK_EQUAL(mount("/tmp/file", root_session), -ENOTDIR);
    CHECK_EQUAL(mount("/tmp/no", root_session), -ENOENT);
    CHECK_EQUAL(mount("/tmp/mount", root_session), -EBUSY);
    CHECK_EQUAL(mount("/", root_session), -EBUSY);
    CHECK_EQUAL(mount("/tmp/other", 999), -EBADF);
    CHECK(mount("/tmp/other", ends[0]) < 0);
    CHECK(mount("/tmp/other", channel) < 0);
    CHECK_EQUAL(unmount("/tmp/other"), -EINVAL);
    CHECK_EQUAL(unmount("/tmp/file"), -EINVAL);
    CHECK_EQUAL(unmount("/tmp/no"), -ENOENT);
    CHECK_ERRNO(rmdir("/tmp/mount"), EBUSY);
    CHECK_ERRNO(rename("/tmp/mount", "/tmp/elsewhere"), EBUSY);
    CHECK_ERRNO(rename("/tmp/other", "/tmp/mount"), EBUSY);
    CHECK_EQUAL(rmdir("/tmp/other"), 0);
    CHECK_EQUAL(unlink("/tmp/file"), 0);
    stop(pid);
}

/* ---- death ---- */

static void a_dead_server_is_eio(void)
{
    char found[4];
    int pid = start();
    int fd = open("/tmp/mount/" HELLO, O_RDONLY);
    int waiter = fork();
    if (waiter == 0) {
        close(channel);
        int result = open("/tmp/mount/" MUTE, O_RDONLY); /* in service when the server dies */
        _exit(result < 0 && errno == EIO ? 0 : 1);
    }
    wait_until_blocked(waiter, "call");
    kill(pid, SIGKILL);
    CHECK_EQUAL(ending_of(pid), -SIGKILL);
    wait_until_blocked(waiter, "call");
    close(channel); /* nobody can serve it any more */
    CHECK_EQUAL(ending_of(waiter), 0);
    CHECK_ERRNO(read(fd, found, 1), EIO);
    CHECK_ERRNO(open("/tmp/mount/" HELLO, O_RDONLY), EIO);
    CHECK_EQUAL(unmount("/tmp/mount"), 0);
    CHECK_EQUAL(rmdir("/tmp/mount"), 0);
}

static void another_server_goes_on_where_one_died(void)
{
    char found[4];
    int pid = start();
    int fd = open("/tmp/mount/" HELLO, O_RDONLY);
    kill(pid, SIGKILL);
    CHECK_EQUAL(ending_of(pid), -SIGKILL);
    int waiter = fork(); /* asks while there is no server */
    if (waiter == 0) {
        fs_holds("/tmp/mount/" HELLO, HELLO);
        _exit(0);
    }
    wait_until_blocked(waiter, "call");
    pid = fork();
    if (pid == 0)
        serve();
    CHECK_EQUAL(ending_of(waiter), 0);
    CHECK_EQUAL(read(fd, found, 4), 4);
    CHECK(memcmp(found, HELLO, 4) == 0);
    stop(pid);
}

static void a_client_that_dies_waiting_is_forgotten(void)
{
    int pid = start();
    for (int i = 0; i < 20; i++) {
        int waiter = fork();
        if (waiter == 0) {
            open("/tmp/mount/" MUTE, O_RDONLY);
            _exit(0);
        }
        wait_until_blocked(waiter, "call");
        kill(waiter, SIGKILL);
        CHECK_EQUAL(ending_of(waiter), -SIGKILL);
        fs_holds("/tmp/mount/" HELLO, HELLO);
    }
    stop(pid);
}

/* ---- a second ramfs ---- */

static int store; /* its memory */

static int run_ramfs(void)
{
    char *argv[] = {"ramfs", NULL};
    int pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        int from[] = {channel, open("/dev/console", O_RDWR), store};
        for (int i = 0; i < 3; i++)
            dup2(from[i], 20 + i);
        for (int i = 3; i < 20; i++)
            close(i);
        for (int i = 0; i < 3; i++) {
            dup2(20 + i, 4 + i);
            close(20 + i);
        }
        execv("/sbin/ramfs", argv);
        _exit(1);
    }
    return pid;
}

static int start_ramfs(void)
{
    channel = channel_create(RANK_FILE_SYSTEM);
    root_session = channel_connect(channel, 0, SESSION_READ);
    store = memory_create(16 << 20);
    CHECK(store >= 0);
    int pid = run_ramfs();
    mount_it();
    return pid;
}

static int shell(const char *command)
{
    char *argv[] = {"sh", "-c", (char *)command, NULL};
    int pid = fork();
    if (pid == 0) {
        execv("/bin/sh", argv);
        _exit(127);
    }
    return ending_of(pid);
}

static void a_second_ramfs_is_a_place_like_any_other(void)
{
    int pid = start_ramfs();
    CHECK_EQUAL(shell("cd /tmp/mount && ls dev | wc -l && mkdir a && cp /bin/echo a/e && a/e run from there && "
                      "mv a/e b && ls -l b && cat <b | wc -c && cp b /tmp/back && mv /tmp/back . && "
                      "echo said >dev/console && rm b back && rmdir a"), 0);
    CHECK_EQUAL(mkdir("/tmp/mount/m", 0755), 0);
    int home = open("/bin", O_RDONLY | O_DIRECTORY);
    CHECK_EQUAL(mount("/tmp/mount/m", home), 0); /* a mount in a mount, back to the first */
    CHECK(fs_stat("/tmp/mount/m/sh").st_ino == fs_stat("/bin/sh").st_ino);
    CHECK_ERRNO(rename("/tmp/mount/m/sh", "/tmp/mount/sh"), EXDEV);
    CHECK_ERRNO(open("/tmp/mount/m/nothing", O_RDONLY), ENOENT);
    CHECK_EQUAL(unmount("/tmp/mount/m"), 0);
    close(store);
    stop(pid);
}

static void a_mount_outlives_its_ramfs(void)
{
    int pid = start_ramfs();
    CHECK_EQUAL(mkdir("/tmp/mount/m", 0755), 0);
    CHECK_EQUAL(mkdir("/tmp/mount/n", 0755), 0);
    int home = open("/bin", O_RDONLY | O_DIRECTORY);
    CHECK_EQUAL(mount("/tmp/mount/m", home), 0);
    CHECK_EQUAL(mount("/tmp/mount/n", home), 0);
    CHECK_EQUAL(unmount("/tmp/mount/n"), 0);
    close(home);
    for (int i = 0; i < 3; i++) {
        kill(pid, SIGKILL);
        CHECK_EQUAL(ending_of(pid), -SIGKILL);
        pid = run_ramfs();
        CHECK(fs_stat("/tmp/mount/m/sh").st_ino == fs_stat("/bin/sh").st_ino);
        CHECK_ERRNO(rmdir("/tmp/mount/m"), EBUSY);
        CHECK_ERRNO(open("/tmp/mount/n/sh", O_RDONLY), ENOENT);
    }
    CHECK_EQUAL(unmount("/tmp/mount/m"), 0);
    CHECK_EQUAL(unmount("/tmp/mount/m"), -EINVAL);
    CHECK_EQUAL(rmdir("/tmp/mount/m"), 0);
    close(store);
    stop(pid);
}

/* Requests in service and those that wait all end with an error, when nobody can serve them any more. */
static void a_second_ramfs_dies_under_load(void)
{
    int pid = start_ramfs(), writers[3], fd = open("/tmp/mount/old", O_WRONLY | O_CREAT, 0644);
    CHECK(fd >= 0);
    for (int k = 0; k < 3; k++) {
        writers[k] = fork();
        if (writers[k] == 0) {
            static char block[20000];
            char name[32];
            close(channel); /* who holds it could still serve it */
            snprintf(name, sizeof name, "/tmp/mount/f%d", k);
            int out = open(name, O_WRONLY | O_CREAT, 0644);
            while (write(out, block, sizeof block) > 0)
                lseek(out, 0, SEEK_SET);
            _exit(errno == EIO || errno == ESTALE ? 0 : errno);
        }
    }
    sleep_ns(50 * MS);
    kill(pid, SIGKILL);
    CHECK_EQUAL(ending_of(pid), -SIGKILL);
    unmount("/tmp/mount");
    rmdir("/tmp/mount");
    close(channel), close(store);
    for (int k = 0; k < 3; k++)
        CHECK_EQUAL(ending_of(writers[k]), 0);
    CHECK_ERRNO(write(fd, "x", 1), EIO);
}

int main(int argc, char **argv)
{
    check_start(argc, argv);
    RUN(paths_lead_to_the_mounted_server);
    RUN(seeking_and_sharing_work_as_anywhere);
    RUN(no_rename_or_link_across_servers);
    RUN(redirects_without_end_are_eloop);
    RUN(wrong_answers_hurt_nobody_else);
    RUN(mount_and_unmount_check_their_arguments);
    RUN(a_dead_server_is_eio);
    RUN(another_server_goes_on_where_one_died);
    RUN(a_client_that_dies_waiting_is_forgotten);
    RUN(a_second_ramfs_is_a_place_like_any_other);
    RUN(a_mount_outlives_its_ramfs);
    RUN(a_second_ramfs_dies_under_load);
    return check_end();
}
