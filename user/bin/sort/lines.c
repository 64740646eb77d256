/*
 * Lines in memory, and the merge sort over them. All of the input is kept: files live in memory here, so
 * there is no slower place to put a part of it.
 */
#include "sort.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TOOL "sort"
#define TOOL_FAILURE 2
#define USAGE ""
#include "../tool.h"

#define FIRST_BYTES 16384
#define SHORT_RUN 8 /* lines that are sorted by insertion before the merging begins */

static void add_line(struct lines *lines, const char *text, size_t length)
{
    if (lines->count == lines->room) {
        lines->room = lines->room > 0 ? lines->room * 2 : 256;
        lines->item = tool_memory(reallocarray(lines->item, lines->room, sizeof *lines->item));
    }
    lines->item[lines->count++] = (struct line){.text = text, .length = length};
}

/* All that the handle gives; NULL and errno. */
static char *read_all(int fd, size_t *bytes)
{
    struct stat st;
    size_t used = 0;
    /* A file's size is known: then nothing is copied to grow. One byte more, to see the end. */
    size_t room = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? st.st_size + 1 : FIRST_BYTES;
    char *data = tool_memory(malloc(room));
    for (;;) {
        ssize_t n = read(fd, data + used, room - used);
        if (n < 0) {
            free(data);
            return NULL;
        }
        used += (size_t)n;
        if (n == 0) {
            *bytes = used;
            return data;
        }
        if (used == room) {
            room *= 2;
            data = tool_memory(realloc(data, room));
        }
    }
}

int lines_read(struct lines *lines, int fd)
{
    size_t bytes;
    const char *data = read_all(fd, &bytes);
    if (data == NULL) {
        return -1;
    }
    for (const char *end = data + bytes; data < end;) {
        const char *newline = memchr(data, '\n', (size_t)(end - data));
        const char *stop = newline != NULL ? newline : end; /* a last line without a newline gets one */
        add_line(lines, data, (size_t)(stop - data));
        data = stop + 1;
    }
    return 0;
}

static void sort_by_insertion(struct line *item, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct line line = item[i];
        size_t at = i;
        for (; at > 0 && compare_lines(&item[at - 1], &line) > 0; at--) {
            item[at] = item[at - 1];
        }
        item[at] = line;
    }
}

/* Two sorted runs next to one another become one, in `to`. Of equal lines the left one goes first. */
static void merge(const struct line *left, size_t left_count, size_t right_count, struct line *to)
{
    const struct line *right = left + left_count;
    const struct line *left_end = right, *right_end = right + right_count;
    while (left < left_end && right < right_end) {
        *to++ = compare_lines(left, right) <= 0 ? *left++ : *right++;
    }
    memcpy(to, left, (size_t)(left_end - left) * sizeof *to);
    to += left_end - left;
    memcpy(to, right, (size_t)(right_end - right) * sizeof *to);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

void lines_sort(struct lines *lines)
{
    size_t count = lines->count;
    for (size_t i = 0; i < count; i += SHORT_RUN) {
        sort_by_insertion(lines->item + i, least(SHORT_RUN, count - i));
    }
    if (count <= SHORT_RUN) {
        return;
    }
    struct line *from = lines->item;
    struct line *to = tool_memory(reallocarray(NULL, count, sizeof *to));
    for (size_t run = SHORT_RUN; run < count; run *= 2) {
        for (size_t i = 0; i < count; i += 2 * run) {
            size_t left = least(run, count - i);
            merge(from + i, left, least(run, count - i - left), to + i);
        }
        struct line *swap = from;
        from = to;
        to = swap;
    }
    free(to);
    lines->item = from;
    lines->room = count;
}
