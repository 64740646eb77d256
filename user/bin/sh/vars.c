/*
 * The shell's variables. Called by expansion and the builtins; exec takes the exported ones.
 * Must never hand out memory that a later var_set frees while the caller still needs it:
 * callers copy.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sh.h"

struct variable {
    struct variable *next;
    char *name;
    char *value; /* NULL: exported but not set yet */
    bool exported;
};

static struct variable *variables;

static struct variable *find(const char *name, bool create)
{
    struct variable **at = &variables;
    /* In order of name, so that `set` and `export` list them sorted. */
    while (*at != NULL && strcmp((*at)->name, name) < 0) {
        at = &(*at)->next;
    }
    if (*at != NULL && strcmp((*at)->name, name) == 0) {
        return *at;
    }
    if (!create) {
        return NULL;
    }
    struct variable *v = xmalloc(sizeof *v);
    *v = (struct variable){.next = *at, .name = xstrdup(name)};
    *at = v;
    return v;
}

void vars_import(char **environment)
{
    for (; environment != NULL && *environment != NULL; environment++) {
        const char *equals = strchr(*environment, '=');
        if (equals == NULL || !is_name_start(**environment)) {
            continue;
        }
        struct buffer name = {0};
        buffer_append(&name, *environment, (size_t)(equals - *environment));
        var_set(name.text, equals + 1);
        var_export(name.text);
        buffer_free(&name);
    }
}

const char *var_get(const char *name)
{
    struct variable *v = find(name, false);
    return v != NULL ? v->value : NULL;
}

void var_set(const char *name, const char *value)
{
    struct variable *v = find(name, true);
    char *copy = xstrdup(value); /* first: value may be part of the old one */
    free(v->value);
    v->value = copy;
}

void var_export(const char *name)
{
    find(name, true)->exported = true;
}

void var_unset(const char *name)
{
    for (struct variable **at = &variables; *at != NULL; at = &(*at)->next) {
        struct variable *v = *at;
        if (strcmp(v->name, name) == 0) {
            *at = v->next;
            free(v->name);
            free(v->value);
            free(v);
            return;
        }
    }
}

char **vars_environment(void)
{
    static struct strings list;
    strings_free(&list);
    for (struct variable *v = variables; v != NULL; v = v->next) {
        if (v->exported && v->value != NULL) {
            struct buffer entry = {0};
            buffer_append(&entry, v->name, strlen(v->name));
            buffer_push(&entry, '=');
            buffer_append(&entry, v->value, strlen(v->value));
            strings_push(&list, buffer_take(&entry));
        }
    }
    if (list.item == NULL) {
        strings_push(&list, NULL);
        list.used = 0;
    }
    return list.item;
}

/* In single quotes, so that the output can be read back by a shell. */
static void print_quoted(const char *text)
{
    putchar('\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'') {
            fputs("'\\''", stdout);
        } else {
            putchar(*text);
        }
    }
    putchar('\'');
}

void vars_print(bool exported_only)
{
    for (struct variable *v = variables; v != NULL; v = v->next) {
        if (exported_only && !v->exported) {
            continue;
        }
        printf("%s%s", exported_only ? "export " : "", v->name);
        if (v->value != NULL) {
            putchar('=');
            print_quoted(v->value);
        }
        putchar('\n');
    }
}

void vars_offer(const char *prefix, struct strings *out)
{
    for (struct variable *v = variables; v != NULL; v = v->next) {
        strings_offer(out, prefix, v->name);
    }
}
