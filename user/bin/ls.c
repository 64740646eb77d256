/*
 * ls: names in directories, sorted, one a line.
 * -a: also those that start with a dot; -l: type, links, size, age; -i: file number; -d: the directory
 * itself; -R: all below; -r: backwards; -F: / after directories; -1 and -C are taken and change nothing.
 */
#define TOOL "ls"
#define USAGE "[-alidRrF1] [file ...]"
#include "tool.h"
#include "files.h"

static bool all, almost_all, details, numbers, itself, recursive, backwards, marks;

static void mode_text(uint32_t mode, char out[11])
{
    static const char letters[] = "rwxrwxrwx";
    out[0] = S_ISDIR(mode) ? 'd' : S_ISCHR(mode) ? 'c' : S_ISBLK(mode) ? 'b' : S_ISFIFO(mode) ? 'p' : '-';
    for (int i = 0; i < 9; i++) {
        out[i + 1] = mode & (0400u >> i) ? letters[i] : '-';
    }
    out[10] = '\0';
}

/* One line for a file; path is where it is, name what is shown. */
static void show(const char *path, const char *name)
{
    struct stat st;
    if ((details || numbers || marks) && stat(path, &st) < 0) {
        tool_error(path);
        return;
    }
    if (numbers) {
        printf("%6llu ", (unsigned long long)st.st_ino);
    }
    if (details) {
        char mode[11];
        mode_text(st.st_mode, mode);
        printf("%s %3u ", mode, (unsigned)st.st_nlink);
        if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) {
            printf("%4u,%4u ", (unsigned)(st.st_rdev >> 8), (unsigned)(st.st_rdev & 0xff));
        } else {
            printf("%9llu ", (unsigned long long)st.st_size);
        }
        /* There is no calendar: the time is seconds since boot. */
        printf("%8llu.%03us ", (unsigned long long)(st.st_mtime_ns / 1000000000),
               (unsigned)(st.st_mtime_ns / 1000000 % 1000));
    }
    printf("%s%s\n", name, marks && S_ISDIR(st.st_mode) ? "/" : "");
}

static void list(const char *path, bool title)
{
    char **names = list_directory(path, true);
    size_t count = 0, kept = 0;
    if (names == NULL) {
        return;
    }
    for (; names[count] != NULL; count++) {
        bool dots = strcmp(names[count], ".") == 0 || strcmp(names[count], "..") == 0;
        if (names[count][0] == '.' && !all && (!almost_all || dots)) {
            free(names[count]);
        } else {
            names[kept++] = names[count];
        }
    }
    names[kept] = NULL;
    for (size_t i = 0; backwards && i < kept / 2; i++) {
        char *other = names[i];
        names[i] = names[kept - 1 - i];
        names[kept - 1 - i] = other;
    }
    if (title) {
        printf("%s:\n", path);
    }
    for (size_t i = 0; i < kept && !ferror(stdout); i++) {
        char *inner = tool_join(path, names[i]);
        show(inner, names[i]);
        free(inner);
    }
    for (size_t i = 0; recursive && i < kept && !ferror(stdout); i++) {
        char *inner = tool_join(path, names[i]);
        if (strcmp(names[i], ".") != 0 && strcmp(names[i], "..") != 0 && is_directory(inner)) {
            printf("\n");
            list(inner, true);
        }
        free(inner);
    }
    free_names(names);
}

static bool set_option(int option)
{
    switch (option) {
    case 'a':
        return all = true;
    case 'A':
        return almost_all = true;
    case 'l':
        return details = true;
    case 'i':
        return numbers = true;
    case 'd':
        return itself = true;
    case 'R':
        return recursive = true;
    case 'r':
        return backwards = true;
    case 'F':
        return marks = true;
    default:
        return option == '1' || option == 'C';
    }
}

int main(int argc, char **argv)
{
    static char *here[] = {".", NULL};
    int option;
    while ((option = getopt(argc, argv, "aAlidRrF1C")) != -1) {
        if (!set_option(option)) {
            tool_usage();
        }
    }
    char **paths = optind < argc ? argv + optind : here;
    int count = optind < argc ? argc - optind : 1;
    int shown = 0;
    qsort(paths, (size_t)count, sizeof *paths, compare_names);
    for (int i = 0; i < count; i++) {
        struct stat st;
        if (stat(paths[i], &st) < 0) {
            tool_error(paths[i]);
            paths[i] = NULL;
        } else if (itself || !S_ISDIR(st.st_mode)) {
            show(paths[i], paths[i]);
            paths[i] = NULL;
            shown++;
        }
    }
    for (int i = 0; i < count; i++) {
        if (paths[i] != NULL) {
            fputs(shown++ > 0 ? "\n" : "", stdout);
            list(paths[i], count > 1 || recursive);
        }
    }
    tool_exit();
}
