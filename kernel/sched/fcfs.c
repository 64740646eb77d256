/*
 * First come, first served: who has been ready longest runs until it blocks, yields or ends. No slices, no clock.
 * Arpaci-Dusseau, "Operating Systems: Three Easy Pieces", ch. 7 (there FIFO).
 * Called through struct sched_policy with the run queue's lock held. Host-clean, O(1) throughout.
 */
#include "sched/policy.h"

static void fcfs_admit(struct run_queue *rq, struct sched_entity *e)
{
    e->epoch = rq->epoch;
    e->level = 0;
    e->used = 0;
}

static void fcfs_enqueue(struct run_queue *rq, struct sched_entity *e, enum enqueue_reason why)
{
    admitted_account(rq, e, fcfs_admit);
    if (why == ENQUEUE_PREEMPTED) /* a server came in between: its turn is not over */
        run_queue_push_front(rq, e, sched_class(e));
    else
        run_queue_push(rq, e, sched_class(e));
}

static void fcfs_remove(struct run_queue *rq, struct sched_entity *e)
{
    run_queue_unlink(rq, e);
}

static struct sched_entity *fcfs_pick(struct run_queue *rq)
{
    return run_queue_pop(rq);
}

static bool fcfs_charge(struct run_queue *rq, struct sched_entity *e, uint64_t ticks)
{
    struct sched_entity *a = admitted_account(rq, e, fcfs_admit);
    a->ran += ticks;
    a->ran_at[0] += ticks;
    return false;
}

static uint64_t fcfs_slice_left(struct run_queue *rq, struct sched_entity *e)
{
    (void)rq;
    (void)e;
    return SCHED_NEVER;
}

static unsigned fcfs_level(struct run_queue *rq, struct sched_entity *e)
{
    (void)rq;
    return sched_class(e);
}

static bool fcfs_preempts(struct run_queue *rq, struct sched_entity *running)
{
    return run_queue_best(rq) < sched_class(running);
}

static const struct sched_policy policy_fcfs = {
    .name = "fcfs",
    .admit = fcfs_admit,
    .enqueue = fcfs_enqueue,
    .remove = fcfs_remove,
    .pick = fcfs_pick,
    .charge = fcfs_charge,
    .slice_left = fcfs_slice_left,
    .level = fcfs_level,
    .preempts = fcfs_preempts,
};

SCHED_POLICY(policy_fcfs);
