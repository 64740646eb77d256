/*
 * What a dollar sign or a backquote stands for: parameters, ${…}, $(…), $((…)).
 * Called by expand_text. Must never leave a child of $(…) behind.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "expand.h"
#include "jobs.h"

#define SUBSTITUTION_MAX (4 * 1024 * 1024)

/* The value of a parameter into `number` or a variable's own memory; NULL: not set. */
static const char *parameter(const char *name, char number[24])
{
    long value;
    if (is_name_start(name[0])) {
        return var_get(name);
    }
    switch (name[0]) {
    case '?':
        value = shell.status;
        break;
    case '$':
        value = shell.pid;
        break;
    case '#':
        value = shell.argc - 1;
        break;
    case '!':
        value = shell.background;
        if (value == 0) {
            return NULL;
        }
        break;
    case '-':
        return shell.errexit ? (shell.xtrace ? "ex" : "e") : shell.xtrace ? "x" : "";
    default:
        value = strtol(name, NULL, 10);
        return value < shell.argc ? shell.argv[value] : NULL;
    }
    snprintf(number, 24, "%ld", value);
    return number;
}

/* Bytes of the parameter's name at s; 0: none there. */
static size_t parameter_name(const char *s, bool braces)
{
    size_t n = 0;
    if (is_name_start(s[0])) {
        while (is_name_char(s[n])) {
            n++;
        }
        return n;
    }
    if (s[0] >= '0' && s[0] <= '9') {
        n = 1;
        while (braces && s[n] >= '0' && s[n] <= '9') {
            n++;
        }
        return n;
    }
    return s[0] != '\0' && strchr("?$#!@*-", s[0]) != NULL ? 1 : 0;
}

/* ${name:-word} and its kin, from the operator on. 1: the value is to be used, 0: done, -1: error. */
static int apply_operator(struct expansion *e, const char *name, const char *value, const char *s,
                          const char *end, bool quoted)
{
    bool colon = *s == ':';
    char operator = colon ? s[1] : s[0];
    bool unset = value == NULL || (colon && *value == '\0');
    s += colon ? 2 : 1;
    if (unset == (operator == '-') && (operator == '-' || operator == '+')) {
        bool outer = e->word;
        e->word = true;
        bool good = expand_text(e, s, end, quoted);
        e->word = outer;
        return good ? 0 : -1;
    }
    if (operator == '+' || !unset) {
        return operator == '+' ? 0 : 1;
    }
    char *raw = xmalloc((size_t)(end - s) + 1);
    memcpy(raw, s, (size_t)(end - s));
    raw[end - s] = '\0';
    char *word = expand_one(raw);
    free(raw);
    if (word == NULL) {
        return -1;
    }
    if (operator == '=' && is_name_start(name[0])) {
        var_set(name, word);
        expand_value(e, word, quoted);
        free(word);
        return 0;
    }
    if (operator == '=') {
        complain("%s: cannot be assigned to", name);
    } else {
        complain("%s: %s", name, *word != '\0' ? word : "not set");
        shell.unwind = UNWIND_TOP;
        shell.status = 1;
    }
    free(word);
    return -1;
}

/* ${…}: s is after the opening brace, end at the closing one. */
static bool expand_braces(struct expansion *e, const char *s, const char *end, bool quoted)
{
    char number[24];
    bool length = s[0] == '#' && s + 1 < end && parameter_name(s + 1, true) > 0;
    size_t n = parameter_name(s + length, true);
    const char *after = s + length + n;
    bool good = n > 0 && after <= end && (after == end || !length);
    if (good && after < end) {
        const char *operator = after + (*after == ':');
        good = operator < end && strchr("-=+?", *operator) != NULL;
    }
    if (!good) {
        complain("${%.*s}: bad substitution", (int)(end - s > 60 ? 60 : end - s), s);
        return false;
    }
    if ((*s == '@' || *s == '*') && after == end) {
        expand_positional(e, *s, quoted);
        return true;
    }
    struct buffer name = {0};
    buffer_append(&name, s + length, n);
    const char *value = parameter(name.text, number);
    int use = 1;
    if (after < end) {
        use = apply_operator(e, name.text, value, after, end, quoted);
    }
    buffer_free(&name);
    if (use > 0 && length) {
        snprintf(number, sizeof number, "%zu", value != NULL ? strlen(value) : 0);
        value = number;
    }
    if (use > 0) {
        expand_value(e, value != NULL ? value : "", quoted);
    }
    return use >= 0;
}

/* Runs text in a copy of the shell and puts what it prints, without the newlines at its end. */
static bool substitute_command(struct expansion *e, const char *text, bool quoted)
{
    int ends[2];
    if (pipe(ends) < 0) {
        complain("cannot make a pipe for $(…): %s", strerror(errno));
        return false;
    }
    struct job *job = job_new(xstrdup(text));
    int pid = job != NULL ? job_fork(job, "$(…)") : -1;
    if (pid == 0) {
        close(ends[0]);
        if (ends[1] != 1) {
            dup2(ends[1], 1);
            close(ends[1]);
        }
        shell_exit(run_string(text, RUN_LAST));
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        if (job != NULL) {
            job_abandon(job);
        }
        return false;
    }
    job_start(job, true);
    struct buffer output = {0};
    char block[512];
    ssize_t n;
    while ((n = read(ends[0], block, sizeof block)) > 0 && output.used < SUBSTITUTION_MAX) {
        for (ssize_t i = 0; i < n; i++) {
            if (block[i] != '\0') { /* no word can hold it */
                buffer_push(&output, block[i]);
            }
        }
    }
    if (n > 0) {
        complain("$(…): more than %d bytes of output, the rest is dropped", SUBSTITUTION_MAX);
    }
    close(ends[0]);
    shell.status = job_wait(job);
    shell.substituted = true;
    while (output.used > 0 && output.text[output.used - 1] == '\n') {
        output.text[--output.used] = '\0';
    }
    expand_value(e, output.text != NULL ? output.text : "", quoted);
    buffer_free(&output);
    return shell.unwind == UNWIND_NONE;
}

/* `…`: backslashes in front of $, ` and \ go away before the text is run. */
static bool expand_backquotes(struct expansion *e, const char *s, const char *end, bool quoted)
{
    struct buffer text = {0};
    for (; s < end; s++) {
        if (*s == '\\' && s + 1 < end && strchr("$`\\", s[1]) != NULL) {
            s++;
        }
        buffer_push(&text, *s);
    }
    bool good = substitute_command(e, text.text != NULL ? text.text : "", quoted);
    buffer_free(&text);
    return good;
}

static bool expand_arithmetic(struct expansion *e, const char *s, const char *end, bool quoted)
{
    char number[24];
    long value;
    struct expansion inner = {.depth = e->depth};
    bool good = expand_text(&inner, s, end, true);
    char *text = buffer_take(&inner.field);
    pattern_unescape(text);
    good = good && arithmetic(text, &value) == 0;
    free(text);
    if (good) {
        snprintf(number, sizeof number, "%ld", value);
        expand_value(e, number, quoted);
    }
    return good;
}

bool expand_dollar(struct expansion *e, const char **s, const char *end, bool quoted)
{
    const char *from = *s;
    const char *after = skip_expansion(from, 0);
    if (after == NULL || after > end) {
        complain("%.40s: not closed, or nested too deeply", from);
        return false;
    }
    *s = after;
    if (*from == '`') {
        return expand_backquotes(e, from + 1, after - 1, quoted);
    }
    if (from[1] == '{') {
        return expand_braces(e, from + 2, after - 1, quoted);
    }
    if (from[1] == '(' && from[2] == '(' && after - from > 4 && after[-2] == ')') {
        return expand_arithmetic(e, from + 3, after - 2, quoted);
    }
    if (from[1] == '(') {
        char *text = xstrdup(from + 2);
        text[after - from - 3] = '\0';
        bool good = substitute_command(e, text, quoted);
        free(text);
        return good;
    }
    size_t n = from + 1 < end ? parameter_name(from + 1, false) : 0;
    if (n == 0) {
        expand_put(e, '$', quoted);
        return true;
    }
    *s = from + 1 + n;
    return expand_braces(e, from + 1, from + 1 + n, quoted);
}
