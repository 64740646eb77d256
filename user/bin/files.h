/*
 * Files as cp, mv, ln and rm see them: copying one, the names in a directory, and names to be given.
 * Included after "tool.h".
 */
#ifndef USER_FILES_H
#define USER_FILES_H

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_BYTES 32768

static inline bool is_directory(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* All of `bytes`, whatever the pieces; -1 and errno. */
static inline int write_all(int fd, const char *data, size_t bytes)
{
    while (bytes > 0) {
        ssize_t n = write(fd, data, bytes);
        if (n < 0) {
            return -1;
        }
        data += n;
        bytes -= (size_t)n;
    }
    return 0;
}

/* Copies a regular file's bytes; says what failed. 0 or -1. */
static inline int copy_file(const char *from, const char *to)
{
    static char block[COPY_BYTES];
    struct stat source, target;
    int in = open(from, O_RDONLY);
    if (in < 0 || fstat(in, &source) < 0) {
        tool_error(from);
        close(in);
        return -1;
    }
    if (stat(to, &target) == 0 && target.st_dev == source.st_dev && target.st_ino == source.st_ino) {
        tool_complain(to, "is the same file");
        close(in);
        return -1;
    }
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC, source.st_mode & 0777);
    if (out < 0) {
        tool_error(to);
        close(in);
        return -1;
    }
    ssize_t n;
    int result = 0;
    while (result == 0 && (n = read(in, block, sizeof block)) != 0) {
        if (n < 0) {
            tool_error(from);
            result = -1;
        } else if (write_all(out, block, (size_t)n) < 0) {
            tool_error(to);
            result = -1;
        }
    }
    close(in);
    if (close(out) < 0 && result == 0) {
        tool_error(to);
        result = -1;
    }
    return result;
}

static inline int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in a directory, sorted, without . and .. unless `all`; NULL-terminated, malloc'ed;
 * NULL after a message. Read as a whole, so that the caller may change the directory. */
static inline char **list_directory(const char *path, bool all)
{
    DIR *directory = opendir(path);
    size_t count = 0, room = 16;
    struct dirent *entry;
    if (directory == NULL) {
        tool_error(path);
        return NULL;
    }
    char **names = tool_memory(malloc(room * sizeof *names));
    errno = 0;
    while ((entry = readdir(directory)) != NULL) {
        if (!all && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)) {
            continue;
        }
        if (count + 1 == room) {
            room *= 2;
            names = tool_memory(realloc(names, room * sizeof *names));
        }
        names[count++] = tool_memory(strdup(entry->d_name));
    }
    if (errno != 0) {
        tool_error(path);
    }
    closedir(directory);
    names[count] = NULL;
    qsort(names, count, sizeof *names, compare_names);
    return names;
}

static inline void free_names(char **names)
{
    for (char **name = names; name != NULL && *name != NULL; name++) {
        free(*name);
    }
    free(names);
}

/* The end of cp, mv and ln, whose arguments after the options are `from to` or `from ... directory`:
 * calls `act` for each `from` with the name that it is to get. */
_Noreturn static inline void act_on_targets(int argc, char **argv, void (*act)(const char *from, const char *to))
{
    if (argc - optind < 2) {
        tool_usage();
    }
    const char *to = argv[argc - 1];
    bool into = is_directory(to);
    if (argc - optind > 2 && !into) {
        tool_complain(to, "is not a directory");
        tool_exit();
    }
    for (int i = optind; i < argc - 1; i++) {
        char *name = tool_basename(argv[i]);
        char *target = into ? tool_join(to, name) : tool_memory(strdup(to));
        act(argv[i], target);
        free(target);
        free(name);
    }
    tool_exit();
}

#endif
