/*
 * What expand.c and dollar.c share: the field that is being collected.
 *
 * It is kept in "pattern form": a character that a pattern would take as special but that was
 * quoted has a backslash in front. pattern_unescape makes plain text of it.
 */
#ifndef SH_EXPAND_H
#define SH_EXPAND_H

#include "sh.h"

struct expansion {
    struct strings *out; /* where finished fields go; NULL: one field only */
    struct buffer field;
    bool started;  /* the field exists even if it is empty ("") */
    bool wild;     /* the field holds an unquoted * ? or [ */
    bool split;    /* fields and file names */
    bool here;     /* a here-document: double quotes are ordinary characters */
    bool word;     /* the word of ${name:-word}: what stands in it unquoted is split, like a value */
    int depth;
};

void expand_put(struct expansion *e, char c, bool quoted);
void expand_value(struct expansion *e, const char *value, bool quoted); /* split unless quoted */
void expand_positional(struct expansion *e, char which, bool quoted);   /* $@ and $* */
/* The word from s to end; `quoted`: it stands inside double quotes. false: reported. */
bool expand_text(struct expansion *e, const char *s, const char *end, bool quoted);
/* At '$' or '`'; moves *s past the expansion. */
bool expand_dollar(struct expansion *e, const char **s, const char *end, bool quoted);

#endif
