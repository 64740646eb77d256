/*
 * POSIX's calls about processes: thin functions over the system calls of the same names.
 */
#include "ecall.h"
#include "internal.h"
#include "lock.h"
#include <kinglet/system.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int known_pid; /* 0: not asked yet */
_Thread_local int libc_known_tid;

void libc_forget(void)
{
    if (known_pid) /* each store may cost the copy of a page */
        known_pid = 0;
    if (libc_known_tid)
        libc_known_tid = 0;
}

int self_pid(void)
{
    if (!known_pid)
        known_pid = (int)ecall0(SYS_getpid);
    return known_pid;
}

int libc_ask_tid(void)
{
    return libc_known_tid = (int)ecall0(SYS_gettid);
}

pid_t fork(void)
{
    return (pid_t)libc_result(libc_fork(0));
}

_Noreturn void _exit(int status)
{
    for (;;)
        ecall1(SYS_exit, status);
}

_Noreturn void _Exit(int status)
{
    _exit(status);
}

pid_t getpid(void)
{
    return (pid_t)ecall0(SYS_getpid);
}

pid_t getppid(void)
{
    return (pid_t)ecall0(SYS_getppid);
}

int kill(pid_t pid, int signal)
{
    return (int)libc_result(ecall2(SYS_kill, pid, signal));
}

int raise(int signal)
{
    return kill(getpid(), signal);
}

pid_t waitpid(pid_t pid, int *status, int options)
{
    struct exit_status how = {0, 0};
    long result = libc_result(ecall3(SYS_wait, pid, ARGUMENT(&how), options));
    if (result > 0 && status)
        *status = (how.code & 0xff) << 8 | (how.signal & 0x7f);
    return (pid_t)result;
}

pid_t wait(int *status)
{
    return waitpid(-1, status, 0);
}

void *sbrk(intptr_t delta)
{
    return (void *)libc_result(ecall1(SYS_sbrk, delta));
}
