/*
 * time: runs a command and tells how long it took, and the processor time charged to it (not to
 * the processes it started). -p is taken and changes nothing. -v: also the figures that schedulers are judged by.
 */
#include <kinglet/system.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#define TOOL "time"
#define USAGE "[-v] command [argument ...]"
#include "tool.h"

static void show(const char *what, uint64_t ns)
{
    fprintf(stderr, "%s %6llu.%06u s\n", what, (unsigned long long)(ns / 1000000000),
            (unsigned)(ns / 1000 % 1000000));
}

static void show_figures(const struct pinfo *p)
{
    uint64_t blocked = 0;
    for (int reason = 0; reason < PINFO_REASONS; reason++) {
        blocked += p->blocked_ns[reason];
    }
    show("turnaround", p->turnaround_ns);
    show("response  ", p->response_ns);
    show("waiting   ", p->waiting_ns);
    show("blocked   ", blocked);
    fprintf(stderr, "bursts %llu, switches %llu voluntary, %llu not\n", (unsigned long long)p->bursts,
            (unsigned long long)p->voluntary, (unsigned long long)p->involuntary);
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
    struct pinfo info;
    int status = 0;
    int verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
    int first = verbose || (argc > 1 && strcmp(argv[1], "-p") == 0) ? 2 : 1;
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
    int known = getpinfo(pid, &info, 1) == 1 && info.pid == pid;
    waitpid(pid, &status, 0);
    uint64_t real = clock_ns() - start;
    show("real", real);
    if (known) {
        show("cpu ", info.run_ns);
        if (verbose) {
            show_figures(&info);
        }
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
