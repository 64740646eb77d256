/*
 * The slow half of spinlock.h: waiting, and the checks of debug builds (order, owner). The checks
 * keep a list of the locks each hart holds in its struct hart.
 */
#include "riscv/spinlock.h"
#include "riscv/clock.h"
#include "riscv/trace_point.h"

#define WAIT_MAX_NS (60 * NS_PER_SECOND) /* debug builds: a lock that is not given back by then never is */

/* Wait by reading only, so that the lock's cache line is not torn between those who wait. */
void spin_wait(struct spinlock *lock)
{
    struct hart *hart = this_hart();
    uint64_t since = clock_ticks();
    uint64_t until = DEBUG_BUILD ? since + ticks_of_ns(WAIT_MAX_NS) : CLOCK_NEVER;
    __atomic_store_n(&hart->waits_for, lock, __ATOMIC_RELAXED);
    do {
        while (__atomic_load_n(&lock->locked, __ATOMIC_RELAXED)) {
            if (!hart->panicking)
                panic_check(STOPPED_AT_LOCK);
            if (DEBUG_BUILD && clock_ticks() > until)
                panic("lock %s: not given back for a minute by hart %u", lock->name,
                      lock->owner ? lock->owner->index : MAX_HARTS);
        }
    } while (!spin_take(lock));
    __atomic_store_n(&hart->waits_for, NULL, __ATOMIC_RELAXED);
    TRACE(lock_wait, lock->rank, hart->pid, ns_of_ticks(clock_ticks() - since));
}

/* Before waiting, so that what would be a deadlock is a panic that names both locks. */
void spin_check_order(struct spinlock *lock)
{
    struct hart *hart = this_hart();
    for (unsigned i = 0; i < hart->lock_count; i++) {
        struct spinlock *held = hart->locks[i];
        if (held == lock)
            panic("lock %s: this hart holds it already", lock->name);
        if (held->rank >= lock->rank)
            panic("lock order: %s (rank %d) wanted while holding %s (rank %d)", lock->name,
                  (int)lock->rank, held->name, (int)held->rank);
    }
}

void spin_note_locked(struct spinlock *lock)
{
    struct hart *hart = this_hart();
    if (hart->lock_count == HART_LOCKS_MAX)
        panic("lock %s: this hart holds %d locks already", lock->name, HART_LOCKS_MAX);
    lock->owner = hart;
    hart->locks[hart->lock_count++] = lock;
}

/* Locks may be given back in any order. */
void spin_note_unlocked(struct spinlock *lock)
{
    struct hart *hart = this_hart();
    if (lock->owner != hart)
        panic("lock %s: given back by a hart that does not hold it", lock->name);
    lock->owner = NULL;
    unsigned i = hart->lock_count - 1;
    while (hart->locks[i] != lock)
        i--;
    for (hart->lock_count--; i < hart->lock_count; i++)
        hart->locks[i] = hart->locks[i + 1];
}

void spin_check_none_held(const char *where)
{
    struct hart *hart = this_hart();
    if (hart->lock_count)
        panic("%s: called while holding lock %s", where, hart->locks[hart->lock_count - 1]->name);
}
