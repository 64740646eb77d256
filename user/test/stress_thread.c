/*
 * Stress: threads that are made, joined, detached and share memory and handles, while their process forks, execs, exits
 * or is killed at any moment.
 */
#include "stress.h"

#include <kinglet/thread.h>

static int pipe_ends[2];
static volatile char *shared;
static volatile bool enough;

#define SHARED_PAGES 8
/* Small families: on many harts each fork and unmap may take 20 ms (docs/limits.md). */
#define DEPTH 2
#define STEPS 5

static __attribute__((noinline)) void *live(void *argument);

/* A thread's own random numbers: the generator of stress.h is not for several. */
static unsigned dice(uint64_t *state, unsigned n)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(*state >> 33) % n;
}

static void some_child(uint64_t *state)
{
    int pid = fork();
    if (pid == 0) {
        for (int i = 0; i < SHARED_PAGES; i++)
            shared[i * 4096 + 1]++;
        if (dice(state, 2))
            thread_exit(NULL);
        _exit(5);
    }
    if (pid > 0) {
        struct exit_status status;
        int ended = wait_status(pid, &status, 0);
        CHECK(ended == pid && !status.signal && (status.code == 5 || status.code == 0));
    }
}

static void do_one(uint64_t *state, int depth)
{
    char byte = 0;
    int tid, fd;
    switch (dice(state, 12)) {
    case 0:
        yield();
        break;
    case 1:
        sleep_ns(dice(state, 1000) * 1000);
        break;
    case 2:
        write(pipe_ends[1], &byte, 1);
        break;
    case 3:
        if (write(pipe_ends[1], &byte, 1) == 1)
            read(pipe_ends[0], &byte, 1);
        break;
    case 4: {
        char *memory = malloc(dice(state, 20000) + 1);
        if (memory)
            memory[0] = 1;
        free(memory);
        break;
    }
    case 5:
        shared[dice(state, SHARED_PAGES) * 4096 + 2 * 8] = (char)depth;
        break;
    case 6:
        some_child(state);
        break;
    case 7:
        fd = open("/bin/ls", O_RDONLY);
        if (fd >= 0) {
            char text[16];
            CHECK(read(fd, text, sizeof text) == sizeof text);
            CHECK_EQUAL(close(fd), 0);
        }
        break;
    case 8: {
        void *page = map(MAP_PRIVATE, 0, 8192, MAP_READ | MAP_WRITE);
        if (page) {
            *(volatile int *)page = 1;
            CHECK_EQUAL(unmap(page, 8192), 0);
        }
        break;
    }
    default:
        if (depth >= DEPTH)
            break;
        tid = thread_create(live, (void *)((*state & ~3ul) | (uint64_t)(depth + 1)));
        if (tid > 0 && dice(state, 3))
            CHECK_EQUAL(thread_join(tid, NULL), 0);
        else if (tid > 0)
            CHECK_EQUAL(thread_detach(tid), 0);
    }
}

static void *live(void *argument)
{
    uint64_t state = (uint64_t)argument;
    int depth = (int)(state & 3);
    for (int i = 0; i < STEPS && !enough; i++)
        do_one(&state, depth);
    return NULL;
}

static void family(int how)
{
    uint64_t state = stress_random() & ~3ul;
    CHECK_EQUAL(pipe(pipe_ends), 0);
    shared = malloc(SHARED_PAGES * 4096 + 4096);
    memset((void *)shared, 0, SHARED_PAGES * 4096);
    for (int i = 0; i < 3; i++)
        thread_create(live, (void *)((state += 1024) & ~3ul));
    live((void *)(state & ~3ul));
    char *argv[] = {"true", NULL};
    switch (how) {
    case 0:
        thread_exit(NULL); /* the others end it, with 0 */
    case 1:
        execv("/bin/true", argv);
        _exit(1);
    default:
        _exit(0);
    }
}

static void end_in_any_way(void)
{
    begin();
    setjob(0, 0);
    while (time_left()) {
        int pid = start(family, (int)below(3));
        int how = ending_of(pid);
        CHECK_EQUAL(how, 0);
    }
}

static void killed_at_any_moment(void)
{
    begin();
    while (time_left()) {
        int pid = start(family, (int)below(3));
        sleep_at_most(10);
        kill_child(pid);
        ended_or_killed(pid, 0);
    }
}

static char end_code[8];

static void *end_somehow(void *argument)
{
    uint64_t state = (uint64_t)argument;
    char *argv[] = {"sh", "-c", end_code, NULL};
    sleep_ns(dice(&state, 1000) * 1000);
    switch (dice(&state, 3)) {
    case 0:
        execv("/bin/sh", argv);
        return NULL;
    case 1:
        _exit(4);
    default:
        return NULL;
    }
}

/* Several exec and exit at once: one of them is first, and the process ends once, by that. */
static void race(int n)
{
    strcpy(end_code, "exit 4");
    for (int i = 0; i < n; i++)
        thread_create(end_somehow, (void *)(stress_random() | 4));
    if (one_in(2))
        thread_exit(NULL);
    if (one_in(2))
        end_somehow((void *)stress_random());
    _exit(4);
}

static void exec_and_exit_at_once(void)
{
    begin();
    while (time_left()) {
        int pid = start(race, (int)below(4) + 1);
        int how = ending_of(pid);
        CHECK(how == 4 || how == 0);
    }
}

int main(int argc, char **argv)
{
    stress_start(argc, argv);
    RUN(end_in_any_way);
    RUN(killed_at_any_moment);
    RUN(exec_and_exit_at_once);
    return check_end();
}
