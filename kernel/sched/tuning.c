/*
 * Policy and parameters: set at boot and while running, read by schedctl, ps and the tests.
 * Called by the system calls and by main. Times outside are nanoseconds, inside they are ticks.
 */
#include "riscv/clock.h"
#include "riscv/trace_point.h"
#include "sched/dispatch.h"
#include "sched/sched.h"
#include "sched/timer.h"

#include <common/string.h>
#include <kinglet/errno.h>

/* Defaults: rules 1 and 5 of docs/architecture.md. */
#define DEFAULT_LEVELS 4
#define DEFAULT_SLICE_NS 5000000ul
#define DEFAULT_BOOST_NS 500000000ul
#define DEFAULT_QUANTUM_NS 10000000ul
#define DEFAULT_FIRST_GUESS_NS 10000000ul
#define DEFAULT_ALPHA_PPM (ALPHA_ONE / 2)
/* A slice shorter than this is spent on switching; a longer one than this is not a slice. */
#define SLICE_MIN_NS 10000ul
#define SLICE_MAX_NS 1000000000000ul
#define NS_PER_US 1000ul
#define BOOST_MIN_NS 1000000ul
#define BOOST_MAX_NS 3600000000000ul

static void default_tuning(struct sched_tuning *tuning)
{
    tuning->levels = DEFAULT_LEVELS;
    for (unsigned l = 0; l < SCHED_MAX_LEVELS; l++)
        tuning->slice[l] = ticks_of_ns(DEFAULT_SLICE_NS << l);
    tuning->boost = ticks_of_ns(DEFAULT_BOOST_NS);
    tuning->keep_allotment = true;
    tuning->quantum = ticks_of_ns(DEFAULT_QUANTUM_NS);
    tuning->first_guess = ticks_of_ns(DEFAULT_FIRST_GUESS_NS);
    tuning->alpha_ppm = DEFAULT_ALPHA_PPM;
}

#define EPOCHS_PER_POLICY (1ul << 32) /* more boosts than a policy will ever see */

/* One change at a time, or harts could end with different ones. */
static struct spinlock configure_lock = SPINLOCK_INIT("policy", LOCK_POLICY);
static uint64_t epoch_base; /* configure_lock */

void sched_init(void)
{
    timers_init();
    uint64_t now = clock_ticks();
    for (unsigned i = 0; i < MAX_HARTS; i++) {
        struct dispatcher *d = &dispatchers[i];
        spin_init(&d->lock, "run queue", LOCK_RUNQ);
        d->hart = &harts[i];
        d->hart->dispatcher = d;
        d->policy = sched_policy_named(SCHED_DEFAULT_POLICY);
        default_tuning(&d->tuning);
        run_queue_init(&d->queue, d->policy, &d->tuning, now);
        d->charged_until = now;
        d->clock_set = d->clock_wanted = d->look_at = SCHED_NEVER;
        sched_entity_init(&d->idle.entity);
        atomic_store(&d->idle.state, PROC_RUNNING);
        atomic_store(&d->idle.hart, d->hart);
        d->idle.kernel_stack_top = (void *)d->hart->kernel_stack_top;
        atomic_store(&d->idle.on_hart, true);
        d->running = &d->idle;
        d->left = &d->idle;
        atomic_store(&d->level_now, SCHED_NO_LEVEL);
        d->hart->current = (struct proc *)&d->idle;
    }
}

void sched_task_init(struct task *t, void *kernel_stack_top)
{
    sched_entity_init(&t->entity);
    atomic_store(&t->state, PROC_READY); /* not BLOCKED: a kill must not put it on a run queue yet */
    t->kernel_stack_top = kernel_stack_top;
    atomic_store(&t->hart, this_hart());
}

static bool slice_fits(uint64_t ns)
{
    return ns >= SLICE_MIN_NS && ns <= SLICE_MAX_NS;
}

static int check(const struct sched_params *p, const struct sched_policy **policy)
{
    if (strnlen(p->policy, sizeof p->policy) == sizeof p->policy)
        return -EINVAL;
    *policy = sched_policy_named(p->policy);
    if (!*policy || p->levels < 1 || p->levels > SCHED_MAX_LEVELS)
        return -EINVAL;
    for (unsigned l = 0; l < p->levels; l++)
        if (!slice_fits(p->slice_ns[l]))
            return -EINVAL;
    if ((p->quantum_ns && !slice_fits(p->quantum_ns)) || (p->first_guess_ns && !slice_fits(p->first_guess_ns)))
        return -EINVAL;
    if (p->alpha_ppm > ALPHA_ONE || (p->flags & ~(SCHED_RESET_ALLOTMENT | SCHED_PREEMPTIVE)) || p->reserved)
        return -EINVAL;
    if (p->boost_ns && (p->boost_ns < BOOST_MIN_NS || p->boost_ns > BOOST_MAX_NS))
        return -EINVAL;
    return 0;
}

/* Everyone who is ready goes through the new policy's hands as if new; the blocked ones notice by the
 * epoch. The dispatcher's lock is held. */
static void change_policy(struct dispatcher *d, const struct sched_policy *policy,
                          const struct sched_tuning *tuning, uint64_t epoch, uint64_t now)
{
    struct list ready;
    dispatch_charge(d, clock_ticks()); /* by the rules under which it ran */
    struct sched_entity *e;
    list_init(&ready);
    while ((e = d->policy->pick(&d->queue)) != NULL)
        list_push_back(&ready, &e->node);
    d->policy = policy;
    d->tuning = *tuning;
    run_queue_init(&d->queue, d->policy, &d->tuning, now);
    d->queue.epoch = epoch;
    struct list_node *node;
    while ((node = list_pop_front(&ready)) != NULL) {
        e = list_entry(node, struct sched_entity, node);
        policy->admit(&d->queue, e);
        policy->enqueue(&d->queue, e, ENQUEUE_NEW);
    }
    policy->admit(&d->queue, &d->running->entity);
}

static void trace_tuning(const struct sched_policy *policy, const struct sched_tuning *tuning)
{
    int32_t by = this_task()->pid;
    TRACE(policy, tuning->levels, by, trace_chars(policy->name));
    for (unsigned l = 0; l < tuning->levels; l++)
        TRACE(quantum, l, by, ns_of_ticks(tuning->slice[l]) / NS_PER_US);
    TRACE(quantum, TRACE_NO_LEVEL, by, ns_of_ticks(tuning->quantum) / NS_PER_US);
    TRACE(boost_period, 0, by, ns_of_ticks(tuning->boost) / NS_PER_US);
}

void sched_trace(void)
{
    struct dispatcher *d = dispatcher_here();
    spin_lock(&d->lock);
    const struct sched_policy *policy = d->policy;
    struct sched_tuning tuning = d->tuning;
    spin_unlock(&d->lock);
    trace_tuning(policy, &tuning);
}

int sched_configure(const struct sched_params *p)
{
    const struct sched_policy *policy;
    int error = check(p, &policy);
    if (error)
        return error;
    struct sched_tuning tuning = {
        .levels = p->levels,
        .boost = ticks_of_ns(p->boost_ns),
        .keep_allotment = !(p->flags & SCHED_RESET_ALLOTMENT),
        .preemptive = p->flags & SCHED_PREEMPTIVE,
        .alpha_ppm = p->alpha_ppm,
    };
    for (unsigned l = 0; l < SCHED_MAX_LEVELS; l++)
        tuning.slice[l] = ticks_of_ns(p->slice_ns[l < p->levels ? l : p->levels - 1]);
    spin_lock(&configure_lock);
    /* Only we change them. */
    tuning.quantum = p->quantum_ns ? ticks_of_ns(p->quantum_ns) : dispatchers[0].tuning.quantum;
    tuning.first_guess = p->first_guess_ns ? ticks_of_ns(p->first_guess_ns) : dispatchers[0].tuning.first_guess;
    trace_tuning(policy, &tuning);
    /* One time for all, so that boosts come on all harts at once, and epochs that are ahead of any boost:
     * a task may come from a hart that has changed to one that is about to. */
    uint64_t now = clock_ticks();
    epoch_base += EPOCHS_PER_POLICY;
    for (unsigned i = 0; i < hart_count; i++) {
        struct dispatcher *d = &dispatchers[i];
        spin_lock(&d->lock);
        change_policy(d, policy, &tuning, epoch_base, now);
        dispatch_ask(d); /* whoever runs may no longer be the right one */
        dispatch_unlock(d);
    }
    spin_unlock(&configure_lock);
    return 0;
}

void sched_query(struct sched_params *p)
{
    struct dispatcher *d = dispatcher_here();
    memset(p, 0, sizeof *p);
    spin_lock(&d->lock);
    strlcpy(p->policy, d->policy->name, sizeof p->policy);
    p->levels = d->tuning.levels;
    for (unsigned l = 0; l < d->tuning.levels; l++)
        p->slice_ns[l] = ns_of_ticks(d->tuning.slice[l]);
    p->boost_ns = ns_of_ticks(d->tuning.boost);
    p->flags = (d->tuning.keep_allotment ? 0 : SCHED_RESET_ALLOTMENT) | (d->tuning.preemptive ? SCHED_PREEMPTIVE : 0);
    p->quantum_ns = ns_of_ticks(d->tuning.quantum);
    p->first_guess_ns = ns_of_ticks(d->tuning.first_guess);
    p->alpha_ppm = d->tuning.alpha_ppm;
    spin_unlock(&d->lock);
}

void sched_hart_totals(unsigned index, uint64_t *switches, uint64_t *idle, uint64_t *load)
{
    struct dispatcher *d = &dispatchers[index];
    spin_lock(&d->lock);
    bool idles = is_idle(d, d->running);
    *switches = d->switches;
    *idle = d->idle_ticks + (idles ? dispatch_uncharged(d) : 0);
    *load = d->queue.count + !idles;
    spin_unlock(&d->lock);
}
