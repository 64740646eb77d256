/*
 * What became of a task up to now: its figures, and the time it has used. See sched.h. Called by the room above for
 * getpinfo, ps and time; figures.h is where they are noted.
 */
#include "sched/figures.h"

#include "riscv/clock.h"
#include "sched/dispatch.h"
#include "sched/sched.h"

bool sched_arrive(struct task *t)
{
    bool first = !t->arrived;
    t->arrived = true;
    t->arrives = first;
    return first;
}

void sched_ended(struct task *t)
{
    t->figures.ended_at = clock_ticks();
}

void sched_figures(struct task *t, struct figures *figures, uint64_t *switches)
{
    struct dispatcher *d = dispatch_home(t);
    *figures = t->figures;
    *switches = t->switches;
    if (t->ready_at && !figures->ended_at) {
        uint64_t now = clock_ticks();
        figures->waited += now > t->ready_at ? now - t->ready_at : 0;
    }
    dispatch_unlock(d);
}

void sched_declare(struct task *t, uint64_t ticks)
{
    struct dispatcher *d = dispatch_home(t);
    t->entity.declared = ticks;
    dispatch_unlock(d);
}

void sched_times(struct task *t, uint64_t *ran, uint64_t ran_at[SCHED_MAX_LEVELS])
{
    struct dispatcher *d = dispatch_home(t);
    *ran = t->entity.ran;
    memcpy(ran_at, t->entity.ran_at, sizeof t->entity.ran_at);
    if (d->running->entity.account == &t->entity) {
        uint64_t ticks = dispatch_uncharged(d);
        *ran += ticks;
        ran_at[t->entity.level] += ticks;
    }
    dispatch_unlock(d);
}
