/*
 * top: what its files share. main.c has the rounds and the keys, sample.c what the system did between two
 * looks at it, show.c the page.
 */
#ifndef TOP_H
#define TOP_H

#include <kinglet/system.h>
#include <stdbool.h>
#include <stddef.h>

enum sorting { SORT_SHARE, SORT_TIME, SORT_MEMORY, SORT_PID };

struct task {
    struct proc_info info;
    uint64_t seen_ns, until_ns; /* that was so between these two */
    uint64_t ran_ns;  /* processor time since it was seen before, or since it began */
    uint64_t over_ns; /* how long that is */
};

/* One look at the system, and the difference to the one before. */
struct sample {
    struct system_info system;
    struct sched_params sched;
    uint64_t interval_ns;
    uint64_t switches;                 /* in the interval */
    uint64_t busy_ns[SYSTEM_MAX_HARTS]; /* the same */
    struct task *tasks;
    size_t count, room;
};

/* ---- sample.c ---- */

/* Looks; `before` is the last sample, or empty: then rates are since boot, and since each process began.
 * Ends top when the system does not answer. */
void sample_take(struct sample *now, const struct sample *before);
void sample_sort(struct sample *sample, enum sorting sorting);
/* In tenths of a percent of one hart. */
unsigned task_share(const struct task *task);

/* ---- show.c ---- */

struct page {
    int rows, columns; /* 0: as many as there are */
    bool screen;       /* draw over the last page, instead of below it */
    bool hide_idle;
    const char *note;  /* in place of the empty line, or NULL */
};
void show(const struct page *page, const struct sample *sample);

#endif
