/*
 * limit PROCESSES PAGES COMMAND [ARGUMENT ...]: runs a command in a job of its own with these limits (0: none),
 * for tests of what it does when it gets no more.
 */
#include <kinglet/system.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc < 4)
        return 2;
    struct job_limits limits = {.max_processes = (uint64_t)atol(argv[1]), .max_pages = (uint64_t)atol(argv[2])};
    int job = setjob(0, 0);
    if (job < 0 || job_limits(job, &limits, NULL) < 0)
        return 2;
    execvp(argv[3], argv + 3);
    return 126;
}
