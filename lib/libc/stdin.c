/*
 * stdin, in a file of its own: a program that never names it does not carry its buffer.
 */
#include "stdio_file.h"

static unsigned char buffer[BUFSIZ];

FILE libc_stdin = {.fd = 0, .flags = FILE_READS, .buffer = buffer, .room = BUFSIZ};
