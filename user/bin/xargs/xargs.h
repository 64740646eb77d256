/*
 * xargs: what its two files share. main.c builds and runs the commands, words.c splits the input.
 */
#ifndef XARGS_H
#define XARGS_H

#include <stdbool.h>
#include <stddef.h>

enum split {
    SPLIT_WORDS, /* blanks and newlines separate; quotes and backslashes take their meaning away */
    SPLIT_LINES, /* -I: newlines alone, blanks in front are dropped, quotes as above */
    SPLIT_NULS,  /* -0: as it stands, up to a NUL */
};

struct word {
    char *text; /* malloc'ed, NUL-terminated */
    bool ends_line; /* a newline, or the end, comes after it (for -L): not when a blank did */
};

/* The next word of standard input; false: there is none. Ends xargs when a quote is not closed. */
bool word_next(enum split split, struct word *word);

#endif
