/*
 * What the programs in user/test are made of: named cases, each run in a child process and a job of its own,
 * checks that say what they found, and after each case the proof that nothing leaked. Include it in the one
 * C file of a program; "program" runs all cases, "program NAME" one. tests/inside.py reads what is printed.
 */
#ifndef TEST_CHECK_H
#define TEST_CHECK_H

#include <errno.h>
#include <kinglet/system.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECK_LIMIT_MS 30000 /* of guest time: a case that takes longer hangs */
#define CHECK_SETTLE 200     /* looks, 1 ms apart, until what is still under way has ended */
#define CHECK_CALM 10        /* looks that show the same */
#define MS 1000000ULL

#define CHECK(condition) \
    do { \
        if (!(condition)) \
            check_failed(__FILE__, __LINE__, #condition, 0, 0, false); \
    } while (0)

/* Two numbers; both are shown when they differ. */
#define CHECK_EQUAL(found, wanted) \
    do { \
        long check_found = (long)(found), check_wanted = (long)(wanted); \
        if (check_found != check_wanted) \
            check_failed(__FILE__, __LINE__, #found " is " #wanted, check_found, check_wanted, true); \
    } while (0)

/* A POSIX call that has to fail with this error. */
#define CHECK_ERRNO(call, error) \
    do { \
        errno = 0; \
        long check_result = (long)(call); \
        CHECK_EQUAL(check_result, -1); \
        CHECK_EQUAL(errno, error); \
    } while (0)

#define RUN(name) check_run(#name, name)

static const char *check_only; /* the one case to run, or NULL */
static int check_failures;
static unsigned check_patience = 1; /* times CHECK_LIMIT_MS: of programs with cases of ten thousand rounds on many harts */
static bool check_servers_die; /* the program kills servers itself: it may take longer, too */

__attribute__((noinline, cold)) static void check_failed(const char *file, int line, const char *what, long found,
                                                         long wanted, bool numbers)
{
    int error = errno;
    fflush(stdout);
    dprintf(2, "%s:%d: not true: %s", file, line, what);
    if (numbers)
        dprintf(2, " (%ld, not %ld)", found, wanted);
    dprintf(2, " [pid %d, errno %d %s]\n", getpid(), error, strerror(error));
    _exit(1);
}

/* A system call as such: any number, any arguments; the result as the kernel gives it. */
static inline long raw6(long number, long a, long b, long c, long d, long e, long f)
{
    register long a0 __asm__("a0") = a;
    register long a1 __asm__("a1") = b;
    register long a2 __asm__("a2") = c;
    register long a3 __asm__("a3") = d;
    register long a4 __asm__("a4") = e;
    register long a5 __asm__("a5") = f;
    register long a6 __asm__("a6") = 0;
    register long a7 __asm__("a7") = number;
    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6), "+r"(a7)
                     :
                     : "memory");
    return a0;
}
#define raw(number, a, b, c) raw6(number, (long)(a), (long)(b), (long)(c), 0, 0, 0)

/* How the child ended: its exit code, or minus the signal that ended it. */
static inline int ending_of(int pid)
{
    struct exit_status status;
    int ended = wait_status(pid, &status, 0);
    if (ended != pid)
        check_failed(__FILE__, __LINE__, "the child was there to be waited for", ended, pid, true);
    return status.signal ? -status.signal : status.code;
}

/* Runs f in a child; gives how it ended, as above. */
static inline int in_child(void (*f)(void))
{
    int pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        f();
        _exit(0);
    }
    return ending_of(pid);
}

/* Waits until a process is blocked for this reason (the name of the wait queue, as ps shows it). */
static inline void wait_until_blocked(int pid, const char *reason)
{
    struct proc_info info;
    for (int i = 0; i < 40000; i++) { /* a hang; ten seconds, as the host may have better things to do */
        CHECK_EQUAL(process_list(pid, &info, 1), 1);
        if (info.pid == pid && info.state == PROC_BLOCKED && strcmp(info.reason, reason) == 0)
            return;
        sleep_ns(MS / 4);
    }
    dprintf(2, "pid %d: state %d, reason \"%s\"\n", info.pid, info.state, info.reason);
    CHECK(!"the process blocks as expected");
}

/* As wait_until_blocked, of a thread. */
static inline void wait_until_thread_blocked(int tid, const char *reason)
{
    struct proc_info info;
    for (int i = 0; i < 40000; i++) {
        CHECK_EQUAL(thread_list(tid, &info, 1), 1);
        if (info.tid == tid && info.state == PROC_BLOCKED && strcmp(info.reason, reason) == 0)
            return;
        sleep_ns(MS / 4);
    }
    CHECK(!"the thread blocks as expected");
}

struct check_count {
    const char *name;
    size_t offset;
};
#define CHECK_COUNT(field) {#field, offsetof(struct system_info, field)}
static const struct check_count check_counts[] = {
    CHECK_COUNT(processes), CHECK_COUNT(jobs),     CHECK_COUNT(spaces),           CHECK_COUNT(handle_tables),
    CHECK_COUNT(pipes),     CHECK_COUNT(channels), CHECK_COUNT(sessions),         CHECK_COUNT(objects),
    CHECK_COUNT(frames_free), CHECK_COUNT(frames_available),
};
#define CHECK_COUNTS (sizeof check_counts / sizeof check_counts[0])
#define CHECK_OBJECTS (CHECK_COUNTS - 2) /* those before frames_free */

static uint64_t check_value(const struct system_info *info, unsigned i)
{
    return *(const uint64_t *)((const char *)info + check_counts[i].offset);
}

/* A server that was started again has touched a few pages more or less than the one before it, as chance will have
 * it. Programs that kill servers do so dozens of times: a frame for each death would be more than this. */
#define CHECK_CHANCE 16

static bool check_same(const struct system_info *a, const struct system_info *b, unsigned i)
{
    uint64_t x = check_value(a, i), y = check_value(b, i);
    uint64_t chance = check_servers_die && i >= CHECK_OBJECTS ? CHECK_CHANCE : 0;
    return x <= y + chance && y <= x + chance;
}

/* Are the first n counts back to what they were? Waits a little for what is still on its way: a close that a
 * server has not heard of yet, an orphan that init has not reaped. */
static bool check_settled(const struct system_info *before, unsigned n, struct system_info *now)
{
    for (int i = 0; i < CHECK_SETTLE; i++) {
        unsigned same = 0;
        system_info(now);
        while (same < n && check_same(now, before, same))
            same++;
        if (same == n)
            return true;
        sleep_ns(MS);
    }
    return false;
}

/* Counts to compare with: those that have not changed for a while. */
static void check_calm(struct system_info *now)
{
    struct system_info last;
    system_info(&last);
    for (int i = 0, calm = 0; i < CHECK_SETTLE && calm < CHECK_CALM; i++) {
        bool same = true;
        sleep_ns(MS);
        system_info(now);
        for (unsigned j = 0; j < CHECK_COUNTS; j++)
            same = same && check_value(now, j) == check_value(&last, j);
        calm = same ? calm + 1 : 0;
        last = *now;
    }
}

/* Is there more of anything than before? Less is no leak: something of the time before was on its way out. */
static bool check_more(const struct system_info *before, const struct system_info *now)
{
    for (unsigned i = 0; i < CHECK_OBJECTS; i++)
        if (check_value(now, i) > check_value(before, i))
            return true;
    return false;
}

static void check_print_difference(const struct system_info *before, const struct system_info *now)
{
    for (unsigned i = 0; i < CHECK_COUNTS; i++)
        if (check_value(now, i) != check_value(before, i))
            printf("  leaked: %s was %lu, is %lu\n", check_counts[i].name, check_value(before, i),
                   check_value(now, i));
}

/* The pids of init and the servers, summed up: it changes when one has died and was started again. */
static uint64_t check_servers(void)
{
    static struct proc_info list[16];
    uint64_t sum = 0;
    int n = process_list(1, list, 16), session = n > 0 ? list[0].session : 0;
    for (int i = 0; i < n; i++)
        if (list[i].session == session)
            sum = sum * 31 + (uint64_t)list[i].pid;
    return sum;
}

/* Runs a case to its end in a child; says what went wrong, if anything. */
static bool check_once(const char *name, void (*run)(void))
{
    struct exit_status status = {0};
    fflush(stdout);
    int pid = fork();
    if (pid == 0) {
        setjob(0, 0); /* whatever it leaves running can be ended with it */
        run();
        fflush(stdout);
        _exit(0);
    }
    if (pid < 0) {
        printf("%s: FAILED: cannot fork: error %d\n", name, errno);
        return false;
    }
    int handle = process_open(pid), job = 0;
    struct pollfd ended = {.fd = handle, .events = POLLIN};
    int ready = poll(&ended, 1, (check_servers_die ? 10 : (int)check_patience) * CHECK_LIMIT_MS);
    job = getjob(pid);
    close(handle);
    if (ready == 0) {
        dump();
        kill(pid, SIGKILL);
    }
    wait_status(pid, &status, 0);
    if (job > 0 && job != getjob(0))
        kill(-job, SIGKILL);
    if (ready == 0)
        printf("%s: FAILED: did not end\n", name);
    else if (status.signal)
        printf("%s: FAILED: ended by signal %d\n", name, status.signal);
    else if (status.code)
        printf("%s: FAILED\n", name);
    return ready && !status.signal && !status.code;
}

#define CHECK_ATTEMPTS 3
#define CHECK_TOUCHES 8 /* attempts when a server touches, one after the other, pages that it was promised long ago */

/* One case: it must succeed, and all it used must be back. Objects are counted strictly. Frames may move
 * once or twice (slabs with holes, the heap of a server that grew); a leak moves them each time. */
static inline void check_run(const char *name, void (*run)(void))
{
    struct system_info before, after;
    if (check_only && strcmp(check_only, name) != 0)
        return;
    const char *verdict = NULL;
    uint64_t servers = check_servers();
    int attempts = CHECK_ATTEMPTS;
    for (int attempt = 0; attempt < attempts && !verdict; attempt++) {
        system_info(&before);
        if (!check_once(name, run)) {
            check_settled(&before, CHECK_OBJECTS, &after); /* what was left behind is ending: not the next one's */
            check_failures++;
            return;
        }
        if (check_servers() != servers && !check_servers_die) {
            verdict = "FAILED: a server has died";
        } else if (!check_settled(&before, CHECK_OBJECTS, &after)) {
            if (check_more(&before, &after) || attempt == CHECK_ATTEMPTS - 1)
                verdict = "FAILED: objects leaked";
        } else if (check_settled(&before, CHECK_COUNTS, &after)) {
            verdict = "ok";
        } else if (after.frames_available == before.frames_available) {
            attempts = CHECK_TOUCHES;
        }
    }
    if (!verdict)
        verdict = "FAILED: memory leaked";
    printf("%s: %s\n", name, verdict);
    if (strcmp(verdict, "ok") != 0) {
        check_print_difference(&before, &after);
        check_failures++;
    }
    fflush(stdout);
}

static void check_nothing(void)
{
}

/* The first lines of main. One round before it counts: pages of this program that fork and printf touch. */
static inline void check_start(int argc, char **argv)
{
    check_only = argc > 1 ? argv[1] : NULL;
    printf("%s\n", argv[0]);
    check_once("start", check_nothing);
    struct system_info now;
    check_calm(&now);
}

/* Its last. */
static inline int check_end(void)
{
    return check_failures ? 1 : 0;
}

#endif
