/*
 * Memory and string functions with the meaning they have in C (strlcpy: in BSD and POSIX 2024).
 * The kernel's only ones; libc's <string.h> builds on them. They know nothing of user
 * addresses: those are followed by the copy functions in kernel/mem/ alone.
 */
#ifndef COMMON_STRING_H
#define COMMON_STRING_H

#include <stddef.h>

void *memcpy(void *to, const void *from, size_t n);  /* the two may not overlap */
void *memmove(void *to, const void *from, size_t n); /* the two may overlap */
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *text, int byte, size_t n);

size_t strlen(const char *text);
size_t strnlen(const char *text, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *text, int character);  /* looking for '\0' finds the end */
char *strrchr(const char *text, int character);

/* Copy `from` into `to`, which has `room` bytes, cutting it where needed and always ending it with a
 * NUL (unless room is 0). Gives strlen(from): the copy was cut when that is >= room. */
size_t strlcpy(char *to, const char *from, size_t room);

#endif
