/*
 * Textbook: daemonic processes. A daemon lives no longer than the process that started it: when that
 * one ends, in whatever way, its daemons are dead before anybody can see that it has ended.
 */
#include <errno.h>
#include <kinglet/system.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define DAEMONS 3

static bool exists(int pid)
{
    struct proc_info info;
    return process_list(pid, &info, 1) == 1 && info.pid == pid;
}

/* Starts the daemons, tells the grandparent their pids, and ends without a word to them. */
static void parent(int report)
{
    int pids[DAEMONS];
    for (int i = 0; i < DAEMONS; i++) {
        pids[i] = fork_flags(FORK_DAEMON);
        if (pids[i] == 0) {
            for (;;) {
                sleep(1000); /* a daemon would wait for work here */
            }
        }
    }
    if (write(report, pids, sizeof pids) != (ssize_t)sizeof pids) {
        _exit(1);
    }
    usleep(20000);
    _exit(0);
}

int main(void)
{
    int ends[2], pids[DAEMONS];
    if (pipe(ends) < 0) {
        perror("pipe");
        return 1;
    }
    int pid = fork();
    if (pid < 0) {
        perror("fork");
        return 1;
    }
    if (pid == 0) {
        parent(ends[1]);
    }
    if (read(ends[0], pids, sizeof pids) != (ssize_t)sizeof pids) {
        fprintf(stderr, "the parent could not start its daemons\n");
        return 1;
    }
    for (int i = 0; i < DAEMONS; i++) {
        printf("daemon %d: %s\n", i, exists(pids[i]) ? "runs" : "could not be started");
    }

    waitpid(pid, NULL, 0);
    printf("their parent has ended\n");

    int left = 0;
    for (int i = 0; i < DAEMONS; i++) {
        bool gone = !exists(pids[i]) && kill(pids[i], SIGTERM) < 0 && errno == ESRCH;
        printf("daemon %d: %s\n", i, gone ? "gone (kill says ESRCH)" : "STILL THERE");
        left += !gone;
    }
    return left > 0;
}
