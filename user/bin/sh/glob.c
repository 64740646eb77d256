/*
 * Patterns: matching a text, and expanding one into the names of files.
 * Called by expansion and `case`. Must never take time exponential in the pattern, and must
 * leave a pattern that matches no file alone.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sh.h"

/* One [...] at p (after the bracket) against c: 1 or 0; *end is after the closing bracket. -1: no set. */
static int match_set(const char *p, char c, const char **end)
{
    bool negate = *p == '!' || *p == '^';
    bool found = false;
    const char *first = p += negate;
    while (*p != ']' || p == first) {
        if (*p == '\\') {
            p++;
        }
        if (*p == '\0') {
            return -1;
        }
        unsigned char low = (unsigned char)*p++;
        unsigned char high = low;
        if (p[0] == '-' && p[1] != ']' && p[1] != '\0') {
            p += p[1] == '\\' && p[2] != '\0' ? 2 : 1;
            high = (unsigned char)*p++;
        }
        found = found || (low <= (unsigned char)c && (unsigned char)c <= high);
    }
    *end = p + 1;
    return found != negate;
}

/* One element of the pattern at *p against c; moves *p on when it matches. */
static bool match_one(const char **p, char c)
{
    const char *s = *p;
    const char *end;
    if (*s == '?') {
        *p = s + 1;
        return true;
    }
    if (*s == '[') {
        int result = match_set(s + 1, c, &end);
        if (result > 0) {
            *p = end;
        }
        if (result >= 0) {
            return result > 0;
        }
    } else if (*s == '\\' && s[1] != '\0') {
        s++;
    }
    *p = s + 1;
    return *s == c;
}

bool pattern_match(const char *pattern, const char *text)
{
    /* On a mismatch only the last * needs to be tried again, one character further. */
    const char *star = NULL;
    const char *retry = NULL;
    for (;;) {
        if (*pattern == '*') {
            star = ++pattern;
            retry = text;
        } else if (*text == '\0') {
            return *pattern == '\0';
        } else if (*pattern == '\0' || !match_one(&pattern, *text)) {
            if (star == NULL) {
                return false;
            }
            pattern = star;
            text = ++retry;
        } else {
            text++;
        }
    }
}

void pattern_unescape(char *pattern)
{
    char *to = pattern;
    for (; *pattern != '\0'; pattern++) {
        if (*pattern == '\\' && pattern[1] != '\0') {
            pattern++;
        }
        *to++ = *pattern;
    }
    *to = '\0';
}

/* Whether anything in these n bytes is more than itself. A [ that is not closed is not: it is a command. */
static bool is_wild(const char *s, size_t n)
{
    const char *end;
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '\\') {
            i++;
        } else if (s[i] == '*' || s[i] == '?' || (s[i] == '[' && match_set(s + i + 1, 0, &end) >= 0 && end <= s + n)) {
            return true;
        }
    }
    return false;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void walk(struct buffer *path, const char *pattern, struct strings *out);

/* `name` (n bytes) takes the place of one component; `rest` starts with the slashes after it. */
static void descend(struct buffer *path, const char *name, size_t n, const char *rest, struct strings *out)
{
    size_t before = path->used;
    size_t slashes = strspn(rest, "/");
    struct stat st;
    buffer_append(path, name, n);
    if (stat(path->text, &st) == 0 && (slashes == 0 || S_ISDIR(st.st_mode))) {
        buffer_append(path, rest, slashes);
        walk(path, rest + slashes, out);
    }
    path->used = before;
    path->text[before] = '\0';
}

static void walk_directory(struct buffer *path, const char *component, const char *rest, struct strings *out)
{
    struct strings names = {0};
    DIR *directory = opendir(path->used > 0 ? path->text : ".");
    struct dirent *entry;
    if (directory == NULL) {
        return;
    }
    while ((entry = readdir(directory)) != NULL) {
        if ((entry->d_name[0] != '.' || component[0] == '.') && pattern_match(component, entry->d_name)) {
            strings_push(&names, xstrdup(entry->d_name));
        }
    }
    closedir(directory);
    if (names.used > 0) {
        qsort(names.item, names.used, sizeof *names.item, compare);
    }
    for (size_t i = 0; i < names.used; i++) {
        descend(path, names.item[i], strlen(names.item[i]), rest, out);
    }
    strings_free(&names);
}

/* `path` exists and ends with a slash or is empty; `pattern` is what remains. */
static void walk(struct buffer *path, const char *pattern, struct strings *out)
{
    if (*pattern == '\0') {
        strings_push(out, xstrdup(path->text));
        return;
    }
    size_t n = strcspn(pattern, "/");
    char *component = xmalloc(n + 1);
    memcpy(component, pattern, n);
    component[n] = '\0';
    if (is_wild(pattern, n)) {
        walk_directory(path, component, pattern + n, out);
    } else {
        pattern_unescape(component);
        descend(path, component, strlen(component), pattern + n, out);
    }
    free(component);
}

void glob_expand(const char *pattern, struct strings *out)
{
    struct buffer path = {0};
    size_t slashes = strspn(pattern, "/");
    if (!is_wild(pattern, strlen(pattern))) {
        return;
    }
    buffer_append(&path, pattern, slashes);
    walk(&path, pattern + slashes, out);
    buffer_free(&path);
}
