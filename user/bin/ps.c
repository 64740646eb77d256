/*
 * ps: every process with its state, its place in the schedule and what it waits for. -m: its memory too.
 */
#include <kinglet/system.h>
#include <stdbool.h>
#include <unistd.h>

#define TOOL "ps"
#define USAGE "[-m]"
#include "tool.h"

#define BATCH 16

static void show(const struct proc_info *p, bool memory)
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
    bool memory = false;
    int option, n, first = 0;
    while ((option = getopt(argc, argv, "maefAx")) != -1) {
        if (option == '?') {
            tool_usage();
        }
        memory |= option == 'm';
    }
    if (optind < argc && strspn(argv[optind], "aux") != strlen(argv[optind])) {
        tool_usage();
    }
    printf("  PID  PPID   JOB STATE     LEVEL HART   CPU-TIME ");
    printf("%sWAITS-FOR REASON          NAME\n", memory ? " KiB-USED  PROMISED " : "");
    while ((n = process_list(first, list, BATCH)) > 0) {
        for (int i = 0; i < n; i++) {
            show(&list[i], memory);
        }
        first = list[n - 1].pid + 1;
    }
    if (n < 0) {
        errno = -n;
        tool_error("the list of processes");
    }
    tool_exit();
}
