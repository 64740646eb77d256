/*
 * The exec family: all end in the one system call, which comes back only with an error.
 */
#include "ecall.h"
#include "internal.h"
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_PATH "/bin:/demo:/test:/sbin"

int execve(const char *path, char *const argv[], char *const envp[])
{
    return (int)libc_result(ecall3(SYS_exec, ARGUMENT(path), ARGUMENT(argv), ARGUMENT(envp)));
}

int execv(const char *path, char *const argv[])
{
    return execve(path, argv, environ);
}

int execvp(const char *file, char *const argv[])
{
    if (strchr(file, '/'))
        return execv(file, argv);

    const char *place = getenv("PATH");
    if (!place)
        place = DEFAULT_PATH;
    size_t file_length = strlen(file);
    bool forbidden = false;
    for (; file_length > 0; place++) { /* an empty name is in no directory */
        char path[PATH_MAX];
        size_t length = strcspn(place, ":");
        /* directory, slash (an empty entry means the current directory), file, NUL */
        if (length + file_length + 2 > sizeof path) {
            errno = ENAMETOOLONG;
            return -1;
        }
        memcpy(path, place, length);
        size_t at = length;
        if (length > 0)
            path[at++] = '/';
        memcpy(path + at, file, file_length + 1);
        execv(path, argv);
        if (errno == EACCES)
            forbidden = true; /* perhaps a later directory has one that may be run */
        else if (errno != ENOENT && errno != ENOTDIR)
            return -1;
        place += length;
        if (*place == '\0')
            break;
    }
    errno = forbidden ? EACCES : ENOENT;
    return -1;
}

/* argv from the arguments of execl and execlp: counted first, because they need a place on the stack. */
static int count_arguments(const char *arg0, va_list arguments)
{
    int n = 0;
    for (const char *arg = arg0; arg; arg = va_arg(arguments, const char *))
        n++;
    return n;
}

static void fill_arguments(char **argv, const char *arg0, va_list arguments)
{
    const char *arg = arg0;
    for (; arg; arg = va_arg(arguments, const char *))
        *argv++ = (char *)arg;
    *argv = NULL;
}

int execl(const char *path, const char *arg0, ...)
{
    va_list arguments;
    va_start(arguments, arg0);
    int n = count_arguments(arg0, arguments);
    va_end(arguments);
    char *argv[n + 1];
    va_start(arguments, arg0);
    fill_arguments(argv, arg0, arguments);
    va_end(arguments);
    return execv(path, argv);
}

int execlp(const char *file, const char *arg0, ...)
{
    va_list arguments;
    va_start(arguments, arg0);
    int n = count_arguments(arg0, arguments);
    va_end(arguments);
    char *argv[n + 1];
    va_start(arguments, arg0);
    fill_arguments(argv, arg0, arguments);
    va_end(arguments);
    return execvp(file, argv);
}
