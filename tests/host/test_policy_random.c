/*
 * kernel/sched/mlfq.c against a model that is slow and plain: after every step of long random histories
 * both have the same tasks in the same order at the same levels with the same slices left.
 */
#include "check.h"
#include "sched/policy.h"

#define LEVELS 4
#define TASKS 12
#define BOOST 1000

static const struct sched_policy *policy;
static struct sched_tuning tuning;
static struct run_queue rq;
static struct sched_entity task[TASKS];

static void set_up(void)
{
    tuning = (struct sched_tuning){ .levels = LEVELS, .slice = { 5, 10, 20, 40 }, .boost = BOOST, .keep_allotment = true };
    policy = sched_policy_named("mlfq");
    run_queue_init(&rq, policy, &tuning, 0);
    for (int i = 0; i < TASKS; i++) {
        sched_entity_init(&task[i]);
        policy->admit(&rq, &task[i]);
    }
}

/* ---- the model: what the rules say, task by task ---- */

struct model_task {
    enum { AWAY, READY, RUNNING } state; /* AWAY: blocked, or not yet born */
    unsigned level;
    uint64_t used;
};

struct model {
    struct model_task task[TASKS];
    int queue[LEVELS][TASKS], length[LEVELS];
    uint64_t next_boost;
};

static void model_enqueue(struct model *m, int i)
{
    unsigned level = m->task[i].level;

    m->queue[level][m->length[level]++] = i;
    m->task[i].state = READY;
}

static void model_cut(struct model *m, unsigned level, int at)
{
    m->length[level]--;
    for (int k = at; k < m->length[level]; k++)
        m->queue[level][k] = m->queue[level][k + 1];
}

static unsigned model_best(const struct model *m)
{
    unsigned level = 0;

    while (level < LEVELS && m->length[level] == 0)
        level++;
    return level < LEVELS ? level : SCHED_NO_LEVEL;
}

static bool model_charge(struct model_task *t, uint64_t ticks)
{
    t->used += ticks;
    if (t->used < tuning.slice[t->level])
        return false;
    t->used = 0;
    if (t->level < LEVELS - 1)
        t->level++;
    return true;
}

static bool model_advance(struct model *m, uint64_t now)
{
    if (now < m->next_boost)
        return false;
    for (int i = 0; i < TASKS; i++)
        m->task[i].level = 0, m->task[i].used = 0;
    for (unsigned level = 1; level < LEVELS; level++) {
        for (int k = 0; k < m->length[level]; k++)
            m->queue[0][m->length[0]++] = m->queue[level][k];
        m->length[level] = 0;
    }
    while (m->next_boost <= now) /* at fixed times, so that all harts agree on them */
        m->next_boost += BOOST;
    return true;
}

/* Take out a ready task, as a kill does. */
static void model_remove(struct model *m, int i)
{
    unsigned level = m->task[i].level;
    int at = 0;

    while (m->queue[level][at] != i)
        at++;
    model_cut(m, level, at);
    m->task[i].state = AWAY;
}

CASE(mlfq_agrees_with_the_model_in_random_histories)
{
    struct model m = { .next_boost = BOOST };
    uint64_t now = 0;
    int running = -1;
    unsigned boosts = 0, preemptions = 0, slice_ends = 0;

    set_up();
    for (int step = 0; step < 400000; step++) {
        int i = (int)random_below(TASKS);

        if (m.task[i].state == AWAY && random_below(3) == 0) {
            policy->enqueue(&rq, &task[i], ENQUEUE_WOKEN);
            model_enqueue(&m, i);
        } else if (m.task[i].state == READY && random_below(20) == 0) {
            policy->remove(&rq, &task[i]);
            model_remove(&m, i);
        }

        uint64_t ticks = random_below(4) ? random_below(4) : random_below(50);

        now += ticks;
        if (running >= 0) {
            bool ended = policy->charge(&rq, &task[running], ticks);

            CHECK_EQUAL(ended, model_charge(&m.task[running], ticks));
            slice_ends += ended;

            bool boosted = run_queue_advance(policy, &rq, now);

            CHECK_EQUAL(boosted, model_advance(&m, now));
            boosts += boosted;

            bool preempted = policy->preempts(&rq, &task[running]);

            CHECK_EQUAL(preempted, model_best(&m) < m.task[running].level);
            preemptions += preempted && !ended;
            if (random_below(8) == 0) { /* blocks */
                m.task[running].state = AWAY;
                running = -1;
            } else if (ended || preempted) {
                policy->enqueue(&rq, &task[running], ended ? ENQUEUE_SLICE_END : ENQUEUE_PREEMPTED);
                model_enqueue(&m, running);
                running = -1;
            }
        }

        CHECK_EQUAL(run_queue_best(&rq), model_best(&m));
        if (running < 0) {
            unsigned best = model_best(&m);

            struct sched_entity *picked = policy->pick(&rq);

            running = picked != NULL ? (int)(picked - task) : -1;
            CHECK_EQUAL(running, best < LEVELS ? m.queue[best][0] : -1);
            if (running >= 0) {
                model_cut(&m, best, 0);
                m.task[running].state = RUNNING;
                CHECK_EQUAL(policy->slice_left(&rq, &task[running]),
                            tuning.slice[m.task[running].level] - m.task[running].used);
            }
        }
        /* asking changes an entity (it catches up with boosts), so only now and then */
        if (random_below(16) == 0)
            CHECK_EQUAL(policy->level(&rq, &task[i]), m.task[i].level);
        CHECK_EQUAL(rq.count, m.length[0] + m.length[1] + m.length[2] + m.length[3]);
    }
    CHECK(boosts > 100 && preemptions > 1000 && slice_ends > 1000); /* everything came to pass */
}
