/*
 * Textbook: process creation and termination; fork and join (Silberschatz 3.3; Three Easy Pieces 5). A parent forks
 * children, each ends in its own way, and wait() tells the parent how: with an exit status, ended by a signal, or by
 * a fault.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILDREN 4

/* A pipe for each child, in which it finds a byte when it may go on. They end one after the other, so that the output
 * is always the same. */
static int turns[CHILDREN][2];

static volatile int *volatile nowhere = NULL;

/* What child number n does; it never returns to main. */
static void child(int n)
{
    char byte;
    if (read(turns[n][0], &byte, 1) != 1) {
        exit(98);
    }
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

static void let_go_on(int n)
{
    if (n < CHILDREN && write(turns[n][1], "", 1) != 1) {
        perror("write");
    }
}

int main(void)
{
    static const char *const plan[CHILDREN] = {
        "exits with 0", "exits with 42", "sends itself SIGTERM", "writes through a null pointer",
    };
    int pids[CHILDREN];

    for (int i = 0; i < CHILDREN; i++) {
        if (pipe(turns[i]) < 0) {
            perror("pipe");
            return 1;
        }
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
    let_go_on(0);
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
        fflush(stdout);
        let_go_on(n + 1);
    }
    printf("parent: no children left\n");
    return 0;
}
