/*
 * Every system call number, the unknown ones too, with arguments that are random but not quite senseless: the
 * kernel and the servers stay up, and nothing leaks. "fuzz SEED" runs one round only.
 * Left out is what would end the machine or fill the console; files are made only below /tmp/fuzz.
 */
#include "limited.h"

#include <dirent.h>
#include <fcntl.h>
#include <kinglet/submit.h>
#include <kinglet/thread.h>
#include <sys/stat.h>

#define PLACE "/tmp/fuzz"
#define CALLS 1500
#define ROUND_MS 60 /* a round that blocks is ended then */
#define ROUNDS 30   /* in each case */
#define NEVER_MAPPED 0x2000000000 /* docs/architecture.md, "Memory layout" */
#define QUEUE 40    /* a completion handle */
#define MOUNTED 50  /* the one session that is ever mounted: it leads to nobody */

static _Thread_local uint64_t seed; /* each thread's own, so that they do not depend on one another */
static volatile int some_thread;    /* the last that was made */
static char area[3 * 4096] __attribute__((aligned(4096)));
static char *heap_end;

static uint64_t draw(uint64_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % below;
}

static const char *some_path(void)
{
    static const char *const paths[] = {
        "a", "b", "a/b", "b/a", PLACE "/a", PLACE "/b", PLACE "/c/d", "../fuzz/a", "./b", "c", "", ".", "a/../b",
        "nothing/at/all", "a\nb",
    };
    static char longest[2 * PATH_MAX];
    if (draw(30) == 0) {
        memset(longest, draw(2) ? 'x' : '/', sizeof longest - 1);
        longest[draw(sizeof longest)] = '\0';
        return longest;
    }
    return paths[draw(sizeof paths / sizeof paths[0])];
}

static uint64_t some_pointer(void)
{
    switch (draw(12)) {
    case 0:
        return 0;
    case 1:
        return 0xffffffc080200000 + draw(1 << 20);
    case 2:
        return (uint64_t)heap_end - draw(64);
    case 3:
        return (1ul << 38) - draw(64);
    case 4:
        return UINT64_MAX - draw(4096);
    case 5:
        return (uint64_t)some_pointer; /* text */
    case 6:
        return 1ul << draw(64);
    default:
        return (uint64_t)area + draw(sizeof area);
    }
}

static uint64_t some_number(void)
{
    switch (draw(10)) {
    case 0:
        return 1ul << draw(64);
    case 1:
        return (1ul << draw(64)) - 1;
    case 2:
        return 0ul - draw(100);
    case 3:
        return seed;
    case 4:
        return draw(70000);
    case 5:
        return INT32_MAX + draw(3);
    default:
        return draw(20);
    }
}

static uint64_t some_argument(void)
{
    switch (draw(6)) {
    case 0:
        return some_pointer();
    case 1:
        return (uint64_t)some_path();
    case 2:
    case 3:
        return draw(18); /* a handle, perhaps */
    default:
        return some_number();
    }
}

static void end_at_once(void)
{
    raw(SYS_thread_exit, 0, 0, 0);
}

/* A call to be submitted: its number and arguments as random as those of the others. */
static _Thread_local struct submission submitted;

static bool tame(uint64_t number, uint64_t a[7]);

static bool tame_submission(uint64_t a[7])
{
    uint64_t inner[7];
    for (int i = 0; i < 7; i++)
        inner[i] = some_argument();
    submitted.tag = draw(4);
    submitted.number = draw(3) ? draw(SYS_COUNT) : (uint64_t)(draw(2) ? SYS_read : SYS_write);
    bool good = submitted.number == SYS_submit || tame(submitted.number, inner);
    memcpy(submitted.argument, inner, sizeof submitted.argument);
    if (draw(8))
        a[1] = (uint64_t)&submitted;
    return good;
}

/* False: this call is left out. */
static bool tame(uint64_t number, uint64_t a[7])
{
    static const int own[] = {0x3ffffff0, INT32_MIN, -0x3ffffff0};
    switch (number) {
    case SYS_exit:
        return draw(100) == 0;
    case SYS_power:
        return a[0] > 1;
    case SYS_dump:
    case SYS_sched_set: /* has a case of its own */
    case SYS_trace_control:
    case SYS_trace_filter:
        return false;
    case SYS_log:
        a[0] = NEVER_MAPPED + draw(4096);
        return true;
    case SYS_kill:
        a[0] = draw(20) == 0 ? (uint64_t)getpid() : (uint64_t)own[draw(3)];
        return true;
    case SYS_fork:
        return draw(10) == 0;
    case SYS_thread_create:
        if (draw(50)) { /* else the process ends soon */
            a[0] = (uint64_t)end_at_once;
            a[1] = (uint64_t)area + sizeof area - draw(16) * 16;
        }
        return true;
    case SYS_thread_join:
    case SYS_thread_detach:
        a[0] = draw(3) ? (uint64_t)some_thread : a[0];
        return true;
    case SYS_thread_exit:
        return draw(100) == 0;
    case SYS_exec:
        a[0] = (uint64_t)some_path();
        return true;
    case SYS_sleep:
        a[0] = draw(50) ? draw(100000) : some_number();
        return true;
    case SYS_poll:
    case SYS_futex_wait:
        a[2] = draw(50) ? draw(100000) : some_number();
        return true;
    case SYS_message_send:
    case SYS_message_receive:
        a[4] = draw(4) ? draw(3) : a[4];
        a[5] = draw(50) ? draw(100000) : some_number();
        return true;
    case SYS_wait:
        a[2] |= draw(20) ? WAIT_NOHANG : 0;
        return true;
    case SYS_receive:
    case SYS_reply_receive:
        return draw(60) == 0; /* they mostly block */
    case SYS_set_root:
        return draw(20) == 0;
    case SYS_chdir:
        a[0] = (uint64_t)(draw(2) ? PLACE : some_path());
        return true;
    case SYS_mknod:
        a[0] = (uint64_t)some_path();
        a[2] = draw(5); /* major 0: never the console */
        return true;
    case SYS_mount:
        a[0] = (uint64_t)some_path();
        a[1] = MOUNTED;
        return true;
    case SYS_open:
        a[1] = draw(2) ? O_RDWR | O_CREAT : a[1] | O_NONBLOCK;
        /* fall through */
    case SYS_stat:
    case SYS_mkdir:
    case SYS_rmdir:
    case SYS_unlink:
    case SYS_unmount:
        if (draw(4))
            a[0] = (uint64_t)some_path();
        return true;
    case SYS_link:
    case SYS_rename:
        a[0] = (uint64_t)some_path();
        a[1] = draw(4) ? (uint64_t)some_path() : some_pointer();
        return true;
    case SYS_ftruncate:
        a[1] = draw(3) ? draw(100000) : some_number();
        return true;
    case SYS_sbrk:
    case SYS_sbrk_lazy:
        a[0] = draw(3) ? draw(1 << 20) : some_number();
        return true;
    case SYS_submit:
        a[0] = draw(4) ? QUEUE : a[0];
        return tame_submission(a);
    case SYS_submit_cancel:
        a[0] = draw(4) ? QUEUE : a[0];
        a[1] = draw(5);
        return true;
    case SYS_call:
        if (draw(2))
            a[1] = MSG_PRIVATE + draw(4);
        return a[1] != MSG_REGISTER_DRIVER;
    default:
        return true;
    }
}

static void make_things(void)
{
    int ends[2];
    CHECK_EQUAL(dup2(open("/dev/null", O_RDWR), 0), 0);
    CHECK(dup2(0, 1) == 1 && dup2(0, 2) == 2 && close(3) == 0);
    heap_end = sbrk(0);
    heap_end += sbrk(4096 - (long)heap_end % 4096) ? 4096 - (long)heap_end % 4096 : 0;
    chdir(PLACE);
    open("a", O_RDWR | O_CREAT, 0666);
    open("/README", O_RDONLY);
    open(PLACE, O_RDONLY | O_DIRECTORY); /* as a root, it keeps all names below it */
    pipe2(ends, O_NONBLOCK);
    pipe2(ends, O_NONBLOCK);
    message_pipe(ends, 0, 0, 0);
    dup2(completion_create((int)draw(2) * O_NONBLOCK), QUEUE);
    int channel = channel_create((int)draw(draw(4) ? 10 : 256)), nobodys = channel_create(0);
    channel_connect(channel, draw(3), (int)draw(8));
    dup2(channel_connect(nobodys, 1, SESSION_READ), MOUNTED);
    close(nobodys);
    if (draw(8)) /* a call to itself is refused then, and does not wait for ever */
        channel_serve(channel, area, sizeof area);
    process_open(getpid());
    process_open(1);
    for (size_t i = 0; i < sizeof area; i++)
        area[i] = (char)(draw(3) ? draw(256) : draw(12));
}

static int only = -1; /* one number for all calls, or -1 */

static void *random_calls(void *start)
{
    seed += (uint64_t)start; /* all the same in the first thread */
    for (int i = 0; i < CALLS; i++) {
        uint64_t number = only >= 0 ? (uint64_t)only : draw(20) == 0 ? some_number() : draw(SYS_COUNT), a[7];
        for (int n = 0; n < 7; n++)
            a[n] = some_argument();
        if (tame(number, a)) {
            register long a0 __asm__("a0") = (long)a[0];
            register long a1 __asm__("a1") = (long)a[1];
            register long a2 __asm__("a2") = (long)a[2];
            register long a3 __asm__("a3") = (long)a[3];
            register long a4 __asm__("a4") = (long)a[4];
            register long a5 __asm__("a5") = (long)a[5];
            register long a6 __asm__("a6") = (long)a[6];
            register long a7 __asm__("a7") = (long)number;
            __asm__ volatile("ecall"
                             : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6), "+r"(a7)
                             :
                             : "memory");
            if (number == SYS_thread_create && a0 > 0)
                some_thread = (int)a0;
        }
    }
    return NULL;
}

static void one_round(void)
{
    make_things();
    random_calls(NULL);
}

/* Four threads that share all that the calls can harm. */
static void one_round_of_threads(void)
{
    make_things();
    for (uint64_t i = 1; i < 4; i++)
        thread_create(random_calls, (void *)(seed + i));
    random_calls(NULL);
}

static void remove_tree(const char *path)
{
    char below[PATH_MAX];
    DIR *directory;
    struct dirent *entry;
    while (unmount(path) == 0)
        ;
    directory = opendir(path);
    while (directory && (entry = readdir(directory)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
        remove_tree(below);
    }
    if (directory)
        closedir(directory);
    if (unlink(path) < 0)
        rmdir(path);
}

/* A round in a job of its own, which cannot take too much; ended when it takes too long. */
static void fuzz_round_of(void (*round)(void), uint64_t start)
{
    CHECK(mkdir(PLACE, 0777) == 0 || errno == EEXIST);
    seed = start;
    int pid = start_limited(round, 12, 4000), handle = process_open(pid);
    struct pollfd ended = {.fd = handle, .events = POLLIN};
    poll(&ended, 1, ROUND_MS);
    close(handle);
    kill(-job, SIGKILL);
    CHECK_EQUAL(wait_status(pid, NULL, 0), pid);
    remove_tree(PLACE);
    struct stat st;
    CHECK_ERRNO(stat(PLACE, &st), ENOENT);
    CHECK_EQUAL(stat("/bin/sh", &st), 0);
}

static void fuzz_round(uint64_t start)
{
    fuzz_round_of(one_round, start);
}

static void rounds(uint64_t start)
{
    for (uint64_t i = 0; i < ROUNDS; i++)
        fuzz_round(start * 1000 + i);
}

static void random_calls_harm_nobody_1(void)
{
    rounds(1);
}

static void random_calls_harm_nobody_2(void)
{
    rounds(2);
}

static void random_calls_harm_nobody_3(void)
{
    rounds(3);
}

static void random_calls_of_threads_harm_nobody(void)
{
    for (uint64_t i = 0; i < ROUNDS; i++)
        fuzz_round_of(one_round_of_threads, 4000 + i);
}

/* Each number has a round to itself, so that rare conditions of one call come together. */
static void each_call_by_itself_harms_nobody(void)
{
    for (only = 0; only < SYS_COUNT; only++)
        fuzz_round(77 + (uint64_t)only);
}

static void unknown_numbers_are_enosys(void)
{
    static const long unknown[] = {0, 19, 29, 49 + SYS_COUNT, 62, 69, 85, 89, 95, 99, 126, 127, 128, 129, 1000,
                                   INT32_MAX, INT64_MAX, INT64_MIN, -1, -1000, 1l << 32 | SYS_getpid};
    for (unsigned i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        CHECK_EQUAL(raw(unknown[i], 1, 2, 3), -ENOSYS);
}

static void senseless_scheduling_is_refused(void)
{
    struct sched_params now, bad, after;
    CHECK_EQUAL(sched_get(&now), 0);
#define REFUSED(...) \
    do { \
        bad = now; \
        __VA_ARGS__; \
        CHECK_EQUAL(sched_set(&bad), -EINVAL); \
    } while (0)
    REFUSED(strcpy(bad.policy, "fifo"));
    REFUSED(memset(bad.policy, 'm', sizeof bad.policy));
    REFUSED(bad.policy[0] = '\0');
    REFUSED(bad.levels = 0);
    REFUSED(bad.levels = SCHED_MAX_LEVELS + 1);
    REFUSED(bad.levels = UINT32_MAX);
    REFUSED(bad.slice_ns[0] = 0);
    REFUSED(bad.slice_ns[0] = UINT64_MAX);
    REFUSED(bad.slice_ns[now.levels - 1] = 0);
    REFUSED(bad.slice_ns[0] = 1);
    REFUSED(bad.boost_ns = UINT64_MAX);
    REFUSED(bad.boost_ns = 1);
    CHECK_EQUAL(sched_get(&after), 0);
    CHECK(memcmp(&now, &after, sizeof now) == 0);
}

int main(int argc, char **argv)
{
    if (argc > 1 && argv[1][0] >= '0' && argv[1][0] <= '9') {
        fuzz_round(strtoul(argv[1], NULL, 0));
        return 0;
    }
    check_start(argc, argv);
    RUN(unknown_numbers_are_enosys);
    RUN(senseless_scheduling_is_refused);
    RUN(random_calls_harm_nobody_1);
    RUN(random_calls_harm_nobody_2);
    RUN(random_calls_harm_nobody_3);
    RUN(random_calls_of_threads_harm_nobody);
    RUN(each_call_by_itself_harms_nobody);
    return check_end();
}
