/*
 * The builtins about jobs: wait, jobs, fg, kill. Called by run.
 * Must never wait for a job that is not the shell's own.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "../signals.h"
#include "jobs.h"

int builtin_wait(int argc, char **argv)
{
    int status = 0;
    if (argc == 1) {
        return job_wait_background(NULL);
    }
    for (int i = 1; i < argc && shell.unwind == UNWIND_NONE; i++) {
        struct job *j = job_find(argv[i]);
        if (j == NULL) {
            complain("wait: %s: no such job or child", argv[i]);
            status = 127;
        } else {
            status = job_wait_background(j);
        }
    }
    return status;
}

int builtin_jobs(int argc, char **argv)
{
    jobs_report(true);
    return 0;
}

int builtin_fg(int argc, char **argv)
{
    struct job *j = job_find(argc > 1 ? argv[1] : "%%");
    if (j == NULL) {
        complain("fg: no such job");
        return 1;
    }
    printf("%s\n", j->text);
    fflush(stdout);
    if (j->kernel_job > 0 && shell.interactive) {
        terminal_foreground(j->kernel_job);
    }
    return job_wait(j);
}

static int kill_one(const char *target, int signal)
{
    struct job *j = target[0] == '%' ? job_find(target) : NULL;
    long number = 0;
    int result = 0;
    if (j == NULL && (target[0] == '%' || parse_number(target, &number) < 0)) {
        complain("kill: %s: no such job; a pid, -job or %%job is expected", target);
        return 1;
    }
    if (j == NULL) {
        result = kill((int)number, signal);
    } else if (j->kernel_job > 0) {
        result = kill(-j->kernel_job, signal);
    } else {
        for (int i = 0; i < j->count; i++) {
            result |= kill(j->members[i].pid, signal);
        }
    }
    if (result < 0) {
        complain("kill: %s: %s", target, strerror(errno));
    }
    return result < 0;
}

int builtin_kill(int argc, char **argv)
{
    int signal = SIGTERM;
    int i = 1;
    int status = 0;
    if (argc > 1 && strcmp(argv[1], "-l") == 0) {
        for (size_t s = 0; s < SIGNAL_NAMES; s++) {
            printf("%2d %s\n", signal_names[s].number, signal_names[s].name);
        }
        return 0;
    }
    if (argc > 2 && strcmp(argv[1], "-s") == 0) {
        signal = signal_number(argv[2]);
        i = 3;
    } else if (argc > 1 && argv[1][0] == '-' && strcmp(argv[1], "--") != 0) {
        signal = signal_number(argv[1] + 1);
        i = 2;
    }
    if (i < argc && strcmp(argv[i], "--") == 0) {
        i++;
    }
    if (signal < 0 || i >= argc) {
        complain(signal < 0 ? "kill: %s: no such signal (kill -l lists them)"
                            : "usage: %s [-SIGNAL] pid | -job | %%job ...", signal < 0 ? argv[1] : "kill");
        return 2;
    }
    for (; i < argc; i++) {
        status |= kill_one(argv[i], signal);
    }
    return status;
}
