/*
 * What the policies share: the table of them, and the lists of a run queue.
 * Called by the policies and by sched.c with the run queue's lock held. Host-clean.
 */
#include "sched/policy.h"

#include <common/string.h>

const struct sched_policy *const sched_policies[] = {&policy_mlfq, &policy_rr, NULL};

const struct sched_policy *sched_policy_named(const char *name)
{
    for (unsigned i = 0; sched_policies[i]; i++)
        if (strcmp(sched_policies[i]->name, name) == 0)
            return sched_policies[i];
    return NULL;
}

void run_queue_init(struct run_queue *rq, const struct sched_tuning *tuning, uint64_t now)
{
    for (unsigned l = 0; l < SCHED_MAX_LEVELS; l++)
        list_init(&rq->level[l]);
    rq->ready_levels = 0;
    rq->count = 0;
    rq->epoch = 0;
    rq->tuning = tuning;
    rq->next_boost = tuning->boost ? now + tuning->boost : SCHED_NEVER;
}

void sched_entity_init(struct sched_entity *e)
{
    memset(e, 0, sizeof *e);
    list_node_init(&e->node);
    e->account = e;
    e->inherited = SCHED_NO_LEVEL;
}

void run_queue_push(struct run_queue *rq, struct sched_entity *e, unsigned level)
{
    list_push_back(&rq->level[level], &e->node);
    e->queued_level = (uint8_t)level;
    e->queued_epoch = rq->epoch;
    rq->ready_levels |= 1u << level;
    rq->count++;
}

void run_queue_unlink(struct run_queue *rq, struct sched_entity *e)
{
    unsigned level = e->queued_epoch == rq->epoch ? e->queued_level : 0;
    list_remove(&e->node);
    if (list_empty(&rq->level[level]))
        rq->ready_levels &= ~(1u << level);
    rq->count--;
}

struct sched_entity *run_queue_pop(struct run_queue *rq)
{
    unsigned best = run_queue_best(rq);
    if (best == SCHED_NO_LEVEL)
        return NULL;
    struct sched_entity *e = list_entry(list_first(&rq->level[best]), struct sched_entity, node);
    run_queue_unlink(rq, e);
    return e;
}
