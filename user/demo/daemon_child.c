/*
 * Textbook: daemonic processes. A daemon may have no children, for nobody would be left to end them:
 * fork in a daemon fails, with an error of its own.
 */
#include <errno.h>
#include <kinglet/system.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    int status;
    int pid = fork_flags(FORK_DAEMON);
    if (pid < 0) {
        fprintf(stderr, "the daemon could not be started: %s\n", strerror(-pid));
        return 1;
    }
    if (pid == 0) {
        int child = fork();
        if (child == 0) {
            _exit(0);
        }
        if (child > 0) {
            printf("daemon: fork gave me child %d, and that must not be\n", child);
            return 1;
        }
        printf("daemon: fork failed: %s\n", strerror(errno));
        return errno == EDAEMON ? 0 : 1;
    }
    if (waitpid(pid, &status, 0) != pid) {
        perror("waitpid");
        return 1;
    }
    printf("parent: the daemon exited with %d\n", WEXITSTATUS(status));
    return WEXITSTATUS(status);
}
