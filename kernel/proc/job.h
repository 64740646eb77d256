/*
 * Jobs: sets of processes, inherited by fork. The unit of ^C, of limits, and (through the session,
 * the nearest job above that was made one) of the right to kill. Jobs form a tree; a limit holds for
 * everything below it, so that a fork bomb gains nothing by making jobs of its own.
 */
#ifndef KERNEL_PROC_JOB_H
#define KERNEL_PROC_JOB_H

#include "proc/proc.h"

#define JOB_DEPTH_MAX 16

struct job {
    /* all LOCK_JOB */
    uint32_t refs; /* members and child jobs */
    int32_t id;
    uint32_t depth;
    struct job *parent;
    struct job *session; /* itself when it heads one */
    struct list members; /* struct job_link */
    struct list_node all;
    uint64_t processes, pages;         /* in use here and below */
    uint64_t max_processes, max_pages; /* here and below */
    uint32_t ending;                   /* calls of job_kill under way for all that is here and below */
};

void jobs_init(void);
uint64_t job_count(void);
struct job *job_root(void);

/* Make `p`, which is in no job, a member of the forker's job (of `job` when there is no forker), paying for
 * `pages`. -EAGAIN: limit of processes; -ENOMEM: limit of pages; -EINTR: the forker has been killed, or is about to be. */
int job_add(struct job *job, struct proc *p, uint64_t pages, struct proc *forker);
void job_remove(struct proc *p);
/* One more thread of the process, which counts as a process: -EAGAIN, -EINTR it has been killed. One less. */
int job_add_thread(struct proc *leader);
void job_remove_thread(struct proc *leader);
/* The job pays for what the process's address space costs now. -ENOMEM: a limit, and it pays what it did before. */
int job_settle(struct proc *p);
/* A program of so many pages is to replace the process's: until it has, the job pays for the larger of the two, whatever
 * other threads settle for. -ENOMEM: a limit; -EINTR: another program is to replace it already. */
int job_expect(struct proc *p, uint64_t pages);
/* That program's space is the process's now; or (0 pages) it has none any more. What is paid beyond that goes back. */
void job_replace(struct proc *p, uint64_t pages);

/* Kernel memory that the current process's job pays for (a pipe's), whoever lets go of it last. NULL: a
 * limit. job_repay gives the pages and the reference back. */
struct job *job_pay(uint64_t pages);
void job_repay(struct job *job, uint64_t pages);
int job_adjust(struct job *job, int64_t delta); /* pays for more or fewer pages; -ENOMEM: a limit */

/* The system calls, for the current process. */
int job_set(int32_t pid, int32_t id);   /* -> job id; -EAGAIN, -ESRCH, -EPERM, -ENOMEM, -EINTR killed */
int job_of(int32_t pid);
int job_new_session(void);
int job_limit(int32_t id, const struct job_limits *set, struct job_limits *old);

/* Does it belong to init's own session, as the servers do? Takes LOCK_JOB. */
bool job_is_system(const struct proc *p);

/* May `by` end processes of `job`? LOCK_JOB held. */
bool job_may_kill(const struct proc *by, const struct job *job);
struct job *job_find(int32_t id); /* LOCK_JOB held */
/* The job made next after this one of those below `top`, or NULL. LOCK_JOB held. */
struct job *job_next_below(const struct job *job, const struct job *top);
void job_release(struct job *job); /* one reference less; LOCK_JOB held */
extern struct spinlock job_lock;

#endif
