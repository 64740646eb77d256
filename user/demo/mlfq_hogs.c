/*
 * Textbook: multi-level feedback queue (Silberschatz 5.3.6; Three Easy Pieces 8). Three processes that only compute
 * (hogs) and one that sleeps, does a little and sleeps again. The hogs use up their slices and sink; the interactive
 * one stays on top and is answered at once, though the machine is always busy. Every boost lifts all to the top
 * again: only then, for a few slices, the interactive one may have to wait for a hog.
 */
#include <kinglet/system.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOGS 3
#define TASKS (HOGS + 1)
#define MS 1000000ULL           /* nanoseconds */
#define NAP_NS (20 * MS)        /* the interactive one sleeps this long, */
#define WORK_NS (MS / 10)       /* then computes this long: from boost to boost less than one slice */
#define RESPONSES 40
#define SAMPLE_NS (40 * MS)     /* often enough to see the hogs sink, level by level, at first and after a boost */
#define SAMPLES 24

struct responses {
    uint64_t worst_ns, total_ns;
    uint64_t count;
};

static void compute_until(uint64_t when)
{
    while (clock_ns() < when) {
    }
}

static void hog(void)
{
    for (volatile uint64_t n = 0;; n++) {
    }
}

/* Measures how late it gets the processor after each nap. */
static void interactive(int report)
{
    struct responses r = {0, 0, 0};
    for (; r.count < RESPONSES; r.count++) {
        uint64_t due = clock_ns() + NAP_NS;
        sleep_ns(NAP_NS);
        uint64_t now = clock_ns();
        uint64_t late = now > due ? now - due : 0;
        r.worst_ns = late > r.worst_ns ? late : r.worst_ns;
        r.total_ns += late;
        compute_until(now + WORK_NS);
    }
    if (write(report, &r, sizeof r) != (ssize_t)sizeof r) {
        _exit(1);
    }
    sleep(1000);
}

static int start(int number, int report)
{
    int pid = fork();
    if (pid == 0) {
        setname(number < HOGS ? "hog" : "interactive");
        if (number < HOGS) {
            hog();
        }
        interactive(report);
        _exit(0);
    }
    return pid;
}

static int look(int pid, struct proc_info *info)
{
    return process_list(pid, info, 1) == 1 && info->pid == pid ? 0 : -1;
}

static void watch(const int pids[TASKS], uint64_t begin)
{
    struct proc_info info;
    printf("level at        hog 1   hog 2   hog 3   interactive\n");
    for (int i = 1; i <= SAMPLES; i++) {
        uint64_t due = begin + (uint64_t)i * SAMPLE_NS;
        uint64_t now = clock_ns();
        if (due > now) {
            sleep_ns(due - now);
        }
        printf("%6llu ms  ", (unsigned long long)((clock_ns() - begin) / MS));
        for (int task = 0; task < TASKS; task++) {
            if (look(pids[task], &info) == 0) {
                printf("%8u", info.level);
            }
        }
        printf("\n");
    }
}

static void print_shares(const int pids[TASKS])
{
    struct proc_info info[TASKS];
    uint64_t total = 0;
    memset(info, 0, sizeof info);
    for (int task = 0; task < TASKS; task++) {
        look(pids[task], &info[task]);
        total += info[task].cpu_ns;
    }
    for (int task = 0; task < TASKS && total > 0; task++) {
        unsigned long long ns = info[task].cpu_ns;
        printf("%-12s %5llu ms of processor time, %2llu%%\n", info[task].name, ns / MS, ns * 100 / total);
    }
}

int main(void)
{
    struct sched_params before, params;
    struct responses r;
    int pids[TASKS], report[2];
    if (sched_get(&before) < 0 || pipe(report) < 0) {
        fprintf(stderr, "mlfq_hogs: cannot read the scheduling parameters or make a pipe\n");
        return 1;
    }
    params = before;
    strcpy(params.policy, "mlfq");
    int result = sched_set(&params);
    if (result < 0) {
        fprintf(stderr, "mlfq_hogs: cannot select MLFQ: %s\n", strerror(-result));
        return 1;
    }
    uint64_t begin = clock_ns();
    for (int task = 0; task < TASKS; task++) {
        pids[task] = start(task, report[1]);
        if (pids[task] < 0) {
            perror("mlfq_hogs: fork");
            while (task-- > 0) {
                kill(pids[task], SIGKILL);
            }
            return 1;
        }
    }
    watch(pids, begin);
    int got = read(report[0], &r, sizeof r) == (ssize_t)sizeof r;
    print_shares(pids);
    for (int task = 0; task < TASKS; task++) {
        kill(pids[task], SIGKILL);
    }
    while (wait(NULL) > 0) {
    }
    sched_set(&before);
    if (!got) {
        fprintf(stderr, "mlfq_hogs: no report from the interactive process\n");
        return 1;
    }
    printf("interactive: %llu responses, mean %llu us, worst %llu us after they were due\n",
           (unsigned long long)r.count, (unsigned long long)(r.total_ns / r.count / 1000),
           (unsigned long long)(r.worst_ns / 1000));
    return 0;
}
