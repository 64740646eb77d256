/*
 * Redirects: < > >> <> <<, >& and <&, for a command of its own or for one that runs in the shell.
 * Called by run and `exec`. Must never leave a handle of the shell's own changed after an error.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kinglet/file.h>

#include "sh.h"

#define KEPT_FROM 10 /* handles of the shell's own start here: a redirect names one digit */

/* A pipe that holds the whole text: it takes no writer then. */
static int open_here(const struct redirect *r)
{
    int ends[2];
    char *text = r->literal ? xstrdup(r->target) : expand_here(r->target);
    if (text == NULL) {
        return -1;
    }
    if (pipe(ends) < 0) {
        complain("here-document: %s", strerror(errno));
        free(text);
        return -1;
    }
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    size_t n = strlen(text);
    if (n > 0 && write(ends[1], text, n) != (ssize_t)n) {
        complain("here-document: its %zu bytes do not fit into a pipe", n);
        close(ends[0]);
        ends[0] = -1;
    }
    close(ends[1]);
    free(text);
    return ends[0];
}

/* -> a handle, or -1 after a message. */
static int open_file(const struct redirect *r, const char *name)
{
    static const int flags[] = {
        [REDIRECT_READ] = O_RDONLY,
        [REDIRECT_WRITE] = O_WRONLY | O_CREAT | O_TRUNC,
        [REDIRECT_APPEND] = O_WRONLY | O_CREAT | O_APPEND,
        [REDIRECT_READ_WRITE] = O_RDWR | O_CREAT,
    };
    int fd = open(name, flags[r->kind], 0666);
    if (fd < 0) {
        complain("%s: %s", name, strerror(errno));
    }
    return fd;
}

static int apply_dup(const struct redirect *r, const char *target)
{
    long from;
    if (strcmp(target, "-") == 0) {
        close(r->fd);
        return 0;
    }
    if (parse_number(target, &from) < 0 || from > 9) {
        complain("%s: a handle from 0 to 9, or -, must follow >& and <&", target);
        return -1;
    }
    if (from != r->fd && dup2((int)from, r->fd) < 0) {
        complain("handle %ld: %s", from, strerror(errno));
        return -1;
    }
    return 0;
}

static int apply_one(const struct redirect *r)
{
    int fd;
    if (r->kind == REDIRECT_HERE) {
        fd = open_here(r);
    } else {
        char *target = expand_one(r->target);
        if (target == NULL) {
            return -1;
        }
        if (r->kind == REDIRECT_DUP) {
            int result = apply_dup(r, target);
            free(target);
            return result;
        }
        fd = open_file(r, target);
        free(target);
    }
    if (fd < 0 || fd == r->fd) {
        return fd < 0 ? -1 : 0;
    }
    int result = dup2(fd, r->fd);
    if (result < 0) {
        complain("handle %d: %s", r->fd, strerror(errno));
    }
    close(fd);
    return result < 0 ? -1 : 0;
}

static int save(struct saved_handles *saved, int fd)
{
    for (int i = 0; i < saved->count; i++) {
        if (saved->fd[i] == fd) {
            return 0;
        }
    }
    if (saved->count == REDIRECT_SAVED_MAX) {
        complain("too many redirects on one command");
        return -1;
    }
    int copy = fcntl(fd, F_DUPFD, KEPT_FROM);
    if (copy < 0 && errno != EBADF) {
        complain("cannot keep handle %d: %s", fd, strerror(errno));
        return -1;
    }
    if (copy >= 0) {
        fcntl(copy, F_SETFD, FD_CLOEXEC);
    }
    saved->fd[saved->count] = fd;
    saved->copy[saved->count++] = copy;
    return 0;
}

int redirect_apply(const struct redirect *list, struct saved_handles *saved)
{
    for (const struct redirect *r = list; r != NULL; r = r->next) {
        if ((saved != NULL && save(saved, r->fd) < 0) || apply_one(r) < 0) {
            if (saved != NULL) {
                redirect_restore(saved);
            }
            return -1;
        }
    }
    return 0;
}

void redirect_restore(struct saved_handles *saved)
{
    for (int i = saved->count - 1; i >= 0; i--) {
        if (saved->copy[i] < 0) {
            close(saved->fd[i]);
        } else {
            dup2(saved->copy[i], saved->fd[i]);
            close(saved->copy[i]);
        }
    }
    saved->count = 0;
}
