/*
 * The one kind of lock inside libc: a futex. It may be taken again by the thread that holds it, and costs a load and a
 * branch in a program without threads. Who has to wait sleeps in the kernel, and ps shows for whom.
 *
 * fork copies locks that other threads hold, and those threads are not there in the child. So each lock says in which
 * process it is what it says (`forks`): in a child of a process with threads all locks are stale, and a stale one is
 * made a free one by whoever comes first. What it protects may be half changed, then. So libc_fork holds those locks
 * for which that would be bad: of the heap, and of the list of files. A FILE's own is not among them, since it may be
 * held for as long as somebody reads or writes; each field of a FILE is right at any moment, and the worst is a line
 * that the child has a part of.
 */
#ifndef LIBC_LOCK_H
#define LIBC_LOCK_H

#include <stdbool.h>
#include <stdint.h>

struct libc_lock {
    uint32_t word;  /* tid of the thread that holds it, with FUTEX_WAITERS when others may wait; 0: free */
    uint32_t depth; /* how often; only the holder looks at it */
    uint32_t forks; /* the value of libc_forks for which the rest is meant */
};

extern bool libc_threaded; /* there has been a second thread */
extern struct libc_lock libc_heap_lock, libc_files_lock;

bool libc_lock_try(struct libc_lock *lock);
void libc_lock_wait(struct libc_lock *lock);
void libc_lock_give(struct libc_lock *lock);
void libc_lock_pause(void); /* a moment for whoever holds one, when one must not wait for it for ever */

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

/* fork, with the handlers of thread_at_fork: heap and list of files are whole in the child, and its only thread holds
 * no lock. */
long libc_fork(int flags);

#endif
