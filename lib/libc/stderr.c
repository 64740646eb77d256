/*
 * stderr, which has no buffer but the one byte that every file has.
 */
#include "stdio_file.h"

FILE libc_stderr = {.fd = 2, .flags = FILE_WRITES | FILE_UNBUFFERED, .buffer = libc_stderr.one, .room = 1};
