/*
 * POSIX's names for the system's integer types.
 */
#ifndef LIBC_SYS_TYPES_H
#define LIBC_SYS_TYPES_H

#include <stddef.h>
#include <stdint.h>

typedef long ssize_t;
typedef int64_t off_t;
typedef int pid_t;
typedef uint32_t mode_t;
typedef uint64_t ino_t;
typedef uint64_t dev_t; /* major << 8 | minor */
typedef uint32_t nlink_t;
typedef int64_t time_t; /* seconds since boot */
typedef unsigned int useconds_t;

#endif
