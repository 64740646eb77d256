/*
 * ps: every process with its state, its place in the schedule and what it waits for. -m: its memory too. -T: a row for
 * each thread.
 */
#include <kinglet/system.h>
#include <stdbool.h>
#include <unistd.h>

#define TOOL "ps"
#define USAGE "[-mT]"
#include "tool.h"

#define BATCH 16

static void show(const struct proc_info *p, bool memory, bool threads)
{
    static const char *const states[] = {
        [PROC_READY] = "READY",
        [PROC_RUNNING] = "RUNNING",
        [PROC_BLOCKED] = "BLOCKED",
        [PROC_ZOMBIE] = "ZOMBIE",
    };
    char waits_for[12] = "-";
    if (p->waits_for != 0) {
        snprintf(waits_for, sizeof waits_for, "%d", p->waits_for);
    }
    if (threads) {
        printf("%5d ", p->tid);
    }
    printf("%5d %5d %5d %-8s%s %5u %4u %6llu.%03u ", p->pid, p->ppid, p->job,
           p->state <= PROC_ZOMBIE ? states[p->state] : "?", p->daemon ? "d" : " ", p->level, p->hart,
           (unsigned long long)(p->cpu_ns / 1000000000), (unsigned)(p->cpu_ns / 1000000 % 1000));
    if (memory) {
        printf("%9llu %9llu ", (unsigned long long)p->pages * 4, (unsigned long long)p->committed * 4);
    }
    printf("%9s %-15s %s\n", waits_for, p->reason[0] != '\0' ? p->reason : "-", p->name);
}

int main(int argc, char **argv)
{
    static struct proc_info list[BATCH];
    bool memory = false, threads = false;
    int option, n, first = 0;
    while ((option = getopt(argc, argv, "mTaefAx")) != -1) {
        if (option == '?') {
            tool_usage();
        }
        memory |= option == 'm';
        threads |= option == 'T';
    }
    if (optind < argc && strspn(argv[optind], "aux") != strlen(argv[optind])) {
        tool_usage();
    }
    printf("%s", threads ? "  TID " : "");
    printf("  PID  PPID   JOB STATE     LEVEL HART   CPU-TIME ");
    printf("%sWAITS-FOR REASON          NAME\n", memory ? " KiB-USED  PROMISED " : "");
    while ((n = threads ? thread_list(first, list, BATCH) : process_list(first, list, BATCH)) > 0) {
        for (int i = 0; i < n; i++) {
            show(&list[i], memory, threads);
        }
        first = list[n - 1].tid + 1;
    }
    if (n < 0) {
        errno = -n;
        tool_error("the list of processes");
    }
    tool_exit();
}
