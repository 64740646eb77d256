/*
 * A fork bomb, for tests of the shell: all fork for ever. This process says when it can no more; "forkbomb" then
 * ends them all, looks whether all is back, and exits with 3; "forkbomb stay" waits until somebody ends it.
 */
#include "check.h"

static _Noreturn void bomb(void)
{
    for (;;)
        fork();
}

int main(int argc, char **argv)
{
    struct system_info before, after;
    sleep_ns(20 * MS); /* the shell's own fork and exec are over */
    system_info(&before);
    int first = fork(), failed;
    if (first == 0) {
        setjob(0, 0); /* the job that is to end: it will hold all but us */
        bomb();
    }
    while (getjob(first) == getjob(0))
        sleep_ns(MS);
    int job = getjob(first), next = 0;
    while ((next = fork()) > 0) {
        setjob(next, job);
        sleep_ns(20 * MS);
    }
    if (next == 0) {
        while (getjob(0) != job)
            yield();
        bomb();
    }
    failed = errno;
    system_info(&after);
    printf("bomb: %s, processes=%lu\n", failed == EAGAIN ? "EAGAIN" : failed == ENOMEM ? "ENOMEM" : strerror(failed),
           after.processes);
    fflush(stdout);
    if (argc > 1 && strcmp(argv[1], "stay") == 0)
        return wait_status(-1, NULL, 0) < 0;
    kill(-job, SIGKILL);
    while (wait_status(-1, NULL, 0) > 0)
        ;
    bool back = false;
    for (int i = 0; i < 20 && !back; i++)
        back = check_settled(&before, CHECK_COUNTS, &after);
    if (!back)
        check_print_difference(&before, &after);
    return back ? 3 : 1;
}
