/*
 * The orderly ways out: exit runs what atexit was given and writes out stdio's buffers.
 */
#include "internal.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define ATEXIT_MAX 32

static void (*at_exit[ATEXIT_MAX])(void);
static int at_exit_count;

/* Programs without stdio do not get it linked in just because they end. */
__attribute__((weak)) void libc_stdio_finish(void);
/* Nor threads. */
__attribute__((weak)) void libc_exit_lock(void);
__attribute__((weak)) void libc_exit_unlock(void);

int atexit(void (*function)(void))
{
    if (libc_exit_lock)
        libc_exit_lock();
    bool room = at_exit_count < ATEXIT_MAX;
    if (room)
        at_exit[at_exit_count++] = function;
    else
        errno = ENOMEM;
    if (libc_exit_unlock)
        libc_exit_unlock();
    return room ? 0 : -1;
}

_Noreturn void exit(int status)
{
    /* The second thread to call exit waits here until the first has ended it; a handler that does so goes on. */
    if (libc_exit_lock)
        libc_exit_lock();
    /* Counting down first: a function that calls exit again does not run twice. */
    while (at_exit_count > 0)
        at_exit[--at_exit_count]();
    if (libc_stdio_finish)
        libc_stdio_finish();
    _exit(status);
}
