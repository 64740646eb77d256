/*
 * The builtins that take input: `read` a line into variables, `.` a file of commands.
 * Must never take more from standard input than the line it was asked for.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kinglet/file.h>

#include "sh.h"

int script_open(const char *path)
{
    char head[128];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    ssize_t n = read(fd, head, sizeof head);
    if (n > 0 && memchr(head, '\0', (size_t)n) != NULL) {
        n = -1;
        errno = ENOEXEC;
    }
    if (n < 0 || lseek(fd, 0, SEEK_SET) < 0) {
        /* A pipe cannot seek: its first bytes would be lost. */
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    /* Out of the way of redirects, which name one digit. */
    int high = fcntl(fd, F_DUPFD, 10);
    if (high >= 0) {
        fcntl(high, F_SETFD, FD_CLOEXEC);
        close(fd);
        fd = high;
    }
    return fd;
}

int builtin_source(int argc, char **argv)
{
    if (argc < 2) {
        complain("%s: the name of a file is missing", argv[0]);
        return 2;
    }
    if (shell.calls >= SH_NESTING_MAX) {
        complain("%s: files read one another too deeply", argv[1]);
        return 1;
    }
    int fd = script_open(argv[1]);
    if (fd < 0) {
        complain("%s: %s", argv[1], strerror(errno));
        return 1;
    }
    struct input in;
    input_handle(&in, fd, false, false);
    shell.calls++;
    shell.status = 0;
    run_input(&in, 0);
    shell.calls--;
    if (shell.unwind == UNWIND_RETURN) {
        shell.unwind = UNWIND_NONE;
    }
    input_done(&in);
    close(fd);
    return shell.status;
}

/* One line without its newline: 1, 0 at the end of input, -1 with errno. */
static int read_line(struct buffer *line, bool raw)
{
    char c;
    ssize_t n;
    buffer_append(line, "", 0);
    while ((n = read(0, &c, 1)) == 1 && c != '\n') {
        if (c == '\\' && !raw) {
            n = read(0, &c, 1);
            if (n <= 0) {
                break;
            }
            if (c == '\n') {
                continue;
            }
        }
        if (c != '\0') {
            buffer_push(line, c);
        }
    }
    return n < 0 ? -1 : (int)n;
}

static bool is_separator(char c)
{
    const char *ifs = var_get("IFS");
    return c != '\0' && strchr(ifs != NULL ? ifs : " \t\n", c) != NULL;
}

/* Gives each name a field; the last name takes the rest. */
static void assign_fields(char *s, char **names)
{
    while (is_separator(*s)) {
        s++;
    }
    for (; *names != NULL; names++) {
        char *end = s;
        if (names[1] == NULL) {
            end = s + strlen(s);
            while (end > s && is_separator(end[-1])) {
                end--;
            }
            *end = '\0';
            var_set(*names, s);
            return;
        }
        while (*end != '\0' && !is_separator(*end)) {
            end++;
        }
        char *next = end;
        while (is_separator(*next)) {
            next++;
        }
        *end = '\0';
        var_set(*names, s);
        s = next;
    }
}

int builtin_read(int argc, char **argv)
{
    static char *reply[] = {"REPLY", NULL};
    bool raw = argc > 1 && strcmp(argv[1], "-r") == 0;
    char **names = argv + 1 + raw;
    for (char **name = names; *name != NULL; name++) {
        if (!is_name_start(**name)) {
            complain("read: '%s' is no name of a variable (the only option is -r)", *name);
            return 2;
        }
    }
    struct buffer line = {0};
    int result = read_line(&line, raw);
    if (result < 0 && errno == EINTR) {
        shell.status = 128 + SIGINT;
        shell.unwind = UNWIND_TOP;
    } else if (result < 0) {
        complain("read: %s", strerror(errno));
    }
    assign_fields(line.text, *names != NULL ? names : reply);
    buffer_free(&line);
    return result > 0 ? 0 : 1;
}
