/*
 * For test programs about jobs: a child in a job of its own, with limits.
 */
#ifndef TEST_LIMITED_H
#define TEST_LIMITED_H

#include "check.h"

/* f runs in a child in a job of its own, with limits. The job's id stays in `job`. */
static int job;

static inline int start_limited(void (*f)(void), uint64_t processes, uint64_t pages)
{
    struct job_limits limits = {.max_processes = processes, .max_pages = pages};
    int ends[2];
    char c;
    CHECK_EQUAL(pipe(ends), 0);
    int pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        close(ends[1]);
        CHECK_EQUAL(read(ends[0], &c, 1), 0); /* moved and limited */
        close(ends[0]);
        job = getjob(0);
        f();
        _exit(0);
    }
    job = setjob(pid, 0);
    CHECK(job > 0);
    CHECK_EQUAL(getjob(pid), job);
    CHECK_EQUAL(job_limits(job, &limits, NULL), 0);
    close(ends[0]);
    close(ends[1]);
    return pid;
}

static inline int limited(void (*f)(void), uint64_t processes, uint64_t pages)
{
    return ending_of(start_limited(f, processes, pages));
}

#endif
