/*
 * Sleeping and waking by the clock.
 */
#include "ops.h"

#include <kinglet/system.h>

/* Shorter than the way to sleep takes, so that the machine never idles: under icount the counter would
 * jump over idle time. */
#define NAP_NS 500

static void sleep_round(void)
{
    MUST(sleep_ns(NAP_NS) == 0);
}

const struct op wait_ops[] = {
    {"sleep", sleep_round, NULL, 50, 1},
    OPS_END,
};
