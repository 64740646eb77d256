/*
 * Splits xargs' input into words. Rules: POSIX.1-2017, xargs. The rest of the input stays with stdio.
 */
#include "xargs.h"

#include <ctype.h>

#define TOOL "xargs"
#define USAGE ""
#include "../tool.h"

struct text {
    char *bytes;
    size_t used, room;
};

static void push(struct text *text, int c)
{
    if (text->used + 2 > text->room) {
        text->room = text->room > 0 ? text->room * 2 : 64;
        text->bytes = tool_memory(realloc(text->bytes, text->room));
    }
    text->bytes[text->used++] = (char)c;
    text->bytes[text->used] = '\0';
}

/* What stands between two quotes; a newline may not. */
static void take_quoted(struct text *text, int quote)
{
    int c;
    while ((c = getchar()) != quote) {
        if (c == EOF || c == '\n') {
            tool_complain(quote == '"' ? "double quote" : "single quote",
                          "is not closed before the line ends (-0 takes quotes as they are)");
            exit(1);
        }
        push(text, c);
    }
}

static void check_input(void)
{
    if (ferror(stdin)) {
        tool_error("standard input");
        exit(1);
    }
}

static bool word_to_nul(struct word *word)
{
    struct text text = {0};
    int c = getchar();
    bool any = c != EOF;
    for (; c != EOF && c != '\0'; c = getchar()) {
        push(&text, c);
    }
    check_input(); /* before half a word is taken for a whole one */
    if (!any) {
        return false;
    }
    if (text.bytes == NULL) {
        text.bytes = tool_memory(strdup(""));
    }
    word->text = text.bytes;
    word->ends_line = true;
    return true;
}

bool word_next(enum split split, struct word *word)
{
    struct text text = {0};
    bool any = false; /* '' is a word too */
    int c;
    if (split == SPLIT_NULS) {
        return word_to_nul(word);
    }
    do {
        c = getchar();
    } while (c == '\n' || isblank(c));
    for (; c != EOF && c != '\n' && (split == SPLIT_LINES || !isblank(c)); c = getchar()) {
        any = true;
        if (c == '"' || c == '\'') {
            take_quoted(&text, c);
        } else if (c != '\\') {
            push(&text, c);
        } else if ((c = getchar()) != EOF) {
            push(&text, c);
        }
    }
    check_input();
    if (!any) {
        free(text.bytes);
        return false;
    }
    word->text = text.bytes != NULL ? text.bytes : tool_memory(strdup(""));
    word->ends_line = c == '\n' || c == EOF;
    return true;
}
