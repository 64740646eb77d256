/*
 * Textbook: process creation and termination. A parent forks children, each ends in its own way, and
 * wait() tells the parent how: with an exit status, ended by a signal, or by a fault.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILDREN 4
#define STEP_US 20000 /* the children end one after the other, so that the output is always the same */

static volatile int *volatile nowhere = NULL;

/* What child number n does; it never returns to main. */
static void child(int n)
{
    usleep((unsigned)(n + 1) * STEP_US);
    switch (n) {
    case 0:
        exit(0);
    case 1:
        exit(42);
    case 2:
        kill(getpid(), SIGTERM);
        break;
    default:
        *nowhere = 1; /* nothing is mapped at address 0: the kernel ends the process */
    }
    exit(99);
}

int main(void)
{
    static const char *const plan[CHILDREN] = {
        "exits with 0", "exits with 42", "sends itself SIGTERM", "writes through a null pointer",
    };
    int pids[CHILDREN];

    for (int i = 0; i < CHILDREN; i++) {
        pids[i] = fork();
        if (pids[i] < 0) {
            perror("fork");
            return 1;
        }
        if (pids[i] == 0) {
            child(i);
        }
        printf("parent: child %d was started, it %s\n", i, plan[i]);
        fflush(stdout); /* or the next child would inherit the unwritten text and write it again */
    }

    int status, pid;
    while ((pid = wait(&status)) > 0) {
        int n = 0;
        while (n < CHILDREN - 1 && pids[n] != pid) {
            n++;
        }
        if (WIFSIGNALED(status)) {
            printf("parent: child %d was ended by signal %d\n", n, WTERMSIG(status));
        } else {
            printf("parent: child %d exited with %d\n", n, WEXITSTATUS(status));
        }
    }
    printf("parent: no children left\n");
    return 0;
}
