/*
 * Errors for people: name and text of an errno, from the one table in <kinglet/errno.h>.
 * Used by libc's strerror, the shell and the kernel's messages.
 */
#ifndef COMMON_ERRNO_NAME_H
#define COMMON_ERRNO_NAME_H

/* Both take a number of either sign (2 and -2 are ENOENT) and give a constant string, never NULL. */
const char *errno_name(int error); /* "ENOENT"; 0: "0"; unknown: "E?" */
const char *errno_text(int error); /* "no such file or directory"; 0: "no error"; unknown: "unknown error" */

#endif
