/*
 * Signals are ways to end a process: none can be caught or ignored.
 */
#ifndef LIBC_SIGNAL_H
#define LIBC_SIGNAL_H

#include <kinglet/process.h>
#include <sys/types.h>

/* pid > 0: that process; pid < -1: every process of the job -pid. -> 0, or -1 and errno. */
int kill(pid_t pid, int signal);
int raise(int signal);

#endif
