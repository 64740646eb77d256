/*
 * The scheduler simulator (docs/schedsim.md): what its parts know of each other. All times are nanoseconds
 * here and milliseconds outside; the ticks of the kernel's policies are nanoseconds, too.
 */
#ifndef SCHEDSIM_H
#define SCHEDSIM_H

#include "sched/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define NS_PER_MS 1000000ull
#define TIME_MAX_MS 1000000000000ull /* any one time; some 30 years */
#define TIME_LIMIT (1ull << 62)      /* the clock; some 146 years: beyond, sums could overflow */

/* ---- numbers (number.c) ---- */

/* Milliseconds such as "12" or "0.25", without sign or exponent; what is finer than a nanosecond is rounded.
 * Gives NULL, or what is wrong ("is negative"). */
const char *read_ms(const char *text, uint64_t *ns);
/* A number from 0 to 1 in millionths; rounded as above. */
const char *read_ppm(const char *text, uint32_t *ppm);
/* Digits only, at most `max`. */
const char *read_count(const char *text, uint64_t max, uint64_t *count);

#define MS_TEXT_SIZE 32
/* Milliseconds with as many decimals as it takes. Gives where in `text` they begin. */
char *ms_text(char text[MS_TEXT_SIZE], uint64_t ns);

/* ---- jobs (jobs.c, random_jobs.c) ---- */

struct job {
    struct sched_entity entity; /* the policy's view of it */
    size_t name;                /* where in job_list.names */
    uint64_t arrival;
    size_t first, last; /* its times in job_list.times: CPU, I/O, CPU, ..., CPU */
    uint32_t line;      /* where it was listed; 0: nowhere */

    /* the simulation's */
    size_t at;        /* the CPU time that it is at */
    uint64_t left;    /* of that */
    uint64_t returns; /* blocked: until when */
    bool started;
    uint64_t first_run, completion;
    uint64_t cpu, io; /* in all */
};

struct job_list {
    struct job *jobs; /* in order of arrival */
    size_t count, room;
    uint64_t *times;
    size_t time_count, time_room;
    char *names; /* each ends with a 0 */
    size_t name_bytes, name_room;
};

static inline const char *job_name(const struct job_list *list, const struct job *job)
{
    return list->names + job->name;
}

/* Reads a list; `file` is what messages call it. A wrong one ends the program. */
void read_jobs(struct job_list *list, FILE *in, const char *file);
/* The same list for the same seed, on every machine. */
void make_random_jobs(struct job_list *list, uint64_t seed, uint64_t count);
void print_jobs(const struct job_list *list, FILE *out);
/* For whoever makes a list: begin a job, then add its times. */
void add_job(struct job_list *list, const char *name, size_t name_length, uint64_t arrival, uint32_t line);
void add_time(struct job_list *list, uint64_t ns);
void free_jobs(struct job_list *list);

/* ---- options (options.c) ---- */

enum output { OUTPUT_TIMELINE, OUTPUT_METRICS, OUTPUT_JSON, OUTPUT_HTML, OUTPUT_JOBS };

struct options {
    const struct sched_policy *policy;
    struct sched_tuning tuning;
    bool declared; /* SJF is told how long the next burst is */
    uint64_t switch_cost;
    enum output output;
    const char *jobs;  /* file, "-": standard input; NULL: random ones */
    uint64_t seed, count;
    const char *to;    /* file for the output; NULL: standard output */
    const char *trace; /* file, or NULL */
};

/* Ends the program, with a message, when they are wrong. */
void read_options(struct options *options, int argc, char **argv);

/* ---- the simulation (engine.c) ---- */

enum why { WHY_DONE, WHY_IO, WHY_SLICE, WHY_PREEMPTED, WHY_YIELD };
extern const char *const why_text[];

/* A stretch of time in which a job computed. */
struct segment {
    uint64_t start, end;
    const struct job *job;
    unsigned level; /* at its start */
    enum why why;   /* it ended */
};

struct trace_out;
struct writer;
/* Runs the jobs to the end of the last. Segments go to the writer (NULL: to nobody), in order of time; each move of
 * the scheduler goes to the trace, if there is one. */
void simulate(const struct options *options, struct job_list *list, struct writer *writer, struct trace_out *trace);

/* ---- results (write.c) ---- */

struct writer {
    FILE *out;
    const struct options *options;
    const struct job_list *list;
    bool any; /* a segment has been written */
};

void write_begin(struct writer *w);
void write_segment(struct writer *w, const struct segment *segment);
void write_end(struct writer *w);

/* ---- the trace (trace_out.c): as a guest's kernel would have written it ---- */

struct trace_out *trace_begin(FILE *out, const struct options *options, const struct job_list *list);
void trace_event(struct trace_out *t, uint64_t now, unsigned event, unsigned small, uint32_t pid, uint32_t arg);
void trace_name(struct trace_out *t, uint64_t now, const struct job *job);
uint32_t trace_pid(const struct trace_out *t, const struct job *job);
void trace_end(struct trace_out *t);

/* ---- the page (page.c) ---- */

/* The page as it was built, without a trace; to be freed. Ends the program when there is none. */
char *read_page_template(void);
/* The page with a trace (trace.bin in memory) in it. */
void write_page(FILE *out, const char *template, const char *title, const void *trace, size_t size);

/* ---- ends (main.c) ---- */

_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
void *grow(void *memory, size_t *room, size_t needed, size_t size_of_one);

#endif
