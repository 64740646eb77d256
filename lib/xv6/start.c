/*
 * From _start to main, and what makes a process an xv6 program: the kernel and the servers go by xv6's rules
 * for it (SYS_rules), and it and all it starts together have as many processes as xv6 has.
 */
#include "internal.h"
#include "kernel/param.h"

#include <kinglet/process.h>

int main(int argc, char **argv);
_Noreturn void xv6_start(int argc, char **argv);

/* The first xv6 program of a family makes a job for it, with the limit; those that it starts find it. */
static void limit_processes(void)
{
    struct job_limits now, limits = {.max_processes = NPROC};

    if (ecall3(SYS_job_limits, 0, 0, ARGUMENT(&now)) < 0 || now.max_processes <= NPROC)
        return;
    if (ecall2(SYS_setjob, 0, 0) > 0)
        ecall3(SYS_job_limits, 0, ARGUMENT(&limits), 0);
}

_Noreturn void xv6_start(int argc, char **argv)
{
    ecall1(SYS_rules, RULES_XV6);
    limit_processes();
    exit(main(argc, argv));
}
