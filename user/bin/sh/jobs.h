/*
 * The processes that one pipeline became. See jobs.c.
 */
#ifndef SH_JOBS_H
#define SH_JOBS_H

#include "sh.h"

struct member {
    int pid;
    int status; /* as waitpid gives it, when done */
    bool done;
    char *name;
};
struct job {
    struct job *next;
    int number;     /* [1], 0: it is not in the background */
    int kernel_job; /* 0: it lives in the shell's own job */
    char *text;
    struct member *members;
    int count;
    int gate[2]; /* members wait at this pipe until all of them are in the kernel's job; -1: no gate */
};

struct job *job_new(char *text); /* takes the text over; NULL after a message: it cannot be made */
int job_fork(struct job *j, const char *name); /* pid, 0 in the child, -1 after a message */
void job_start(struct job *j, bool foreground); /* all have been forked: let them run */
void job_abandon(struct job *j); /* a fork failed half-way: ends those that wait at the gate; frees j */
int job_wait(struct job *j);     /* waits for all of a foreground job, frees it; its exit status */
int job_wait_background(struct job *only); /* `wait`: frees what has ended; NULL: all; the exit status */
bool job_done(const struct job *j);
int job_status(const struct job *j);
void jobs_background(struct job *j); /* gives it a number and says so */
void jobs_report(bool all);      /* tells of those that have ended; all: also those that run */
struct job *job_find(const char *what); /* "%1", "%%" or a pid; NULL: none */
void jobs_forget(void);          /* in a forked shell: its parent's jobs are not its children */
/* Whom ^C ends; 0: it interrupts reading. -> whether it was typed since the last call; the new job
 * has been interrupted then. */
bool terminal_foreground(int kernel_job);
/* Whether ^C was typed while the shell itself was busy; the first call only starts to watch for it. */
bool interrupt_asked(void);
void watch_stop(void); /* the command is over: ^C interrupts reading again */
const char *signal_text(int signal);

#endif
