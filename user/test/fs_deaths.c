/*
 * The file system's server killed at any moment of any operation: everything is done, once, and nothing is lost.
 * See deaths.h for what it needs.
 */
#include "deaths.h"

#include <fcntl.h>
#include <sys/stat.h>

#define KILLS 120 /* in a sweep */
#define PLACE "/tmp/deaths"

static char text[70000], found[70000];

static void fill(char *to, size_t n, uint64_t seed)
{
    for (size_t i = 0; i < n; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        to[i] = (char)(seed >> 56);
    }
}

static void holds(const char *path, const char *wanted, size_t n)
{
    int fd = open(path, O_RDONLY);
    CHECK(fd >= 0);
    CHECK_EQUAL(read(fd, found, n + 1 < sizeof found ? n + 1 : sizeof found), n);
    CHECK(memcmp(found, wanted, n) == 0);
    CHECK_EQUAL(close(fd), 0);
}

static struct stat stat_of(const char *path)
{
    struct stat st;
    CHECK_EQUAL(stat(path, &st), 0);
    return st;
}

static int create(const char *path)
{
    int fd = open(path, O_CREAT | O_EXCL | O_RDWR, 0644);
    CHECK(fd >= 0);
    return fd;
}

/* ---- sweeps: a second time, each of these calls would fail ---- */

static void names(void)
{
    CHECK_EQUAL(mkdir(PLACE, 0755), 0);
    CHECK_EQUAL(close(create(PLACE "/a")), 0);
    CHECK_EQUAL(link(PLACE "/a", PLACE "/b"), 0);
    CHECK_EQUAL(rename(PLACE "/a", PLACE "/c"), 0);
    CHECK_EQUAL(stat_of(PLACE "/b").st_nlink, 2);
    CHECK_EQUAL(mkdir(PLACE "/d", 0755), 0);
    CHECK_EQUAL(rename(PLACE "/d", PLACE "/e"), 0);
    CHECK_EQUAL(rename(PLACE "/c", PLACE "/e/c"), 0);
    CHECK_EQUAL(close(create(PLACE "/f")), 0);
    CHECK_EQUAL(rename(PLACE "/f", PLACE "/b"), 0);
    CHECK_EQUAL(stat_of(PLACE "/e/c").st_nlink, 1);
    CHECK_EQUAL(unlink(PLACE "/e/c"), 0);
    CHECK_EQUAL(rmdir(PLACE "/e"), 0);
    CHECK_EQUAL(unlink(PLACE "/b"), 0);
    CHECK_EQUAL(stat_of(PLACE).st_nlink, 2);
    CHECK_EQUAL(rmdir(PLACE), 0);
}

static void names_change_once(void)
{
    sweep(names, "ramfs", KILLS);
}

static void contents(void)
{
    int fd = create(PLACE);
    CHECK_EQUAL(write(fd, text, 9000), 9000);
    CHECK_EQUAL(write(fd, text + 9000, 100), 100);
    int end = open(PLACE, O_WRONLY | O_APPEND);
    CHECK_EQUAL(write(end, text + 9100, 5000), 5000);
    CHECK_EQUAL(write(end, text + 14100, 3), 3);
    CHECK_EQUAL(lseek(end, 0, SEEK_CUR), 14103);
    CHECK_EQUAL(lseek(fd, 0, SEEK_CUR), 9100);
    CHECK_EQUAL(read(fd, found, 6000), 5003);
    CHECK(memcmp(found, text + 9100, 5003) == 0);
    holds(PLACE, text, 14103);
    CHECK_EQUAL(ftruncate(fd, 5000), 0);
    CHECK_EQUAL(write(end, text + 5000, 500), 500);
    holds(PLACE, text, 5500);
    close(open(PLACE, O_WRONLY | O_TRUNC));
    CHECK_EQUAL(stat_of(PLACE).st_size, 0);
    CHECK_EQUAL(unlink(PLACE), 0);
    CHECK_EQUAL(write(end, text, 2000), 2000); /* it has no name any more */
    CHECK_EQUAL(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQUAL(read(fd, found, 3000), 2000);
    CHECK(memcmp(found, text, 2000) == 0);
    CHECK_EQUAL(close(fd), 0);
    CHECK_EQUAL(close(end), 0);
}

static void bytes_are_written_once(void)
{
    fill(text, sizeof text, 5);
    sweep(contents, "ramfs", KILLS);
}

static void places(void)
{
    CHECK_EQUAL(mkdir(PLACE, 0755), 0);
    CHECK_EQUAL(chdir(PLACE), 0);
    CHECK_EQUAL(mkdir("inner", 0755), 0);
    int here = open(".", O_RDONLY | O_DIRECTORY);
    CHECK_EQUAL(chdir("inner"), 0);
    CHECK_EQUAL(rmdir(PLACE "/inner"), 0);
    CHECK_ERRNO(open("new", O_CREAT | O_WRONLY, 0644), ENOENT); /* nothing can be made where one cannot get to */
    CHECK_EQUAL(chdir(".."), 0);
    CHECK_EQUAL(close(create("file")), 0);
    char list[200];
    CHECK(getdents(here, list, sizeof list) > 0);
    CHECK_EQUAL(getdents(here, list, sizeof list), 0);
    CHECK_EQUAL(unlink("file"), 0);
    CHECK_EQUAL(mount(".", here), 0);
    CHECK_EQUAL(unmount(PLACE), 0);
    CHECK_EQUAL(chdir("/"), 0);
    CHECK_EQUAL(rmdir(PLACE), 0);
    CHECK_EQUAL(close(here), 0);
}

static void directories_stay_where_one_is(void)
{
    sweep(places, "ramfs", KILLS);
}

static void running_a_program(void)
{
    char *argv[] = {"true", NULL};
    int pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        execv("/bin/true", argv);
        _exit(99);
    }
    CHECK_EQUAL(ending_of(pid), 0);
}

static void exec_notices_nothing(void)
{
    sweep(running_a_program, "ramfs", KILLS / 2);
}

/* Killed while nobody wants anything of it, again and again. */
static void idle_deaths_change_nothing(void)
{
    fill(text, sizeof text, 8);
    int fd = create(PLACE);
    for (int i = 0; i < 20; i++) {
        CHECK_EQUAL(write(fd, text + i * 3000, 3000), 3000);
        kill_server("ramfs");
        live_server("ramfs");
    }
    holds(PLACE, text, 60000);
    CHECK_EQUAL(unlink(PLACE), 0);
    for (int i = 0; i < 10; i++) {
        kill_server("ramfs");
        sleep_ns(10 * MS);
    }
    CHECK_EQUAL(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQUAL(read(fd, found, sizeof found), 60000);
    CHECK(memcmp(found, text, 60000) == 0);
    close(fd);
}

/* ---- a load that checks itself ---- */

#define FILES 8
#define SIZE_MAX_ 30000

/* What a client knows of its directory. Contents are bytes that follow from a seed and the position. */
struct known {
    bool there;
    int links_to;       /* another file that is the same one, or -1 */
    uint64_t seed, size;
};

static volatile uint64_t *progress; /* shared: of each client, and at the end whether to stop */
static uint64_t dice;

static unsigned below(unsigned n)
{
    dice = dice * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)((dice >> 33) % n);
}

static void name_of(char *to, int client, int file)
{
    snprintf(to, 40, PLACE "/%d/%d", client, file);
}

static void check_file(const char *path, const struct known *k)
{
    struct stat st;
    int result = stat(path, &st);
    if (!k->there) {
        CHECK_EQUAL(result, -1);
        CHECK_EQUAL(errno, ENOENT);
        return;
    }
    CHECK_EQUAL(result, 0);
    CHECK_EQUAL(st.st_size, k->size);
    fill(text, k->size, k->seed);
    holds(path, text, k->size);
}

/* A file with contents of its own, in pieces, some of them appended. */
static void write_file(const char *path, struct known *k)
{
    int fd = k->there ? open(path, O_WRONLY | O_TRUNC) : create(path);
    int end = open(path, O_WRONLY | O_APPEND);
    CHECK(fd >= 0 && end >= 0);
    *k = (struct known){.there = true, .links_to = -1, .seed = dice, .size = below(SIZE_MAX_)};
    fill(text, k->size, k->seed);
    for (uint64_t done = 0; done < k->size;) {
        uint64_t n = 1 + below(8000);
        bool append = below(2);
        if (n > k->size - done)
            n = k->size - done;
        if (!append)
            CHECK_EQUAL(lseek(fd, (off_t)done, SEEK_SET), done);
        CHECK_EQUAL(write(append ? end : fd, text + done, n), n);
        done += n;
    }
    CHECK_EQUAL(close(fd), 0);
    CHECK_EQUAL(close(end), 0);
}

static void client(int me, int clients)
{
    struct known files[FILES] = {0};
    char one[40], two[40];
    dice = (uint64_t)me * 77 + 5;
    snprintf(one, sizeof one, PLACE "/%d", me);
    CHECK_EQUAL(mkdir(one, 0755), 0);
    while (!progress[clients]) {
        int a = (int)below(FILES), b = (int)below(FILES);
        struct known *ka = &files[a], *kb = &files[b];
        name_of(one, me, a);
        name_of(two, me, b);
        switch (below(7)) {
        case 0:
            write_file(one, ka);
            break;
        case 1: /* rename */
            if (!ka->there) {
                CHECK_ERRNO(rename(one, two), ENOENT);
            } else {
                CHECK_EQUAL(rename(one, two), 0);
                if (a != b) {
                    *kb = *ka;
                    ka->there = false;
                }
            }
            break;
        case 2: /* unlink, sometimes while it is open */
            if (!ka->there) {
                CHECK_ERRNO(unlink(one), ENOENT);
            } else {
                int fd = below(2) ? open(one, O_RDWR) : -1;
                CHECK_EQUAL(unlink(one), 0);
                ka->there = false;
                if (fd >= 0) {
                    fill(text, ka->size, ka->seed);
                    CHECK_EQUAL(read(fd, found, sizeof found), ka->size);
                    CHECK(memcmp(found, text, ka->size) == 0);
                    CHECK_EQUAL(close(fd), 0);
                }
            }
            break;
        case 3: /* link, and away with the old name */
            if (ka->there && !kb->there) {
                CHECK_EQUAL(link(one, two), 0);
                CHECK_EQUAL(stat_of(two).st_nlink, 2);
                CHECK_EQUAL(unlink(one), 0);
                CHECK_EQUAL(stat_of(two).st_nlink, 1);
                *kb = *ka;
                ka->there = false;
            }
            break;
        case 4: /* shorter */
            if (ka->there) {
                int fd = open(one, O_RDWR);
                ka->size = ka->size ? below((unsigned)ka->size) : 0;
                CHECK_EQUAL(ftruncate(fd, (off_t)ka->size), 0);
                CHECK_EQUAL(close(fd), 0);
            }
            break;
        case 5: /* a directory, in which one is for a while */
            snprintf(two, sizeof two, PLACE "/%d/dir", me);
            CHECK_EQUAL(mkdir(two, 0755), 0);
            CHECK_EQUAL(chdir(two), 0);
            CHECK_EQUAL(close(create("x")), 0);
            CHECK_ERRNO(rmdir(two), ENOTEMPTY);
            CHECK_EQUAL(unlink("x"), 0);
            CHECK_EQUAL(rmdir(two), 0);
            CHECK_EQUAL(chdir("/"), 0);
            break;
        default:
            check_file(one, ka);
        }
        progress[me]++;
    }
    for (int i = 0; i < FILES; i++) {
        name_of(one, me, i);
        check_file(one, &files[i]);
        if (files[i].there)
            CHECK_EQUAL(unlink(one), 0);
    }
    snprintf(one, sizeof one, PLACE "/%d", me);
    CHECK_EQUAL(rmdir(one), 0);
}

static uint64_t sum(int clients)
{
    uint64_t all = 0;
    for (int i = 0; i < clients; i++)
        all += progress[i];
    return all;
}

/* Between two deaths each client gets on, so that no request meets two of them. */
static void load(int clients, int kills)
{
    int pids[8], memory = memory_create(4096);
    CHECK_EQUAL(memory_commit(memory, 0, 4096), 0);
    progress = map(memory, 0, 4096, MAP_READ | MAP_WRITE);
    CHECK(progress != NULL);
    CHECK_EQUAL(mkdir(PLACE, 0755), 0);
    for (int i = 0; i < clients; i++) {
        pids[i] = fork();
        CHECK(pids[i] >= 0);
        if (pids[i] == 0) {
            client(i, clients);
            _exit(0);
        }
    }
    dice = 99;
    for (int i = 0; i < kills; i++) {
        uint64_t before[8];
        for (int k = 0; k < clients; k++)
            before[k] = progress[k];
        for (int k = 0; k < clients; k++)
            while (progress[k] < before[k] + 2) {
                struct exit_status status;
                CHECK_EQUAL(wait_status(pids[k], &status, WAIT_NOHANG), 0); /* it has not failed */
                sleep_ns(MS / 2);
            }
        sleep_ns(below(2 * MS));
        kill_server("ramfs");
    }
    progress[clients] = 1;
    for (int i = 0; i < clients; i++)
        CHECK_EQUAL(ending_of(pids[i]), 0);
    CHECK(sum(clients) > (uint64_t)kills);
    CHECK_EQUAL(rmdir(PLACE), 0);
}

static void a_client_under_hundreds_of_deaths(void)
{
    load(1, 300);
}

static void four_clients_under_hundreds_of_deaths(void)
{
    load(4, 200);
}

/* Pages of `memory` from *taken on, as long as more than a `part`-th of all frames is left. */
static void take_memory(int memory, uint64_t *taken, uint64_t part)
{
    struct system_info info;
    for (uint64_t pages = 4096; pages > 0; pages /= 2)
        while (system_info(&info) == 0 && info.frames_available > pages + info.frames_total / part &&
               memory_commit(memory, *taken * 4096, pages * 4096) == 0)
            *taken += pages;
    CHECK_EQUAL(system_info(&info), 0);
    CHECK(info.frames_available < info.frames_total / part + 100);
}

/* Files may take all memory but a reserve, and others that: ramfs must start in what is left, which is less, with
 * what it gave back at its end, than it leaves to others when it serves. */
static void ramfs_starts_again_with_little_memory(void)
{
    struct system_info info;
    uint64_t taken = 0;
    int fd = create("/tmp/kept"), large = create("/tmp/large");
    CHECK_EQUAL(write(fd, "kept", 4), 4);
    CHECK_EQUAL(system_info(&info), 0);
    int memory = memory_create(info.frames_total * 4096);
    CHECK(memory >= 0);
    take_memory(memory, &taken, 8);
    while (write(large, text, sizeof text) == sizeof text)
        continue;
    take_memory(memory, &taken, 32);
    for (int i = 0; i < 4; i++) {
        kill_server("ramfs");
        live_server("ramfs");
        CHECK_EQUAL(lseek(fd, 0, SEEK_SET), 0);
        CHECK_EQUAL(read(fd, found, sizeof found), 4);
        CHECK(memcmp(found, "kept", 4) == 0);
    }
    close(memory);
    CHECK_EQUAL(unlink("/tmp/large"), 0);
    CHECK_EQUAL(unlink("/tmp/kept"), 0);
    close(large);
    close(fd);
}

static bool is_stale(int fd)
{
    struct stat st;
    return fstat(fd, &st) < 0 && errno == ESTALE;
}

/* A store that ends every ramfs at its start would end them for ever: after three init makes a new one. SIGSEGV
 * stands for damage here; a ramfs that somebody killed with SIGKILL does not count. */
static void three_deaths_at_the_start_and_the_store_is_made_anew(void)
{
    char c;
    int fd = create("/tmp/kept"), program = open("/bin/sh", O_RDONLY);
    CHECK_EQUAL(write(fd, "x", 1), 1);
    CHECK(program >= 0);
    for (int i = 0; i < 4; i++) { /* the first has served, and what it kept is found again */
        int pid = live_server("ramfs");
        CHECK_EQUAL(kill(pid, i < 3 ? SIGSEGV : SIGKILL), 0);
        while (server_pid("ramfs") == pid)
            sleep_ns(MS / 10);
    }
    CHECK_EQUAL(close(open("/tmp/kept", O_RDONLY)), 0);
    for (int i = 0; i < 4; i++) {
        int pid = live_server("ramfs");
        CHECK_EQUAL(kill(pid, SIGSEGV), 0);
        while (server_pid("ramfs") == pid)
            sleep_ns(MS / 10);
    }
    CHECK(is_stale(fd));
    CHECK_EQUAL(open("/tmp/kept", O_RDONLY), -1);
    CHECK_EQUAL(errno, ENOENT);
    CHECK_EQUAL(read(program, &c, 1), 1); /* what came with the system is there as it was */
    CHECK_EQUAL(c, 0x7f);
    CHECK_EQUAL(close(create("/tmp/kept")), 0);
    CHECK(is_stale(fd)); /* and the new file is not taken for the old one */
    CHECK_EQUAL(unlink("/tmp/kept"), 0);
    close(fd);
    close(program);
}

int main(int argc, char **argv)
{
    check_servers_die = true;
    check_start(argc, argv);
    RUN(idle_deaths_change_nothing);
    RUN(names_change_once);
    RUN(bytes_are_written_once);
    RUN(directories_stay_where_one_is);
    RUN(exec_notices_nothing);
    RUN(a_client_under_hundreds_of_deaths);
    RUN(four_clients_under_hundreds_of_deaths);
    RUN(ramfs_starts_again_with_little_memory);
    RUN(three_deaths_at_the_start_and_the_store_is_made_anew);
    return check_end();
}
