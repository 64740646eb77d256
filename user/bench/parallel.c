/*
 * /bench/parallel: work that several processes do at once, to see what more harts bring. For make bench
 * (tools/bench.py); docs/benchmarks.md says what each kind of work is.
 *
 *     parallel -l               the kinds of work
 *     parallel NAME WORKERS     do it; prints: parallel NAME workers N harts N ns N
 *
 * The amount of work is the same on any machine. All workers wait at a gate, and the time runs from its
 * opening until the last has ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <kinglet/system.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_WORKERS 64
#define PAGE 4096

#define MUST(condition) ((condition) ? (void)0 : failed(#condition, __LINE__))

static _Noreturn void failed(const char *what, int line)
{
    dprintf(2, "parallel: line %d: not true: %s (errno: %s)\n", line, what, strerror(errno));
    _exit(1);
}

/* ---- compute: nothing is shared ---- */

static void compute(int worker)
{
    uint64_t value = (uint64_t)worker + 1;
    for (unsigned i = 0; i < 60000000; i++) {
        value ^= value << 13;
        value ^= value >> 7;
        value ^= value << 17; /* never 0, whatever it began with */
    }
    MUST(value != 0);
}

/* ---- fork_storm: children that end at once ---- */

static void fork_storm(int worker)
{
    int status;
    for (int i = 0; i < 500; i++) {
        int pid = fork();
        MUST(pid >= 0);
        if (pid == 0)
            _exit(worker);
        MUST(waitpid(pid, &status, 0) == pid);
        MUST(WIFEXITED(status) && WEXITSTATUS(status) == worker);
    }
}

/* ---- pipe_pairs: each worker and a child of its own throw a byte to and fro ---- */

static void echo(int from, int to)
{
    char byte;
    while (read(from, &byte, 1) == 1)
        MUST(write(to, &byte, 1) == 1);
    _exit(0);
}

static void pipe_pairs(int worker)
{
    int there[2], back[2], status;
    MUST(pipe(there) == 0 && pipe(back) == 0);
    int pid = fork();
    MUST(pid >= 0);
    if (pid == 0) {
        close(there[1]);
        echo(there[0], back[1]);
    }
    for (int i = 0; i < 5000; i++) {
        char byte = (char)(worker + i), answer;
        MUST(write(there[1], &byte, 1) == 1);
        MUST(read(back[0], &answer, 1) == 1 && answer == byte);
    }
    close(there[1]);
    MUST(waitpid(pid, &status, 0) == pid && status == 0);
}

/* ---- files: each worker writes, reads and removes one of its own; the one file server serves all ---- */

#define FILE_BYTES (64 << 10)

static void files(int worker)
{
    static char out[FILE_BYTES], in[PAGE];
    char name[32];
    snprintf(name, sizeof name, "/tmp/parallel.%d", worker);
    memset(out, 'a' + worker, sizeof out);
    for (int i = 0; i < 100; i++) {
        int file = open(name, O_RDWR | O_CREAT | O_EXCL, 0644);
        MUST(file >= 0);
        MUST(write(file, out, sizeof out) == FILE_BYTES);
        MUST(lseek(file, 0, SEEK_SET) == 0);
        for (int at = 0; at < FILE_BYTES; at += PAGE)
            MUST(read(file, in, PAGE) == PAGE && in[0] == out[0] && in[PAGE - 1] == out[0]);
        MUST(close(file) == 0);
        MUST(unlink(name) == 0);
    }
}

/* ---- clients: all workers call one server ---- */

static int channel, session;
static char paths[2 * PATH_MAX];

static _Noreturn void serve(void)
{
    struct reply answer = {.token = 0};
    struct message m;
    MUST(channel_serve(channel, paths, sizeof paths) == 0);
    for (;;) {
        reply_receive(channel, &answer, &m);
        MUST(m.op >= MSG_PRIVATE);
        answer = (struct reply){.token = m.token, .status = (int64_t)m.arg0 + 1};
    }
}

static void clients_start(void)
{
    channel = channel_create(RANK_FILE_SYSTEM);
    session = channel_connect(channel, 0, 0);
    MUST(channel >= 0 && session >= 0);
    int pid = fork_flags(FORK_DAEMON);
    MUST(pid >= 0);
    if (pid == 0)
        serve();
}

static void clients(int worker)
{
    for (int i = 0; i < 10000; i++)
        MUST(call(session, MSG_PRIVATE, (uint64_t)(worker + i), 0, NULL, 0, 0) == worker + i + 1);
}

static const struct work {
    const char *name;
    void (*start)(void);
    void (*worker)(int worker);
} all_work[] = {
    {"compute", NULL, compute},       {"fork_storm", NULL, fork_storm},
    {"pipe_pairs", NULL, pipe_pairs}, {"files", NULL, files},
    {"clients", clients_start, clients},
};
#define WORKS (sizeof all_work / sizeof all_work[0])

/* Nanoseconds from the gate's opening to the last worker's end. */
static uint64_t run(const struct work *work, int workers)
{
    int gate[2], ready[2], status;
    char byte = 0;
    if (work->start)
        work->start();
    MUST(pipe(gate) == 0 && pipe(ready) == 0);
    for (int i = 0; i < workers; i++) {
        int pid = fork();
        MUST(pid >= 0);
        if (pid == 0) {
            close(gate[1]);
            MUST(write(ready[1], &byte, 1) == 1);
            MUST(read(gate[0], &byte, 1) == 0); /* the end of the pipe: the gate is open */
            close(gate[0]);
            work->worker(i);
            _exit(0);
        }
    }
    for (int i = 0; i < workers; i++)
        MUST(read(ready[0], &byte, 1) == 1);
    usleep(10000); /* the last of them reach the gate */
    uint64_t begin = clock_ns();
    close(gate[1]);
    for (int i = 0; i < workers; i++)
        MUST(wait(&status) > 0 && status == 0);
    return clock_ns() - begin;
}

int main(int argc, char **argv)
{
    struct system_info info;
    if (argc == 2 && strcmp(argv[1], "-l") == 0) {
        for (unsigned i = 0; i < WORKS; i++)
            printf("%s\n", all_work[i].name);
        return 0;
    }
    int workers = argc == 3 ? atoi(argv[2]) : 0;
    if (workers < 1 || workers > MAX_WORKERS) {
        fprintf(stderr, "usage: parallel -l | parallel NAME WORKERS (1 to %d)\n", MAX_WORKERS);
        return 2;
    }
    for (unsigned i = 0; i < WORKS; i++) {
        if (strcmp(all_work[i].name, argv[1]) == 0) {
            MUST(system_info(&info) == 0);
            uint64_t ns = run(&all_work[i], workers);
            printf("parallel %s workers %d harts %lu ns %lu\n", argv[1], workers, info.harts, ns);
            return 0;
        }
    }
    fprintf(stderr, "parallel: no work %s (parallel -l lists it)\n", argv[1]);
    return 2;
}
