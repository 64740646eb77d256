/*
 * The line on the screen, over as many rows as it needs. Called by the editor.
 * Places are counted in columns from the start of the prompt, as if the screen were one endless row. What is
 * typed at the end of the line is written as it is, so that nothing need be known of the terminal; only to
 * move in a line that may be longer than a row its width is asked for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/utf8.h>

#include "../terminal.h"
#include "edit.h"

#define TAB 8
#define FEW 8 /* columns to go back by single steps */
#define COLUMNS_MIN 8
#define ANY_COLUMNS 40 /* every terminal has so many: a shorter line is on one row */

static struct buffer out; /* what is to be written, in one piece */
static char *prompt;
static int width = TERMINAL_COLUMNS;
static enum { WIDTH_UNKNOWN, WIDTH_KNOWN, WIDTH_NEVER } asked;
static int at;       /* where the terminal's cursor is */
static int end;      /* where what is shown ends */
static bool hanging; /* the last column was written, and the terminal has not gone on to the next row */

static void put(const char *text)
{
    buffer_append(&out, text, strlen(text));
}

static void put_number(const char *before, int number, const char *after)
{
    char text[24];
    snprintf(text, sizeof text, "%s%d%s", before, number, after);
    put(text);
}

void screen_bell(void)
{
    put("\a");
}

bool screen_flush(struct editor *ed)
{
    bool good = out.used == 0 || write(ed->terminal, out.text, out.used) >= 0;
    out.used = 0;
    return good;
}

int screen_columns(void)
{
    return width;
}

/* ---- characters ---- */

static bool is_control(char c)
{
    return (unsigned char)c < ' ' || c == DELETE;
}

/* Columns of one character of n bytes that starts at this column, with those left free at the end of a row
 * because a wide one does not fit there. */
static int character_columns(const char *text, size_t n, int column)
{
    if (text[0] == '\t') {
        return TAB - column % TAB;
    }
    if (n == 1) {
        return is_control(text[0]) ? 2 : 1; /* ^X; a byte that is no character is shown as ? */
    }
    int columns = utf8_columns(text, n);
    return columns == 2 && column % width == width - 1 ? 3 : columns;
}

int text_columns(const char *text, size_t n, int column)
{
    int start = column;
    for (size_t i = 0; i < n;) {
        size_t length = utf8_length(text + i, n - i);
        column += character_columns(text + i, length, column);
        i += length;
    }
    return column - start;
}

static void put_character(const char *text, size_t n, int column)
{
    char shown[3] = {'^', (char)(text[0] ^ 0x40), '\0'};
    if (text[0] == '\t') {
        for (int left = TAB - column % TAB; left > 0; left--) {
            put(" ");
        }
    } else if (n > 1 || (!is_control(text[0]) && (unsigned char)text[0] < 0x80)) {
        buffer_append(&out, text, n);
    } else {
        put(n == 1 && is_control(text[0]) ? shown : "?");
    }
}

static void put_text(const char *text, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t length = utf8_length(text + i, n - i);
        int columns = character_columns(text + i, length, at);
        if (length > 1 && columns == 3 && asked != WIDTH_UNKNOWN) {
            put(" "); /* the place left free may show something older */
        }
        put_character(text + i, length, at);
        at += columns;
        i += length;
    }
    if (n > 0) {
        hanging = at > 0 && at % width == 0;
    }
}

/* A character with the marks on it is one step for the cursor. */
size_t character_before(const struct editor *ed, size_t place)
{
    while (place > 0) {
        size_t start = utf8_start(ed->text.text, place);
        size_t n = place - start;
        if (utf8_length(ed->text.text + start, n) != n) {
            return place - 1; /* no UTF-8: byte by byte */
        }
        place = start;
        if (n == 1 || utf8_columns(ed->text.text + place, n) > 0) {
            break;
        }
    }
    return place;
}

size_t character_after(const struct editor *ed, size_t place)
{
    size_t used = ed->text.used;
    if (place < used) {
        place += utf8_length(ed->text.text + place, used - place);
    }
    while (place < used) {
        size_t length = utf8_length(ed->text.text + place, used - place);
        if (length == 1 || utf8_columns(ed->text.text + place, length) > 0) {
            break;
        }
        place += length;
    }
    return place;
}

/* ---- places ---- */

/* The place that was asked for last: the next one is mostly just behind it, and a long line is not counted from
 * its start for each byte of a text that is pasted. */
static struct {
    bool known;
    size_t byte;
    int place;
} last;

static bool is_inside_character(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

static int place_of(const struct editor *ed, size_t byte)
{
    if (!last.known || last.byte > byte || is_inside_character(ed->text.text[last.byte])) {
        last.known = true;
        last.byte = 0;
        last.place = text_columns(prompt, strlen(prompt), 0);
    }
    last.place += text_columns(ed->text.text + last.byte, byte - last.byte, last.place);
    last.byte = byte;
    return last.place;
}


/* Has the terminal go on to the row that the cursor is on by our count. */
static void settle(void)
{
    if (hanging) {
        put(" \r");
        hanging = false;
    }
}

static void move_to(int place)
{
    if (place == at) {
        return;
    }
    settle();
    int rows = place / width - at / width;
    if (rows < 0) {
        put_number("\033[", -rows, "A");
    } else if (rows > 0) {
        put_number("\033[", rows, "B");
    }
    if (rows == 0 && place < at && at - place <= FEW) {
        for (int left = at - place; left > 0; left--) {
            put("\b");
        }
    } else if (rows == 0 && place > at) {
        put_number("\033[", place - at, "C");
    } else {
        put("\r");
        if (place % width != 0) {
            put_number("\033[", place % width, "C");
        }
    }
    at = place;
}

/* Erases from the cursor, where what is shown ends now, to where it ended before. */
static void erase_to(int before)
{
    if (before <= at) {
        return;
    }
    settle();
    int few = before - at;
    if (few <= FEW && before / width == at / width) {
        for (int i = 0; i < few; i++) {
            put(" ");
        }
        for (int i = 0; i < few; i++) {
            put("\b");
        }
    } else {
        put("\033[J");
    }
}

/* ---- what the editor calls ---- */

static void set_prompt(const char *text)
{
    char *copy = xstrdup(text);
    last.known = false;
    free(prompt);
    prompt = copy;
}

static void show_all(struct editor *ed)
{
    at = 0;
    hanging = last.known = false;
    put_text(prompt, strlen(prompt));
    put_text(ed->text.text, ed->text.used);
    end = at;
    move_to(place_of(ed, ed->cursor));
}

void screen_start(struct editor *ed, const char *text)
{
    const char *columns = var_get("COLUMNS");
    long number;
    set_prompt(text);
    if (columns != NULL && parse_number(columns, &number) == 0 && number >= COLUMNS_MIN && number < 10000) {
        width = (int)number;
        asked = WIDTH_KNOWN;
    } else if (asked == WIDTH_KNOWN) {
        asked = WIDTH_UNKNOWN; /* windows change their size */
        width = TERMINAL_COLUMNS;
    }
    show_all(ed);
}

void screen_again(struct editor *ed)
{
    show_all(ed);
}

/* A line that may be longer than a row: now it matters how long rows are. */
static void ask_width(struct editor *ed)
{
    int rows, columns;
    asked = WIDTH_NEVER;
    screen_flush(ed);
    if (terminal_ask_size(ed->terminal, &rows, &columns, key_unread) && columns >= COLUMNS_MIN) {
        width = columns;
        asked = WIDTH_KNOWN;
        last.known = false;
        at = place_of(ed, ed->cursor);
        end = place_of(ed, ed->text.used);
        hanging = hanging || at == end;
    }
    hanging = hanging && at > 0 && at % width == 0;
}

void screen_before(struct editor *ed)
{
    if (asked == WIDTH_UNKNOWN && end >= ANY_COLUMNS) {
        ask_width(ed);
    }
}

void screen_changed(struct editor *ed, size_t from)
{
    int before = end;
    last.known = last.known && last.byte <= from;
    move_to(place_of(ed, from));
    put_text(ed->text.text + from, ed->text.used - from);
    end = at;
    erase_to(before);
    move_to(place_of(ed, ed->cursor));
}

void screen_moved(struct editor *ed)
{
    move_to(place_of(ed, ed->cursor));
}

void screen_below(struct editor *ed)
{
    move_to(place_of(ed, ed->text.used));
    put("\n");
    hanging = false;
}

void screen_interrupted(struct editor *ed)
{
    put("^C");
    for (int row = at / width; row <= end / width; row++) {
        put("\n");
    }
    screen_flush(ed);
}

void screen_prompt(struct editor *ed, const char *text)
{
    int before = end;
    move_to(0);
    put("\r");
    hanging = false;
    set_prompt(text);
    put_text(prompt, strlen(prompt));
    put_text(ed->text.text, ed->text.used);
    end = at;
    erase_to(before);
    move_to(place_of(ed, ed->cursor));
}

void screen_clear(struct editor *ed)
{
    put("\033[H\033[2J");
    show_all(ed);
}
