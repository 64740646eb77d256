/*
 * Textbook: scheduling algorithms (Silberschatz 5.3; Three Easy Pieces 7). This runs a job list of the scheduler
 * simulator for real (docs/schedsim.md). A line is name,arrival,cpu[,io,cpu...], in milliseconds; the jobs may also
 * be given as arguments. Each job is a process that arrives (the system call), then computes and sleeps by turns,
 * under whatever policy is set. -d: each declares how long its next burst is, for SJF.
 *
 *     run_jobs [-d] jobs.csv|-|job ...
 *     make compare CMD="run_jobs long,0,60 a,2,3 b,4,3 c,6,3"
 */
#include <kinglet/system.h>
#include <stdbool.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MS 1000000ULL            /* nanoseconds */
#define JOBS_MAX 60              /* what a job of the shell may have, and some room */
#define TIMES_MAX 100            /* of one job */
#define START_MS 2               /* to fork one process, with time to spare */
#define SPIN_FIRST 2000          /* rounds of the first loop, which tells how fast the machine is */
#define TICK_NS 100              /* what the clock can tell apart */
#define FINE_NS (MS / 4)         /* so little is computed in one go */
#define WARM_UP_NS (MS / 2)
#define LINE_MAX_BYTES 4096

struct job {
    char name[PROC_NAME_MAX];
    uint64_t arrival;
    uint64_t times[TIMES_MAX]; /* CPU, I/O, CPU, ... */
    int count;
};

static struct job jobs[JOBS_MAX];
static int job_count;

static void fail(const char *what, int line)
{
    fprintf(stderr, "run_jobs: line %d: %s\n", line, what);
    exit(1);
}

/* ---- the list; schedsim is the one that explains what is wrong with one ---- */

static uint64_t parse_ms(const char *text, int line)
{
    char *end;
    uint64_t ns = strtoull(text, &end, 10) * MS, unit = MS;
    if (*end == '.') {
        for (end++; *end >= '0' && *end <= '9'; end++) {
            unit /= 10;
            ns += (uint64_t)(*end - '0') * unit;
        }
    }
    if (end == text || *text == '-' || *end != '\0') {
        fail("a time is missing, or is no number", line);
    }
    return ns;
}

static void parse_job(struct job *job, char *text, int line)
{
    char *field = strtok(text, ",");
    snprintf(job->name, sizeof job->name, "%s", field);
    if ((field = strtok(NULL, ",")) == NULL) {
        fail("the arrival is missing", line);
    }
    job->arrival = parse_ms(field, line);
    job->count = 0;
    while ((field = strtok(NULL, ",")) != NULL) {
        if (job->count == TIMES_MAX) {
            fail("too many bursts", line);
        }
        job->times[job->count++] = parse_ms(field, line);
    }
    if (job->count % 2 == 0) {
        fail("a job ends with a CPU time", line);
    }
}

static void read_jobs(FILE *in)
{
    char text[LINE_MAX_BYTES];
    for (int line = 1; fgets(text, sizeof text, in) != NULL; line++) {
        text[strcspn(text, "#\r\n")] = '\0';
        if (strspn(text, " \t") == strlen(text)) {
            continue;
        }
        if (job_count == JOBS_MAX) {
            fail("too many jobs", line);
        }
        parse_job(&jobs[job_count++], text, line);
    }
}

/* Each argument is a job. */
static void take_jobs(char **arguments, int n)
{
    for (int i = 0; i < n; i++) {
        if (i == JOBS_MAX) {
            fail("too many jobs", i + 1);
        }
        parse_job(&jobs[job_count++], arguments[i], i + 1);
    }
}

/* ---- a job ---- */

static uint64_t my_cpu_ns(void)
{
    static int pid;
    struct proc_info info;
    if (pid == 0) {
        pid = getpid();
    }
    return process_list(pid, &info, 1) == 1 ? info.cpu_ns : 0;
}

static void spin(uint64_t rounds)
{
    for (volatile uint64_t n = rounds; n > 0; n--) {
    }
}

/* Computes until the process has had so much processor time in all. How long a round of the loop takes, it finds out
 * as it goes, and that asking for the time takes time as well: `ask_ns`. */
static void compute_until(uint64_t goal)
{
    static uint64_t rounds_done, ns_done, ask_ns;
    uint64_t before = my_cpu_ns(), after = my_cpu_ns();
    ask_ns = after - before;
    while (after + ask_ns < goal) {
        before = after;
        uint64_t rounds = ns_done ? (goal - ask_ns - before) * rounds_done / ns_done : SPIN_FIRST;
        rounds -= goal - before > FINE_NS ? rounds / 8 : 0; /* from below: it cannot be taken back */
        spin(rounds + 1);
        after = my_cpu_ns();
        rounds_done += rounds + 1;
        ns_done += after - before - ask_ns;
        if (rounds_done > 1ULL << 32) { /* the product above must fit */
            rounds_done /= 2;
            ns_done /= 2;
        }
    }
}

static void sleep_until(uint64_t when)
{
    uint64_t now = clock_ns();
    if (now < when) {
        sleep_ns(when - now);
    }
}

/* Tells SJF what is computed from the CPU time `i` on until the process blocks; a yield does not end a burst. */
static void declare(const struct job *job, int i)
{
    uint64_t burst = job->times[i];
    for (; i + 1 < job->count && job->times[i + 1] == 0; i += 2) {
        burst += job->times[i + 2];
    }
    declare_burst(burst);
}

static void be(const struct job *job, uint64_t begin, int declares)
{
    setname(job->name);
    compute_until(my_cpu_ns() + WARM_UP_NS); /* what takes longer the first time does so now */
    if (declares) {
        declare(job, 0);
    }
    arrive(begin + job->arrival);
    uint64_t goal = my_cpu_ns();
    for (int i = 0; i < job->count; i += 2) {
        goal += job->times[i];
        compute_until(goal);
        if (i + 1 == job->count) {
            _exit(0);
        }
        if (job->times[i + 1] == 0) {
            yield();
            continue;
        }
        if (declares) {
            declare(job, i + 2); /* before it waits: it is queued by that when it is woken */
        }
        sleep_ns(job->times[i + 1]);
    }
}

/* ---- all of them ---- */

/* Everybody starts with a fresh slice, and boosts are counted from now. */
static void set_policy_anew(void)
{
    struct sched_params params;
    if (sched_get(&params) < 0 || sched_set(&params) < 0) {
        fprintf(stderr, "run_jobs: cannot set the policy\n");
    }
}

int main(int argc, char **argv)
{
    int declares = argc > 1 && strcmp(argv[1], "-d") == 0;
    int first = 1 + declares;
    bool given = argc > first && strchr(argv[first], ',') != NULL;
    if (argc <= first || (!given && argc > first + 1)) {
        fprintf(stderr, "usage: run_jobs [-d] jobs.csv|-|name,arrival,cpu[,io,cpu...] ...\n");
        return 1;
    }
    if (given) {
        take_jobs(argv + first, argc - first);
    } else {
        FILE *in = strcmp(argv[first], "-") != 0 ? fopen(argv[first], "r") : stdin;
        if (in == NULL) {
            fprintf(stderr, "run_jobs: %s: %s\n", argv[first], strerror(errno));
            return 1;
        }
        read_jobs(in);
    }
    uint64_t begin = clock_ns() + (uint64_t)(job_count + 1) * START_MS * MS, end = begin;
    for (int i = 0; i < job_count; i++) {
        int pid = fork();
        if (pid < 0) {
            perror("run_jobs: fork");
            return 1;
        }
        if (pid == 0) {
            /* Of those that arrive together the first of the list goes first, and before it the policy is set. */
            be(&jobs[i], begin + (uint64_t)(i + 1) * TICK_NS, declares);
        }
        end += jobs[i].arrival;
        for (int t = 0; t < jobs[i].count; t++) {
            end += jobs[i].times[t];
        }
    }
    sleep_until(begin);
    set_policy_anew();
    sleep_until(end); /* it must not be woken, and run, in between */
    while (wait(NULL) > 0) {
    }
    return 0;
}
