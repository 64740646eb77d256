/*
 * The simulation: one hart, run by a policy of kernel/sched/ in the way kernel/sched/sched.c does it, but in a time
 * that jumps from event to event. What happens at one and the same instant happens in the order of the functions
 * that `simulate` calls (docs/schedsim.md, "Order of events").
 */
#include "events.h"
#include "schedsim.h"

#include <kinglet/trace.h>

const char *const why_text[] = {"done", "io", "slice", "preempted", "yield"};

static const enum switch_cause cause_of[] = {SWITCH_exit, SWITCH_block, SWITCH_slice, SWITCH_preempted, SWITCH_yield};

#define PID_IDLE 0
#define PID_NONE UINT32_MAX /* the hart is between two jobs */

struct sim {
    const struct options *options;
    const struct sched_policy *policy;
    struct job_list *list;
    struct writer *writer;
    struct trace_out *trace; /* or NULL */

    struct run_queue queue;
    uint64_t now;
    size_t arrived, ended; /* jobs; they arrive in order of the list */
    struct events blocked; /* by the time they return, then by their place in the list */

    struct job *running;    /* or NULL; it is on its way in as long as now < segment.start */
    bool begun;             /* it has begun to compute */
    struct segment segment; /* what it does now */
    uint64_t charged_until;
    bool slice_ended;
    const struct job *last; /* whom the hart was last switched to */

    uint32_t shown;          /* whom the trace shows on the hart */
    enum switch_cause cause; /* why that one leaves */
    uint32_t newcomer;       /* the last one who became ready */
};

static void trace(struct sim *s, unsigned event, unsigned small, uint32_t pid, uint32_t arg)
{
    if (s->trace)
        trace_event(s->trace, s->now, event, small, pid, arg);
}

static uint32_t pid_of(struct sim *s, const struct job *job)
{
    return s->trace ? trace_pid(s->trace, job) : PID_IDLE;
}

/* ---- when something happens next ---- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t next_instant(struct sim *s)
{
    uint64_t next = SCHED_NEVER;
    if (s->arrived < s->list->count)
        next = s->list->jobs[s->arrived].arrival;
    if (s->blocked.count)
        next = earlier(next, events_first(&s->blocked)->returns);
    if (!s->running)
        return next; /* nobody is ready either, so that no boost would be seen */
    next = earlier(next, s->queue.next_boost);
    if (!s->begun)
        return earlier(next, s->segment.start);
    return earlier(next, s->now + earlier(s->running->left, s->policy->slice_left(&s->queue, &s->running->entity)));
}

/* ---- the running job has computed until now ---- */

static void charge(struct sim *s)
{
    if (!s->running || s->now <= s->charged_until)
        return;
    struct job *job = s->running;
    unsigned before = job->entity.level;
    uint64_t ran = s->now - s->charged_until, used = job->entity.used + ran;
    job->left -= ran;
    s->charged_until = s->now;
    if (!s->policy->charge(&s->queue, &job->entity, ran))
        return;
    s->slice_ended = true;
    trace(s, TRACE_slice, before, pid_of(s, job), (uint32_t)(used / 1000));
    if (job->entity.level != before)
        trace(s, TRACE_demote, job->entity.level, pid_of(s, job), 0);
}

/* ---- arrivals and returns from I/O ---- */

/* What it will compute until it next blocks; an I/O of no length is a yield, and does not end a burst. */
static uint64_t burst(const struct job_list *list, const struct job *job)
{
    uint64_t sum = 0;
    for (size_t at = job->at;; at += 2) {
        sum += list->times[at];
        if (at == job->last || list->times[at + 1] > 0)
            return sum;
    }
}

static void enqueue(struct sim *s, struct job *job, enum enqueue_reason why)
{
    s->policy->enqueue(&s->queue, &job->entity, why);
    s->newcomer = pid_of(s, job);
    trace(s, why == ENQUEUE_WOKEN ? TRACE_wake : TRACE_enqueue, job->entity.queued_level, s->newcomer, 0);
    if (s->trace && s->policy->expects)
        trace(s, TRACE_predict, 0, s->newcomer, (uint32_t)(s->policy->expects(&s->queue, &job->entity) / 1000));
}

/* It arrives or returns, and a new burst begins. */
static void become_ready(struct sim *s, struct job *job, enum enqueue_reason why)
{
    job->left = s->list->times[job->at];
    job->entity.declared = s->options->declared ? burst(s->list, job) : 0;
    enqueue(s, job, why);
}

static void arrive(struct sim *s, struct job *job)
{
    sched_entity_init(&job->entity);
    job->at = job->first;
    if (s->trace)
        trace_name(s->trace, s->now, job);
    s->policy->admit(&s->queue, &job->entity);
    become_ready(s, job, ENQUEUE_NEW);
}

static void boost(struct sim *s, uint64_t until)
{
    if (run_queue_advance(s->policy, &s->queue, until))
        trace(s, TRACE_boost, 0, 0, 0);
}

static void enter_those_due(struct sim *s)
{
    if (s->now)
        boost(s, s->now - 1); /* those that nobody was there to see */
    for (;;) {
        struct job *new = s->arrived < s->list->count ? &s->list->jobs[s->arrived] : NULL;
        struct job *back = s->blocked.count ? events_first(&s->blocked) : NULL;
        if (new && new->arrival > s->now)
            new = NULL;
        if (back && back->returns > s->now)
            back = NULL;
        if (!new && !back)
            return;
        if (back && (!new || back < new)) {
            events_take(&s->blocked);
            become_ready(s, back, ENQUEUE_WOKEN);
        } else {
            s->arrived++;
            arrive(s, new);
        }
    }
}

/* ---- the running job leaves ---- */

static void leave(struct sim *s, enum why why)
{
    if (s->begun) {
        s->segment.end = s->now;
        s->segment.why = why;
        if (s->writer)
            write_segment(s->writer, &s->segment);
        s->cause = cause_of[why];
    }
    s->running = NULL;
}

static void end_burst(struct sim *s, struct job *job)
{
    if (job->at == job->last) {
        job->completion = s->now;
        s->ended++;
        trace(s, TRACE_exit, 0, pid_of(s, job), 0);
        leave(s, WHY_DONE);
        return;
    }
    uint64_t io = s->list->times[job->at + 1];
    job->at += 2;
    if (io == 0) {
        job->left = s->list->times[job->at];
        leave(s, WHY_YIELD);
        enqueue(s, job, s->slice_ended ? ENQUEUE_SLICE_END : ENQUEUE_YIELDED);
        return;
    }
    job->returns = s->now + io;
    events_add(&s->blocked, job);
    trace(s, TRACE_block, 0, pid_of(s, job), WAIT_FOR_io);
    leave(s, WHY_IO);
}

static void leave_if_over(struct sim *s)
{
    struct job *job = s->running;
    if (!job)
        return;
    if (job->left == 0) {
        end_burst(s, job);
    } else if (s->slice_ended) {
        leave(s, WHY_SLICE);
        enqueue(s, job, ENQUEUE_SLICE_END);
    }
}

/* ---- dispatch ---- */

/* The trace says who has the hart, once the switch is over; PID_NONE: the old one has left. */
static void show(struct sim *s, uint32_t pid, unsigned level)
{
    if (s->shown == pid)
        return;
    if (s->shown != PID_NONE)
        trace(s, TRACE_switch_out, s->shown == PID_IDLE ? SWITCH_block : s->cause, s->shown, 0);
    if (pid != PID_NONE)
        trace(s, TRACE_switch_in, level, pid, 0);
    s->shown = pid;
}

static void begin(struct sim *s)
{
    struct job *job = s->running;
    s->begun = true;
    unsigned level = s->policy->level(&s->queue, &job->entity);
    s->segment.level = job->entity.level; /* its own: without levels 0, whatever lists the policy keeps */
    s->charged_until = s->now;
    if (!job->started)
        job->first_run = s->now;
    job->started = true;
    if (s->trace)
        show(s, pid_of(s, job), level);
}

static void switch_to(struct sim *s, struct job *job)
{
    s->running = job;
    s->begun = false;
    s->slice_ended = false;
    s->segment = (struct segment){.job = job, .start = s->now};
    if (job != s->last)
        s->segment.start += s->options->switch_cost;
    s->charged_until = s->segment.start;
    s->last = job;
    if (s->segment.start == s->now)
        begin(s);
    else if (s->trace && s->shown != pid_of(s, job))
        show(s, PID_NONE, 0);
}

/* True when the running job goes on. */
static bool goes_on(struct sim *s)
{
    struct job *job = s->running;
    if (!job)
        return false;
    if (s->now < s->segment.start)
        return true; /* a switch is finished first */
    if (!s->policy->preempts(&s->queue, &job->entity)) {
        if (!s->begun)
            begin(s);
        return true;
    }
    trace(s, TRACE_preempt, s->policy->level(&s->queue, &job->entity), pid_of(s, job), s->newcomer);
    leave(s, WHY_PREEMPTED);
    enqueue(s, job, ENQUEUE_PREEMPTED);
    return false;
}

static void dispatch(struct sim *s)
{
    if (goes_on(s))
        return;
    struct sched_entity *e = s->policy->pick(&s->queue);
    if (e)
        switch_to(s, container_of(e, struct job, entity));
    else if (s->trace)
        show(s, PID_IDLE, 0);
}

void simulate(const struct options *options, struct job_list *list, struct writer *writer, struct trace_out *trace_out)
{
    struct sim sim = {.options = options, .policy = options->policy, .list = list, .writer = writer,
                      .trace = trace_out, .shown = PID_IDLE};
    struct sim *s = &sim;
    run_queue_init(&s->queue, s->policy, &options->tuning, 0);
    while (s->ended < list->count) {
        s->now = next_instant(s);
        if (s->now > TIME_LIMIT)
            fail("the simulated time is over 146 years");
        charge(s);
        enter_those_due(s);
        leave_if_over(s);
        boost(s, s->now);
        dispatch(s);
    }
    events_free(&s->blocked);
}
