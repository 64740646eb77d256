/*
 * From a command's name to the program that replaces this process, and the shell's functions.
 * Called in a forked child, or in a shell that has nothing left to do. Must say for each way to
 * fail what failed and why: 127 not found, 126 found but not to be run.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kinglet/file.h>

#include "sh.h"

#define PEEK_BYTES 256

/* The file is no ELF program: if it is text, its interpreter or this shell runs it. Returns on failure. */
static void exec_script(const char *path, char **argv)
{
    char head[PEEK_BYTES + 1];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, head, PEEK_BYTES) : -1;
    close(fd);
    if (n < 0 || memchr(head, '\0', (size_t)n) != NULL) {
        errno = ENOEXEC;
        return;
    }
    head[n] = '\0';
    struct strings args = {0};
    char *line = head + 2;
    line[-2 + (ssize_t)strcspn(head, "\n")] = '\0';
    char *interpreter = strncmp(head, "#!", 2) == 0 ? strtok(line, " \t") : NULL;
    char *option = interpreter != NULL ? strtok(NULL, "") : NULL;
    strings_push(&args, interpreter != NULL ? interpreter : "/bin/sh");
    if (option != NULL) {
        strings_push(&args, option + strspn(option, " \t"));
    }
    strings_push(&args, (char *)path);
    for (argv++; *argv != NULL; argv++) {
        strings_push(&args, *argv);
    }
    execv(args.item[0], args.item);
    complain("%s: interpreter %s: %s", path, args.item[0], strerror(errno));
    shell_exit(126);
}

void exec_program(char **argv)
{
    const char *name = argv[0], *directories = var_get("PATH");
    fflush(stdout);
    environ = vars_environment();
    errno = ENOENT;
    if (strchr(name, '/') != NULL) {
        execv(name, argv);
        if (errno == ENOEXEC) {
            exec_script(name, argv);
        }
        complain("%s: %s", name, strerror(errno));
        shell_exit(errno == ENOENT || errno == ENOTDIR ? 127 : 126);
    }
    if (directories != NULL) {
        execvP(name, directories, argv); /* a script it gives to a new shell, which has its path then */
    }
    if (errno == ENOENT) {
        complain("%s: command not found", name);
        shell_exit(127);
    }
    complain("%s: %s", name, strerror(errno));
    shell_exit(126);
}

struct function {
    struct function *next;
    char *name;
    struct node *body; /* in an arena that is kept for good */
};

static struct function *functions;

struct node *function_find(const char *name)
{
    for (struct function *f = functions; f != NULL; f = f->next) {
        if (strcmp(f->name, name) == 0) {
            return f->body;
        }
    }
    return NULL;
}

void function_define(const char *name, struct node *body)
{
    struct function *f = functions;
    while (f != NULL && strcmp(f->name, name) != 0) {
        f = f->next;
    }
    if (f == NULL) {
        f = xmalloc(sizeof *f);
        *f = (struct function){.next = functions, .name = xstrdup(name)};
        functions = f;
    }
    f->body = body;
}

void functions_offer(const char *prefix, struct strings *out)
{
    for (struct function *f = functions; f != NULL; f = f->next) {
        strings_offer(out, prefix, f->name);
    }
}
