/*
 * /bench/ops: counts the instructions and the TLB flushes of operations, for make bench (tools/bench.py;
 * docs/benchmarks.md says what is measured and how).
 *
 *     ops -l              the names of the operations
 *     ops NAME...         measure these, each in a child of its own
 *     ops -p NAME         do one round after the warm-up between two marks, for tools/profile.py
 *
 * Output: raw numbers, one line for each operation:
 *     op NAME rounds N units N tick N empty N ticks N,N,... flushes N,N,... remote N,N,...
 * ticks: what the counter moved in each batch; empty: the same for as many rounds that do nothing; tick: by
 * how much it moves for one instruction. It counts instructions only under icount, and all that the hart
 * executes: the program, kernel, servers, firmware.
 */
#include "ops.h"

#include <errno.h>
#include <kinglet/counters.h>
#include <kinglet/system.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define BATCHES 21       /* odd, so that there is a median */
#define WARM_UP 3        /* batches before the first that counts */
#define CALIBRATION 1000 /* instructions in a row; the text in measure_tick must be the same number */

static const struct op *const tables[] = {process_ops, pipe_ops, message_ops, memory_ops, file_ops, wait_ops,
                                         mp_ops, pool_ops, manager_ops};
#define TABLES (sizeof tables / sizeof tables[0])

struct batch {
    uint64_t ticks, flushes, remote;
};

_Noreturn void ops_failed(const char *what, const char *file, int line)
{
    dprintf(2, "%s:%d: not true: %s (errno: %s)\n", file, line, what, strerror(errno));
    _exit(1);
}

int helper(void (*body)(void))
{
    int pid = fork_flags(FORK_DAEMON);
    MUST(pid >= 0);
    if (pid == 0) {
        body();
        _exit(0);
    }
    return pid;
}

static void sleep_for_ever(void)
{
    for (;;)
        sleep(1000000);
}

void start_crowd(void)
{
    for (int i = 0; i < CROWD; i++)
        helper(sleep_for_ever);
    usleep(1000); /* all of them reach their sleep */
}

/* ---- counting ---- */

static void nothing(void)
{
}

/* All rounds go through a pointer, those that do nothing too, so that the loop costs both the same. */
__attribute__((noinline)) static uint64_t ticks_of(void (*volatile *round)(void), unsigned rounds)
{
    uint64_t begin = instruction_count();
    for (unsigned i = 0; i < rounds; i++)
        (*round)();
    return instruction_count() - begin;
}

static struct batch count_batch(void (*volatile *round)(void), unsigned rounds)
{
    struct system_info before, after;
    MUST(system_info(&before) == 0);
    uint64_t ticks = ticks_of(round, rounds);
    MUST(system_info(&after) == 0);
    return (struct batch){ticks, after.tlb_flushes - before.tlb_flushes, after.tlb_remote - before.tlb_remote};
}

/* By how much the counter moves for one instruction; 0: not by the same for each, so it counts something
 * else (without icount QEMU gives the host's clock). */
static uint64_t measure_tick(void)
{
    uint64_t a = instruction_count();
    uint64_t b = instruction_count();
    __asm__ volatile(".rept 1000\n\tnop\n\t.endr");
    uint64_t c = instruction_count();
    uint64_t all = (c - b) - (b - a);
    return all % CALIBRATION == 0 && all / CALIBRATION == b - a ? b - a : 0;
}

static int by_ticks(const void *a, const void *b)
{
    const struct batch *one = a, *two = b;
    return (one->ticks > two->ticks) - (one->ticks < two->ticks);
}

static void warm_up(const struct op *op, void (*volatile *round)(void))
{
    if (op->start)
        op->start();
    for (int i = 0; i < WARM_UP; i++)
        count_batch(round, op->rounds);
}

static void measure(const struct op *op)
{
    void (*volatile round)(void) = op->round, (*volatile empty)(void) = nothing;
    struct batch batch[BATCHES], idle[BATCHES];
    uint64_t tick = measure_tick();
    warm_up(op, &round);
    for (int i = 0; i < BATCHES; i++)
        batch[i] = count_batch(&round, op->rounds);
    for (int i = 0; i < BATCHES; i++)
        idle[i] = count_batch(&empty, op->rounds);
    qsort(idle, BATCHES, sizeof idle[0], by_ticks);

    printf("op %s rounds %u units %u tick %lu empty %lu ticks ", op->name, op->rounds, op->units, tick,
           idle[BATCHES / 2].ticks);
    for (int i = 0; i < BATCHES; i++)
        printf("%s%lu", i ? "," : "", batch[i].ticks);
    printf(" flushes ");
    for (int i = 0; i < BATCHES; i++)
        printf("%s%lu", i ? "," : "", batch[i].flushes);
    printf(" remote ");
    for (int i = 0; i < BATCHES; i++)
        printf("%s%lu", i ? "," : "", batch[i].remote);
    printf("\n");
}

/* ---- marks for tools/profile.py, which stops the machine where they begin ---- */

/* The instruction tells it that it is this program that is at this address; it does nothing. */
#define MARK(name, number) \
    __attribute__((noinline)) void name(void); \
    void name(void) \
    { \
        __asm__ volatile("lui zero, " #number); \
    }
MARK(profile_begin, 0x4b1b)
MARK(profile_end, 0x4b1e)

static void profile(const struct op *op)
{
    void (*volatile round)(void) = op->round;
    warm_up(op, &round);
    profile_begin();
    round();
    profile_end();
}

/* ---- which ---- */

static const struct op *find(const char *name)
{
    for (unsigned t = 0; t < TABLES; t++)
        for (const struct op *op = tables[t]; op->name; op++)
            if (strcmp(op->name, name) == 0)
                return op;
    return NULL;
}

static void list(void)
{
    for (unsigned t = 0; t < TABLES; t++)
        for (const struct op *op = tables[t]; op->name; op++)
            printf("%s\n", op->name);
}

/* In a child: what an operation leaves behind ends with it. */
static int in_child(const struct op *op, void (*what)(const struct op *))
{
    int status;
    fflush(stdout);
    int pid = fork();
    if (pid == 0) {
        what(op);
        fflush(stdout);
        _exit(0);
    }
    return pid < 0 || waitpid(pid, &status, 0) != pid || status != 0;
}

int main(int argc, char **argv)
{
    int failed = 0;
    void (*what)(const struct op *) = measure;
    if (argc == 2 && strcmp(argv[1], "-l") == 0) {
        list();
        return 0;
    }
    if (argc == 3 && strcmp(argv[1], "-p") == 0) {
        what = profile;
        argv++;
    }
    if (argc < 2) {
        fprintf(stderr, "usage: ops -l | ops NAME... | ops -p NAME\n");
        return 2;
    }
    while (*++argv) {
        const struct op *op = find(*argv);
        if (!op) {
            fprintf(stderr, "ops: no operation %s (ops -l lists them)\n", *argv);
            return 2;
        }
        if (in_child(op, what)) {
            fprintf(stderr, "ops: %s failed\n", op->name);
            failed = 1;
        }
    }
    return failed;
}
