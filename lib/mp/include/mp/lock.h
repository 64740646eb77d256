/*
 * Lock: at most one thread holds it, of whichever process. Like multiprocessing.Lock: it is not recursive, and another
 * than the one that acquired it may release it.
 *
 * All of lib/mp lies in memory that processes share (<mp/shared.h>) and holds no pointers, so each may map it anywhere.
 * For threads of one process any memory will do. What these pages say of processes that wait, hold and end is true of
 * threads: a thread that ends is a holder that ends, though its process lives on.
 * Calls give 0 or a negative errno. Timeouts are milliseconds: -1 (or any negative number) waits for ever, 0 not at all.
 * Acquiring what is free, and releasing what nobody waits for, is one atomic instruction and does not enter the kernel.
 */
#ifndef MP_LOCK_H
#define MP_LOCK_H

#include <stdatomic.h>
#include <stdint.h>

typedef _Atomic uint32_t mp_word; /* a futex, and FUTEX_WAITERS in it */

/* mp_lock_init, mp_rlock_init */
#define MP_ROBUST 1 /* when the holder ends, the next one gets the lock, and -EOWNERDEAD */

/* Full of zeroes it is a free lock without flags. */
struct mp_lock {
    mp_word word;   /* 0: free; else the holder (mp_self) */
    uint32_t flags; /* MP_ROBUST or 0 */
};

/* Makes it a free lock, whatever it was; so nobody may be using it. flags: MP_ROBUST or 0. Does not block. 0; -EINVAL:
 * flags. */
int mp_lock_init(struct mp_lock *lock, int flags);

/* Blocks until the lock is free, at most so long, and takes it; also when the holder is the caller itself, who then
 * waits for himself. 0: the caller holds it; -ETIMEDOUT.
 * The holder has ended without releasing it: a plain lock stays held, and ps shows the waiters' reason as "owner dead". A
 * robust one gives -EOWNERDEAD: the caller holds it now, and should look at what the other may have left half done. A
 * process that execs has not ended: what its first thread holds it holds still, whatever program it is. */
int mp_lock_acquire(struct mp_lock *lock, int timeout_ms);

/* Gives it up for whoever holds it, and wakes one that waits; of a robust one all, for each must see whose end it waits for
 * from then on. Does not block. 0; -EPERM: it is free. */
int mp_lock_release(struct mp_lock *lock);

/* Who holds it (mp_self), 0: nobody. It may be another by the time the caller looks at it. Does not block. */
int mp_lock_owner(const struct mp_lock *lock);

#endif
