/*
 * The commands that must run in the shell itself, because they change it.
 * Called by run. Must never exit the shell on a wrong argument: they say so and return 1 or 2.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../echo.h"
#include "sh.h"

int parse_number(const char *text, long *out)
{
    char *end;
    *out = strtol(text, &end, 10);
    return end == text || *end != '\0' ? -1 : 0;
}

static bool is_name(const char *text)
{
    if (!is_name_start(*text)) {
        return false;
    }
    while (is_name_char(*text)) {
        text++;
    }
    return *text == '\0';
}

/* The optional number after exit, return, shift, break: -1 after a message. */
static long optional_number(int argc, char **argv, long otherwise)
{
    long number = otherwise;
    if (argc > 2 || (argc == 2 && (parse_number(argv[1], &number) < 0 || number < 0))) {
        complain("%s: one number that is not negative, or none, is expected", argv[0]);
        return -1;
    }
    return number;
}

static int builtin_nothing(int argc, char **argv)
{
    return 0;
}

static int builtin_false(int argc, char **argv)
{
    return 1;
}

static int builtin_echo(int argc, char **argv)
{
    echo_words(argc, argv);
    return 0; /* what could not be written is reported by who calls builtins */
}

static int builtin_exit(int argc, char **argv)
{
    long status = optional_number(argc, argv, shell.status);
    shell_exit(status < 0 ? 2 : (int)(status & 0xff));
}

static int builtin_return(int argc, char **argv)
{
    long status = optional_number(argc, argv, shell.status);
    if (shell.calls == 0) {
        complain("return: not in a function or sourced file");
        return 1;
    }
    shell.status = status < 0 ? 2 : (int)(status & 0xff);
    shell.unwind = UNWIND_RETURN;
    return shell.status;
}

static int builtin_break(int argc, char **argv)
{
    long loops = optional_number(argc, argv, 1);
    if (loops <= 0 || shell.loops == 0) {
        complain("%s: %s", argv[0], loops <= 0 ? "a number of loops is expected" : "not in a loop");
        return 1;
    }
    shell.unwind_loops = loops < shell.loops ? (int)loops : shell.loops;
    shell.unwind = argv[0][0] == 'b' ? UNWIND_BREAK : UNWIND_CONTINUE;
    return shell.status = 0;
}

/* Joins `to` to the directory `from` and takes out "." and "..": an absolute path. */
static char *join_path(const char *from, const char *to)
{
    struct buffer path = {0};
    const char *parts[2] = {to[0] == '/' ? "" : from, to};
    for (int i = 0; i < 2; i++) {
        const char *s = parts[i] + strspn(parts[i], "/");
        while (*s != '\0') {
            size_t n = strcspn(s, "/");
            if (n == 2 && s[0] == '.' && s[1] == '.') {
                while (path.used > 0 && path.text[--path.used] != '/') {
                }
            } else if (n != 1 || s[0] != '.') {
                buffer_push(&path, '/');
                buffer_append(&path, s, n);
            }
            s += n + strspn(s + n, "/");
        }
    }
    if (path.used == 0) {
        buffer_push(&path, '/');
    }
    path.text[path.used] = '\0';
    return buffer_take(&path);
}

static int builtin_cd(int argc, char **argv)
{
    const char *old = var_get("PWD");
    const char *to = argc > 1 ? argv[1] : var_get("HOME");
    if (argc > 2) {
        complain("cd: one directory is expected");
        return 2;
    }
    bool back = argc > 1 && strcmp(to, "-") == 0;
    if (back && (to = var_get("OLDPWD")) == NULL) {
        complain("cd: no directory to go back to");
        return 1;
    }
    if (to == NULL) {
        to = "/";
    }
    /* By the path as the user sees it, so that .. leads out of a mount. */
    char *path = old != NULL || to[0] == '/' ? join_path(old != NULL ? old : "", to) : xstrdup(to);
    int result = chdir(path);
    if (result < 0) {
        complain("cd: %s: %s", to, strerror(errno));
    } else {
        if (old != NULL) {
            var_set("OLDPWD", old);
        }
        var_set("PWD", path);
        if (back) {
            printf("%s\n", path);
        }
    }
    free(path);
    return result < 0;
}

static int builtin_pwd(int argc, char **argv)
{
    const char *path = var_get("PWD");
    if (path == NULL) {
        complain("pwd: the path of this directory is not known");
        return 1;
    }
    printf("%s\n", path);
    return 0;
}

static int builtin_export(int argc, char **argv)
{
    int status = 0;
    if (argc == 1 || strcmp(argv[1], "-p") == 0) {
        vars_print(true);
    }
    for (int i = 1; i < argc; i++) {
        char *equals = strchr(argv[i], '=');
        if (strcmp(argv[i], "-p") == 0) {
            continue;
        }
        if (equals != NULL) {
            *equals = '\0';
        }
        if (!is_name(argv[i])) {
            complain("%s: '%s' is no name of a variable", argv[0], argv[i]);
            status = 1;
            continue;
        }
        if (equals != NULL) {
            var_set(argv[i], equals + 1);
        }
        var_export(argv[i]);
    }
    return status;
}

static int builtin_unset(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        var_unset(argv[i]);
    }
    return 0;
}

static void set_positional(int argc, char **argv)
{
    struct strings fresh = {0};
    strings_push(&fresh, xstrdup(shell.argv[0]));
    for (int i = 0; i < argc; i++) {
        strings_push(&fresh, xstrdup(argv[i]));
    }
    struct strings old = {.item = shell.argv, .used = (size_t)shell.argc};
    strings_free(&old);
    shell.argc = argc + 1;
    shell.argv = fresh.item;
}

static int builtin_set(int argc, char **argv)
{
    int i = 1;
    if (argc == 1) {
        vars_print(false);
    }
    for (; i < argc && (argv[i][0] == '-' || argv[i][0] == '+') && argv[i][1] != '\0'; i++) {
        if (strcmp(argv[i], "--") == 0) {
            set_positional(argc - i - 1, argv + i + 1);
            return 0;
        }
        for (const char *letter = argv[i] + 1; *letter != '\0'; letter++) {
            if (*letter == 'e') {
                shell.errexit = argv[i][0] == '-';
            } else if (*letter == 'x') {
                shell.xtrace = argv[i][0] == '-';
            } else {
                complain("set: unknown option '%c' (known: -e -x --)", *letter);
                return 2;
            }
        }
    }
    if (i < argc) {
        set_positional(argc - i, argv + i);
    }
    return 0;
}

static int builtin_shift(int argc, char **argv)
{
    long n = optional_number(argc, argv, 1);
    if (n < 0 || n >= shell.argc) {
        if (n >= 0) {
            complain("shift: only %d to shift", shell.argc - 1);
        }
        return 1;
    }
    char **kept = shell.argv + 1 + n;
    set_positional(shell.argc - 1 - (int)n, kept);
    return 0;
}

static int builtin_eval(int argc, char **argv)
{
    struct buffer text = {0};
    for (int i = 1; i < argc; i++) {
        buffer_append(&text, argv[i], strlen(argv[i]));
        buffer_push(&text, i + 1 < argc ? ' ' : '\n');
    }
    buffer_append(&text, "", 0);
    shell.status = 0;
    int status = run_string(text.text, 0);
    buffer_free(&text);
    return status;
}

static int builtin_exec(int argc, char **argv)
{
    if (argc > 1) {
        exec_program(argv + 1);
    }
    return 0;
}

static int builtin_type(int argc, char **argv)
{
    int status = 0;
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i];
        struct buffer path = {0};
        const char *place = strchr(name, '/') == NULL ? var_get("PATH") : NULL;
        bool found = false;
        if (function_find(name) != NULL || builtin_find(name) != NULL) {
            printf("%s is a shell %s\n", name, function_find(name) != NULL ? "function" : "builtin");
            continue;
        }
        for (; place != NULL && *place != '\0' && !found; place += *place == ':') {
            size_t n = strcspn(place, ":");
            path.used = 0;
            buffer_append(&path, place, n);
            buffer_push(&path, '/');
            buffer_append(&path, name, strlen(name));
            found = access(path.text, F_OK) == 0;
            place += n;
        }
        if (found) {
            printf("%s is %s\n", name, path.text);
        } else {
            complain("type: %s: not found", name);
            status = 1;
        }
        buffer_free(&path);
    }
    return status;
}

static const struct {
    const char *name;
    builtin_function *function;
} builtins[] = {
    {".", builtin_source}, {":", builtin_nothing}, {"[", builtin_test}, {"break", builtin_break},
    {"cd", builtin_cd}, {"continue", builtin_break}, {"echo", builtin_echo}, {"eval", builtin_eval},
    {"exec", builtin_exec}, {"exit", builtin_exit}, {"export", builtin_export}, {"false", builtin_false},
    {"fg", builtin_fg}, {"history", builtin_history}, {"jobs", builtin_jobs}, {"kill", builtin_kill},
    {"pwd", builtin_pwd},
    {"read", builtin_read}, {"return", builtin_return}, {"set", builtin_set}, {"shift", builtin_shift},
    {"source", builtin_source}, {"test", builtin_test}, {"true", builtin_nothing}, {"type", builtin_type},
    {"unset", builtin_unset}, {"wait", builtin_wait},
};

#define BUILTINS (sizeof builtins / sizeof builtins[0])

builtin_function *builtin_find(const char *name)
{
    for (size_t i = 0; i < BUILTINS; i++) {
        if (strcmp(builtins[i].name, name) == 0) {
            return builtins[i].function;
        }
    }
    return NULL;
}

void builtins_offer(const char *prefix, struct strings *out)
{
    for (size_t i = 0; i < BUILTINS; i++) {
        strings_offer(out, prefix, builtins[i].name);
    }
}
