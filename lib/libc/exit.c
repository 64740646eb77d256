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

int atexit(void (*function)(void))
{
    if (at_exit_count == ATEXIT_MAX) {
        errno = ENOMEM;
        return -1;
    }
    at_exit[at_exit_count++] = function;
    return 0;
}

_Noreturn void exit(int status)
{
    /* Counting down first: a function that calls exit again does not run twice. */
    while (at_exit_count > 0)
        at_exit[--at_exit_count]();
    if (libc_stdio_finish)
        libc_stdio_finish();
    _exit(status);
}
