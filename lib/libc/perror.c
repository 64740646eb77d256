/*
 * Errors as text.
 */
#include <common/errno_name.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

char *strerror(int error)
{
    return (char *)errno_text(error);
}

void perror(const char *what)
{
    int error = errno;
    if (what && *what)
        fprintf(stderr, "%s: %s\n", what, strerror(error));
    else
        fprintf(stderr, "%s\n", strerror(error));
    errno = error;
}
