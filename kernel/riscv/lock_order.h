/*
 * The lock order, written down once: a lock may be taken only while all locks that the hart
 * holds have a lower rank. Debug builds check it at every spin_lock (spinlock.c).
 */
#ifndef KERNEL_RISCV_LOCK_ORDER_H
#define KERNEL_RISCV_LOCK_ORDER_H

enum lock_rank { /* outermost first */
    LOCK_TREE,
    LOCK_JOB,
    LOCK_THREADS,
    LOCK_HANDLES,
    LOCK_DEVICES,
    LOCK_CHANNEL_TIMER,
    LOCK_CHANNEL,
    LOCK_SESSION,
    LOCK_PIPE,
    LOCK_COMPLETION,
    LOCK_SPACE,
    LOCK_SEGMENT,
    LOCK_FUTEX,
    LOCK_TIMERS,
    LOCK_POLICY,
    LOCK_RUNQ,
    LOCK_PIDS,
    LOCK_CACHE,
    LOCK_FRAMES_HART,
    LOCK_FRAMES,
    LOCK_ASID,
    LOCK_RANDOM,
    LOCK_INTERRUPT,
    LOCK_CONSOLE,
};

#endif
