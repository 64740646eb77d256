/*
 * What /bench/ops measures: one struct op for each operation, in the file of its subject. main.c does the
 * counting. An operation is done by `round`, over and over; `start` makes ready what it needs. Whatever
 * fails, or answers something else than was expected, ends the program: a figure is never of an error's path.
 */
#ifndef BENCH_OPS_H
#define BENCH_OPS_H

#include <stdint.h>

struct op {
    const char *name;   /* as in tools/bench_table.py and docs/benchmarks.md */
    void (*round)(void);
    void (*start)(void); /* once, before the warm-up; may be NULL */
    unsigned rounds;     /* in a batch: some hundred thousand instructions together, so that most batches
                          * see no slice end */
    unsigned units;      /* operations in one round: calls, hops, KiB; the figures are for one of them */
};

#define OPS_END {0, 0, 0, 0, 0}

extern const struct op process_ops[], pipe_ops[], message_ops[], memory_ops[], file_ops[], wait_ops[], mp_ops[],
    pool_ops[], manager_ops[];

/* The program ends with a message unless the condition is true. */
#define MUST(condition) ((condition) ? (void)0 : ops_failed(#condition, __FILE__, __LINE__))
_Noreturn void ops_failed(const char *what, const char *file, int line);

/* A child that runs `body` until this program ends. */
int helper(void (*body)(void));

/* Hundreds of processes that sleep until this program ends: nothing may cost more because of them. */
#define CROWD 500
void start_crowd(void);

#endif
