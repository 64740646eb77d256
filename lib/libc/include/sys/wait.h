/*
 * Waiting for children, with the status packed as POSIX does: the exit code's low eight bits
 * << 8, or the signal. wait_status in <kinglet/system.h> gives the whole code.
 */
#ifndef LIBC_SYS_WAIT_H
#define LIBC_SYS_WAIT_H

#include <kinglet/process.h>
#include <sys/types.h>

#define WNOHANG WAIT_NOHANG

#define WTERMSIG(status) ((status) & 0x7f)
#define WIFSIGNALED(status) (WTERMSIG(status) != 0)
#define WIFEXITED(status) (WTERMSIG(status) == 0)
#define WEXITSTATUS(status) (((status) >> 8) & 0xff)

/* -> the pid of a child that has ended, -1 and errno (ECHILD); with WNOHANG 0 when none has.
 * `status` may be NULL. waitpid's pid -1 means any child. */
pid_t wait(int *status);
pid_t waitpid(pid_t pid, int *status, int options);

#endif
