/*
 * Shortest job first: of those who are ready, the one whose next burst is expected to be the shortest. A burst is what
 * an account uses from one wake-up to the next; how long the next will be is guessed from those before by exponential
 * averaging (Silberschatz, Galvin, Gagne, "Operating System Concepts", section "Shortest-Job-First Scheduling"):
 *     guess' = alpha * last burst + (1 - alpha) * guess
 * or the process declares it. Preemptive, this is shortest remaining time first.
 * Called through struct sched_policy with the run queue's lock held. Host-clean, O(log n) in those who are ready.
 */
#include "sched/policy.h"

/* Who yields asks that others go first, but its burst is still the shortest: it waits behind all jobs. Otherwise
 * one that spins until another has run would keep that one from running. */
#define YIELDED (SCHED_JOBS + 1)

static uint64_t *guess_of(struct sched_entity *account)
{
    return &account->own[0];
}

static void sjf_admit(struct run_queue *rq, struct sched_entity *e)
{
    e->epoch = rq->epoch;
    e->level = 0;
    e->used = 0;
    *guess_of(e) = rq->tuning->first_guess;
}

/* alpha * last + (1 - alpha) * guess, with alpha in parts per million: rounded down once, and without an overflow. */
static uint64_t average(uint64_t last, uint64_t guess, uint64_t alpha)
{
    uint64_t rest = ALPHA_ONE - alpha;
    return last / ALPHA_ONE * alpha + guess / ALPHA_ONE * rest +
           (last % ALPHA_ONE * alpha + guess % ALPHA_ONE * rest) / ALPHA_ONE;
}

/* It has blocked: its burst is known now. One that has not run yet under this policy had none. */
static void end_burst(struct run_queue *rq, struct sched_entity *account)
{
    if (account->used == 0)
        return;
    *guess_of(account) = average(account->used, *guess_of(account), rq->tuning->alpha_ppm);
    account->used = 0;
}

static uint64_t sjf_expects(struct run_queue *rq, struct sched_entity *account)
{
    (void)rq;
    return account->declared ? account->declared : *guess_of(account);
}

static uint64_t time_left(struct run_queue *rq, struct sched_entity *account)
{
    uint64_t whole = sjf_expects(rq, account);
    return account->used < whole ? whole - account->used : 0;
}

static void sjf_enqueue(struct run_queue *rq, struct sched_entity *e, enum enqueue_reason why)
{
    struct sched_entity *account = admitted_account(rq, e, sjf_admit);
    bool again = why == ENQUEUE_PREEMPTED; /* it has not had its turn */
    if (why == ENQUEUE_WOKEN && account == e)
        end_burst(rq, account);
    if (sched_class(e) == SCHED_SERVERS) {
        (again ? run_queue_push_front : run_queue_push)(rq, e, SCHED_SERVERS);
    } else if (why == ENQUEUE_YIELDED) {
        run_queue_push(rq, e, YIELDED);
    } else {
        /* Not preemptive: only a server came in between, and it goes on before any other job. */
        e->by_time.key = again && !rq->tuning->preemptive ? 0 : time_left(rq, account);
        e->by_time.order = again && !rq->tuning->preemptive ? 0 : ++rq->next_order;
        heap_insert(&rq->by_time, &e->by_time);
        run_queue_push(rq, e, SCHED_JOBS);
    }
}

static void sjf_remove(struct run_queue *rq, struct sched_entity *e)
{
    if (heap_linked(&e->by_time))
        heap_remove(&rq->by_time, &e->by_time);
    run_queue_unlink(rq, e);
}

static struct sched_entity *sjf_pick(struct run_queue *rq)
{
    if (run_queue_best(rq) != SCHED_JOBS)
        return run_queue_pop(rq);
    struct sched_entity *e = container_of(heap_first(&rq->by_time), struct sched_entity, by_time);
    sjf_remove(rq, e);
    return e;
}

static bool sjf_charge(struct run_queue *rq, struct sched_entity *e, uint64_t ticks)
{
    struct sched_entity *a = admitted_account(rq, e, sjf_admit);
    a->ran += ticks;
    a->ran_at[0] += ticks;
    a->used += ticks;
    return false;
}

static uint64_t sjf_slice_left(struct run_queue *rq, struct sched_entity *e)
{
    (void)rq;
    (void)e;
    return SCHED_NEVER;
}

static unsigned sjf_level(struct run_queue *rq, struct sched_entity *e)
{
    (void)rq;
    return sched_class(e);
}

static bool sjf_preempts(struct run_queue *rq, struct sched_entity *running)
{
    unsigned best = run_queue_best(rq);
    if (best != SCHED_JOBS || sched_class(running) != SCHED_JOBS)
        return best < sched_class(running);
    return rq->tuning->preemptive &&
           heap_first(&rq->by_time)->key < time_left(rq, admitted_account(rq, running, sjf_admit));
}

static const struct sched_policy policy_sjf = {
    .name = "sjf",
    .admit = sjf_admit,
    .enqueue = sjf_enqueue,
    .remove = sjf_remove,
    .pick = sjf_pick,
    .charge = sjf_charge,
    .slice_left = sjf_slice_left,
    .level = sjf_level,
    .preempts = sjf_preempts,
    .expects = sjf_expects,
};

SCHED_POLICY(policy_sjf);
