/*
 * Memory, numbers from text, the environment, sorting, and the ways out of a program.
 */
#ifndef LIBC_STDLIB_H
#define LIBC_STDLIB_H

#include <stddef.h>

#define EXIT_SUCCESS 0
#define EXIT_FAILURE 1
#define RAND_MAX 0x7fffffff

/* Memory, aligned to 16 bytes; NULL and ENOMEM when there is none. A damaged heap and a pointer
 * freed twice end the program with a line on stderr. */
void *malloc(size_t bytes);
void *calloc(size_t n, size_t bytes);
void *realloc(void *memory, size_t bytes);
void *reallocarray(void *memory, size_t n, size_t bytes);
void free(void *memory);

/* exit runs what atexit was given, last first, and writes out all open files; _Exit does neither;
 * abort ends the process with SIGABRT. */
_Noreturn void exit(int status);
_Noreturn void _Exit(int status);
_Noreturn void abort(void);
int atexit(void (*function)(void)); /* 0, or -1 when there is no room (32 places) */

/* Numbers: base 0 takes 0x… and 0… as C does; out of range gives the nearest value and ERANGE. */
long strtol(const char *text, char **end, int base);
unsigned long strtoul(const char *text, char **end, int base);
long long strtoll(const char *text, char **end, int base);
unsigned long long strtoull(const char *text, char **end, int base);
double strtod(const char *text, char **end); /* decimal; correctly rounded */
int atoi(const char *text);
long atol(const char *text);
long long atoll(const char *text);
double atof(const char *text);

char *getenv(const char *name); /* NULL: not set */
int setenv(const char *name, const char *value, int overwrite);
int unsetenv(const char *name);

int rand(void);
void srand(unsigned int seed);

int abs(int n);
long labs(long n);
long long llabs(long long n);

void qsort(void *base, size_t n, size_t size, int (*compare)(const void *, const void *));
void *bsearch(const void *key, const void *base, size_t n, size_t size,
              int (*compare)(const void *, const void *));

#endif
