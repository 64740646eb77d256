/*
 * Tab: finds out what stands at the cursor, and finishes it as far as there is one way to. Called by the
 * editor. Must never run anything, nor change what is on the line besides the word at the cursor.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "edit.h"

#define QUOTES_MAX 16 /* substitutions inside one another that are followed */
#define ASK_ABOVE 100 /* so many names are not listed without asking */

/* ---- reading the line up to the cursor ---- */

struct reader {
    const char *text;
    size_t end; /* the cursor */
    size_t at;
    struct spot spot;
    struct buffer word; /* the whole word so far, without quotes */
    char quote;         /* the one that is open */
    char outer[QUOTES_MAX]; /* those around the substitutions that are open */
    int depth;
    bool in_word, command, redirect; /* command: a command's name is expected */
    bool directory; /* the command takes directories only */
    bool unclear;   /* what the word becomes, only running something could tell */
    bool partial;   /* a variable's value is a part of the name: it cannot be replaced */
    bool comment;
    size_t variable; /* a name of a variable at the cursor starts here; 0: none */
};

/* Words behind which another command's name comes. */
static bool leads_command(const char *word)
{
    static const char *const words[] = {
        "!", "{", "if", "then", "elif", "else", "while", "until", "do", "time", "exec", "env", "xargs", "type",
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i], word) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_assignment(const char *word)
{
    size_t n = 0;
    while (is_name_char(word[n])) {
        n++;
    }
    return n > 0 && is_name_start(word[0]) && word[n] == '=';
}

static void start_word(struct reader *r)
{
    if (!r->in_word) {
        r->in_word = true;
        r->unclear = r->partial = false;
        r->word.used = r->spot.name.used = r->spot.directory.used = 0;
        r->spot.start = r->at;
        r->spot.outer = 0;
    }
}

static void end_word(struct reader *r)
{
    if (!r->in_word) {
        return;
    }
    buffer_append(&r->word, "", 0);
    if (r->redirect) {
        r->redirect = false;
    } else if (r->command && !is_assignment(r->word.text) && !leads_command(r->word.text)) {
        r->command = false;
        r->directory = strcmp(r->word.text, "cd") == 0 || strcmp(r->word.text, "rmdir") == 0;
    }
    r->in_word = false;
}

static void add(struct reader *r, char c)
{
    start_word(r);
    buffer_push(&r->word, c);
    buffer_push(&r->spot.name, c);
    if (c == '/') { /* what follows is a part of its own */
        buffer_append(&r->spot.directory, r->spot.name.text, r->spot.name.used);
        r->spot.name.used = 0;
        r->spot.start = r->at + 1;
        r->spot.outer = r->quote;
        r->partial = false;
    }
}

/* The value of a variable whose name starts here, behind the dollar; or it is at the cursor itself. */
static void take_variable(struct reader *r)
{
    bool bracket = r->text[r->at + 1] == '{';
    size_t start = r->at + 1 + bracket, end = start;
    while (end < r->end && is_name_char(r->text[end])) {
        end++;
    }
    start_word(r);
    if (end == r->end) {
        r->variable = start;
        r->at = end - 1;
        return;
    }
    if (end == start || (bracket && r->text[end] != '}')) {
        r->unclear = true; /* $1, ${a:-b} */
        return;
    }
    struct buffer name = {0};
    buffer_append(&name, r->text + start, end - start);
    const char *value = var_get(name.text);
    buffer_free(&name);
    r->at = end - 1 + bracket;
    for (; value != NULL && *value != '\0'; value++) {
        add(r, *value);
    }
    r->partial = r->spot.name.used > 0;
}

/* A command inside the command: $( or a backquote. */
static void enter(struct reader *r)
{
    if (r->depth < QUOTES_MAX) {
        r->outer[r->depth] = r->quote;
    }
    r->depth++;
    r->quote = 0;
    end_word(r);
    r->command = true;
}

static void leave(struct reader *r)
{
    end_word(r);
    if (r->depth > 0 && --r->depth < QUOTES_MAX) {
        r->quote = r->outer[r->depth];
    }
    start_word(r);
    r->command = false;
    r->unclear = true; /* up to the end of this word */
}

static void separate(struct reader *r, char c)
{
    end_word(r);
    if (c == '<' || c == '>') {
        r->redirect = true;
    } else if (!isspace((unsigned char)c) || c == '\n') {
        r->command = true;
        r->directory = r->redirect = false;
    }
}

/* Whether a '=' here ends what is no path: --file=/b, NAME=/b */
static bool ends_prefix(const struct reader *r)
{
    return r->quote == 0 && r->spot.directory.used == 0;
}

static void take(struct reader *r)
{
    char c = r->text[r->at];
    bool escaped = c == '\\' && r->at + 1 < r->end && r->quote != '\'' &&
                   (r->quote == 0 || strchr("$`\"\\", r->text[r->at + 1]) != NULL);
    if (escaped) {
        start_word(r);
        r->at++;
        add(r, r->text[r->at]);
    } else if (r->quote == 0 ? c == '\'' || c == '"' : c == r->quote) {
        start_word(r);
        r->quote = r->quote == 0 ? c : 0;
    } else if (r->quote == '\'') {
        add(r, c);
    } else if (c == '$' && r->text[r->at + 1] == '(' && r->at + 1 < r->end) {
        r->at++;
        enter(r);
    } else if (c == '`') {
        (r->depth > 0 ? leave : enter)(r);
    } else if (c == '$') {
        take_variable(r);
    } else if (r->quote != 0) {
        add(r, c);
    } else if (c == ')' && r->depth > 0) {
        leave(r);
    } else if (strchr(" \t\n;&|()<>", c) != NULL) {
        separate(r, c);
    } else if (c == '#' && !r->in_word) {
        r->at = r->end - 1;
        r->comment = true;
    } else {
        add(r, c);
        if (c == '=' && ends_prefix(r)) {
            r->spot.name.used = 0;
            r->spot.start = r->at + 1;
            r->command = r->command && is_assignment(r->word.text);
        }
    }
}

/* What can be finished at the cursor. The caller frees directory and name. */
static struct spot find_spot(const struct editor *ed)
{
    struct reader r = {.text = ed->text.text, .end = ed->cursor, .command = true};
    for (; r.at < r.end; r.at++) {
        take(&r);
    }
    start_word(&r);
    struct spot spot = r.spot;
    spot.inner = r.quote;
    buffer_append(&spot.directory, "", 0);
    buffer_append(&spot.name, "", 0);
    bool assigns = r.word.used > spot.name.used + spot.directory.used;
    if (r.variable > 0) {
        spot.kind = SPOT_VARIABLE;
        spot.start = r.variable;
        spot.name.used = 0;
        buffer_append(&spot.name, r.text + r.variable, r.end - r.variable);
    } else if (r.unclear || r.partial || r.comment) {
        spot.kind = SPOT_NOTHING;
    } else if (r.command && !r.redirect && !assigns) {
        spot.kind = spot.directory.used > 0 ? SPOT_PROGRAM : SPOT_COMMAND;
    } else {
        spot.kind = r.directory && !r.redirect ? SPOT_DIRECTORY : SPOT_FILE;
    }
    buffer_free(&r.word);
    return spot;
}

/* ---- writing what was found ---- */

static void append_quoted(struct buffer *b, char quote, const char *text, size_t n)
{
    const char *special = quote == '"' ? "\"\\$`" : quote == '\'' ? "" : " \t'\"\\$`;&|<>()*?[]#~!{}";
    for (size_t i = 0; i < n; i++) {
        if (quote == '\'' && text[i] == '\'') {
            buffer_append(b, "'\\'", 3);
        } else if (strchr(special, text[i]) != NULL) {
            buffer_push(b, '\\');
        }
        buffer_push(b, text[i]);
    }
}

/* How many bytes all names begin with, up to the end of a character. */
static size_t common_length(const struct strings *found)
{
    const char *first = found->item[0];
    size_t n = strlen(first);
    for (size_t i = 1; i < found->used; i++) {
        size_t same = 0;
        while (same < n && found->item[i][same] == first[same]) {
            same++;
        }
        n = same;
    }
    while (n > 0 && ((unsigned char)first[n] & 0xc0) == 0x80) {
        n--;
    }
    return n;
}

/* Puts `n` bytes of the name in place of what is there. -> whether the line is another now. */
static bool finish(struct editor *ed, const struct spot *spot, const char *name, size_t n, bool only)
{
    struct buffer text = {0};
    char quote = spot->outer != 0 ? spot->outer : spot->inner;
    bool closed = spot->outer != 0 && spot->inner == 0; /* the quote was open before this part, and no more */
    bool directory = n > 0 && name[n - 1] == '/';
    size_t end = ed->cursor;
    if (spot->kind == SPOT_VARIABLE) {
        buffer_append(&text, name, n);
        if (only && spot->start >= 1 && ed->text.text[spot->start - 1] == '{') {
            buffer_push(&text, '}');
            end += ed->text.text[end] == '}'; /* in place of the one that is there */
        }
    } else {
        if (spot->outer == 0 && quote != 0) {
            buffer_push(&text, quote);
        }
        append_quoted(&text, quote, name, n);
        if (quote != 0 && (closed || (only && !directory))) {
            buffer_push(&text, quote);
        }
        if (only && !directory) {
            buffer_push(&text, ' ');
        }
    }
    buffer_append(&text, "", 0);
    size_t before = end - spot->start;
    bool changed = text.used != before || memcmp(text.text, ed->text.text + spot->start, before) != 0;
    if (changed) {
        edit_replace(ed, spot->start, end, text.text, text.used);
    }
    buffer_free(&text);
    return changed;
}

/* ---- listing ---- */

/* So many that the screen would scroll: only if whoever types says y. */
static bool wants_list(struct editor *ed, size_t count)
{
    char text[4];
    size_t n;
    if (count <= ASK_ABOVE) {
        return true;
    }
    dprintf(ed->terminal, "Show all %zu names? (y or n) ", count);
    for (;;) {
        int key = key_read(ed->terminal, text, &n);
        bool answered = key == KEY_TEXT && strchr("yYnN", text[0]) != NULL;
        if (answered || key != KEY_TEXT) {
            dprintf(ed->terminal, "\n");
            return answered && (text[0] == 'y' || text[0] == 'Y');
        }
    }
}

/* The names in columns, as ls has them: down, then right. */
static void list(struct editor *ed, const struct strings *found)
{
    int widest = 0;
    for (size_t i = 0; i < found->used; i++) {
        int columns = text_columns(found->item[i], strlen(found->item[i]), 0);
        widest = columns > widest ? columns : widest;
    }
    size_t across = widest + 2 < screen_columns() ? (size_t)(screen_columns() / (widest + 2)) : 1;
    size_t rows = (found->used + across - 1) / across;
    struct buffer text = {0};
    for (size_t row = 0; row < rows; row++) {
        for (size_t i = row; i < found->used; i += rows) {
            const char *name = found->item[i];
            buffer_append(&text, name, strlen(name));
            for (int left = widest + 2 - text_columns(name, strlen(name), 0); left > 0 && i + rows < found->used; left--) {
                buffer_push(&text, ' ');
            }
        }
        buffer_push(&text, '\n');
    }
    if (write(ed->terminal, text.text, text.used) < 0) {
        screen_bell();
    }
    buffer_free(&text);
}

bool complete_at_cursor(struct editor *ed, bool again)
{
    struct spot spot = find_spot(ed);
    struct strings found = {0};
    bool undecided = false;
    candidates_find(&spot, &found);
    if (found.used == 0) {
        screen_bell();
    } else {
        size_t n = common_length(&found);
        undecided = found.used > 1;
        if (n < spot.name.used || !finish(ed, &spot, found.item[0], n, !undecided)) {
            if (undecided && again) {
                screen_below(ed);
                screen_flush(ed);
                if (wants_list(ed, found.used)) {
                    list(ed, &found);
                }
                screen_again(ed);
            } else {
                screen_bell();
            }
        }
    }
    strings_free(&found);
    buffer_free(&spot.directory);
    buffer_free(&spot.name);
    return undecided;
}
