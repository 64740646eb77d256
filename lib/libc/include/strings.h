/*
 * strcasecmp and strncasecmp under the name that POSIX gives their header.
 */
#ifndef LIBC_STRINGS_H
#define LIBC_STRINGS_H

#include <string.h>

#endif
