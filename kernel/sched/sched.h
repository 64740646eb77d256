/*
 * Dispatch: which task runs on this hart, and the switch to it. All of it runs with interrupts off;
 * a task is preempted only on its way back to user mode, or where long kernel work breathes.
 */
#ifndef KERNEL_SCHED_SCHED_H
#define KERNEL_SCHED_SCHED_H

#include "sched/task.h"

#include <kinglet/process.h>

/* What the scheduler must ask of higher rooms; filled in by main. */
struct sched_upcalls {
    /* About to leave `from` for `to` on this hart: address space, floating point. No lock held. */
    void (*switched)(struct task *from, struct task *to);
};
extern struct sched_upcalls sched_upcalls;

/* Boot, before the other harts start: queues, timers, and each hart's idle task, which is what it runs
 * first. */
void sched_init(void);
/* The rest of this hart's life, as its idle task. Interrupts that are due are handled here. */
_Noreturn void sched_idle(void);

/* Prepares a task that no one has run yet (zeroed memory). It is on no queue, and cannot be woken. */
void sched_task_init(struct task *t, void *kernel_stack_top);
/* Puts a new task at the place where its policy wants new ones. */
void sched_start(struct task *t);

/* As sched_start, but it stands where the current task does, or the client that this works for: at that level, with
 * what is left of that slice. */
void sched_start_like_me(struct task *t);
/* So much of its slice counts as used, though it did not run itself (ticks). */
void sched_use(struct task *t, uint64_t ticks);

/* BLOCKED -> READY, on the run queue of its hart, or, when that is another one and busy, of an idle hart. False: it
 * was not blocked. Any lock below LOCK_RUNQ may be held. O(1). */
bool sched_wake(struct task *t);
/* Away from a task that has set itself BLOCKED. Use wait_switch, which knows about kill. */
void sched_block(void);
void sched_yield(void);
/* Away for good; the state is ZOMBIE. */
_Noreturn void sched_leave(void);
/* On the way to user mode with WORK_RESCHED set. */
void sched_preempt(void);
/* In long kernel work, no lock held: handle interrupts that are due, let a better task run. */
void sched_breathe(void);
/* The timer interrupt, and the one from another hart. */
void sched_timer(void);
void sched_ipi(void);
/* Make sure that the timer interrupt comes by `when` (ticks). */
void sched_clock_by(uint64_t when);
/* The first thing a new task does on its own stack. */
void sched_arrived(void);

/*
 * Messages (docs/architecture.md, "Whose time it is").
 * sched_claim takes a blocked task, to be handed the processor by sched_handoff, which must follow: until
 * then it is READY but on no queue, so that nobody else can run it and it cannot end. False: it could not
 * be taken and has been woken instead, if it was blocked. With `account`, that is what it will run on.
 * sched_handoff: the current task is BLOCKED; the claimed one gets the processor at once, without a queue,
 * unless its level no longer allows it. Slices are never reset. The current task will go on on its own
 * account when `leave_account`. Returns when the current task runs again.
 */
bool sched_claim(struct task *t, struct sched_entity *account);
void sched_handoff(struct task *to, bool leave_account);
/* The current task goes on, but on this account from now on. */
void sched_charge_to(struct sched_entity *account);
/* A blocked task will run on this account when it is woken. */
void sched_set_account(struct task *t, struct sched_entity *account);
/* `t` runs at least at `level` (SCHED_NO_LEVEL: at its own) while better ones wait for it. */
void sched_inherit(struct task *t, unsigned level);
/* On its own account this task runs at the top level and is never demoted, or no longer. */
void sched_keep_top(struct task *t, bool keep);
/* The level that `t` runs at now. */
unsigned sched_level(struct task *t);
/* The same of the running task, as this hart last showed it to the others: a boost that is due may not be in it yet. */
unsigned sched_level_here(void);

/* Policy and parameters. sched_configure: -EINVAL for a policy or value that does not exist. */
int sched_configure(const struct sched_params *params);
void sched_query(struct sched_params *params);
void sched_trace(void); /* policy and parameters go into the trace */

/* CPU time of a task up to now in ticks, in all and by level. */
void sched_times(struct task *t, uint64_t *ran, uint64_t ran_at[SCHED_MAX_LEVELS]);
/* What became of it up to now, and how often a hart has left it, of one moment. `blocked` does not count the wait that it is
 * in. */
void sched_figures(struct task *t, struct figures *figures, uint64_t *switches);
/* When the running task, about to block, is woken, it is new to its policy, and its figures count from there. Once in a
 * task's life: false, it has been. */
bool sched_arrive(struct task *t);
/* The running task is about to become a ZOMBIE. */
void sched_ended(struct task *t);
/* It says how long its bursts are from now on, in ticks; 0: it does not say. For SJF. */
void sched_declare(struct task *t, uint64_t ticks);
/* Of one hart since boot, up to now: switches, idle ticks; and tasks ready or running there. */
void sched_hart_totals(unsigned index, uint64_t *switches, uint64_t *idle, uint64_t *load);

#endif
