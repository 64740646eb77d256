/*
 * A GNU make extension: $(exec-command TEXT) puts a shell that runs TEXT in make's own place.
 * make ends with 0 or 2 whatever its commands returned; `make run` promises the guest's status.
 * Loaded by the Makefile for the goal `run` alone. It returns only if the shell cannot be started.
 */
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

/* From <gnumake.h>, which not every system installs along with make. */
typedef char *gmk_func_ptr(const char *name, unsigned int argc, char **argv);
extern char *gmk_expand(const char *text);
extern void gmk_add_function(const char *name, gmk_func_ptr *function, unsigned int min_args,
                             unsigned int max_args, unsigned int flags);

int plugin_is_GPL_compatible; /* make asks for this symbol; the MIT licence is compatible */

/* make 4.4 has its job tokens in a named pipe and removes it at its end, which never comes now. */
static void remove_job_pipe(void)
{
    char *name = strstr(gmk_expand("$(MAKEFLAGS)"), "--jobserver-auth=fifo:");
    if (!name || strcmp(gmk_expand("$(MAKELEVEL)"), "0") != 0)
        return;
    name += strlen("--jobserver-auth=fifo:");
    name[strcspn(name, " ")] = '\0';
    unlink(name);
}

static char *exec_command(const char *name, unsigned int argc, char **argv)
{
    (void)name;
    (void)argc;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    remove_job_pipe();
    execl("/bin/sh", "sh", "-c", argv[0], (char *)NULL);
    return NULL;
}

int make_exec_setup(void)
{
    gmk_add_function("exec-command", exec_command, 1, 1, 0);
    return 1;
}
