/*
 * What libc's locks (lib/libc/lock.c) are in a program of one thread: lock.c itself enters the kernel.
 */
#ifndef TESTS_HOST_LIBC_NO_THREADS_H
#define TESTS_HOST_LIBC_NO_THREADS_H

#include "../../lib/libc/lock.h"

bool libc_threaded;
struct libc_lock libc_heap_lock, libc_files_lock;
bool libc_lock_try(struct libc_lock *lock)
{
    return lock != NULL;
}
void libc_lock_wait(struct libc_lock *lock)
{
    (void)lock;
}
void libc_lock_give(struct libc_lock *lock)
{
    (void)lock;
}
void libc_lock_pause(void)
{
}

#endif
