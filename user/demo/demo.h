/*
 * What several demos need besides lib/mp: an error ends the program and says what it was; memory to share; a process
 * started, or joined, in one line; and waiting until another process waits.
 * A copy of a demo finds this header, too: make run EXTRA=mine.c CMD=mine
 */
#ifndef DEMO_H
#define DEMO_H

#include <errno.h>
#include <kinglet/system.h>
#include <mp/mp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHILDREN_MAX 64
#define LONG_ENOUGH_MS 20000 /* for anything that happens at all */

/* Ends this process and its children, who might else wait for it, or it for them, for ever. */
static inline _Noreturn void give_up(const char *what, const char *why)
{
    struct mp_process *children[CHILDREN_MAX];
    fprintf(stderr, "%s: %s\n", what, why);
    int n = mp_active_children(children, CHILDREN_MAX);
    for (int i = 0; i < n && i < CHILDREN_MAX; i++) {
        mp_process_kill(children[i]);
    }
    exit(1);
}

/* What a call of lib/mp has given, unless it is an error. */
static inline int64_t must(int64_t result, const char *what)
{
    if (result < 0) {
        give_up(what, strerror((int)-result));
    }
    return result;
}

/* So much memory, zeroes, shared with all processes that are started from now on. */
static inline void *share(size_t bytes)
{
    struct mp_shared *shared;
    must(mp_shared_create(bytes, &shared), "shared memory");
    return mp_shared_alloc(shared, bytes); /* it was made for just that */
}

static inline struct mp_process *start(int (*target)(void *args), void *args)
{
    struct mp_process *process;
    must(mp_process_create(&process, target, args), "a process");
    must(mp_process_start(process), "starting a process");
    return process;
}

/* Waits for the end of one that is to end well. */
static inline void join(struct mp_process *process)
{
    must(mp_process_join(process, -1), "join");
    if (mp_process_exit_code(process) != 0) {
        give_up(mp_process_name(process), "did not end well");
    }
    mp_process_close(process);
}

/* Ends one that would not end by itself. */
static inline void terminate(struct mp_process *process)
{
    must(mp_process_terminate(process), "terminate");
    must(mp_process_join(process, -1), "join");
    mp_process_close(process);
}

/* What ps shows of it. */
static inline struct proc_info look_at(int pid)
{
    struct proc_info info;
    if (must(process_list(pid, &info, 1), "the list of processes") != 1 || info.pid != pid) {
        give_up("the list of processes", strerror(ESRCH));
    }
    return info;
}

/* Until it is blocked, and ps shows this reason; gives what ps shows. */
static inline struct proc_info wait_until_blocked(const struct mp_process *process, const char *reason)
{
    for (int ms = 0; ms < LONG_ENOUGH_MS; ms++) {
        struct proc_info info = look_at(mp_process_pid(process));
        if (info.state == PROC_BLOCKED && strcmp(info.reason, reason) == 0) {
            return info;
        }
        usleep(1000);
    }
    give_up(mp_process_name(process), "does not wait as expected");
}

#endif
