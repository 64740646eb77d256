/*
 * POSIX's process and file calls. Unless said otherwise they return -1 and set errno on an error.
 */
#ifndef LIBC_UNISTD_H
#define LIBC_UNISTD_H

#include <kinglet/file.h>
#include <sys/types.h>

#define STDIN_FILENO 0
#define STDOUT_FILENO 1
#define STDERR_FILENO 2

#define F_OK 0
#define X_OK 1
#define W_OK 2
#define R_OK 4

extern char **environ;

/* processes */
pid_t fork(void);
int execve(const char *path, char *const argv[], char *const envp[]);
int execv(const char *path, char *const argv[]);
/* These look in PATH, or /bin:/demo:/test:/sbin, and give a file that is no program to /bin/sh. */
int execvp(const char *file, char *const argv[]);
int execl(const char *path, const char *arg0, ...);  /* arguments, then NULL */
int execlp(const char *file, const char *arg0, ...);
/* The same (BSD) with another list of directories, where the name is looked for even if it has a slash. */
int execvP(const char *file, const char *directories, char *const argv[]);
_Noreturn void _exit(int status);
pid_t getpid(void);
pid_t getppid(void);
unsigned int sleep(unsigned int seconds); /* 0, or the seconds left */
int usleep(useconds_t us);

/* handles */
ssize_t read(int fd, void *buffer, size_t bytes);
ssize_t write(int fd, const void *buffer, size_t bytes);
off_t lseek(int fd, off_t offset, int whence);
int close(int fd);
int dup(int fd);
int dup2(int from, int to);
int pipe(int ends[2]);
int pipe2(int ends[2], int flags); /* O_NONBLOCK, O_CLOEXEC, O_CLOFORK */
int ftruncate(int fd, off_t size);
int fsync(int fd);
int isatty(int fd); /* 1, or 0 and errno */

/* paths */
int unlink(const char *path);
int rmdir(const char *path);
int link(const char *from, const char *to);
int chdir(const char *path);
int access(const char *path, int mode); /* by the mode bits alone: there are no users */

/* memory: moves the end of the heap, -> the old end, (void *)-1 and errno */
void *sbrk(intptr_t delta);

/* Fills the buffer with random bytes, at most 256: 0, or -1 and errno (EINVAL: more; EFAULT). */
int getentropy(void *buffer, size_t bytes);

/* Options, stopping at the first operand. -> the letter, '?' for a bad option, ':' for a missing
 * argument when `options` starts with ':', -1 at the end. Set optind to 1 to start anew. */
extern char *optarg;
extern int optind, opterr, optopt;
int getopt(int argc, char *const argv[], const char *options);

#endif
