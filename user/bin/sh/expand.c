/*
 * Words as written -> the strings that a command gets: quotes, $NAME, ${…}, $(…), $((…)), fields,
 * file names. Called by run and the builtins. Must never split or glob what stands in quotes.
 */
#include <stdlib.h>
#include <string.h>

#include "expand.h"

void expand_put(struct expansion *e, char c, bool quoted)
{
    if (strchr("*?[]\\-!^", c) != NULL && c != '\0') {
        if (quoted || c == '\\') {
            buffer_push(&e->field, '\\');
        } else if (c == '*' || c == '?' || c == '[') {
            e->wild = true;
        }
    }
    buffer_push(&e->field, c);
    e->started = true;
}

static void finish_field(struct expansion *e)
{
    if (e->started) {
        size_t before = e->out->used;
        char *field = buffer_take(&e->field);
        if (e->wild) {
            glob_expand(field, e->out);
        }
        if (e->out->used == before) {
            pattern_unescape(field);
            strings_push(e->out, field);
        } else {
            free(field);
        }
    }
    e->started = e->wild = false;
}

void expand_value(struct expansion *e, const char *value, bool quoted)
{
    const char *ifs = var_get("IFS");
    if (ifs == NULL) {
        ifs = " \t\n";
    }
    for (; *value != '\0'; value++) {
        if (quoted || !e->split || strchr(ifs, *value) == NULL) {
            expand_put(e, *value, quoted);
            continue;
        }
        if (*value != ' ' && *value != '\t' && *value != '\n') {
            e->started = true; /* such a separator ends even an empty field */
        }
        finish_field(e);
    }
    if (quoted) {
        e->started = true;
    }
}

/* "$@" keeps each parameter a field of its own. */
void expand_positional(struct expansion *e, char which, bool quoted)
{
    for (int i = 1; i < shell.argc; i++) {
        if (i > 1 && e->split && (which == '@' || !quoted)) {
            finish_field(e);
        } else if (i > 1) {
            expand_put(e, ' ', true);
        }
        expand_value(e, shell.argv[i], quoted);
    }
}

bool expand_text(struct expansion *e, const char *s, const char *end, bool quoted)
{
    if (++e->depth > SH_NESTING_MAX) {
        complain("expansion nested too deeply");
        return false;
    }
    while (s < end) {
        if (*s == '"' && !e->here) {
            if (!quoted && strncmp(s, "\"$@\"", 4) == 0 && shell.argc <= 1) {
                s += 4; /* "$@" without parameters is no field at all */
                continue;
            }
            quoted = !quoted;
            e->started = true;
            s++;
        } else if (*s == '\'' && !quoted) {
            e->started = true;
            for (s++; s < end && *s != '\''; s++) {
                expand_put(e, *s, true);
            }
            s++;
        } else if (*s == '\\' && s + 1 < end) {
            if (s[1] == '\n') {
                s += 2;
                continue;
            }
            if (quoted && strchr("$`\"\\", s[1]) == NULL) {
                expand_put(e, '\\', true);
                s++;
                continue;
            }
            expand_put(e, s[1], true);
            s += 2;
        } else if (*s == '$' || *s == '`') {
            if (!expand_dollar(e, &s, end, quoted)) {
                return false;
            }
        } else if (e->word) {
            expand_value(e, (char[]){*s++, '\0'}, quoted);
        } else {
            expand_put(e, *s++, quoted);
        }
    }
    e->depth--;
    return true;
}

/* ~ and ~/… at the start of a word: the way home. Returns what follows it. */
static const char *expand_tilde(struct expansion *e, const char *word)
{
    const char *home = var_get("HOME");
    if (home == NULL || word[0] != '~' || (word[1] != '\0' && word[1] != '/')) {
        return word;
    }
    expand_value(e, strcmp(home, "/") == 0 && word[1] == '/' ? "" : home, true);
    return word + 1;
}

int expand_words(char *const *words, int count, struct strings *out)
{
    for (int i = 0; i < count; i++) {
        struct expansion e = {.out = out, .split = true};
        const char *rest = expand_tilde(&e, words[i]);
        bool good = expand_text(&e, rest, rest + strlen(rest), false);
        if (good) {
            finish_field(&e);
        }
        buffer_free(&e.field);
        if (!good) {
            return -1;
        }
    }
    return 0;
}

static char *expand_whole(const char *text, bool here, bool unescape)
{
    struct expansion e = {.here = here};
    const char *rest = here ? text : expand_tilde(&e, text);
    bool good = expand_text(&e, rest, rest + strlen(rest), here);
    char *result = buffer_take(&e.field);
    if (!good) {
        free(result);
        return NULL;
    }
    if (unescape) {
        pattern_unescape(result);
    }
    return result;
}

char *expand_one(const char *word)
{
    return expand_whole(word, false, true);
}

char *expand_pattern(const char *word)
{
    return expand_whole(word, false, false);
}

char *expand_here(const char *text)
{
    return expand_whole(text, true, true);
}
