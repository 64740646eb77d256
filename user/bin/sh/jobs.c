/*
 * Jobs: the processes of one pipeline, which ^C ends together and `wait` waits for.
 * Called by run, $(…) and the builtins. Only the interactive shell makes kernel jobs; elsewhere
 * the processes stay in the shell's own, so that ending that job ends them all.
 * Must never wait for a process that it does not know to be its child.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kinglet/system.h>

#include "../signals.h"
#include "../terminal.h"
#include "jobs.h"

static struct job *jobs; /* all that have been started and not been waited for, newest first */

/* While the shell itself computes or waits there is no foreground job that ^C could end. So a child is
 * made that does nothing but be that job: its end is the message. NULL: none. */
static struct job *watch;

const char *signal_text(int signal)
{
    static char text[24];
    const struct signal_name *entry = signal_entry(signal);
    if (entry != NULL) {
        return entry->text;
    }
    snprintf(text, sizeof text, "Signal %d", signal);
    return text;
}

bool terminal_foreground(int kernel_job)
{
    if (kernel_job == 0 && watch != NULL) {
        kernel_job = watch->kernel_job;
    }
    /* A terminal that has no notion of a foreground job refuses; then ^C does nothing. */
    bool interrupted = call(shell.terminal, MSG_TTY_FOREGROUND, (uint64_t)kernel_job, 0, NULL, 0, 0) == 1;
    if (interrupted && kernel_job != 0) {
        kill(-kernel_job, SIGINT); /* it came between two jobs: it is for this one */
    }
    return interrupted;
}

struct job *job_new(char *text)
{
    struct job *j = xmalloc(sizeof *j);
    *j = (struct job){.text = text, .gate = {-1, -1}};
    if (shell.interactive && pipe(j->gate) < 0) {
        complain("cannot start %.60s: %s", text, strerror(errno));
        free(j->text);
        free(j);
        return NULL;
    }
    return j;
}

static void job_free(struct job *j)
{
    for (int i = 0; i < j->count; i++) {
        free(j->members[i].name);
    }
    free(j->members);
    free(j->text);
    free(j);
}

static void open_gate(struct job *j)
{
    if (j->gate[0] >= 0) {
        close(j->gate[0]);
        close(j->gate[1]);
        j->gate[0] = j->gate[1] = -1;
    }
}

int job_fork(struct job *j, const char *name)
{
    fflush(stdout);
    int pid = fork();
    if (pid < 0) {
        complain("cannot start %.60s: %s", name, strerror(errno));
        return -1;
    }
    if (pid == 0) {
        become_subshell();
        if (j->gate[0] >= 0) {
            /* The parent puts us into the job, then closes its end: a child that ran ahead
             * could fork, or be gone, before it is in the job that ^C is sent to. */
            char byte;
            close(j->gate[1]);
            while (read(j->gate[0], &byte, 1) > 0) {
            }
            close(j->gate[0]);
        }
        return 0;
    }
    j->members = xrealloc(j->members, (size_t)(j->count + 1) * sizeof *j->members);
    j->members[j->count++] = (struct member){.pid = pid, .name = xstrdup(name)};
    return pid;
}

void job_start(struct job *j, bool foreground)
{
    j->next = jobs;
    jobs = j;
    if (shell.interactive) {
        for (int i = 0; i < j->count; i++) {
            int job = setjob(j->members[i].pid, j->kernel_job);
            if (job > 0) {
                j->kernel_job = job;
            } else if (job != -ESRCH) { /* that one was killed at the gate */
                complain("cannot make a job of %.60s: %s", j->text, strerror(-job));
            }
        }
        if (foreground && j->kernel_job > 0) {
            terminal_foreground(j->kernel_job);
        }
    }
    open_gate(j);
}

/* Notes the end of one child. */
static void note(int pid, int status)
{
    for (struct job *j = jobs; j != NULL; j = j->next) {
        for (int i = 0; i < j->count; i++) {
            if (j->members[i].pid == pid && !j->members[i].done) {
                j->members[i].done = true;
                j->members[i].status = status;
                return;
            }
        }
    }
}

bool job_done(const struct job *j)
{
    for (int i = 0; i < j->count; i++) {
        if (!j->members[i].done) {
            return false;
        }
    }
    return true;
}

/* Waits for the next child to end, whichever it is. */
static void collect_one(void)
{
    int status;
    int pid = waitpid(-1, &status, 0);
    if (pid > 0) {
        note(pid, status);
        return;
    }
    /* No children: what is not done will never be. It cannot happen, and must not become a loop. */
    for (struct job *j = jobs; j != NULL; j = j->next) {
        for (int i = 0; i < j->count; i++) {
            j->members[i].done = true;
        }
    }
}

/* Notes the children that have ended already. */
static void jobs_collect(void)
{
    int pid, status;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        note(pid, status);
    }
}

static void wait_done(struct job *j)
{
    while (!job_done(j)) {
        collect_one();
    }
}

static int exit_code(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int job_status(const struct job *j)
{
    return j->count > 0 ? exit_code(j->members[j->count - 1].status) : 0;
}

/* Takes a job that is done off the list. */
static void forget(struct job *j)
{
    struct job **at = &jobs;
    while (*at != NULL && *at != j) {
        at = &(*at)->next;
    }
    if (*at == j) {
        *at = j->next;
    }
    job_free(j);
}

/* Says who was ended by what; ^C the console has shown, and it drops what was still to be run. */
static void tell_signals(const struct job *j, bool interrupted)
{
    for (int i = 0; i < j->count; i++) {
        int signal = WIFSIGNALED(j->members[i].status) ? WTERMSIG(j->members[i].status) : 0;
        if (signal == SIGINT && shell.interactive) {
            interrupted = true;
        } else if (signal != 0 && signal != SIGPIPE && signal != SIGINT) {
            complain("%s (pid %d): %s", j->members[i].name, j->members[i].pid, signal_text(signal));
        }
    }
    if (interrupted) {
        shell.status = 128 + SIGINT;
        shell.unwind = UNWIND_TOP;
    }
}

static bool was_killed(const struct job *j)
{
    bool any = false;
    for (int i = 0; i < j->count; i++) {
        any |= WIFSIGNALED(j->members[i].status);
    }
    return any;
}

int job_wait(struct job *j)
{
    wait_done(j);
    /* It may have come when the job was as good as over: what follows is not run all the same. */
    bool interrupted = j->kernel_job > 0 && terminal_foreground(0);
    if (shell.interactive && was_killed(j)) {
        terminal_mode(shell.terminal, TERMINAL_LINES); /* it may have left it as only it wanted it */
    }
    int status = job_status(j);
    tell_signals(j, interrupted);
    forget(j);
    return status;
}

void job_abandon(struct job *j)
{
    for (int i = 0; i < j->count; i++) {
        kill(j->members[i].pid, SIGKILL);
    }
    open_gate(j);
    j->next = jobs;
    jobs = j;
    wait_done(j);
    forget(j);
}

/* The child that watches for ^C was ended by it. */
static bool watch_fired(void)
{
    return watch != NULL && job_done(watch);
}

static void watch_start(void)
{
    if (watch != NULL || !shell.interactive) {
        return;
    }
    struct job *j = job_new(xstrdup("^C"));
    int pid = j != NULL ? job_fork(j, "^C") : -1;
    if (pid == 0) {
        setname("sh: waits for ^C");
        for (;;) {
            sleep(1000);
        }
    }
    if (pid < 0) { /* then ^C has to wait as well */
        if (j != NULL) {
            job_abandon(j);
        }
        return;
    }
    job_start(j, true);
    watch = j;
}

void watch_stop(void)
{
    struct job *j = watch;
    if (j != NULL) {
        watch = NULL;
        terminal_foreground(0);
        kill(j->members[0].pid, SIGKILL);
        wait_done(j);
        forget(j);
    }
}

bool interrupt_asked(void)
{
    watch_start();
    jobs_collect();
    return watch_fired();
}

int job_wait_background(struct job *only)
{
    int status = 0;
    struct job *next;
    watch_start();
    for (struct job *j = jobs; j != NULL && shell.unwind == UNWIND_NONE; j = next) {
        next = j->next;
        if (j == watch || (only != NULL && j != only)) {
            continue;
        }
        while (!job_done(j) && !watch_fired()) {
            collect_one();
        }
        if (!job_done(j)) {
            shell.status = status = 128 + SIGINT;
            shell.unwind = UNWIND_TOP;
        } else {
            status = only != NULL ? job_status(j) : 0;
            forget(j);
        }
    }
    watch_stop();
    return status;
}

void jobs_background(struct job *j)
{
    int number = 0;
    for (struct job *other = jobs; other != NULL; other = other->next) {
        if (other->number > number) {
            number = other->number;
        }
    }
    j->number = number + 1;
    shell.background = j->members[j->count - 1].pid;
    if (shell.interactive) {
        dprintf(2, "[%d] %d\n", j->number, shell.background);
    }
}

static void print_job(const struct job *j)
{
    char text[32];
    int last = j->count > 0 ? j->members[j->count - 1].status : 0;
    if (!job_done(j)) {
        snprintf(text, sizeof text, "Running");
    } else if (WIFSIGNALED(last)) {
        snprintf(text, sizeof text, "%s", signal_text(WTERMSIG(last)));
    } else if (WEXITSTATUS(last) != 0) {
        snprintf(text, sizeof text, "Exit %d", WEXITSTATUS(last));
    } else {
        snprintf(text, sizeof text, "Done");
    }
    printf("[%d] %-12s %s\n", j->number, text, j->text);
}

void jobs_report(bool all)
{
    jobs_collect();
    /* The list has the newest first; people count from the oldest. */
    for (int number = 1, seen = 1; seen != 0; number++) {
        struct job *next;
        seen = 0;
        for (struct job *j = jobs; j != NULL; j = next) {
            next = j->next;
            seen |= j->number > number;
            if (j->number == number && (all || job_done(j))) {
                print_job(j);
                if (job_done(j)) {
                    forget(j);
                }
            }
        }
    }
    fflush(stdout);
}

struct job *job_find(const char *what)
{
    long number;
    bool by_number = what[0] == '%';
    bool newest = by_number && (what[1] == '\0' || what[1] == '%' || what[1] == '+');
    if (!newest && parse_number(what + by_number, &number) < 0) {
        return NULL;
    }
    for (struct job *j = jobs; j != NULL; j = j->next) {
        if (newest ? j->number > 0 : by_number && j->number == number) {
            return j;
        }
        for (int i = 0; !by_number && i < j->count; i++) {
            if (j->members[i].pid == number) {
                return j;
            }
        }
    }
    return NULL;
}

void jobs_forget(void)
{
    jobs = NULL; /* not freed: that would only copy pages that exec is about to drop */
    watch = NULL;
}
