/*
 * A lock that a manager keeps. Like Manager().Lock() and Manager().RLock(). For processes that share no memory;
 * those that do have mp_lock and mp_rlock. <mp/manager.h> lists the errors that any call gives.
 *
 * It is held by a process (all its threads are one holder), and is robust: when the holder ends, or closes its
 * manager, the lock goes to the next one, who is told. Those who wait get it in the order of coming.
 */
#ifndef MP_MANAGER_LOCK_H
#define MP_MANAGER_LOCK_H

#include <mp/manager.h>

struct mp_manager_lock {
    struct mp_proxy proxy;
};

/* A new free lock. The second makes a recursive one: its holder may acquire it again, and must release it as often. */
int mp_manager_lock_new(struct mp_manager *manager, struct mp_manager_lock *lock);
int mp_manager_rlock_new(struct mp_manager *manager, struct mp_manager_lock *lock);

/* As mp_dict_open and mp_dict_close; of both kinds. A closed proxy's lock stays held, if it was. */
int mp_manager_lock_open(struct mp_manager *manager, int reference, struct mp_manager_lock *lock);
void mp_manager_lock_close(struct mp_manager_lock *lock);

/* Blocks until the lock is free, at most so many milliseconds (negative: for ever, 0: not at all), and takes it; of
 * one that is not recursive also when the holder is the caller itself, who then waits for himself. 0: the caller
 * holds it; -EOWNERDEAD: the caller holds it, but the one before him ended without releasing it, and may have left
 * something half done; -ETIMEDOUT; -EOVERFLOW: acquired 2^31 times; -ESHUTDOWN: also when the manager ends
 * meanwhile. */
int mp_manager_lock_acquire(const struct mp_manager_lock *lock, int timeout_ms);

/* Gives it up. One that is not recursive may be released by any process. 0; -EPERM: it is free (ValueError), or
 * recursive and held by another (AssertionError). */
int mp_manager_lock_release(const struct mp_manager_lock *lock);

#endif
