/*
 * libc's locks: see lock.h.
 */
#include "lock.h"
#include "ecall.h"

#define YIELDS 20
#define SLEEP_NS 100000 /* whoever holds it may run at a lower level than we do, and must come to run */

bool libc_threaded;
struct libc_lock libc_heap_lock;

static uintptr_t self(void)
{
    uintptr_t tp;
    __asm__("mv %0, tp" : "=r"(tp));
    return tp;
}

bool libc_lock_try(struct libc_lock *lock)
{
    uintptr_t none = 0, me = self();
    if (__atomic_load_n(&lock->owner, __ATOMIC_RELAXED) == me) {
        lock->depth++;
        return true;
    }
    if (!__atomic_compare_exchange_n(&lock->owner, &none, me, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return false;
    lock->depth = 1;
    return true;
}

void libc_lock_pause(void)
{
    ecall1(SYS_sleep, SLEEP_NS);
}

void libc_lock_wait(struct libc_lock *lock)
{
    for (unsigned int n = 0; !libc_lock_try(lock); n++) {
        if (n < YIELDS)
            ecall0(SYS_yield);
        else
            libc_lock_pause();
    }
}

void libc_lock_give(struct libc_lock *lock)
{
    if (--lock->depth == 0)
        __atomic_store_n(&lock->owner, 0, __ATOMIC_RELEASE);
}

long libc_fork(int flags)
{
    bool threaded = libc_threaded;
    libc_lock(&libc_heap_lock);
    long pid = ecall1(SYS_fork, flags);
    if (pid == 0) {
        libc_threaded = false;
        libc_heap_lock = (struct libc_lock){0, 0};
    } else if (threaded) {
        libc_lock_give(&libc_heap_lock);
    }
    return pid;
}
