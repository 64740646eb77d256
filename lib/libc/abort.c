/*
 * The disorderly ways out: abort, and assert, which ends there.
 */
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "internal.h"

_Noreturn void abort(void)
{
    kill(getpid(), SIGABRT);
    for (;;)
        _exit(128 + SIGABRT); /* not reached while the kernel keeps its promise */
}

_Noreturn void libc_assert_failed(const char *file, int line, const char *function, const char *expression)
{
    char text[256];
    int length = format_n(text, sizeof text, "%s: %s:%d: %s: assertion failed: %s\n", libc_program_name, file,
                          line, function, expression);
    if (length >= (int)sizeof text) {
        length = sizeof text;
        text[length - 1] = '\n';
    }
    write(STDERR_FILENO, text, (size_t)length);
    abort();
}
