/*
 * What the policies share: who they are, and the lists of a run queue.
 * Called by the policies and by sched.c with the run queue's lock held. Host-clean.
 */
#include "sched/policy.h"

#include <common/string.h>

/* The linker's names for the two ends of the section that SCHED_POLICY fills. */
extern const struct sched_policy *const __start_sched_policies[], *const __stop_sched_policies[];

const struct sched_policy *sched_policy_number(unsigned i)
{
    return i < (size_t)(__stop_sched_policies - __start_sched_policies) ? __start_sched_policies[i] : NULL;
}

const struct sched_policy *sched_policy_named(const char *name)
{
    const struct sched_policy *policy;
    for (unsigned i = 0; (policy = sched_policy_number(i)) != NULL; i++)
        if (strcmp(policy->name, name) == 0)
            return policy;
    return NULL;
}

void run_queue_init(struct run_queue *rq, const struct sched_policy *policy, const struct sched_tuning *tuning,
                    uint64_t now)
{
    for (unsigned l = 0; l < SCHED_MAX_LEVELS; l++)
        list_init(&rq->level[l]);
    heap_init(&rq->by_time);
    rq->next_order = 0;
    rq->ready_levels = 0;
    rq->count = 0;
    rq->epoch = 0;
    rq->tuning = tuning;
    rq->next_boost = policy->advance && tuning->boost ? now + tuning->boost : SCHED_NEVER;
}

void sched_entity_init(struct sched_entity *e)
{
    memset(e, 0, sizeof *e);
    list_node_init(&e->node);
    e->account = e;
    e->inherited = SCHED_NO_LEVEL;
}

static void count_in(struct run_queue *rq, struct sched_entity *e, unsigned level)
{
    e->queued_level = (uint8_t)level;
    e->queued_epoch = rq->epoch;
    rq->ready_levels |= 1u << level;
    rq->count++;
}

void run_queue_push(struct run_queue *rq, struct sched_entity *e, unsigned level)
{
    list_push_back(&rq->level[level], &e->node);
    count_in(rq, e, level);
}

void run_queue_push_front(struct run_queue *rq, struct sched_entity *e, unsigned level)
{
    list_push_front(&rq->level[level], &e->node);
    count_in(rq, e, level);
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
    struct list *level = &rq->level[best];
    struct list_node *first = list_pop_front(level);
    if (list_empty(level))
        rq->ready_levels &= ~(1u << best);
    rq->count--;
    return list_entry(first, struct sched_entity, node);
}
