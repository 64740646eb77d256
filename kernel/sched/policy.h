/*
 * A scheduling policy, and what it works on: the scheduling entity and the run queue.
 * Policies also compile on the host (tests, simulator), so this header and the policies' files
 * know nothing of processes, harts, locks or the machine. Callers hold the run queue's lock.
 */
#ifndef KERNEL_SCHED_POLICY_H
#define KERNEL_SCHED_POLICY_H

#include <common/heap.h>
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
 * yet, and one that is just going to sleep may find that the server has begun; then some ticks may be counted on one
 * of the two sides only, which does no harm.
 */
struct sched_entity {
    struct list_node node;        /* in a run queue, when ready */
    struct sched_entity *account; /* whose slice it uses and who pays: itself, or the client it serves */
    uint64_t used;                /* of the present slice, adding up across blocking (SJF: of the present burst) */
    uint64_t epoch;               /* boost epoch that `level` and `used` belong to */
    uint8_t level;                /* its own level; 0 is the best */
    uint8_t inherited;            /* best level of those who wait for it, or SCHED_NO_LEVEL */
    uint64_t turn;                /* ran at the inherited level since it last had to queue for it */
    uint8_t queued_level;         /* which list `node` was put in... */
    uint64_t queued_epoch;        /* ...and when: a boost since then moved it to the top list */
    bool keeps_top;               /* a server on its own account: the top level, never demoted */
    uint64_t declared;            /* how long it says its bursts are; 0: it says nothing (SJF) */
    struct heap_node by_time;     /* for policies that go by a time: in run_queue.by_time, when ready */
    uint64_t own[2];              /* for the policy, to keep what it likes; `admit` sets them */
    uint64_t ran;                 /* ticks charged to it, in all and level by level */
    uint64_t ran_at[SCHED_MAX_LEVELS];
};

struct sched_tuning {
    uint32_t levels;                  /* 1..SCHED_MAX_LEVELS */
    uint64_t slice[SCHED_MAX_LEVELS]; /* ticks */
    uint64_t boost;                   /* ticks; 0: never */
    bool keep_allotment;              /* MLFQ: what is used of a slice stays used when one blocks */
    uint64_t quantum;                 /* RR: ticks */
    bool preemptive;                  /* SJF: a shorter one that becomes ready takes the processor */
    uint32_t alpha_ppm;               /* SJF: weight of the last burst in the next guess, 0..ALPHA_ONE */
    uint64_t first_guess;             /* SJF: ticks that a burst of a new process is expected to take */
};

#define ALPHA_ONE 1000000u

/* All who are ready on a hart. They are on the lists whatever the policy: there other harts find work to take. */
struct run_queue {
    struct list level[SCHED_MAX_LEVELS]; /* each first come, first served */
    struct heap by_time;                 /* some of them once more, by time, if the policy wants that... */
    uint64_t next_order;                 /* ...and of equal times the one that came first */
    uint32_t ready_levels;               /* bit l: level[l] is not empty */
    uint32_t count;
    uint64_t epoch;      /* how many boosts there have been; a change of policy counts as very many */
    uint64_t next_boost; /* when the next is due */
    const struct sched_tuning *tuning;
};

enum enqueue_reason {
    ENQUEUE_NEW,       /* just created */
    ENQUEUE_WOKEN,     /* was blocked */
    ENQUEUE_YIELDED,   /* gave up the processor itself */
    ENQUEUE_PREEMPTED, /* somebody better came; it keeps what is left of its slice */
    ENQUEUE_SLICE_END, /* its slice was used up */
    ENQUEUE_MOVED,     /* was ready elsewhere: on another hart, or at another inherited level */
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
    /* The level `e` runs at, counting whom it serves and who waits for it. Policies without levels of their own have
     * two (below, SCHED_SERVERS). */
    unsigned (*level)(struct run_queue *, struct sched_entity *e);
    /* Is somebody ready who must run before `running` goes on? */
    bool (*preempts)(struct run_queue *, struct sched_entity *running);
    /* Time has come to `now`, which is next_boost or later: boost, and set next_boost anew. NULL: it has no boosts, and the
     * clock need not come for one. */
    void (*advance)(struct run_queue *, uint64_t now);
    /* How long it expects the account's burst to be, for the trace. NULL: it does not ask. */
    uint64_t (*expects)(struct run_queue *, struct sched_entity *account);
};

/* A policy makes itself known with this line in its file: the linker gathers them. docs/adding-a-policy.md. */
#define SCHED_POLICY(policy) \
    static const struct sched_policy *const policy##_entry \
        __attribute__((used, section("sched_policies"))) = &(policy)

#define SCHED_DEFAULT_POLICY "mlfq"
/* The policy of this name; NULL: there is none. */
const struct sched_policy *sched_policy_named(const char *name);
/* Every policy there is, in no certain order, one for each i from 0; NULL: no more. */
const struct sched_policy *sched_policy_number(unsigned i);

void run_queue_init(struct run_queue *rq, const struct sched_policy *policy, const struct sched_tuning *tuning,
                    uint64_t now);
void sched_entity_init(struct sched_entity *e);

/* List work that every policy shares: at the tail, at the head, out of it. */
void run_queue_push(struct run_queue *rq, struct sched_entity *e, unsigned level);
void run_queue_push_front(struct run_queue *rq, struct sched_entity *e, unsigned level);
void run_queue_unlink(struct run_queue *rq, struct sched_entity *e);
struct sched_entity *run_queue_pop(struct run_queue *rq); /* head of the best level, or NULL */
static inline unsigned run_queue_best(const struct run_queue *rq) /* SCHED_NO_LEVEL when empty */
{
    /* The base ISA has no instruction for this, and the best is mostly among the first. */
    for (uint32_t levels = rq->ready_levels, level = 0; levels; levels >>= 1, level++)
        if (levels & 1)
            return level;
    return SCHED_NO_LEVEL;
}

/* Time has come to `now`. True when a boost was due. */
static inline bool run_queue_advance(const struct sched_policy *policy, struct run_queue *rq, uint64_t now)
{
    if (now < rq->next_boost)
        return false;
    policy->advance(rq, now);
    return true;
}

/*
 * FCFS and SJF run one job to its end while others wait. Were servers treated so, nobody could even press ^C; so what a
 * server does on its own account (interrupts, start-up) goes first, and all other work, a server's for a client too, is
 * a job.
 */
enum { SCHED_SERVERS, SCHED_JOBS };
static inline unsigned sched_class(const struct sched_entity *e)
{
    return e->account->keeps_top || e->inherited == SCHED_SERVERS ? SCHED_SERVERS : SCHED_JOBS;
}

/* For policies without boosts: the account of `e`, admitted first if the policy has not seen it, because it was blocked
 * when the policy changed. */
static inline struct sched_entity *admitted_account(struct run_queue *rq, struct sched_entity *e,
                                                    void (*admit)(struct run_queue *, struct sched_entity *))
{
    if (e->account->epoch != rq->epoch)
        admit(rq, e->account);
    return e->account;
}

#endif
