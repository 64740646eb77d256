/*
 * The lines typed earlier: in memory, and in a file, so that the next shell knows them too. Called by the
 * editor and the builtin `history`. A file that cannot be written is no trouble: then they are in memory only.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "edit.h"

#define HISTORY_MAX 500 /* lines */
#define HISTORY_FILE "/tmp/.sh_history" /* unless $HISTFILE names another; empty: none */

static struct strings lines; /* the oldest first, each once */

static const char *file_name(void)
{
    const char *name = var_get("HISTFILE");
    return name != NULL ? name : HISTORY_FILE;
}

size_t history_count(void)
{
    return lines.used;
}

const char *history_line(size_t i)
{
    return lines.item[i];
}

static void forget(size_t i)
{
    free(lines.item[i]);
    memmove(lines.item + i, lines.item + i + 1, (lines.used - i) * sizeof *lines.item);
    lines.used--;
}

/* Takes the line to the end. Whether it was there already. */
static bool remember(const char *line)
{
    bool known = false;
    for (size_t i = 0; i < lines.used && !known; i++) {
        if (strcmp(lines.item[i], line) == 0) {
            forget(i);
            known = true;
        }
    }
    if (lines.used == HISTORY_MAX) {
        forget(0);
    }
    strings_push(&lines, xstrdup(line));
    return known;
}

static void write_file(const char *mode, size_t from)
{
    FILE *file = file_name()[0] != '\0' ? fopen(file_name(), mode) : NULL;
    if (file == NULL) {
        return;
    }
    for (size_t i = from; i < lines.used; i++) {
        fprintf(file, "%s\n", lines.item[i]);
    }
    fclose(file);
}

void history_load(void)
{
    static bool loaded;
    FILE *file = loaded || file_name()[0] == '\0' ? NULL : fopen(file_name(), "re");
    char *line = NULL;
    size_t room = 0, count = 0;
    ssize_t n;
    loaded = true;
    if (file == NULL) {
        return;
    }
    while ((n = getline(&line, &room, file)) > 0) {
        line[n - 1] = line[n - 1] == '\n' ? '\0' : line[n - 1];
        if (line[0] != '\0') {
            remember(line);
        }
        count++;
    }
    free(line);
    fclose(file);
    if (count > 2 * HISTORY_MAX) { /* many of them twice, or older than what is kept */
        write_file("we", 0);
    }
}

void history_add(const char *line)
{
    bool newest = lines.used > 0 && strcmp(lines.item[lines.used - 1], line) == 0;
    /* A line that starts with a blank is not to be remembered. */
    if (line[0] == '\0' || line[0] == ' ' || line[strspn(line, " \t")] == '\0' || newest) {
        return;
    }
    remember(line);
    write_file("ae", lines.used - 1);
}

int builtin_history(int argc, char **argv)
{
    long count = (long)lines.used;
    if (argc == 2 && strcmp(argv[1], "-c") == 0) {
        strings_free(&lines);
        if (file_name()[0] != '\0') {
            unlink(file_name());
        }
        return 0;
    }
    if (argc > 2 || (argc == 2 && (parse_number(argv[1], &count) < 0 || count < 0))) {
        complain("history: a number of lines, or -c to forget them, is expected");
        return 2;
    }
    if (count > (long)lines.used) {
        count = (long)lines.used;
    }
    for (size_t i = lines.used - (size_t)count; i < lines.used; i++) {
        printf("%5zu  %s\n", i + 1, lines.item[i]);
    }
    return 0;
}
