/*
 * Multi-level feedback queue (Arpaci-Dusseau, "Operating Systems: Three Easy Pieces", ch. 8),
 * by the six rules of docs/architecture.md; each is marked where it is kept.
 * Called through struct sched_policy with the run queue's lock held. Host-clean, O(1) throughout.
 */
#include "sched/policy.h"

/*
 * A boost raises every process, ready or blocked, without visiting any: it moves whole lists
 * and counts an epoch. An entity whose epoch is behind has been raised since it was last looked at.
 * (One that is ahead comes from a hart where the same boost was noticed earlier: mlfq_advance.)
 */
static void catch_up(struct run_queue *rq, struct sched_entity *e)
{
    if (e->epoch < rq->epoch) { /* rule 5 */
        e->epoch = rq->epoch;
        e->level = 0;
        e->used = 0;
    }
    if (e->level >= rq->tuning->levels) /* there are fewer levels than there were */
        e->level = (uint8_t)(rq->tuning->levels - 1);
}

static unsigned mlfq_level(struct run_queue *rq, struct sched_entity *e)
{
    catch_up(rq, e->account);
    unsigned level = e->account->level;
    return e->inherited < level ? e->inherited : level;
}

static void mlfq_admit(struct run_queue *rq, struct sched_entity *e)
{
    e->epoch = rq->epoch;
    e->level = 0; /* rule 2 */
    e->used = 0;
}

static void mlfq_enqueue(struct run_queue *rq, struct sched_entity *e, enum enqueue_reason why)
{
    /* Always the tail: rules 2, 3, 4. A woken one finds its old level in its account: rule 6. */
    unsigned level = mlfq_level(rq, e);
    if (why == ENQUEUE_WOKEN && e->account == e && !rq->tuning->keep_allotment)
        e->used = 0; /* the older form of rule 3, which can be gamed: to show that, and for comparison */
    run_queue_push(rq, e, level);
}

static void mlfq_remove(struct run_queue *rq, struct sched_entity *e)
{
    run_queue_unlink(rq, e);
}

static struct sched_entity *mlfq_pick(struct run_queue *rq)
{
    return run_queue_pop(rq); /* rule 4: a level runs only while all above are empty */
}

static uint64_t slice_of(struct run_queue *rq, struct sched_entity *e)
{
    return rq->tuning->slice[e->level]; /* rule 1 */
}

/* At a level that it only inherited, one has no more than that level's slice at a time, or it would keep
 * others of that level waiting for as long as its own, lower level allows. Its turn ends, not its slice. */
static bool end_turn(struct run_queue *rq, struct sched_entity *e, uint64_t ticks)
{
    if (e->inherited >= e->account->level) {
        e->turn = 0;
        return false;
    }
    e->turn += ticks;
    if (e->turn < rq->tuning->slice[e->inherited])
        return false;
    e->turn = 0;
    return true;
}

static bool mlfq_charge(struct run_queue *rq, struct sched_entity *e, uint64_t ticks)
{
    struct sched_entity *a = e->account;
    catch_up(rq, a);
    bool turn_ended = end_turn(rq, e, ticks);
    a->ran += ticks;
    a->ran_at[a->level] += ticks;
    a->used += ticks; /* rule 3: adds up, however often it blocked in between */
    if (a->used < slice_of(rq, a))
        return turn_ended;
    e->turn = 0;
    a->used = 0;
    if (!a->keeps_top && a->level + 1u < rq->tuning->levels)
        a->level++;
    return true;
}

static uint64_t left_of(uint64_t whole, uint64_t used)
{
    return used < whole ? whole - used : 0;
}

static uint64_t mlfq_slice_left(struct run_queue *rq, struct sched_entity *e)
{
    catch_up(rq, e->account);
    uint64_t left = left_of(slice_of(rq, e->account), e->account->used);
    if (e->inherited >= e->account->level)
        return left;
    uint64_t turn_left = left_of(rq->tuning->slice[e->inherited], e->turn);
    return turn_left < left ? turn_left : left;
}

static bool mlfq_preempts(struct run_queue *rq, struct sched_entity *running)
{
    return run_queue_best(rq) < mlfq_level(rq, running); /* rule 4 */
}

static void mlfq_advance(struct run_queue *rq, uint64_t now)
{
    /* Rule 5. Whole lists go behind those already at the top, in order of level and position. */
    for (unsigned l = 1; l < SCHED_MAX_LEVELS; l++)
        if (rq->ready_levels & (1u << l))
            list_splice_back(&rq->level[0], &rq->level[l]);
    rq->ready_levels = rq->ready_levels ? 1 : 0;
    /* Boosts are due at the same times on all harts, whenever each gets to them, so that the epoch means the
     * same everywhere. Of several that were missed in idle time the last one counts. */
    uint64_t due = 1 + (now - rq->next_boost) / rq->tuning->boost;
    rq->epoch += due;
    rq->next_boost += due * rq->tuning->boost;
}

static const struct sched_policy policy_mlfq = {
    .name = "mlfq",
    .admit = mlfq_admit,
    .enqueue = mlfq_enqueue,
    .remove = mlfq_remove,
    .pick = mlfq_pick,
    .charge = mlfq_charge,
    .slice_left = mlfq_slice_left,
    .level = mlfq_level,
    .preempts = mlfq_preempts,
    .advance = mlfq_advance,
};

SCHED_POLICY(policy_mlfq);
