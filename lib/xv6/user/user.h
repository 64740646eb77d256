/*
 * What an xv6 program can call, as the sources of 2022 and of 2025 have it: system calls, and the library of
 * strings, printing and memory. Errors are -1, or 0 where a pointer is the answer.
 */
#ifndef XV6_USER_H
#define XV6_USER_H

#include "kernel/types.h"

struct stat;

#define SBRK_ERROR ((char *)-1)

/* system calls */
int fork(void);
int exit(int status) __attribute__((noreturn));
int wait(int *status); /* what the child gave to exit, in full; -1 when it was killed */
int pipe(int ends[2]);
int write(int fd, const void *buffer, int n);
int read(int fd, void *buffer, int n);
int close(int fd);
int kill(int pid);
int exec(const char *path, char **argv);
int open(const char *path, int flags);
int mknod(const char *path, short major, short minor);
int unlink(const char *path); /* empty directories, too */
int fstat(int fd, struct stat *st);
int link(const char *old, const char *new);
int mkdir(const char *path);
int chdir(const char *path);
int dup(int fd);
int getpid(void);
char *sys_sbrk(int n, int how); /* how: SBRK_EAGER, SBRK_LAZY in kernel/vm.h */
int sleep(int ticks);           /* 2022 */
int pause(int ticks);           /* 2025; a tick is 100 ms */
int uptime(void);               /* ticks since boot */

/* the library */
int stat(const char *path, struct stat *st);
char *strcpy(char *to, const char *from);
void *memmove(void *to, const void *from, int n);
char *strchr(const char *text, char c);
int strcmp(const char *a, const char *b);
char *gets(char *buffer, int max);
uint strlen(const char *text);
void *memset(void *to, int c, uint n);
int atoi(const char *text);
int memcmp(const void *a, const void *b, uint n);
void *memcpy(void *to, const void *from, uint n);
char *sbrk(int n);
char *sbrklazy(int n);

void fprintf(int fd, const char *format, ...);
void printf(const char *format, ...);

void *malloc(uint n);
void free(void *memory);

#endif
