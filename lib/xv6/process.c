/*
 * System calls about processes, memory and time.
 */
#include "internal.h"
#include "kernel/vm.h"

#include <kinglet/process.h>

#define TICK_NS 100000000ul /* xv6's clock ticks ten times a second */

#define STACK_TOP 0x3fffff0000ul /* docs/architecture.md, "Memory layout" */

int xv6_may_write(const void *to, uint64 n)
{
    extern char xv6_data[] __asm__("__data_start");
    uint64 start = (uint64)to, end = start + n;

    if (end < start)
        return 0;
    if (start >= (uint64)__builtin_frame_address(0))
        return end <= STACK_TOP;
    return start >= (uint64)xv6_data && end <= (uint64)ecall1(SYS_sbrk, 0);
}

PUBLIC int fork(void)
{
    return or_minus_1(ecall1(SYS_fork, 0));
}

PUBLIC int exit(int status)
{
    for (;;)
        ecall1(SYS_exit, status);
}

PUBLIC int wait(int *status)
{
    struct exit_status how;

    if (status != 0 && !xv6_may_write(status, sizeof *status))
        return -1; /* before a child is used up */

    int pid = or_minus_1(ecall3(SYS_wait, -1, ARGUMENT(&how), 0));

    if (pid > 0 && status != 0)
        *status = how.signal != 0 ? -1 : how.code;
    return pid;
}

PUBLIC int kill(int pid)
{
    return pid > 0 ? or_minus_1(ecall2(SYS_kill, pid, SIGKILL)) : -1; /* to Kinglet, -n would be a job */
}

PUBLIC int exec(const char *path, char **argv)
{
    return argv != 0 ? or_minus_1(ecall3(SYS_exec, ARGUMENT(path), ARGUMENT(argv), 0)) : -1;
}

PUBLIC int getpid(void)
{
    return (int)ecall0(SYS_getpid);
}

/* Where the break is when it could not be moved: xv6 leaves it as it is when asked to shrink by more than
 * there is, and says so; growing fails. */
static char *not_moved(int n)
{
    return n < 0 ? (char *)ecall1(SYS_sbrk, 0) : SBRK_ERROR;
}

PUBLIC char *sys_sbrk(int n, int how)
{
    long old = how == SBRK_LAZY && n > 0 ? ecall1(SYS_sbrk_lazy, n) : ecall1(SYS_sbrk, n);

    return old >= 0 ? (char *)old : not_moved(n);
}

PUBLIC char *sbrk(int n)
{
    return sys_sbrk(n, SBRK_EAGER);
}

PUBLIC char *sbrklazy(int n)
{
    return sys_sbrk(n, SBRK_LAZY);
}

/* Until so many ticks have come, as xv6 counts: the first may come at once. */
PUBLIC int pause(int ticks)
{
    uint64 now = (uint64)ecall0(SYS_clock);

    if (ticks <= 0)
        return 0;
    return or_minus_1(ecall1(SYS_sleep, ((long)(now / TICK_NS) + ticks) * (long)TICK_NS - (long)now));
}

PUBLIC int sleep(int ticks)
{
    return pause(ticks);
}

PUBLIC int uptime(void)
{
    return (int)((uint64)ecall0(SYS_clock) / TICK_NS);
}
