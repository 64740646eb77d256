/*
 * Round robin: one queue, first come first served, and one quantum for all.
 * It has no levels: nobody is preempted by a newcomer, nobody is boosted.
 * Called through struct sched_policy with the run queue's lock held. Host-clean.
 */
#include "sched/policy.h"

static void rr_admit(struct run_queue *rq, struct sched_entity *e)
{
    (void)rq;
    e->level = 0;
    e->used = 0;
}

static void rr_enqueue(struct run_queue *rq, struct sched_entity *e, enum enqueue_reason why)
{
    e->account->level = 0; /* another policy may have left it elsewhere, while it was blocked */
    /* A fresh quantum each time it has waited its turn; a preempted one keeps the rest of it, and one whose
     * quantum was used up is charged with the way here already. */
    if (why != ENQUEUE_PREEMPTED && why != ENQUEUE_MOVED && why != ENQUEUE_SLICE_END)
        e->account->used = 0;
    run_queue_push(rq, e, 0);
}

static void rr_remove(struct run_queue *rq, struct sched_entity *e)
{
    run_queue_unlink(rq, e);
}

static struct sched_entity *rr_pick(struct run_queue *rq)
{
    return run_queue_pop(rq);
}

static bool rr_charge(struct run_queue *rq, struct sched_entity *e, uint64_t ticks)
{
    struct sched_entity *a = e->account;
    a->ran += ticks;
    a->ran_at[0] += ticks;
    a->used += ticks;
    if (a->used < rq->tuning->quantum)
        return false;
    a->used = 0;
    return true;
}

static uint64_t rr_slice_left(struct run_queue *rq, struct sched_entity *e)
{
    uint64_t quantum = rq->tuning->quantum;
    return e->account->used < quantum ? quantum - e->account->used : 0;
}

static unsigned rr_level(struct run_queue *rq, struct sched_entity *e)
{
    (void)rq;
    (void)e;
    return 0;
}

static bool rr_preempts(struct run_queue *rq, struct sched_entity *running)
{
    (void)rq;
    (void)running;
    return false;
}

static const struct sched_policy policy_rr = {
    .name = "rr",
    .admit = rr_admit,
    .enqueue = rr_enqueue,
    .remove = rr_remove,
    .pick = rr_pick,
    .charge = rr_charge,
    .slice_left = rr_slice_left,
    .level = rr_level,
    .preempts = rr_preempts,
};

SCHED_POLICY(policy_rr);
