/*
 * pinfo: what became of every process, in the words of the textbook: turnaround, response, waiting and run time, bursts,
 * switches. pinfo PID: of one process, with its time level by level and what it waited for.
 */
#include <kinglet/system.h>
#include <kinglet/trace.h>

#define TOOL "pinfo"
#define USAGE "[pid]"
#include "tool.h"

#define BATCH 8
#define US 1000

/* Milliseconds with three decimals, `width` wide. */
static void show_ms(uint64_t ns, int width)
{
    printf("%*llu.%03u", width - 4, (unsigned long long)(ns / 1000000), (unsigned)(ns / US % 1000));
}

static void show_head(void)
{
    printf("  PID STATE        ARRIVAL  RESPONSE  TURNAROUND       RUN   WAITING BURSTS  VOLUN INVOL. NAME (times in ms)\n");
}

static void show_line(const struct pinfo *p)
{
    static const char *const states[] = {"READY", "RUNNING", "BLOCKED", "ZOMBIE"};
    printf("%5d %-8s", p->pid, p->state <= PROC_ZOMBIE ? states[p->state] : "?");
    show_ms(p->arrival_ns, 12);
    show_ms(p->response_ns, 10);
    show_ms(p->turnaround_ns, 12);
    show_ms(p->run_ns, 10);
    show_ms(p->waiting_ns, 10);
    printf(" %6llu %6llu %6llu %s\n", (unsigned long long)p->bursts, (unsigned long long)p->voluntary,
           (unsigned long long)p->involuntary, p->name);
}

static void show_more(const struct pinfo *p)
{
    static const char *const reasons[] = {
#define REASON(number, name, words) [number] = words,
        KINGLET_WAIT_REASONS(REASON)
#undef REASON
    };
    for (int level = 0; level < SCHED_MAX_LEVELS; level++) {
        if (p->run_ns_level[level] > 0) {
            printf("      ran at level %d ", level);
            show_ms(p->run_ns_level[level], 10);
            putchar('\n');
        }
    }
    for (int reason = 0; reason < WAIT_REASONS; reason++) {
        if (p->blocked_ns[reason] > 0) {
            printf("      blocked: %-10s", reasons[reason]);
            show_ms(p->blocked_ns[reason], 10);
            putchar('\n');
        }
    }
}

int main(int argc, char **argv)
{
    static struct pinfo list[BATCH];
    int n, first = 0, only = 0;
    if (argc > 1) {
        char *end;
        long pid = strtol(argv[1], &end, 10);
        if (argc > 2 || end == argv[1] || *end != '\0' || pid < 1 || pid > INT32_MAX) {
            tool_usage();
        }
        first = only = (int)pid;
    }
    while ((n = getpinfo(first, list, only ? 1 : BATCH)) > 0) {
        if (only && list[0].pid != only) {
            n = 0;
            break;
        }
        if (first == only) {
            show_head();
        }
        for (int i = 0; i < n; i++) {
            show_line(&list[i]);
        }
        if (only) {
            show_more(&list[0]);
            break;
        }
        first = list[n - 1].pid + 1;
    }
    if (only && n == 0) {
        tool_complain(argv[1], "no such process");
        return 1;
    }
    if (n < 0) {
        errno = -n;
        tool_error("the figures");
        return 1;
    }
    tool_exit();
}
