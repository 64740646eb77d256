/*
 * ^R: looking for an earlier line by a part of it, while that is typed. Called by the editor.
 */
#include <stdlib.h>
#include <string.h>

#include "edit.h"

/* The newest line before `before` that holds the text; history_count(): none. */
static size_t look(const char *text, size_t before)
{
    while (before > 0) {
        if (strstr(history_line(--before), text) != NULL) {
            return before;
        }
    }
    return history_count();
}

static void show(struct editor *ed, const char *wanted, bool found)
{
    struct buffer prompt = {0};
    const char *start = found ? "(search '" : "(not found '";
    buffer_append(&prompt, start, strlen(start));
    buffer_append(&prompt, wanted, strlen(wanted));
    buffer_append(&prompt, "') ", 3);
    screen_prompt(ed, prompt.text);
    screen_flush(ed);
    buffer_free(&prompt);
}

int search_history(struct editor *ed, const char *prompt)
{
    struct buffer wanted = {0};
    char *before = xstrdup(ed->text.text);
    size_t cursor = ed->cursor, at = history_count(), n;
    char text[4];
    bool found = true;
    int key;
    buffer_append(&wanted, "", 0);
    screen_before(ed);
    for (;;) {
        show(ed, wanted.text, found);
        key = key_read(ed->terminal, text, &n);
        size_t from = history_count(); /* the newest line is looked at first */
        if (key == KEY_TEXT) {
            buffer_append(&wanted, text, n);
            from = found && at < history_count() ? at + 1 : from; /* the line found may do still */
        } else if (key == CONTROL('R')) {
            from = found ? at : from;
        } else if (key == DELETE || key == '\b') {
            struct editor typed = {.text = wanted};
            if (wanted.used == 0) { /* the line found is not what was to be erased */
                screen_bell();
            }
            wanted.used = character_before(&typed, wanted.used);
            wanted.text[wanted.used] = '\0';
            at = from; /* the search begins anew */
        } else {
            break;
        }
        size_t line = wanted.used > 0 ? look(wanted.text, from) : history_count();
        found = line < history_count() || wanted.used == 0;
        if (line < history_count()) {
            at = line;
            edit_set(ed, history_line(line));
            edit_move(ed, (size_t)(strstr(history_line(line), wanted.text) - history_line(line)));
        }
    }
    if (key == CONTROL('G')) { /* as if nothing had happened */
        edit_set(ed, before);
        edit_move(ed, cursor);
        key = 0;
    }
    if (key != KEY_INTERRUPTED) {
        screen_prompt(ed, prompt);
    }
    buffer_free(&wanted);
    free(before);
    return key;
}
