/*
 * Where the shell's lines come from: a string, a script, the terminal.
 * Called by the lexer, one line at a time. Must never take bytes from a handle that belong to
 * the commands it starts (a script on standard input is shared with them).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "edit.h"

#define BLOCK_BYTES 1024
#define FAILURES_MAX 3 /* of reading in a row: the console's server has died, and another takes its place */

void input_string(struct input *in, const char *text)
{
    *in = (struct input){.text = text, .fd = -1};
}

void input_handle(struct input *in, int fd, bool prompts, bool byte_wise)
{
    *in = (struct input){.fd = fd, .prompts = prompts, .byte_wise = byte_wise};
    in->block = xmalloc(BLOCK_BYTES);
}

void input_done(struct input *in)
{
    free(in->block);
    in->block = NULL;
}

/* The caller's to free. */
static char *make_prompt(bool first)
{
    const char *directory = var_get("PWD");
    struct buffer prompt = {0};
    if (first) {
        directory = directory != NULL ? directory : "?";
        buffer_append(&prompt, "kinglet:", 8);
        buffer_append(&prompt, directory, strlen(directory));
        buffer_append(&prompt, "$ ", 2);
    } else {
        buffer_append(&prompt, "> ", 2);
    }
    return buffer_take(&prompt);
}

static enum input_result string_line(struct input *in, struct buffer *out)
{
    if (*in->text == '\0') {
        return INPUT_END;
    }
    const char *end = strchr(in->text, '\n');
    size_t n = end != NULL ? (size_t)(end - in->text) + 1 : strlen(in->text);
    buffer_append(out, in->text, n);
    in->text += n;
    if (end == NULL) {
        buffer_push(out, '\n');
    }
    return INPUT_LINE;
}

/* Fills the block: 1, 0 at the end, -1 with errno. */
static int fill(struct input *in)
{
    ssize_t n = read(in->fd, in->block, in->byte_wise ? 1 : BLOCK_BYTES);
    if (n <= 0) {
        return (int)n;
    }
    in->failures = 0;
    in->position = 0;
    in->filled = (size_t)n;
    return 1;
}

enum input_result input_line(struct input *in, bool first, struct buffer *out)
{
    size_t start = out->used;
    in->line++;
    if (in->text != NULL) {
        return string_line(in, out);
    }
    if (in->prompts) {
        enum input_result result;
        char *prompt = make_prompt(first);
        fflush(stdout);
        int edited = edit_line(in->fd, prompt, out, &result);
        if (edited < 0) {
            printf("%s", prompt);
            fflush(stdout);
        }
        free(prompt);
        if (edited == 0) {
            return result;
        }
    }
    for (;;) {
        if (in->position == in->filled) {
            int got = fill(in);
            if (got < 0 && (errno == EINTR || (errno == EIO && in->prompts && ++in->failures < FAILURES_MAX))) {
                return INPUT_INTERRUPTED;
            }
            if (got < 0) {
                complain("cannot read commands: %s", strerror(errno));
                return INPUT_FAILED;
            }
            if (got == 0) {
                if (out->used == start) {
                    return INPUT_END;
                }
                buffer_push(out, '\n');
                return INPUT_LINE;
            }
        }
        char c = in->block[in->position++];
        if (c == '\0') {
            continue; /* no word can hold it */
        }
        buffer_push(out, c);
        if (c == '\n') {
            return INPUT_LINE;
        }
        if (out->used > SH_LINE_MAX) {
            complain("line %d: longer than %d bytes", in->line, SH_LINE_MAX);
            return INPUT_FAILED;
        }
    }
}
