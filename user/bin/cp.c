/*
 * cp: copies a file to a file, or files into a directory. -r: directories with all that is in them.
 */
#define TOOL "cp"
#define USAGE "[-r] from to   or   cp [-r] from ... directory"
#include "tool.h"
#include "files.h"

static bool recursive;

static void copy_path(const char *from, const char *to, int depth);

/* Whether the directory `to`, which need not be there yet, is `from` or somewhere below it: the copy would
 * be copied, and its copy too. */
static bool is_inside(const char *from, const char *to)
{
    struct stat source, st, above;
    char *path = tool_memory(strdup(to));
    if (stat(path, &st) < 0) {
        /* What is above a name that is not there is what is before it. */
        char *name = tool_basename(path);
        size_t n = strlen(path);
        while (n > 0 && path[n - 1] == '/') {
            n--;
        }
        path[n - strlen(name)] = '\0';
        free(name);
        if (path[0] == '\0') {
            free(path);
            path = tool_memory(strdup("."));
        }
    }
    bool inside = false, top = stat(from, &source) < 0 || stat(path, &st) < 0;
    while (!inside && !top) {
        inside = st.st_dev == source.st_dev && st.st_ino == source.st_ino;
        char *parent = tool_join(path, "..");
        top = stat(parent, &above) < 0 || (above.st_dev == st.st_dev && above.st_ino == st.st_ino);
        free(path);
        path = parent;
        st = above;
    }
    free(path);
    return inside;
}

static void copy_directory(const char *from, const char *to, int depth)
{
    if (!recursive) {
        tool_complain(from, "is a directory (-r copies it)");
        return;
    }
    if (depth == 0 && is_inside(from, to)) {
        tool_complain(from, "would be copied into itself");
        return;
    }
    if (mkdir(to, 0777) < 0 && !is_directory(to)) {
        tool_error(to);
        return;
    }
    char **names = list_directory(from, false);
    for (char **name = names; name != NULL && *name != NULL; name++) {
        char *inner_from = tool_join(from, *name);
        char *inner_to = tool_join(to, *name);
        copy_path(inner_from, inner_to, depth + 1);
        free(inner_from);
        free(inner_to);
    }
    free_names(names);
}

static void copy_path(const char *from, const char *to, int depth)
{
    struct stat st;
    if (depth > 64) {
        tool_complain(from, "too deep");
    } else if (stat(from, &st) < 0) {
        tool_error(from);
    } else if (S_ISDIR(st.st_mode)) {
        copy_directory(from, to, depth);
    } else {
        copy_file(from, to);
    }
}

static void copy(const char *from, const char *to)
{
    copy_path(from, to, 0);
}

int main(int argc, char **argv)
{
    int option;
    while ((option = getopt(argc, argv, "rR")) != -1) {
        if (option == '?') {
            tool_usage();
        }
        recursive = true;
    }
    act_on_targets(argc, argv, copy);
}
