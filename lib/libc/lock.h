/*
 * The one kind of lock inside libc. It may be taken again by the thread that holds it, costs a load and a branch in a
 * program without threads, and spins, yielding, then sleeping: what waits here waits for a few hundred instructions,
 * or for a read or write on the same FILE.
 */
#ifndef LIBC_LOCK_H
#define LIBC_LOCK_H

#include <stdbool.h>
#include <stdint.h>

struct libc_lock {
    uintptr_t owner; /* tp of the thread that holds it; 0: free */
    unsigned int depth;
};

extern bool libc_threaded; /* there has been a second thread */
extern struct libc_lock libc_heap_lock;

bool libc_lock_try(struct libc_lock *lock);
void libc_lock_wait(struct libc_lock *lock);
void libc_lock_give(struct libc_lock *lock);
void libc_lock_pause(void); /* a moment for whoever holds one */

static inline void libc_lock(struct libc_lock *lock)
{
    if (libc_threaded)
        libc_lock_wait(lock);
}

static inline void libc_unlock(struct libc_lock *lock)
{
    if (libc_threaded)
        libc_lock_give(lock);
}

/* fork: the heap is whole in the child, and its only thread holds no lock. */
long libc_fork(int flags);

#endif
