/*
 * Operations on processes: the shortest call, giving way, and the life of a child.
 */
#include "ops.h"

#include <kinglet/system.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define HEAP (8 << 20)

static int expected_pid;

static void getpid_start(void)
{
    expected_pid = getpid();
}

static void getpid_round(void)
{
    MUST(getpid() == expected_pid);
}

static void yield_round(void)
{
    yield();
}

static void yield_for_ever(void)
{
    for (;;)
        yield();
}

static void yield_switch_start(void)
{
    helper(yield_for_ever);
}

static void reap(int pid)
{
    int status;
    MUST(waitpid(pid, &status, 0) == pid);
    MUST(status == 0);
}

static void fork_round(void)
{
    int pid = fork();
    MUST(pid >= 0);
    if (pid == 0)
        _exit(0);
    reap(pid);
}

static void fork_heap_start(void)
{
    char *heap = malloc(HEAP);
    MUST(heap);
    memset(heap, 1, HEAP);
}

static void fork_exec_round(void)
{
    static char *const arguments[] = {"true", NULL};
    int pid = fork();
    MUST(pid >= 0);
    if (pid == 0) {
        execv("/bin/true", arguments);
        _exit(1);
    }
    reap(pid);
}

const struct op process_ops[] = {
    {"getpid", getpid_round, getpid_start, 1000, 1},
    {"yield", yield_round, NULL, 500, 1},
    {"yield_switch", yield_round, yield_switch_start, 100, 2},
    {"fork_exit", fork_round, NULL, 10, 1},
    {"fork_exit_crowd", fork_round, start_crowd, 10, 1},
    {"fork_exit_8m", fork_round, fork_heap_start, 4, 1},
    {"fork_exec", fork_exec_round, NULL, 8, 1},
    OPS_END,
};
