/*
 * The process control block and its life: create, fork, exec, exit, wait, kill, jobs.
 * What hangs on a process in higher rooms (handles, root and current directory, messages) is
 * only pointed to here; proc_upcalls tells those rooms when a process forks, execs or ends.
 */
#ifndef KERNEL_PROC_PROC_H
#define KERNEL_PROC_PROC_H

#include "mem/space.h"
#include "mem/user_copy.h"
#include "mem/word.h"
#include "proc/rules.h"
#include "riscv/fp.h"
#include "riscv/trap.h"
#include "sched/task.h"
#include "sched/waitq.h"

#include <kinglet/process.h>

struct job;
struct proc;
struct handle_table; /* ipc */
struct session;
struct channel;
struct request;

/* A place in a job's list of members. kill's cursor is one without a process. */
struct job_link {
    struct list_node node;
    struct proc *proc;
};

/* A program that is ready to run: what exec has built. */
struct program {
    struct space *space; /* NULL: none */
    uint64_t entry, sp, argc;
    char name[PROC_NAME_MAX];
};

/*
 * A call that one thread of a process submits and another makes, which is made for it and never comes to user mode: a
 * *carrier* (proc_carry). Whoever has it carried fills this in and keeps it until `ended`.
 */
struct carried {
    void (*run)(struct carried *);   /* the call itself; the carrier may have been killed before */
    void (*ended)(struct carried *); /* the carrier is among the `gone`. leader->lock is held; must not block */
};

/*
 * A thread. What the threads of a process share (address space, handle table) each has a reference on; what there is
 * once for the process is in the PCB of its first thread, the *leader*, which is therefore the last to go: when it
 * has ended as a thread it waits for the others, and then ends the process (thread.c).
 */
struct proc {
    struct task task; /* must be first: hart->current is both */

    /* constant */
    int32_t pid; /* of the process: all its threads have it */
    int32_t tid; /* its own, out of the same numbers; the leader's is the pid */
    struct proc *leader; /* the process: see below. With a reference, but its own */
    bool daemon;
    uint64_t start_ns;
    struct carried *carries; /* of a carrier; NULL: an ordinary thread */
    int32_t carries_for;     /* and the tid of who submitted it */

    /* refs: the parent's or, of a thread, its process's (until reaped), the pid table's none, process handles,
     * requests, lookups, threads of their leader */
    _Atomic uint32_t refs;

    /* leader->lock */
    struct list_node thread_node; /* on the leader's `threads`, then `gone`; the leader is on neither */
    bool thread_ended;            /* it runs no more in user mode; a leader waits for the others, then ends all */
    struct wait_queue watchers;   /* who waits for its end: to join it, or for a robust lock that it holds */
    bool detached;                /* nobody will join it */
    bool told;                    /* it has been killed by its leader */
    uint64_t value;               /* what it ended with */

    /* `lock` (LOCK_THREADS); the leader's alone, on behalf of the process */
    struct spinlock lock;
    struct list threads;       /* the others that live */
    struct list gone;          /* and those that nobody has joined yet */
    struct wait_queue thread_wait; /* the leader, for the others' ends */
    unsigned siblings;         /* of `threads`: those that are no carriers */
    unsigned running;          /* threads that have not asked to end, carriers not counted */
    bool ending;               /* `status` says how: no more threads, no exec */
    bool execing;              /* one of them has a new program: no more threads, no other exec */
    struct program program;    /* that program, when it was not the leader who called exec */
    uint64_t ran, ran_at[SCHED_MAX_LEVELS], switches; /* of threads that are gone, ticks */
    struct session *root, *cwd; /* ipc's: where paths start */

    /* LOCK_TREE; but for `space` and `name` the leader's alone */
    struct proc *parent;       /* NULL once it has been waited for */
    struct list children;      /* living ones, through `sibling` */
    struct list zombies;       /* those that ended and were not waited for, through `sibling` */
    struct list_node sibling;
    struct wait_queue child_ended; /* wait, and poll on one's own process handle */
    struct wait_queue ended;       /* poll on this process's handle: wake_watchers */
    bool orphan;                   /* init has it only because its parent ended */
    struct exit_status status;     /* set with `ending`; valid for others once it is a zombie */
    struct space *space;           /* changed by itself only; others read it under the lock and take a reference */
    char name[PROC_NAME_MAX];

    /* LOCK_JOB; the leader's alone */
    struct job *job;
    struct job_link job_link;
    uint64_t job_pages;     /* promised pages that its job pays for */
    uint64_t program_pages; /* no fewer than these, which a program needs that is to replace it; 0: there is none */
    uint64_t job_processes; /* and processes: itself and its other threads */

    /* LOCK_PIDS */
    struct proc *pid_next;
    struct list_node all; /* every thread of every process, by rising tid */

    _Atomic uint64_t owed; /* ticks that its carriers have used, and that it has yet to count as its own: settle_time */
    _Atomic int32_t kill_signal; /* the first signal sent to it; with task.killed. 0 there: another reason to end or exec */

    /* its own: touched only by itself, or before it runs and after it ended */
    const struct rules *rules; /* never NULL */
    bool uses_fp;
    struct fp_state fp; /* here, so that a first floating-point instruction needs no memory */
    bool exiting;

    /* ipc's, its own */
    struct handle_table *handles;
    struct list *dropping;      /* messages that it drops just now, or NULL */
    struct channel *serving;    /* the channel whose messages it receives */
    uint64_t serve_buffer, serve_bytes;
    struct proc *payer;         /* whose time it works on, with a reference; NULL: its own */
    struct word_key handed_on;  /* FUTEX_HAND_ON: the word it was woken for last; 0: none */
    uint64_t lock_word;         /* address of the word that it sleeps on, if that names the owner, or 0; others may read it */
};
_Static_assert(offsetof(struct proc, task) == 0, "hart->current points at both");

struct proc_upcalls {
    /* Give the child its handles, root and current directory. 0 or -ENOMEM, nothing done then. */
    int (*fork)(struct proc *parent, struct proc *child);
    /* Give a new thread the handles of its process. */
    void (*thread)(struct proc *leader, struct proc *thread);
    /* exec has succeeded: close what is close-on-exec. */
    void (*exec)(struct proc *p);
    /* Stop serving, and hand on a wake-up: the leader has ended as a thread, but holds the process's handles on. */
    void (*park)(struct proc *p);
    /* Let go of everything. Called by the ending thread itself, and for one that could not be started. */
    void (*exit)(struct proc *p);
    /* A trace ring has another quarter full, or the trace was switched off: tell who reads it. No lock is held. */
    void (*trace_due)(void);
};
extern struct proc_upcalls proc_upcalls;

extern struct spinlock tree_lock; /* LOCK_TREE: parents, children, zombies */
extern struct proc *init_proc;

static inline struct proc *this_proc(void)
{
    return this_hart()->current;
}

/* The process that runs on this hart. */
static inline struct proc *this_process(void)
{
    return this_proc()->leader;
}

static inline struct proc *proc_of(struct task *t)
{
    return (struct proc *)t;
}

static inline struct trap_frame *proc_frame(struct proc *p)
{
    return trap_frame_of(p->task.kernel_stack_top);
}

/* table.c: PCBs and pids */
void proc_init(void);
/* A PCB with a kernel stack and a tid, refs 1, on no run queue, in no tree and no job: of a new process, or of a thread
 * of `leader`. NULL: out of memory. */
struct proc *proc_create(struct proc *leader);
/* The process with this pid, zombies too, with a reference; NULL. */
struct proc *proc_find(int32_t pid);
/* The thread with this tid, likewise. */
struct proc *proc_find_thread(int32_t tid);
/* The first thread with at least this tid, with a reference; NULL. */
struct proc *proc_find_from(int32_t tid);
void proc_get(struct proc *p);
void proc_put(struct proc *p);
/* The pid is free again: when a zombie is reaped, or a fork has failed. */
void proc_forget(struct proc *p);
uint64_t proc_count(void);

/* fork.c */
int proc_fork(int flags); /* -> pid; -EAGAIN job's limit, -ENOMEM, -EDAEMON, -EINVAL, -EINTR killed */

/* Where a new thread first runs: on its own kernel stack, straight to user mode. */
void proc_first_run(void);

/* thread.c */
int proc_thread_create(uint64_t entry, uint64_t sp, uint64_t argument, uint64_t tp); /* -> tid; -EAGAIN, -ENOMEM, -EINTR */
/* Ends the calling thread, and unmaps [stack, stack + bytes) with it. 1, nothing done: it is the last one that runs,
 * and wants to be told. Else it does not return, but when the process is at its end. */
int proc_thread_exit(uint64_t value, uint64_t stack, uint64_t bytes, bool tell_last);
int proc_thread_join(int32_t tid, uint64_t *value); /* -ESRCH, -EINVAL detached, -EDEADLK oneself, -EINTR */
int proc_thread_detach(int32_t tid);                /* -ESRCH, -EINVAL */
/* A new thread of this process, a carrier, makes this call; its name is what ps and the trace show. It starts where the
 * caller stands with the scheduler. -EAGAIN, -ENOMEM, -EINTR as above: then nothing is kept. */
int proc_carry(struct carried *call, const char *name);
/* Frees what is left of detached threads of this process that have ended, carriers among them, and settles what those of the
 * caller's have used. No lock held. */
void proc_reap_threads(void);
/* The calling thread, which is not the leader, is gone. */
_Noreturn void thread_end(uint64_t value);
/* p has run its last instruction in user mode: true for whoever asks from here on, and who watches it is woken. Its
 * leader's lock is held. */
void thread_is_over(struct proc *p);
/* Who has waited among p's watchers leaves them, whatever he was woken for: is p alive? The same lock is held. */
bool thread_watched(struct proc *p, struct waiter *w);
/* An end that thousands may wait for wakes some of them: all at once would be too long with the queue's lock held. Each
 * wakes as many more when it leaves the queue, whether it was woken for that end or not, and so none is forgotten. */
void wake_watchers(struct wait_queue *q);
/* The leader ends the other threads, and returns when there are none. */
void end_threads(struct proc *leader);

/* exit.c */
/* The process ends, whichever of its threads calls this; the first to say how is believed. */
_Noreturn void proc_exit(int32_t code, int32_t signal);
int proc_wait(int32_t pid, struct exit_status *status, int flags); /* pid -1: any; -> pid, 0, -ECHILD, -EINTR */
/* Do init's work for it: reap the orphans that have ended. False: there are none. No lock held. */
bool proc_reap_orphans(void);
/* Is there a zombie that wait would return? tree_lock held. */
bool proc_has_zombie(struct proc *p);

/* kill.c */
int proc_kill(int32_t pid, int32_t signal); /* by this process; -ESRCH, -EPERM, -EINVAL */
int job_kill(int32_t job, int32_t signal);
void proc_end(struct proc *p, int32_t signal); /* no questions asked */

/* info.c */
/* The name that ps, the trace and the line about a fault show. Control characters in it become '?'. */
void proc_set_name(struct proc *p, const char *name);
void proc_describe(struct proc *p, struct proc_info *info, bool whole); /* whole: the process, not the thread */
void proc_figures(struct proc *p, struct pinfo *figures);
void proc_trace_names(void); /* every process's name goes into the trace */
void proc_dump_all(void); /* every process on the kernel's console: ^P, and SYS_dump */

/* A space (may be NULL) is no longer the one that this process runs in: its stack grows no more. */
static inline void proc_detach_stack(struct space *space)
{
    if (!space)
        return;
    spin_lock(&space->lock);
    space->user_sp = NULL; /* points into a kernel stack, which a server's grant may be looking at */
    spin_unlock(&space->lock);
}

/* switch.c: what changes with the process when a hart switches (sched_upcalls.switched) */
void proc_switched(struct task *from, struct task *to);
void proc_before_user(struct trap_frame *frame);   /* trap_upcalls.before_user */
void proc_user_fault(struct trap_frame *frame, uint64_t scause, uint64_t stval);

#endif
