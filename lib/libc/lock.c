/*
 * libc's locks (lock.h), and fork, which has to leave them right.
 */
#include "lock.h"
#include "ecall.h"
#include "internal.h"
#include <kinglet/errno.h>
#include <kinglet/futex.h>
#include <kinglet/system.h>
#include <kinglet/thread.h>
#include <stddef.h>

#define PAUSE_NS 100000
#define HOLDER(word) ((word) & ~FUTEX_WAITERS)

bool libc_threaded;
struct libc_lock libc_heap_lock, libc_files_lock;

static uint32_t libc_forks; /* of processes with threads, from the first program to this one */
static struct libc_lock renew_lock;
static struct libc_lock handlers_lock;
static struct thread_at_fork *handlers; /* the newest first */

/* ---- the lock ---- */

/* It is a copy from the parent, where somebody may have held it: a free lock from here on. */
static void renew(struct libc_lock *lock)
{
    libc_lock_wait(&renew_lock); /* never stale itself: libc_fork sees to it */
    if (lock->forks != libc_forks) {
        __atomic_store_n(&lock->word, 0, __ATOMIC_RELAXED);
        lock->depth = 0;
        __atomic_store_n(&lock->forks, libc_forks, __ATOMIC_RELEASE);
    }
    libc_lock_give(&renew_lock);
}

/* True: the caller holds it. Else who does, and perhaps FUTEX_WAITERS, is in *seen. */
static bool take(struct libc_lock *lock, uint32_t *seen)
{
    uint32_t me = (uint32_t)self_tid();
    if (__atomic_load_n(&lock->forks, __ATOMIC_ACQUIRE) != libc_forks)
        renew(lock);
    *seen = __atomic_load_n(&lock->word, __ATOMIC_RELAXED);
    if (HOLDER(*seen) == me) {
        lock->depth++;
        return true;
    }
    while (!HOLDER(*seen))
        if (__atomic_compare_exchange_n(&lock->word, seen, *seen | me, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
            lock->depth = 1;
            return true;
        }
    return false;
}

bool libc_lock_try(struct libc_lock *lock)
{
    uint32_t seen;
    return take(lock, &seen);
}

/* As a Lock of lib/mp, but that nobody is ever killed alone here: a kill is for all threads. */
void libc_lock_wait(struct libc_lock *lock)
{
    uint32_t seen;
    while (!take(lock, &seen)) {
        uint32_t waited = seen | FUTEX_WAITERS;
        if (seen == waited ||
            __atomic_compare_exchange_n(&lock->word, &seen, waited, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
            ecall6(SYS_futex_wait, ARGUMENT(&lock->word), waited, -1, HOLDER(waited), 0, 0);
    }
}

void libc_lock_give(struct libc_lock *lock)
{
    if (--lock->depth)
        return;
    __atomic_thread_fence(__ATOMIC_RELEASE);
    uint32_t seen = __atomic_load_n(&lock->word, __ATOMIC_RELAXED);
    for (;;) {
        if (seen & FUTEX_WAITERS) {
            if (ecall6(SYS_futex_change, ARGUMENT(&lock->word), seen, 0, 1, 0, 0) != -EAGAIN)
                return;
            seen = __atomic_load_n(&lock->word, __ATOMIC_RELAXED);
        } else if (__atomic_compare_exchange_n(&lock->word, &seen, 0, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
            return;
        }
    }
}

void libc_lock_pause(void)
{
    ecall1(SYS_sleep, PAUSE_NS);
}

/* ---- fork ---- */

void thread_at_fork(struct thread_at_fork *new)
{
    libc_lock(&handlers_lock);
    struct thread_at_fork *old = handlers;
    while (old && old != new)
        old = old->next;
    if (!old) {
        new->next = handlers;
        handlers = new;
    }
    libc_unlock(&handlers_lock);
}

static void after_fork(bool in_child)
{
    for (struct thread_at_fork *h = handlers; h; h = h->next) {
        void (*function)(void) = in_child ? h->child : h->parent;
        if (function)
            function();
    }
}

long libc_fork(int flags)
{
    bool threaded = libc_threaded;
    libc_lock(&handlers_lock);
    for (struct thread_at_fork *h = handlers; h; h = h->next)
        if (h->before)
            h->before();
    libc_lock(&libc_files_lock);
    libc_lock(&libc_heap_lock);
    long pid = ecall1(SYS_fork, flags);
    if (pid == 0) {
        /* Nothing is written that is right already: the first write to a page copies it, and most children only exec. */
        libc_forget();
        if (threaded) {
            libc_threaded = false;
            libc_forks++;
            renew_lock = (struct libc_lock){.forks = libc_forks};
        }
    } else if (threaded) {
        libc_lock_give(&libc_heap_lock);
        libc_lock_give(&libc_files_lock);
    }
    after_fork(pid == 0);
    if (pid && threaded)
        libc_lock_give(&handlers_lock);
    return pid;
}
