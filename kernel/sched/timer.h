/*
 * One-shot kernel timers, a heap per hart. A hart's clock is only ever set for the earliest thing
 * that somebody waits for, so an idle hart takes no ticks.
 */
#ifndef KERNEL_SCHED_TIMER_H
#define KERNEL_SCHED_TIMER_H

#include "riscv/hart.h"

#include <common/heap.h>
#include <stdbool.h>
#include <stdint.h>

struct timer {
    /* LOCK_TIMERS of `hart` */
    struct heap_node node; /* key: ticks */
    bool armed;
    struct hart *hart;

    void (*expire)(struct timer *); /* called with interrupts off and no lock held; must not block */
};

void timers_init(void);
void timer_init(struct timer *t, void (*expire)(struct timer *));
/* Expires once at `when` (clock ticks) on this hart. A timer that is armed is moved. */
void timer_arm(struct timer *t, uint64_t when);
/* After this the timer is not armed and `expire` is not running, so that its memory may go.
 * Must not be called from `expire` itself, nor with a lock that `expire` takes. */
void timer_cancel(struct timer *t);
/* The earliest expiry on this hart in ticks, SCHED_NEVER when none. */
uint64_t timers_next(void);
/* Expires what is due on this hart; of very many only the first, and timers_next is in the past then.
 * True when there was one. */
bool timers_run(uint64_t now);

#endif
