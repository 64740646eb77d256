/*
 * Sleeping and waking by the clock; a submitted call and its record.
 */
#include "ops.h"

#include <kinglet/submit.h>
#include <kinglet/system.h>
#include <unistd.h>

/* Shorter than the way to sleep takes, so that the machine never idles: under icount the counter would
 * jump over idle time. */
#define NAP_NS 500

static void sleep_round(void)
{
    MUST(sleep_ns(NAP_NS) == 0);
}

static int queue, ends[2];

static void submit_start(void)
{
    queue = completion_create(0);
    MUST(queue >= 0);
    MUST(pipe(ends) == 0);
}

/* A read of a pipe, so that what a carrier costs is seen beside `pipe`. */
static void submit_round(void)
{
    struct completion done;
    char byte = 'x';
    MUST(write(ends[1], &byte, 1) == 1);
    MUST(submit_read(queue, 7, ends[0], &byte, 1) == 0);
    MUST(read(queue, &done, sizeof done) == sizeof done);
    MUST(done.tag == 7 && done.result == 1);
}

const struct op wait_ops[] = {
    {"sleep", sleep_round, NULL, 50, 1},
    {"submit", submit_round, submit_start, 20, 1},
    OPS_END,
};
