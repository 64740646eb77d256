/*
 * Processes that do exactly what the scheduler's tests want (tests/test_mlfq.py and others).
 *
 *   sched_work [-STEPS | NAME:STEPS]...
 *
 * From left to right: "-STEPS" are done by this process itself, "NAME:STEPS" starts a child of that name
 * which does them. Then it waits for all children. STEPS are separated by commas:
 *   c500    compute for 500 us of processor time      s500   sleep 500 us
 *   u500    sleep until 500 us after the program began  y      yield
 *   f9      9 times seek and read in a file (ramfs)   g9     9 times getpid
 *   k500    call the test's own server, which computes for 500 us
 *   b9      the same server copies 9 KiB from this process, in one call
 *   m9      have 9 KiB of memory, fork a child that only ends, and give the memory back
 *   w9      write 9 KiB to a file, in one call
 *   p1      set scheduling parameters number 1 of the table below
 *   d500    declare that it computes for 500 us from wait to wait (SJF)
 *   a500    arrive in 500 us
 *   i       print the figures of this process
 *   *3      do all steps so far 3 times in all
 */
#include <kinglet/system.h>
#include <kinglet/trace.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define US 1000ULL
#define LOOP_NS 16 /* two instructions of 8 ns each under -icount shift=3 */
#define FILE_NAME "/README"
#define READ_BYTES 64
#define KIB 1024
#define MS 1000000ULL

static const struct sched_params parameters[] = {
    {.policy = "mlfq", .levels = 4, .slice_ns = {2 * MS, 3 * MS, 4 * MS, 5 * MS}, .boost_ns = 20 * MS},
    {.policy = "rr", .levels = 1, .slice_ns = {2 * MS}, .quantum_ns = 2 * MS},
    {.policy = "mlfq", .levels = 8, .slice_ns = {MS, MS, MS, MS, MS, MS, MS, MS}, .boost_ns = 10 * MS},
    {.policy = "rr", .levels = 3, .slice_ns = {300 * US, MS, MS}, .boost_ns = 5 * MS, .quantum_ns = 300 * US},
    {.policy = "mlfq", .levels = 1, .slice_ns = {MS}},
    {.policy = "fcfs", .levels = 1, .slice_ns = {MS}},
    {.policy = "sjf", .levels = 1, .slice_ns = {MS}, .alpha_ppm = 500000},
    {.policy = "sjf", .levels = 1, .slice_ns = {MS}, .alpha_ppm = 500000, .flags = SCHED_PREEMPTIVE},
};
#define PARAMETERS (sizeof parameters / sizeof parameters[0])

static uint64_t begin;
static int channel = -1, session = -1; /* of the test's own server */

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void compute(uint64_t us)
{
    uint64_t n = us * US / LOOP_NS;
    if (n > 0) {
        __asm__ volatile("1: addi %0, %0, -1\n bnez %0, 1b" : "+r"(n));
    }
}

static void read_file(uint64_t times)
{
    static int file = -1;
    char buffer[READ_BYTES];
    if (file < 0 && (file = open(FILE_NAME, O_RDONLY)) < 0) {
        fail(FILE_NAME);
    }
    while (times-- > 0) {
        if (lseek(file, 0, SEEK_SET) != 0 || read(file, buffer, sizeof buffer) != (ssize_t)sizeof buffer) {
            fail(FILE_NAME);
        }
    }
}

static void write_file(uint64_t kib)
{
    char name[32];
    char *data = malloc(kib * KIB);
    snprintf(name, sizeof name, "/tmp/%d", getpid());
    int file = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (data == NULL || file < 0) {
        fail(name);
    }
    memset(data, 'x', kib * KIB);
    if (write(file, data, kib * KIB) != (ssize_t)(kib * KIB) || close(file) != 0 || unlink(name) != 0) {
        fail(name);
    }
    free(data);
}

static void lend(uint64_t kib)
{
    char *data = malloc(kib * KIB);
    if (data == NULL) {
        fail("malloc");
    }
    memset(data, 'x', kib * KIB);
    if (call(session, MSG_PRIVATE, 0, kib * KIB, data, kib * KIB, CALL_SEND) != (int64_t)(kib * KIB)) {
        fprintf(stderr, "sched_work: the server did not copy all\n");
        exit(1);
    }
    free(data);
}

static void fork_large(uint64_t kib)
{
    char *data = malloc(kib * KIB);
    int pid;
    if (data == NULL) {
        fail("malloc");
    }
    memset(data, 'x', kib * KIB);
    if ((pid = fork()) < 0) {
        fail("fork");
    }
    if (pid == 0) {
        setname("large");
        _exit(0);
    }
    wait_status(pid, NULL, 0);
    free(data);
}

static void sleep_exactly(uint64_t us)
{
    uint64_t before = clock_ns();
    if (sleep_ns(us * US) < 0 || clock_ns() < before + us * US) {
        fprintf(stderr, "sched_work: woken early\n");
        exit(1);
    }
}

/* "hog arrival=12 first_run=13 ...", in microseconds */
static void show_figures(void)
{
    struct pinfo p;
    if (getpinfo(getpid(), &p, 1) != 1 || p.pid != getpid()) {
        fprintf(stderr, "sched_work: the kernel does not know my figures\n");
        exit(1);
    }
    unsigned long long levels = 0;
    for (int l = 0; l < SCHED_MAX_LEVELS; l++) {
        levels += p.run_ns_level[l] / US;
    }
    printf("%s arrival=%llu response=%llu turnaround=%llu run=%llu levels=%llu waiting=%llu slept=%llu called=%llu "
           "bursts=%llu voluntary=%llu involuntary=%llu\n", p.name, p.arrival_ns / US, p.response_ns / US, p.turnaround_ns / US,
           p.run_ns / US, levels, p.waiting_ns / US, p.blocked_ns[WAIT_FOR_sleep] / US, p.blocked_ns[WAIT_FOR_call] / US,
           (unsigned long long)p.bursts, (unsigned long long)p.voluntary, (unsigned long long)p.involuntary);
}

static void step(char kind, uint64_t n)
{
    uint64_t now;
    switch (kind) {
    case 'c':
        compute(n);
        break;
    case 's':
        sleep_exactly(n);
        break;
    case 'u':
        now = clock_ns();
        if (now < begin + n * US) {
            sleep_ns(begin + n * US - now);
        }
        break;
    case 'y':
        yield();
        break;
    case 'f':
        read_file(n);
        break;
    case 'g':
        while (n-- > 0) {
            getpid();
        }
        break;
    case 'k':
        if (call(session, MSG_PRIVATE, n, 0, NULL, 0, 0) < 0) {
            fprintf(stderr, "sched_work: the server does not answer\n");
            exit(1);
        }
        break;
    case 'b':
        lend(n);
        break;
    case 'm':
        fork_large(n);
        break;
    case 'w':
        write_file(n);
        break;
    case 'p':
        if (n >= PARAMETERS || sched_set(&parameters[n]) < 0) {
            fprintf(stderr, "sched_work: the kernel refuses parameters %u\n", (unsigned)n);
            exit(1);
        }
        break;
    case 'd':
        if (declare_burst(n * US) < 0) {
            fail("declare_burst");
        }
        break;
    case 'a':
        if (arrive(clock_ns() + n * US) < 0) {
            puts("sched_work: arrived before");
        }
        break;
    case 'i':
        show_figures();
        break;
    default:
        fprintf(stderr, "sched_work: no such step: %c\n", kind);
        exit(2);
    }
}

static void run_steps(const char *steps)
{
    uint64_t rounds = 1;
    const char *star = strchr(steps, '*');
    if (star != NULL) {
        rounds = strtoull(star + 1, NULL, 10);
    }
    while (rounds-- > 0) {
        for (const char *at = steps; *at != '\0' && *at != '*';) {
            char *end;
            char kind = *at++;
            uint64_t n = strtoull(at, &end, 10);
            step(kind, n);
            at = *end == ',' ? end + 1 : end;
        }
    }
}

static int64_t copy_lent(uint64_t token, uint64_t bytes)
{
    char *copy = malloc(bytes);
    int64_t result = copy != NULL ? grant_read(channel, token, 0, copy, bytes) : -ENOMEM;
    free(copy);
    return result;
}

static void serve(void)
{
    static char paths[PATH_MAX];
    struct message m;
    struct reply answer = {0};
    if (channel_serve(channel, paths, sizeof paths) < 0) {
        exit(1);
    }
    for (;;) {
        reply_receive(channel, &answer, &m);
        answer.token = m.op == MSG_PRIVATE ? m.token : 0;
        answer.status = 0;
        if (m.op == MSG_PRIVATE) {
            compute(m.arg0);
            answer.status = m.arg1 > 0 ? copy_lent(m.token, m.arg1) : 0;
        }
    }
}

static int start(const char *name, const char *steps)
{
    int pid = fork();
    if (pid < 0) {
        fail("fork");
    }
    if (pid == 0) {
        setname(name);
        if (steps == NULL) {
            serve();
        }
        run_steps(steps);
        exit(0);
    }
    return pid;
}

static int start_server(void)
{
    channel = channel_create(RANK_FILE_SYSTEM - 1);
    session = channel_connect(channel, 1, 0);
    if (channel < 0 || session < 0) {
        fprintf(stderr, "sched_work: cannot make a channel\n");
        exit(1);
    }
    int server = start("server", NULL);
    step('k', 0); /* it is there */
    return server;
}

int main(int argc, char **argv)
{
    int server = 0, children = 0, worst = 0;
    for (int i = 1; i < argc && server == 0; i++) {
        const char *steps = strchr(argv[i], ':');
        if (strpbrk(steps != NULL ? steps : argv[i], "kb") != NULL) {
            server = start_server();
        }
    }
    begin = clock_ns();
    for (int i = 1; i < argc; i++) {
        char *colon = strchr(argv[i], ':');
        if (argv[i][0] == '-') {
            run_steps(argv[i] + 1);
        } else if (colon != NULL) {
            *colon = '\0';
            start(argv[i], colon + 1);
            children++;
        } else {
            fprintf(stderr, "usage: sched_work [-STEPS | NAME:STEPS]...\n");
            return 2;
        }
    }
    while (children > 0) {
        struct exit_status status;
        int pid = wait_status(-1, &status, 0);
        if (pid < 0) {
            fail("wait");
        }
        if (pid != server) {
            children--;
            worst = status.signal != 0 ? 128 + status.signal : status.code > worst ? status.code : worst;
        }
    }
    if (server > 0) {
        kill(server, SIGKILL);
        wait(NULL);
    }
    return worst;
}
