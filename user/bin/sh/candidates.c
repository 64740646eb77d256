/*
 * What a word that has been begun may become: commands, files, variables. Called by complete.c.
 * Must never run anything.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "edit.h"

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names that hold control characters cannot be put on a line. */
static bool can_be_typed(const char *name)
{
    for (; *name != '\0'; name++) {
        if ((unsigned char)*name < ' ' || *name == DELETE) {
            return false;
        }
    }
    return true;
}

/* A name in `directory` (with its slash, or empty: here), if it is of the kind wanted. */
static void offer_entry(const struct spot *spot, const char *directory, const struct dirent *entry,
                        struct strings *found)
{
    struct stat st;
    struct buffer path = {0};
    const char *name = entry->d_name;
    bool dots = strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
    bool hidden = name[0] == '.' && (spot->name.text[0] != '.' || (dots && strcmp(name, spot->name.text) != 0));
    if (hidden || strncmp(name, spot->name.text, spot->name.used) != 0 || !can_be_typed(name)) {
        return;
    }
    buffer_append(&path, directory, strlen(directory));
    buffer_append(&path, name, strlen(name));
    bool is_there = stat(path.text, &st) == 0;
    bool is_directory = is_there && S_ISDIR(st.st_mode);
    bool is_program = is_there && S_ISREG(st.st_mode) && (st.st_mode & 0111) != 0;
    bool wanted = spot->kind == SPOT_FILE || (is_directory && spot->kind != SPOT_COMMAND) ||
                  (is_program && spot->kind != SPOT_DIRECTORY);
    buffer_free(&path);
    if (!wanted) {
        return;
    }
    struct buffer item = {0};
    buffer_append(&item, name, strlen(name));
    if (is_directory) {
        buffer_push(&item, '/');
    }
    strings_push(found, buffer_take(&item));
}

static void offer_directory(const struct spot *spot, const char *path, struct strings *found)
{
    DIR *directory = opendir(path[0] != '\0' ? path : ".");
    struct dirent *entry;
    if (directory == NULL) {
        return;
    }
    while ((entry = readdir(directory)) != NULL) {
        offer_entry(spot, path, entry, found);
    }
    closedir(directory);
}

static void offer_path(const struct spot *spot, struct strings *found)
{
    const char *place = var_get("PATH");
    struct buffer directory = {0};
    for (; place != NULL && *place != '\0'; place += *place == ':') {
        size_t n = strcspn(place, ":");
        directory.used = 0;
        buffer_append(&directory, n > 0 ? place : ".", n > 0 ? n : 1);
        buffer_push(&directory, '/');
        offer_directory(spot, directory.text, found);
        place += n;
    }
    buffer_free(&directory);
}

static void offer_keywords(const char *prefix, struct strings *found)
{
    static const char *const words[] = {
        "case", "do", "done", "elif", "else", "esac", "fi", "for", "if", "in", "then", "until", "while",
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        strings_offer(found, prefix, words[i]);
    }
}

/* Sorted, each once. */
static void order(struct strings *found)
{
    size_t kept = 0;
    if (found->used > 0) {
        qsort(found->item, found->used, sizeof *found->item, compare);
    }
    for (size_t i = 0; i < found->used; i++) {
        if (kept > 0 && strcmp(found->item[i], found->item[kept - 1]) == 0) {
            free(found->item[i]);
        } else {
            found->item[kept++] = found->item[i];
        }
    }
    found->used = kept;
}

void candidates_find(const struct spot *spot, struct strings *found)
{
    const char *name = spot->name.text;
    switch (spot->kind) {
    case SPOT_COMMAND:
        builtins_offer(name, found);
        functions_offer(name, found);
        offer_keywords(name, found);
        offer_path(spot, found);
        break;
    case SPOT_VARIABLE:
        vars_offer(name, found);
        break;
    case SPOT_FILE:
    case SPOT_DIRECTORY:
    case SPOT_PROGRAM:
        offer_directory(spot, spot->directory.text, found);
        break;
    default:
        break;
    }
    order(found);
}
