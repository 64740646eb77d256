/*
 * Scheduling parameters as people write them: "slice=5ms,10ms". One reader for the kernel command line and for
 * schedctl, so that both take the same words. Allocates nothing.
 */
#ifndef COMMON_SCHED_TEXT_H
#define COMMON_SCHED_TEXT_H

#include <kinglet/process.h>
#include <stdbool.h>
#include <stddef.h>

struct sched_text {
    struct sched_params params; /* what has been read so far */
    unsigned slices;            /* so many of them are known; the others follow from these */
};

/* Begin with what is set now. */
void sched_text_begin(struct sched_text *text, const struct sched_params *now);

/* Is there a parameter of this name ("slice", not "policy")? */
bool sched_text_knows(const char *name);

/* The names, one for each i from 0; NULL: no more. */
const char *sched_text_name(unsigned i);

/* Set the parameter of this name. NULL, or what should have been written: "give a number from 1 to 8". Nothing is
 * changed then. The kernel has still to agree to the size of the times. */
const char *sched_text_set(struct sched_text *text, const char *name, const char *value);

/* After the last: the slices that were not named get twice that of the level above each. */
void sched_text_end(struct sched_text *text);

/* Writes the parameter of this name to `to`, as sched_text_set would read it. At most `size` bytes with the NUL. */
void sched_text_show(const struct sched_params *params, const char *name, char *to, size_t size);

#endif
