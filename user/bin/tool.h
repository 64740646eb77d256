/*
 * What every utility does the same way: messages with its name, usage, the check at the end that
 * all output was taken. A utility defines TOOL (its name) and USAGE before it includes this.
 */
#ifndef USER_TOOL_H
#define USER_TOOL_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#ifndef TOOL_FAILURE
#define TOOL_FAILURE 1 /* the status when output cannot be written, or memory is out */
#endif

static int tool_status; /* what the utility will exit with */

/* "ls: what: why" from errno; the utility goes on, and fails at the end. */
static inline void tool_error(const char *what)
{
    int error = errno;
    fflush(stdout);
    fprintf(stderr, TOOL ": %s: %s\n", what, strerror(error));
    tool_status = 1;
}

/* The same with a text of one's own. */
static inline void tool_complain(const char *what, const char *why)
{
    fflush(stdout);
    fprintf(stderr, TOOL ": %s: %s\n", what, why);
    tool_status = 1;
}

_Noreturn static inline void tool_usage(void)
{
    fprintf(stderr, "usage: " TOOL "%s" USAGE "\n", USAGE[0] != '\0' ? " " : "");
    exit(2);
}

/* Ends the utility: a reader that has left is no error worth a message, a full file system is. */
_Noreturn static inline void tool_exit(void)
{
    struct stat st;
    errno = 0;
    if (fflush(stdout) != 0 || ferror(stdout)) {
        if (fstat(1, &st) < 0 || !S_ISFIFO(st.st_mode)) {
            fprintf(stderr, TOOL ": write error: %s\n", strerror(errno != 0 ? errno : EIO));
        }
        exit(TOOL_FAILURE);
    }
    exit(tool_status);
}

static inline void *tool_memory(void *memory)
{
    if (memory == NULL) {
        fprintf(stderr, TOOL ": out of memory\n");
        exit(TOOL_FAILURE);
    }
    return memory;
}

/* directory/name, malloc'ed. */
static inline char *tool_join(const char *directory, const char *name)
{
    size_t n = strlen(directory);
    const char *slash = n > 0 && directory[n - 1] == '/' ? "" : "/";
    char *path = tool_memory(malloc(n + strlen(name) + 2));
    strcpy(path, directory);
    strcat(path, slash);
    return strcat(path, name);
}

/* The last component of a path, without slashes at its end; "/" for the root; malloc'ed. */
static inline char *tool_basename(const char *path)
{
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/') {
        end--;
    }
    size_t start = end;
    while (start > 0 && (path[start - 1] != '/' || end == 1)) {
        start--;
    }
    return tool_memory(strndup(path + start, end - start));
}

#endif
