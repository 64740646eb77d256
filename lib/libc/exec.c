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

/* The file is no program. What else it may be, a script or a program of another machine, only the shell knows:
 * it runs the file, or says why not. Returns when there is no shell. */
static void leave_to_shell(const char *path, char *const argv[])
{
    int n = 1;
    while (argv[0] && argv[n])
        n++;
    char *arguments[n + 5];
    arguments[0] = "sh";
    arguments[1] = "-c";
    arguments[2] = "exec \"$0\" \"$@\"";
    arguments[3] = (char *)path;
    for (int i = 1; i < n; i++)
        arguments[3 + i] = argv[i];
    arguments[3 + n] = NULL;
    execv("/bin/sh", arguments);
    errno = ENOEXEC;
}

int execvP(const char *file, const char *place, char *const argv[])
{
    size_t file_length = strlen(file);
    bool forbidden = false;
    for (; file_length > 0; place++) { /* an empty name is in no directory */
        char path[PATH_MAX];
        size_t length = strcspn(place, ":");
        /* directory (an empty entry means the current one), slash, file, NUL */
        if (length + file_length + 3 > sizeof path) {
            errno = ENAMETOOLONG;
            return -1;
        }
        memcpy(path, place, length);
        size_t at = length;
        if (length == 0)
            path[at++] = '.';
        path[at++] = '/';
        memcpy(path + at, file, file_length + 1);
        execv(path, argv);
        if (errno == ENOEXEC)
            leave_to_shell(path, argv);
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

int execvp(const char *file, char *const argv[])
{
    if (strchr(file, '/')) {
        execv(file, argv);
        if (errno == ENOEXEC)
            leave_to_shell(file, argv);
        return -1;
    }
    const char *path = getenv("PATH");
    return execvP(file, path ? path : DEFAULT_PATH, argv);
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
