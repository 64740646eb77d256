/*
 * The line editor of an interactive shell: keys.c reads what is typed, edit.c changes the line, screen.c
 * shows it, history.c knows earlier lines, search.c looks for one, complete.c finishes names.
 */
#ifndef SH_EDIT_H
#define SH_EDIT_H

#include "sh.h"

/* ---- edit.c ---- */

struct editor {
    int terminal;
    struct buffer text; /* the line; text.text is never NULL */
    size_t cursor;      /* in bytes, between two characters */
};

/* Reads a line, edited by whoever types it, and appends it with a newline to `out`. -1: the terminal has no
 * raw mode, and nothing has been done. */
int edit_line(int terminal, const char *prompt, struct buffer *out, enum input_result *result);

void edit_replace(struct editor *ed, size_t from, size_t to, const char *text, size_t n); /* and shows it */
void edit_set(struct editor *ed, const char *text); /* the whole line; the cursor goes to its end */
void edit_move(struct editor *ed, size_t cursor);

/* ---- keys.c ---- */

#define CONTROL(letter) ((letter) & 0x1f)
#define DELETE 0x7f

enum key { /* what is not a control character's number */
    KEY_TEXT = 0x100, /* a character is in the text */
    KEY_UP, KEY_DOWN, KEY_LEFT, KEY_RIGHT, KEY_HOME, KEY_END, KEY_DELETE,
    KEY_WORD_LEFT, KEY_WORD_RIGHT, KEY_WORD_DELETE, KEY_WORD_ERASE,
    KEY_UNKNOWN,
    KEY_INPUT_END, KEY_INTERRUPTED, KEY_LOST, KEY_FAILED, /* LOST: the console's server died */
};

/* Waits for a key. KEY_TEXT: its n bytes are in `text`. */
int key_read(int terminal, char text[4], size_t *n);
void key_unread(char byte); /* it was typed before what key_read will read next */

/* ---- screen.c ---- */

void screen_start(struct editor *ed, const char *prompt); /* a new line on the screen, with the prompt */
void screen_prompt(struct editor *ed, const char *prompt); /* another prompt in place of it; shows all anew */
/* Before a change to the line. */
void screen_before(struct editor *ed);
/* The line has changed from the byte `from` on. */
void screen_changed(struct editor *ed, size_t from);
void screen_moved(struct editor *ed); /* only the cursor has */
void screen_below(struct editor *ed); /* to the start of an empty row below, for what is printed there */
void screen_interrupted(struct editor *ed); /* shows ^C where the cursor is, and goes below the line */
void screen_again(struct editor *ed); /* prompt and line in the row that the terminal's cursor is at the start of */
void screen_clear(struct editor *ed); /* the whole screen, and the line at its top */
void screen_bell(void);
bool screen_flush(struct editor *ed); /* writes all that is to be shown; false: it could not */
int screen_columns(void);
size_t character_before(const struct editor *ed, size_t at);
size_t character_after(const struct editor *ed, size_t at);
int text_columns(const char *text, size_t n, int column); /* that it takes when it starts there */

/* ---- history.c ---- */

void history_load(void);
void history_add(const char *line);
size_t history_count(void);
const char *history_line(size_t i); /* 0 is the oldest */

/* ---- search.c ---- */

/* ^R: lets whoever types look for an earlier line. -> the key that ended it, to be obeyed; 0: none. */
int search_history(struct editor *ed, const char *prompt);

/* ---- complete.c, candidates.c ---- */

/* Tab; `again`: right after another one, that could not decide. -> whether it could not. */
bool complete_at_cursor(struct editor *ed, bool again);

/* What is known of the word at the cursor. */
struct spot {
    enum { SPOT_NOTHING, SPOT_FILE, SPOT_DIRECTORY, SPOT_COMMAND, SPOT_PROGRAM, SPOT_VARIABLE } kind;
    size_t start;            /* where the part begins that is to be finished */
    char outer, inner;       /* the quote that is open there and at the cursor, or 0 */
    struct buffer directory; /* the part of the path before it; empty: here */
    struct buffer name;      /* the part itself, without quotes */
};
/* All that the name may become, sorted, each once; directories with a slash. */
void candidates_find(const struct spot *spot, struct strings *found);

#endif
