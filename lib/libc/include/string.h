/*
 * Strings and memory. What the kernel needs too is in <common/string.h>; the rest is here.
 */
#ifndef LIBC_STRING_H
#define LIBC_STRING_H

#include <common/string.h>
#include <stddef.h>

char *strcpy(char *to, const char *from);
char *strncpy(char *to, const char *from, size_t n);
char *stpcpy(char *to, const char *from); /* -> the NUL it wrote */
char *strcat(char *to, const char *from);
char *strncat(char *to, const char *from, size_t n);
char *strstr(const char *text, const char *wanted);
size_t strspn(const char *s, const char *accept);
size_t strcspn(const char *s, const char *reject);
char *strpbrk(const char *s, const char *accept);
char *strtok(char *s, const char *separators);
char *strtok_r(char *s, const char *separators, char **state);
char *strdup(const char *s);              /* malloc'ed; NULL and ENOMEM */
char *strndup(const char *s, size_t n);
int strcasecmp(const char *a, const char *b);
int strncasecmp(const char *a, const char *b, size_t n);
int strcoll(const char *a, const char *b); /* byte order: there are no locales */
char *strerror(int error);                 /* a constant text: never to be changed */

#endif
