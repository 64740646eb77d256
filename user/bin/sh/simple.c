/*
 * Commands that become processes, and those that run in the shell: builtins, functions, assignments.
 * Called by run. Must never leave a pipe end open in the shell, or a child that nobody waits for.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kinglet/file.h>

#include "jobs.h"
#include "sh.h"

static void move_handle(int from, int to)
{
    if (from >= 0 && from != to) {
        dup2(from, to);
        close(from);
    }
}

static const char *first_word(const struct node *n)
{
    return n->kind == NODE_SIMPLE && n->word_count > 0 ? n->words[0] : "sh";
}

/* One member of a pipeline, in its own process. */
static void run_member(struct node *n, int input, int output, int unused, bool no_terminal)
{
    if (no_terminal && input < 0) {
        input = open("/dev/null", O_RDONLY); /* a job in the background does not read what is typed */
    }
    move_handle(input, 0);
    move_handle(output, 1);
    if (unused >= 0) {
        close(unused);
    }
    shell_exit(run(n, RUN_LAST));
}

int run_processes(struct node *first, struct node *whole, bool background)
{
    bool listed = shell.interactive || background;
    struct job *job = job_new(listed ? node_text(whole) : xstrdup(first_word(first)));
    int input = -1;
    if (job == NULL) {
        return 1;
    }
    for (struct node *n = first; n != NULL; n = n->next) {
        int ends[2] = {-1, -1};
        int pid = -1;
        if (n->next != NULL && pipe(ends) < 0) {
            complain("cannot make a pipe: %s", strerror(errno));
        } else {
            pid = job_fork(job, first_word(n));
        }
        if (pid == 0) {
            run_member(n, input, ends[1], ends[0], background);
        }
        if (input >= 0) {
            close(input);
        }
        if (ends[1] >= 0) {
            close(ends[1]);
        }
        input = ends[0];
        if (pid < 0) {
            if (input >= 0) {
                close(input);
            }
            job_abandon(job);
            return 1;
        }
    }
    job_start(job, !background);
    if (background) {
        jobs_background(job);
        return 0;
    }
    return job_wait(job);
}

static void trace(char **argv)
{
    struct buffer line = {0};
    buffer_append(&line, "+", 1);
    for (; *argv != NULL; argv++) {
        buffer_push(&line, ' ');
        buffer_append(&line, *argv, strlen(*argv));
    }
    buffer_push(&line, '\n');
    fflush(stdout);
    if (write(2, line.text, line.used) < 0) {
        shell.xtrace = false; /* nobody reads it */
    }
    buffer_free(&line);
}

/* NAME=value as written; false: the expansion failed. The old value goes to `old`, if that is wanted. */
static bool assign(const char *assignment, bool export, struct strings *old)
{
    size_t n = strcspn(assignment, "=");
    struct buffer name = {0};
    buffer_append(&name, assignment, n);
    char *value = expand_one(assignment + n + 1);
    if (value != NULL) {
        if (old != NULL) {
            const char *before = var_get(name.text);
            strings_push(old, xstrdup(name.text));
            strings_push(old, before != NULL ? xstrdup(before) : NULL);
        }
        var_set(name.text, value);
        if (export) {
            var_export(name.text);
        }
    }
    buffer_free(&name);
    free(value);
    return value != NULL;
}

static bool assign_all(const struct node *n, bool export, struct strings *old)
{
    for (int i = 0; i < n->assignment_count; i++) {
        if (!assign(n->assignments[i], export, old)) {
            return false;
        }
    }
    return true;
}

static void restore_variables(struct strings *old)
{
    for (size_t i = old->used; i >= 2; i -= 2) {
        if (old->item[i - 1] != NULL) {
            var_set(old->item[i - 2], old->item[i - 1]);
        } else {
            var_unset(old->item[i - 2]);
        }
    }
    strings_free(old);
}

static int call_function(struct node *body, int argc, char **argv)
{
    int old_argc = shell.argc;
    char **old_argv = shell.argv;
    char *name = old_argv[0];
    if (shell.calls >= SH_NESTING_MAX) {
        complain("%s: functions call one another too deeply", argv[0]);
        shell.unwind = UNWIND_TOP;
        return shell.status = 1;
    }
    struct strings own = {0};
    strings_push(&own, xstrdup(name));
    for (int i = 1; i < argc; i++) {
        strings_push(&own, xstrdup(argv[i]));
    }
    shell.argc = argc;
    shell.argv = own.item;
    shell.calls++;
    int loops = shell.loops;
    shell.loops = 0;
    int status = run(body, 0);
    shell.loops = loops;
    shell.calls--;
    if (shell.unwind == UNWIND_RETURN) {
        shell.unwind = UNWIND_NONE;
        status = shell.status;
    }
    if (shell.argv == own.item) {
        strings_free(&own); /* otherwise `set` or `shift` has replaced them and freed these */
    }
    shell.argc = old_argc;
    shell.argv = old_argv;
    return status;
}

/* A builtin or a function: in the shell's own process, with redirects and assignments for its time. */
static int run_inside(struct node *n, struct strings *words)
{
    builtin_function *builtin = builtin_find(words->item[0]);
    struct node *function = function_find(words->item[0]);
    bool for_good = function == NULL && strcmp(words->item[0], "exec") == 0;
    struct saved_handles saved = {0};
    struct strings old = {0};
    int status = 1;
    fflush(stdout);
    if (redirect_apply(n->redirects, for_good ? NULL : &saved) < 0) {
        return 1;
    }
    if (assign_all(n, true, &old)) {
        status = function != NULL ? call_function(function, (int)words->used, words->item)
                                  : builtin((int)words->used, words->item);
    }
    restore_variables(&old);
    if (fflush(stdout) != 0 && status == 0) {
        if (errno != EPIPE) { /* who reads has seen enough: `history | head -n 1` */
            complain("%s: cannot write: %s", words->item[0], strerror(errno));
        }
        status = 1;
    }
    redirect_restore(&saved);
    return status;
}

/* Only assignments and redirects: they happen in the shell itself. */
static int run_assignments(struct node *n)
{
    struct saved_handles saved = {0};
    shell.substituted = false;
    if (!assign_all(n, false, NULL) || redirect_apply(n->redirects, &saved) < 0) {
        return 1;
    }
    redirect_restore(&saved);
    return shell.substituted ? shell.status : 0;
}

int run_simple(struct node *n, int flags)
{
    struct strings words = {0};
    int status;
    if (expand_words(n->words, n->word_count, &words) < 0) {
        status = 1;
    } else if (words.used == 0) {
        status = run_assignments(n);
    } else {
        if (shell.xtrace) {
            trace(words.item);
        }
        if (function_find(words.item[0]) != NULL || builtin_find(words.item[0]) != NULL) {
            status = run_inside(n, &words);
        } else if (flags & RUN_LAST) {
            if (redirect_apply(n->redirects, NULL) < 0 || !assign_all(n, true, NULL)) {
                shell_exit(1);
            }
            exec_program(words.item);
        } else {
            status = run_processes(n, n, false);
        }
    }
    strings_free(&words);
    return status;
}
