/*
 * Submitted calls: what kernel and programs share about them. A process hands a system call in, goes on, and reads
 * later how it ended (docs/system-calls.md, "Submitted calls").
 */
#ifndef KINGLET_SUBMISSION_H
#define KINGLET_SUBMISSION_H

#include <stdint.h>

#define COMPLETION_CALLS_MAX 16384 /* of one queue: under way, or finished and not read */

/* submit */
struct submission {
    uint64_t tag;         /* the submitter's own name for it, whatever that is; comes back with the result */
    uint64_t number;      /* of the system call: SYS_read and so on */
    uint64_t argument[6]; /* what goes in a0..a5 */
};

/* What read gives: one for each submission, in the order in which the calls ended. */
struct completion {
    uint64_t tag;
    int64_t result; /* as the call gives it; -EINTR: it was cut short; -ECANCELED: it had not begun, nothing was done */
};

#endif
