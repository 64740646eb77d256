/*
 * The simulated run as a trace.bin (lib/common/include/kinglet/trace.h), so that whatever shows a guest's trace shows
 * this one. One hart; a tick is a nanosecond; a job's pid is its place in the list, from 1.
 */
#include "schedsim.h"

#include <kinglet/trace.h>
#include <stdlib.h>
#include <string.h>

#define TICK_BITS 48 /* of trace_record.when */
#define BUFFER 4096  /* records in a block */
#define NAME_PARTS 4
#define CHARS 4 /* in one part of a name */

struct trace_out {
    FILE *out;
    const struct job_list *list;
    struct trace_file_block block;
    uint8_t records[BUFFER][sizeof(struct trace_record)];
};

_Static_assert(sizeof(struct trace_record) == 16 && sizeof(struct trace_file_header) == 32 &&
               sizeof(struct trace_file_block) == 16, "the layouts that are written here byte by byte");

static uint8_t *put(uint8_t *at, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        *at++ = (uint8_t)(value >> 8 * i); /* little-endian, whatever this machine is */
    return at;
}

static void flush_block(struct trace_out *t)
{
    uint8_t head[sizeof(struct trace_file_block)];
    put(put(put(head, t->block.hart, 4), t->block.count, 4), t->block.first, 8);
    if (t->block.count) {
        fwrite(head, sizeof head, 1, t->out);
        fwrite(t->records, sizeof t->records[0], t->block.count, t->out);
    }
    t->block.first += t->block.count;
    t->block.count = 0;
}

void trace_event(struct trace_out *t, uint64_t now, unsigned event, unsigned small, uint32_t pid, uint32_t arg)
{
    if (now >> TICK_BITS)
        fail("the simulated time is over 78 hours, which a trace cannot hold");
    uint64_t when = now << 16 | (uint64_t)event << 8 | small;
    put(put(put(t->records[t->block.count], when, 8), pid, 4), arg, 4);
    if (++t->block.count == BUFFER)
        flush_block(t);
}

/* The first four characters as an arg. */
static uint32_t chars(const char *text)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < CHARS && text[i]; i++)
        value |= (uint32_t)(uint8_t)text[i] << 8 * i;
    return value;
}

uint32_t trace_pid(const struct trace_out *t, const struct job *job)
{
    return (uint32_t)(job - t->list->jobs) + 1;
}

void trace_name(struct trace_out *t, uint64_t now, const struct job *job)
{
    char name[NAME_PARTS * CHARS + 1] = "";
    snprintf(name, sizeof name, "%s", job_name(t->list, job));
    for (unsigned part = 0; part < NAME_PARTS; part++)
        trace_event(t, now, TRACE_name, part, trace_pid(t, job), chars(name + part * CHARS));
}

static uint32_t us(uint64_t ns)
{
    return (uint32_t)(ns / 1000);
}

struct trace_out *trace_begin(FILE *out, const struct options *options, const struct job_list *list)
{
    const struct sched_tuning *tuning = &options->tuning;
    struct trace_out *t = calloc(1, sizeof *t);
    uint8_t head[sizeof(struct trace_file_header)];
    if (!t)
        fail("not enough memory");
    t->out = out;
    t->list = list;
    put(put(put(put(put(head, TRACE_FILE_MAGIC, 8), 1000 * NS_PER_MS, 8), 1, 4), TRACE_FROM_SIMULATOR, 4), 0, 8);
    fwrite(head, sizeof head, 1, out);
    trace_event(t, 0, TRACE_policy, tuning->levels, 0, chars(options->policy->name));
    for (unsigned l = 0; l < tuning->levels; l++)
        trace_event(t, 0, TRACE_quantum, l, 0, us(tuning->slice[l]));
    trace_event(t, 0, TRACE_quantum, TRACE_NO_LEVEL, 0, us(tuning->quantum));
    trace_event(t, 0, TRACE_boost_period, 0, 0, us(tuning->boost));
    return t;
}

void trace_end(struct trace_out *t)
{
    flush_block(t);
    free(t);
}
