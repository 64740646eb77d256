/*
 * sh: the command language. Options, where the commands come from, and the first variables.
 * Started by init on the console, by scripts and by hand. Must never read commands from a
 * terminal without a prompt.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <kinglet/file.h>

#include "jobs.h"
#include "sh.h"

#define DEFAULT_PATH "/bin:/demo:/test:/sbin"
#define SH_USAGE "usage: sh [-ex] [-c commands [name [argument ...]] | file [argument ...]]\n"

static void set_arguments(int argc, char **argv)
{
    struct strings copy = {0};
    for (int i = 0; i < argc; i++) {
        strings_push(&copy, xstrdup(argv[i]));
    }
    shell.argc = argc;
    shell.argv = copy.item;
}

static bool same_place(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static void first_variables(void)
{
    vars_import(environ);
    const char *pwd = var_get("PWD");
    if (var_get("PATH") == NULL) {
        var_set("PATH", DEFAULT_PATH);
    }
    var_export("PATH");
    if (pwd == NULL || pwd[0] != '/' || !same_place(pwd, ".")) {
        var_unset("PWD");
        if (same_place("/", ".")) {
            var_set("PWD", "/");
        }
    }
    var_export("PWD");
}

static int run_file(const char *path)
{
    struct input in;
    int fd = script_open(path);
    if (fd < 0) {
        complain("%s: %s", path, strerror(errno));
        return errno == ENOENT || errno == ENOTDIR ? 127 : 126;
    }
    input_handle(&in, fd, false, false);
    return run_input(&in, 0);
}

static int run_standard_input(void)
{
    struct input in;
    shell.interactive = isatty(0);
    if (shell.interactive) {
        /* sh </dev/console: a line is shown where it is typed. */
        int both = (fcntl(0, F_GETFL) & O_ACCMODE) != O_RDWR ? open("/dev/console", O_RDWR) : -1;
        if (both >= 0) {
            dup2(both, 0);
            close(both);
        }
        /* Kept apart from handle 0, which `exec < file` may change. */
        shell.terminal = fcntl(0, F_DUPFD, 10);
        fcntl(shell.terminal, F_SETFD, FD_CLOEXEC);
        terminal_foreground(0);
        memory_reserve();
    }
    input_handle(&in, 0, shell.interactive, !shell.interactive);
    int status = run_input(&in, 0);
    if (shell.interactive) {
        printf("\n");
    }
    return status;
}

int main(int argc, char **argv)
{
    bool command = false;
    int i = 1;
    shell.pid = getpid();
    for (; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
        if (strcmp(argv[i], "--") == 0) {
            i++;
            break;
        }
        for (const char *letter = argv[i] + 1; *letter != '\0'; letter++) {
            shell.errexit |= *letter == 'e';
            shell.xtrace |= *letter == 'x';
            command |= *letter == 'c';
            if (strchr("excs", *letter) == NULL) {
                fprintf(stderr, "sh: unknown option -%c\n" SH_USAGE, *letter);
                return 2;
            }
        }
    }
    if (command && i == argc) {
        fprintf(stderr, "sh: -c: the commands are missing\n" SH_USAGE);
        return 2;
    }
    first_variables();
    if (command) {
        char *text = argv[i++];
        set_arguments(i < argc ? argc - i : 1, i < argc ? argv + i : argv);
        shell_exit(run_string(text, RUN_LAST));
    }
    set_arguments(i < argc ? argc - i : 1, i < argc ? argv + i : argv);
    shell_exit(i < argc ? run_file(argv[i]) : run_standard_input());
}
