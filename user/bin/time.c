/*
 * time: runs a command and tells how long it took, and the processor time charged to it (not to
 * the processes it started). -p is taken and changes nothing.
 */
#include <kinglet/system.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#define TOOL "time"
#define USAGE "command [argument ...]"
#include "tool.h"

static void show(const char *what, uint64_t ns)
{
    fprintf(stderr, "%s %6llu.%06u s\n", what, (unsigned long long)(ns / 1000000000),
            (unsigned)(ns / 1000 % 1000000));
}

/* Waits until the child has ended without taking its status: a zombie can still be asked for its time. */
static void wait_ended(int pid)
{
    struct pollfd end = {.fd = process_open(pid), .events = POLLIN};
    if (end.fd >= 0) {
        poll(&end, 1, -1);
        close(end.fd);
    }
}

int main(int argc, char **argv)
{
    struct proc_info info;
    int status = 0;
    int first = argc > 1 && strcmp(argv[1], "-p") == 0 ? 2 : 1;
    if (first >= argc || argv[first][0] == '-') {
        tool_usage();
    }
    uint64_t start = clock_ns();
    int pid = fork();
    if (pid < 0) {
        tool_error(argv[first]);
        return 126;
    }
    if (pid == 0) {
        execvp(argv[first], argv + first);
        tool_error(argv[first]);
        _exit(errno == ENOENT ? 127 : 126);
    }
    wait_ended(pid);
    int known = process_list(pid, &info, 1) == 1 && info.pid == pid;
    waitpid(pid, &status, 0);
    uint64_t real = clock_ns() - start;
    show("real", real);
    if (known) {
        show("cpu ", info.cpu_ns);
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
