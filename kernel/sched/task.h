/*
 * The part of a PCB that the scheduler works on. A struct task is the first member of every
 * struct proc; the scheduler knows nothing of the rest. Each hart also has an idle task.
 */
#ifndef KERNEL_SCHED_TASK_H
#define KERNEL_SCHED_TASK_H

#include "riscv/hart.h"
#include "riscv/switch.h"
#include "sched/policy.h"

#include <kinglet/trace.h>
#include <stdatomic.h>

/* What became of a task: the figures by which policies are compared. Times are ticks. */
struct figures {
    uint64_t made_at, first_run_at, ended_at; /* 0: not yet */
    uint64_t waited;                          /* READY, in all */
    uint64_t blocked[WAIT_REASONS];           /* BLOCKED, for each reason */
    uint64_t bursts;                          /* how often it became ready to run: made, or woken */
    uint64_t involuntary;                     /* of its switches: preempted, or at the end of a slice */
    uint64_t switches_before, ran_before;     /* sched_arrive: these do not count... */
    uint64_t ran_at_before[SCHED_MAX_LEVELS]; /* ...nor do these */
};

struct task {
    /* the run queue's lock of hart `hart` (but what an account holds: see policy.h) */
    struct sched_entity entity;
    uint64_t switches;
    uint64_t ready_at; /* ticks: when it became ready, of one that is on a run queue; else 0 */
    struct figures figures;
    bool arrives;      /* its next wake-up makes it a new one: sched_arrive */
    bool arrived;      /* that has been */

    /* Where it runs, last ran, or is queued. Changed by whoever owns the task, which is then on no queue and
     * on no hart, with the lock of the *old* hart's run queue held: so it stays what it is for anyone who
     * has locked that queue and looked again (sched.c, dispatch_home). */
    struct hart *_Atomic hart;

    /* changed by compare-and-swap alone: whoever moves BLOCKED to READY owns it until it is on a run queue */
    _Atomic uint32_t state; /* enum proc_state */
    /* still on a hart's stack: another hart must wait for this to clear before it switches to it */
    _Atomic bool on_hart;
    /* set once, by kill; seen wherever the task blocks and before it returns to user mode */
    _Atomic bool killed;

    /* its own */
    struct context context;
    void *kernel_stack_top;
    enum wait_reason reason; /* blocked: what it waits for */
    uint64_t blocked_at;     /* ticks: since when */
    int32_t waits_for;       /* blocked: pid or tid of whom it waits for, or 0 */
    int32_t pid;             /* for the trace; 0: idle */
};

/* The task that runs on this hart. */
static inline struct task *this_task(void)
{
    return (struct task *)this_hart()->current;
}

#endif
