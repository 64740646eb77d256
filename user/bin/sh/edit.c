/*
 * The line editor: what each key does to the line. Called by input.c for each line of an interactive shell.
 * Must leave the terminal in line mode whenever it returns: commands find it as they expect it.
 */
#include "edit.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../terminal.h"

#define LOST_MAX 3 /* deaths of the console's server while one line is typed */

static struct buffer killed; /* what ^K ^U ^W took last; ^Y puts it back */

/* The lines that up and down go through: the history, and behind it the new one. What was changed in one
 * is kept until the line is done. */
static struct {
    size_t line;
    struct strings changed; /* by number; NULL: as it is in the history */
} walk;

/* ---- changes, and showing them ---- */

void edit_replace(struct editor *ed, size_t from, size_t to, const char *text, size_t n)
{
    bool appends = from == ed->text.used && ed->cursor == from;
    size_t behind = ed->text.used - to;
    if (ed->text.used - (to - from) + n > SH_LINE_MAX) {
        screen_bell();
        return;
    }
    if (!appends) {
        screen_before(ed);
    }
    if (n > to - from) { /* make room, whatever is in it */
        buffer_append(&ed->text, text, n - (to - from));
    }
    memmove(ed->text.text + from + n, ed->text.text + to, behind);
    memcpy(ed->text.text + from, text, n);
    ed->text.used = from + n + behind;
    ed->text.text[ed->text.used] = '\0';
    ed->cursor = from + n;
    screen_changed(ed, from);
}

void edit_set(struct editor *ed, const char *text)
{
    edit_replace(ed, 0, ed->text.used, text, strlen(text));
}

void edit_move(struct editor *ed, size_t cursor)
{
    if (cursor != ed->cursor) {
        screen_before(ed);
        ed->cursor = cursor;
        screen_moved(ed);
    }
}

static void kill_text(struct editor *ed, size_t from, size_t to)
{
    if (from == to) {
        screen_bell();
        return;
    }
    killed.used = 0;
    buffer_append(&killed, ed->text.text + from, to - from);
    edit_replace(ed, from, to, "", 0);
}

static void erase(struct editor *ed, size_t from, size_t to)
{
    if (from == to) {
        screen_bell();
    } else {
        edit_replace(ed, from, to, "", 0);
    }
}

/* ---- words ---- */

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static size_t word_before(const struct editor *ed)
{
    size_t at = ed->cursor;
    while (at > 0 && !is_word(ed->text.text[at - 1])) {
        at--;
    }
    while (at > 0 && is_word(ed->text.text[at - 1])) {
        at--;
    }
    return at;
}

static size_t word_after(const struct editor *ed)
{
    size_t at = ed->cursor;
    while (at < ed->text.used && !is_word(ed->text.text[at])) {
        at++;
    }
    while (at < ed->text.used && is_word(ed->text.text[at])) {
        at++;
    }
    return at;
}

/* ^W takes what stands between blanks, as terminals in line mode do. */
static size_t blank_word_before(const struct editor *ed)
{
    size_t at = ed->cursor;
    while (at > 0 && isblank((unsigned char)ed->text.text[at - 1])) {
        at--;
    }
    while (at > 0 && !isblank((unsigned char)ed->text.text[at - 1])) {
        at--;
    }
    return at;
}

static void swap_characters(struct editor *ed)
{
    size_t middle = ed->cursor == ed->text.used ? character_before(ed, ed->cursor) : ed->cursor;
    size_t first = character_before(ed, middle), last = character_after(ed, middle);
    if (first == middle) {
        screen_bell();
        return;
    }
    struct buffer swapped = {0};
    buffer_append(&swapped, ed->text.text + middle, last - middle);
    buffer_append(&swapped, ed->text.text + first, middle - first);
    edit_replace(ed, first, last, swapped.text, swapped.used);
    buffer_free(&swapped);
}

/* ---- earlier lines ---- */

static const char *walk_line(size_t i)
{
    return walk.changed.item[i] != NULL ? walk.changed.item[i] : i < history_count() ? history_line(i) : "";
}

static void walk_start(void)
{
    for (size_t i = 0; i <= history_count(); i++) {
        strings_push(&walk.changed, NULL);
    }
    walk.line = history_count();
}

static void walk_to(struct editor *ed, size_t line)
{
    if (strcmp(walk_line(walk.line), ed->text.text) != 0) {
        free(walk.changed.item[walk.line]);
        walk.changed.item[walk.line] = xstrdup(ed->text.text);
    }
    walk.line = line;
    edit_set(ed, walk_line(line));
}

static void walk_up(struct editor *ed)
{
    if (walk.line > 0) {
        walk_to(ed, walk.line - 1);
    } else {
        screen_bell();
    }
}

static void walk_down(struct editor *ed)
{
    if (walk.line < history_count()) {
        walk_to(ed, walk.line + 1);
    } else {
        screen_bell();
    }
}

/* ---- keys ---- */

/* In the blanks at the start of a line a tab is a tab, as in a text that is pasted. */
static bool only_blanks_before(const struct editor *ed)
{
    return strspn(ed->text.text, " \t") >= ed->cursor;
}

static void take_tab(struct editor *ed, bool again, bool *undecided)
{
    if (only_blanks_before(ed)) {
        edit_replace(ed, ed->cursor, ed->cursor, "\t", 1);
    } else {
        *undecided = complete_at_cursor(ed, again);
    }
}

/* ^V: the next byte as it is. -> the key that came instead, or 0 */
static int take_literal(struct editor *ed)
{
    char text[4];
    size_t n;
    int key = key_read(ed->terminal, text, &n);
    if (key == KEY_TEXT) {
        edit_replace(ed, ed->cursor, ed->cursor, text, n);
    } else if (key > 0 && key != '\n' && key < KEY_TEXT) {
        char c = (char)key;
        edit_replace(ed, ed->cursor, ed->cursor, &c, 1);
    } else {
        return key;
    }
    return 0;
}

static void obey(struct editor *ed, int key)
{
    size_t at = ed->cursor, end = ed->text.used;
    switch (key) {
    case KEY_LEFT:
    case CONTROL('B'):
        edit_move(ed, character_before(ed, at));
        break;
    case KEY_RIGHT:
    case CONTROL('F'):
        edit_move(ed, character_after(ed, at));
        break;
    case KEY_HOME:
    case CONTROL('A'):
        edit_move(ed, 0);
        break;
    case KEY_END:
    case CONTROL('E'):
        edit_move(ed, end);
        break;
    case KEY_WORD_LEFT:
        edit_move(ed, word_before(ed));
        break;
    case KEY_WORD_RIGHT:
        edit_move(ed, word_after(ed));
        break;
    case DELETE:
    case '\b':
        erase(ed, character_before(ed, at), at);
        break;
    case KEY_DELETE:
    case CONTROL('D'):
        erase(ed, at, character_after(ed, at));
        break;
    case CONTROL('K'):
        kill_text(ed, at, end);
        break;
    case CONTROL('U'):
        kill_text(ed, 0, at);
        break;
    case CONTROL('W'):
        kill_text(ed, blank_word_before(ed), at);
        break;
    case KEY_WORD_ERASE:
        kill_text(ed, word_before(ed), at);
        break;
    case KEY_WORD_DELETE:
        kill_text(ed, at, word_after(ed));
        break;
    case CONTROL('Y'):
        edit_replace(ed, at, at, killed.text != NULL ? killed.text : "", killed.used);
        break;
    case CONTROL('T'):
        swap_characters(ed);
        break;
    case KEY_UP:
        walk_up(ed);
        break;
    case KEY_DOWN:
    case CONTROL('N'):
        walk_down(ed);
        break;
    case CONTROL('L'):
        screen_clear(ed);
        break;
    case 0: /* no word can hold it */
    case KEY_UNKNOWN:
        break;
    default:
        screen_bell();
    }
}

/* A console's server that was started anew since the last key does not know of raw mode. */
static bool is_raw(struct editor *ed)
{
    return terminal_mode(ed->terminal, TERMINAL_RAW) == TERMINAL_RAW;
}

/* Keys until the line is done. */
static enum input_result type_line(struct editor *ed, const char *prompt)
{
    bool tabbed = false; /* the last key was a tab that could not decide */
    int lost = 0;
    for (;;) {
        char text[4];
        size_t n;
        bool undecided = false;
        int key = screen_flush(ed) && is_raw(ed) ? key_read(ed->terminal, text, &n) : KEY_LOST;
        if (key != KEY_LOST) {
            lost = 0; /* it counts deaths in a row */
        }
        if (key == CONTROL('R')) {
            key = search_history(ed, prompt);
        }
        if (key == CONTROL('V')) {
            key = take_literal(ed);
        }
        if (key == KEY_INPUT_END || (key == CONTROL('D') && ed->text.used == 0)) {
            if (ed->text.used == 0) {
                return INPUT_END;
            }
        } else if (key == '\r' || key == '\n') {
            screen_below(ed);
            screen_flush(ed);
            return INPUT_LINE;
        } else if (key == KEY_INTERRUPTED) {
            screen_interrupted(ed);
            return INPUT_INTERRUPTED;
        } else if (key == KEY_LOST && lost++ < LOST_MAX) {
            terminal_mode(ed->terminal, TERMINAL_RAW);
            dprintf(ed->terminal, "\n"); /* what is in this row, nobody knows */
            screen_again(ed);
        } else if (key == KEY_LOST || key == KEY_FAILED) {
            return INPUT_FAILED;
        } else if (key == KEY_TEXT) {
            edit_replace(ed, ed->cursor, ed->cursor, text, n);
        } else if (key == '\t') {
            take_tab(ed, tabbed, &undecided);
        } else {
            obey(ed, key);
        }
        tabbed = undecided;
    }
}

int edit_line(int terminal, const char *prompt, struct buffer *out, enum input_result *result)
{
    struct editor ed = {.terminal = terminal};
    if (terminal_mode(terminal, TERMINAL_RAW) < 0) {
        return -1;
    }
    buffer_append(&ed.text, "", 0);
    history_load();
    walk_start();
    screen_start(&ed, prompt);
    *result = type_line(&ed, prompt);
    terminal_mode(terminal, TERMINAL_LINES);
    /* ^C behind the line, but before there was a job that it could end: nothing is run. */
    if (*result == INPUT_LINE && call(terminal, MSG_TTY_FOREGROUND, 0, 0, NULL, 0, 0) == 1) {
        *result = INPUT_INTERRUPTED;
        dprintf(terminal, "^C\n");
    }
    if (*result == INPUT_LINE) {
        history_add(ed.text.text);
        buffer_append(out, ed.text.text, ed.text.used);
        buffer_push(out, '\n');
    }
    strings_free(&walk.changed);
    buffer_free(&ed.text);
    return 0;
}
