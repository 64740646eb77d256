/*
 * echo, for /bin/echo and the shell, whose own echo works when no process can be made any more.
 */
#ifndef USER_ECHO_H
#define USER_ECHO_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One escape after the backslash at s; -> what follows it. NULL: \c, stop here. */
static inline const char *echo_put_escape(const char *s)
{
    static const char letters[] = "abefnrtv\\";
    static const char values[] = "\a\b\033\f\n\r\t\v\\";
    const char *at = *s != '\0' ? strchr(letters, *s) : NULL;
    if (*s == 'c') {
        return NULL;
    }
    if (at != NULL) {
        putchar(values[at - letters]);
        return s + 1;
    }
    if (*s == '0' || *s == 'x') {
        char digits[4] = {0};
        size_t n = strspn(s + 1, *s == '0' ? "01234567" : "0123456789abcdefABCDEF");
        size_t most = *s == '0' ? 3 : 2;
        n = n > most ? most : n;
        memcpy(digits, s + 1, n);
        putchar((int)strtol(digits, NULL, *s == '0' ? 8 : 16));
        return s + 1 + n;
    }
    putchar('\\');
    return s;
}

static inline bool echo_put_escaped(const char *s)
{
    while (s != NULL && *s != '\0') {
        if (*s == '\\') {
            s = echo_put_escape(s + 1);
        } else {
            putchar(*s++);
        }
    }
    return s != NULL;
}

/* Anything that is not wholly made of known letters is a word to print, as users expect of echo. */
static inline bool echo_is_option(const char *word)
{
    return word[0] == '-' && word[1] != '\0' && word[1 + strspn(word + 1, "neE")] == '\0';
}

/* What echo prints for its arguments. Errors are in stdout's error state. */
static inline void echo_words(int argc, char **argv)
{
    bool newline = true, escapes = false;
    int i = 1;
    for (; i < argc && echo_is_option(argv[i]); i++) {
        for (const char *letter = argv[i] + 1; *letter != '\0'; letter++) {
            newline = newline && *letter != 'n';
            escapes = *letter == 'e' || (escapes && *letter != 'E');
        }
    }
    for (; i < argc; i++) {
        if (!escapes) {
            fputs(argv[i], stdout);
        } else if (!echo_put_escaped(argv[i])) {
            return;
        }
        if (i + 1 < argc) {
            putchar(' ');
        }
    }
    if (newline) {
        putchar('\n');
    }
}

#endif
