/*
 * stdout, in a file of its own: a program that never names it does not carry its buffer.
 */
#include "stdio_file.h"

static unsigned char buffer[BUFSIZ];

FILE libc_stdout = {.fd = 1, .flags = FILE_WRITES | FILE_ASK, .buffer = buffer, .room = BUFSIZ};
