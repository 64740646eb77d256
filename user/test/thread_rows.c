/*
 * A process with two more threads, one that computes and one that sleeps, for so many milliseconds (or ten seconds):
 * for tests that look at it from outside.
 */
#include <kinglet/system.h>
#include <kinglet/thread.h>
#include <stdlib.h>

static void *compute(void *argument)
{
    for (;;)
        ;
    return argument;
}

static void *wait(void *argument)
{
    sleep_ns(1000000000000);
    return argument;
}

int main(int argc, char **argv)
{
    thread_create(compute, NULL);
    thread_create(wait, NULL);
    sleep_ns((argc > 1 ? strtoul(argv[1], NULL, 0) : 10000) * 1000000);
    return 0;
}
