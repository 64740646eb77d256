/*
 * A scheduling policy, and what it works on: the scheduling entity and the run queue.
 * Policies also compile on the host (tests, simulator), so this header and the policies' files
 * know nothing of processes, harts, locks or the machine. Callers hold the run queue's lock.
 */
#ifndef KERNEL_SCHED_POLICY_H
#define KERNEL_SCHED_POLICY_H

#include <common/list.h>
#include <kinglet/process.h>
#include <stdbool.h>
#include <stdint.h>

/* Times here are in ticks of whatever clock the caller has; a policy only adds and compares. */
#define SCHED_NEVER UINT64_MAX
#define SCHED_NO_LEVEL SCHED_MAX_LEVELS /* "nobody": worse than every level */

/*
 * An entity's `account` is who pays for what it does, and whose `used`, `epoch`, `level`, `ran`, `ran_at` count.
 * These are charged by the hart on which the one that uses the account runs. That is one at a time: a client waits
 * while its server works for it. Only a client that was killed runs to its end beside the server that does not know
 * yet; then some ticks may be counted on one of the two sides only, which does no harm.
 */
struct sched_entity {
    struct list_node node;        /* in a run queue, when ready */
    struct sched_entity *account; /* whose slice it uses and who pays: itself, or the client it serves */
    uint64_t used;                /* of the present slice, adding up across blocking */
    uint64_t epoch;               /* boost epoch that `level` and `used` belong to */
    uint8_t level;                /* its own level; 0 is the best */
    uint8_t inherited;            /* best level of those who wait for it, or SCHED_NO_LEVEL */
    uint64_t turn;                /* ran at the inherited level since it last had to queue for it */
    uint8_t queued_level;         /* which list `node` was put in... */
    uint64_t queued_epoch;        /* ...and when: a boost since then moved it to the top list */
    bool keeps_top;               /* a server on its own account: the top level, never demoted */
    uint64_t ran;                 /* ticks charged to it, in all and level by level */
    uint64_t ran_at[SCHED_MAX_LEVELS];
};

struct sched_tuning {
    uint32_t levels;                  /* 1..SCHED_MAX_LEVELS */
    uint64_t slice[SCHED_MAX_LEVELS]; /* ticks */
    uint64_t boost;                   /* ticks; 0: never */
};

struct run_queue {
    struct list level[SCHED_MAX_LEVELS]; /* each first come, first served */
    uint32_t ready_levels;               /* bit l: level[l] is not empty */
    uint32_t count;
    uint64_t epoch;      /* how many boosts there have been */
    uint64_t next_boost; /* when the next is due */
    const struct sched_tuning *tuning;
};

enum enqueue_reason {
    ENQUEUE_NEW,       /* just created */
    ENQUEUE_WOKEN,     /* was blocked */
    ENQUEUE_YIELDED,   /* gave up the processor itself */
    ENQUEUE_PREEMPTED, /* somebody better came; it keeps what is left of its slice */
    ENQUEUE_SLICE_END, /* its slice was used up */
};

struct sched_policy {
    const char *name;
    /* An entity that no policy has seen yet, or that another policy ran until now. */
    void (*admit)(struct run_queue *, struct sched_entity *);
    void (*enqueue)(struct run_queue *, struct sched_entity *, enum enqueue_reason);
    void (*remove)(struct run_queue *, struct sched_entity *);
    /* Takes out the one that is to run now; NULL when nobody is ready. */
    struct sched_entity *(*pick)(struct run_queue *);
    /* `e` ran for `ticks` more. True when that ended the slice of its account, or its turn at a level that it
     * inherited: it is to go to the tail. */
    bool (*charge)(struct run_queue *, struct sched_entity *e, uint64_t ticks);
    /* How long `e` may go on before charge would say so. */
    uint64_t (*slice_left)(struct run_queue *, struct sched_entity *e);
    /* The level `e` runs at, counting whom it serves and who waits for it. */
    unsigned (*level)(struct run_queue *, struct sched_entity *e);
    /* Is somebody ready who must run before `running` goes on? */
    bool (*preempts)(struct run_queue *, struct sched_entity *running);
    /* Time has come to `now`; do what is due (boost). True when something was done. */
    bool (*advance)(struct run_queue *, uint64_t now);
};

extern const struct sched_policy policy_mlfq, policy_rr;

/* Every policy there is, NULL-terminated; the first is the default. */
extern const struct sched_policy *const sched_policies[];
const struct sched_policy *sched_policy_named(const char *name); /* NULL: no such policy */

void run_queue_init(struct run_queue *rq, const struct sched_tuning *tuning, uint64_t now);
void sched_entity_init(struct sched_entity *e);

/* List work that every policy shares. */
void run_queue_push(struct run_queue *rq, struct sched_entity *e, unsigned level);
void run_queue_unlink(struct run_queue *rq, struct sched_entity *e);
struct sched_entity *run_queue_pop(struct run_queue *rq); /* head of the best level, or NULL */
static inline unsigned run_queue_best(const struct run_queue *rq) /* SCHED_NO_LEVEL when empty */
{
    return rq->ready_levels ? (unsigned)__builtin_ctz(rq->ready_levels) : SCHED_NO_LEVEL;
}

#endif
