/*
 * Spinlocks: mutual exclusion between harts, for the short sections of a kernel that is not
 * preempted. Test-and-test-and-set and not a ticket lock: a hart that the host has descheduled
 * must not hold up a queue. Never held across a context switch (but the run queue's), a copy
 * to or from user memory, or anything that waits.
 */
#ifndef KERNEL_RISCV_SPINLOCK_H
#define KERNEL_RISCV_SPINLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include "riscv/hart.h"
#include "riscv/lock_order.h"
#include "riscv/panic.h"

struct spinlock {
    uint32_t locked;
    enum lock_rank rank;
    const char *name;
    struct hart *owner; /* debug builds; NULL: free */
};

#define SPINLOCK_INIT(name_, rank_) {.rank = (rank_), .name = (name_)}

static inline void spin_init(struct spinlock *lock, const char *name, enum lock_rank rank)
{
    *lock = (struct spinlock)SPINLOCK_INIT(name, rank);
}

/* Parts of the functions below; not for others. */
void spin_wait(struct spinlock *lock);
void spin_check_order(struct spinlock *lock);
void spin_note_locked(struct spinlock *lock);
void spin_note_unlocked(struct spinlock *lock);

static inline bool spin_take(struct spinlock *lock)
{
    return __atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE) == 0;
}

/* Take the lock, waiting for it if need be. */
static inline void spin_lock(struct spinlock *lock)
{
    if (DEBUG_BUILD)
        spin_check_order(lock);
    if (__builtin_expect(!spin_take(lock), 0))
        spin_wait(lock);
    if (DEBUG_BUILD)
        spin_note_locked(lock);
}

static inline void spin_unlock(struct spinlock *lock)
{
    if (DEBUG_BUILD)
        spin_note_unlocked(lock);
    __atomic_store_n(&lock->locked, 0, __ATOMIC_RELEASE);
}

/* For assertions: does this hart hold it? Release builds only know whether anybody does. */
static inline bool spin_held(const struct spinlock *lock)
{
    return DEBUG_BUILD ? lock->owner == this_hart() : lock->locked != 0;
}

/* Debug builds: panic, naming the lock, when this hart holds any. */
void spin_check_none_held(const char *where);
static inline void spin_assert_none_held(const char *where)
{
    if (DEBUG_BUILD)
        spin_check_none_held(where);
}

#endif
