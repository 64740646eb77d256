/*
 * kernel/sched/*.c without the kernel around them: each of the six rules of MLFQ (see docs/architecture.md),
 * round robin, first come first served, and shortest job first. Random histories: test_policy_random.c.
 */
#include "check.h"
#include "sched/policy.h"

#include <string.h>

#define LEVELS 4
#define TASKS 12
#define BOOST 1000

static const struct sched_policy *policy; /* set_up: MLFQ, unless a case has chosen another */
static struct sched_tuning tuning;
static struct run_queue rq;
static struct sched_entity task[TASKS];

static void set_up(uint64_t boost)
{
    tuning = (struct sched_tuning){ .levels = LEVELS, .slice = { 5, 10, 20, 40 }, .boost = boost, .keep_allotment = true,
                                    .quantum = 5, .first_guess = 10, .alpha_ppm = ALPHA_ONE / 2 };
    if (!policy)
        policy = sched_policy_named("mlfq");
    run_queue_init(&rq, policy, &tuning, 0);
    for (int i = 0; i < TASKS; i++) {
        sched_entity_init(&task[i]);
        policy->admit(&rq, &task[i]);
    }
}

static void add(int i, enum enqueue_reason why)
{
    policy->enqueue(&rq, &task[i], why);
}

/* Which task is picked; -1: none. */
static int pick(void)
{
    struct sched_entity *e = policy->pick(&rq);

    return e != NULL ? (int)(e - task) : -1;
}

/* Task `i`, now running, uses up whole slices until it is at `level`, and stays running. */
static void sink(int i, unsigned level)
{
    while (policy->level(&rq, &task[i]) < level)
        CHECK(policy->charge(&rq, &task[i], policy->slice_left(&rq, &task[i])));
}

CASE(an_empty_queue_gives_nobody)
{
    set_up(BOOST);
    CHECK_EQUAL(pick(), -1);
    CHECK_EQUAL(run_queue_best(&rq), SCHED_NO_LEVEL);
    CHECK(!policy->preempts(&rq, &task[0]));
}

CASE(rule_1_a_level_is_first_come_first_served)
{
    for (unsigned level = 0; level < LEVELS; level++) {
        set_up(BOOST);
        for (int i = 0; i < TASKS; i++) {
            sink(i, level);
            add(i, ENQUEUE_YIELDED);
        }
        for (int i = 0; i < TASKS; i++)
            CHECK_EQUAL(pick(), i);
    }
}

CASE(rule_1_each_level_has_its_slice)
{
    set_up(BOOST);
    for (unsigned level = 0; level < LEVELS; level++) {
        CHECK_EQUAL(policy->level(&rq, &task[0]), level);
        CHECK_EQUAL(policy->slice_left(&rq, &task[0]), tuning.slice[level]);
        CHECK(!policy->charge(&rq, &task[0], tuning.slice[level] - 1));
        CHECK_EQUAL(policy->slice_left(&rq, &task[0]), 1);
        CHECK(policy->charge(&rq, &task[0], 1));
        CHECK_EQUAL(task[0].ran_at[level], tuning.slice[level]);
    }
    CHECK_EQUAL(task[0].ran, 5 + 10 + 20 + 40);
}

CASE(rule_2_a_new_one_enters_at_the_tail_of_the_top_level)
{
    set_up(BOOST);
    sink(0, 1);
    add(0, ENQUEUE_SLICE_END);
    add(1, ENQUEUE_NEW);
    add(2, ENQUEUE_NEW);
    CHECK_EQUAL(policy->level(&rq, &task[2]), 0);
    CHECK_EQUAL(pick(), 1);
    CHECK_EQUAL(pick(), 2);
    CHECK_EQUAL(pick(), 0);
}

CASE(rule_3_a_used_up_slice_leads_to_the_tail_of_the_next_level)
{
    set_up(BOOST);
    sink(0, 1);
    add(0, ENQUEUE_YIELDED);
    sink(1, 0);
    CHECK(policy->charge(&rq, &task[1], 5));
    add(1, ENQUEUE_SLICE_END);
    CHECK_EQUAL(policy->level(&rq, &task[1]), 1);
    CHECK_EQUAL(pick(), 0);
    CHECK_EQUAL(pick(), 1);
}

CASE(rule_3_blocking_early_does_not_renew_the_slice)
{
    set_up(BOOST);
    for (int burst = 0; burst < 4; burst++) {
        CHECK(!policy->charge(&rq, &task[0], 1));
        add(0, burst % 2 ? ENQUEUE_WOKEN : ENQUEUE_YIELDED);
        CHECK_EQUAL(pick(), 0);
        CHECK_EQUAL(policy->slice_left(&rq, &task[0]), 4 - burst);
    }
    CHECK(policy->charge(&rq, &task[0], 1));
    CHECK_EQUAL(policy->level(&rq, &task[0]), 1);
}

CASE(rule_3_the_last_level_is_round_robin)
{
    set_up(0);
    for (int i = 0; i < 3; i++) {
        sink(i, LEVELS - 1);
        add(i, ENQUEUE_SLICE_END);
    }
    for (int turn = 0; turn < 9; turn++) {
        CHECK_EQUAL(pick(), turn % 3);
        CHECK(policy->charge(&rq, &task[turn % 3], 40));
        CHECK_EQUAL(policy->level(&rq, &task[turn % 3]), LEVELS - 1);
        add(turn % 3, ENQUEUE_SLICE_END);
    }
}

CASE(rule_4_a_level_runs_only_while_those_above_are_empty)
{
    set_up(BOOST);
    for (int i = 0; i < LEVELS; i++) {
        sink(i, (unsigned)(LEVELS - 1 - i));
        add(i, ENQUEUE_YIELDED);
    }
    for (int i = LEVELS - 1; i >= 0; i--)
        CHECK_EQUAL(pick(), i);
}

CASE(rule_4_only_a_higher_level_preempts)
{
    for (unsigned running = 0; running < LEVELS; running++) {
        for (unsigned ready = 0; ready < LEVELS; ready++) {
            set_up(BOOST);
            sink(0, running);
            sink(1, ready);
            CHECK(!policy->preempts(&rq, &task[0]));
            add(1, ENQUEUE_WOKEN);
            CHECK_EQUAL(policy->preempts(&rq, &task[0]), ready < running);
        }
    }
}

CASE(rule_4_the_preempted_goes_to_its_tail_with_what_is_left)
{
    set_up(BOOST);
    sink(0, 2);
    sink(1, 2);
    add(1, ENQUEUE_YIELDED);
    CHECK(!policy->charge(&rq, &task[0], 13));
    add(0, ENQUEUE_PREEMPTED);
    CHECK_EQUAL(pick(), 1);
    CHECK_EQUAL(pick(), 0);
    CHECK_EQUAL(policy->slice_left(&rq, &task[0]), 7);
}

CASE(rule_5_a_boost_lifts_all_ready_running_and_blocked)
{
    set_up(BOOST);
    for (int i = 0; i < LEVELS; i++) {
        sink(i, (unsigned)i);
        policy->charge(&rq, &task[i], 3);
        add(i, ENQUEUE_YIELDED);
    }
    sink(4, 3); /* running */
    sink(5, 2); /* blocked */
    CHECK(!run_queue_advance(policy, &rq, BOOST - 1));
    CHECK_EQUAL(policy->level(&rq, &task[4]), 3);
    CHECK(run_queue_advance(policy, &rq, BOOST));
    CHECK(!run_queue_advance(policy, &rq, BOOST));
    for (int i = 0; i <= 5; i++)
        CHECK_EQUAL(policy->level(&rq, &task[i]), 0);
    CHECK_EQUAL(policy->slice_left(&rq, &task[4]), 5);
    add(5, ENQUEUE_WOKEN);
    for (int i = 0; i < LEVELS; i++) {
        CHECK_EQUAL(pick(), i);
        CHECK_EQUAL(policy->slice_left(&rq, &task[i]), 5);
    }
    CHECK_EQUAL(pick(), 5);
    CHECK_EQUAL(pick(), -1);
    CHECK(!run_queue_advance(policy, &rq, 2 * BOOST - 1));
    CHECK(run_queue_advance(policy, &rq, 2 * BOOST));
}

CASE(rule_5_a_boosted_one_can_be_taken_out)
{
    set_up(BOOST);
    sink(0, 3);
    sink(1, 2);
    add(0, ENQUEUE_YIELDED);
    add(1, ENQUEUE_YIELDED);
    CHECK(run_queue_advance(policy, &rq, BOOST));
    CHECK(run_queue_advance(policy, &rq, 2 * BOOST));
    policy->remove(&rq, &task[1]);
    CHECK_EQUAL(rq.count, 1);
    CHECK_EQUAL(pick(), 0);
    CHECK_EQUAL(rq.ready_levels, 0);
}

CASE(rule_5_without_a_period_nobody_is_boosted)
{
    set_up(0);
    sink(0, 3);
    CHECK(!run_queue_advance(policy, &rq, UINT64_MAX - 1));
    CHECK_EQUAL(policy->level(&rq, &task[0]), 3);
}

CASE(rule_6_a_blocked_one_returns_to_the_level_it_left)
{
    for (unsigned level = 0; level < LEVELS; level++) {
        set_up(BOOST);
        sink(0, level);
        sink(1, level);
        add(1, ENQUEUE_YIELDED);
        add(0, ENQUEUE_WOKEN);
        CHECK_EQUAL(policy->level(&rq, &task[0]), level);
        CHECK_EQUAL(pick(), 1);
        CHECK_EQUAL(pick(), 0);
    }
}

CASE(a_server_uses_its_clients_slice_and_level)
{
    set_up(BOOST);
    sink(0, 2); /* the client */
    policy->charge(&rq, &task[0], 4);
    task[1].account = &task[0]; /* its server */
    CHECK_EQUAL(policy->level(&rq, &task[1]), 2);
    CHECK_EQUAL(policy->slice_left(&rq, &task[1]), 16);
    CHECK(policy->charge(&rq, &task[1], 16));
    CHECK_EQUAL(policy->level(&rq, &task[0]), 3);
    CHECK_EQUAL(task[1].ran, 0);
    CHECK_EQUAL(task[0].ran, 5 + 10 + 20);
    task[1].account = &task[1];
    CHECK_EQUAL(policy->level(&rq, &task[1]), 0); /* and has lost nothing of its own */
    CHECK_EQUAL(policy->slice_left(&rq, &task[1]), 5);
}

CASE(a_server_runs_at_the_best_level_of_those_who_wait)
{
    set_up(BOOST);
    sink(0, 3);
    task[1].account = &task[0];
    task[1].inherited = 1;
    CHECK_EQUAL(policy->level(&rq, &task[1]), 1);
    sink(2, 2);
    add(2, ENQUEUE_NEW);
    CHECK(!policy->preempts(&rq, &task[1]));
    add(1, ENQUEUE_PREEMPTED);
    CHECK_EQUAL(pick(), 1);
    /* The slice is still the client's, but a turn at the inherited level is that level's slice. */
    CHECK_EQUAL(policy->slice_left(&rq, &task[1]), 10);
    CHECK(!policy->charge(&rq, &task[1], 6));
    CHECK_EQUAL(policy->slice_left(&rq, &task[1]), 4);
    CHECK(policy->charge(&rq, &task[1], 4));
    CHECK_EQUAL(task[0].used, 10);
    CHECK_EQUAL(task[0].level, 3);
    CHECK_EQUAL(policy->slice_left(&rq, &task[1]), 10);
    task[1].inherited = SCHED_NO_LEVEL;
    CHECK_EQUAL(policy->slice_left(&rq, &task[1]), 30);
    CHECK_EQUAL(policy->level(&rq, &task[1]), 3);
    CHECK(policy->preempts(&rq, &task[1]));
}

CASE(a_server_on_its_own_account_is_never_demoted)
{
    set_up(BOOST);
    task[0].keeps_top = true;
    for (int i = 0; i < 10; i++)
        CHECK(policy->charge(&rq, &task[0], 5));
    CHECK_EQUAL(policy->level(&rq, &task[0]), 0);
}

CASE(fewer_levels_bring_those_below_up_to_the_last)
{
    set_up(BOOST);
    sink(0, 3);
    tuning.levels = 2;
    CHECK_EQUAL(policy->level(&rq, &task[0]), 1);
    CHECK_EQUAL(policy->slice_left(&rq, &task[0]), 10);
}

CASE(policies_are_found_by_their_names)
{
    static const char *const names[] = { "fcfs", "sjf", "rr", "mlfq", SCHED_DEFAULT_POLICY };

    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct sched_policy *found = sched_policy_named(names[i]);

        CHECK(found != NULL && strcmp(found->name, names[i]) == 0);
    }
    CHECK(sched_policy_named("") == NULL);
    CHECK(sched_policy_named("mlf") == NULL);
    for (unsigned i = 0; i < 4; i++)
        CHECK(sched_policy_number(i) != NULL);
    CHECK(sched_policy_number(4) == NULL);
}

CASE(round_robin_gives_each_its_quantum_in_turn)
{
    policy = sched_policy_named("rr");
    set_up(BOOST);
    for (int i = 0; i < 3; i++)
        add(i, ENQUEUE_NEW);
    for (int turn = 0; turn < 12; turn++) {
        int i = turn % 3;

        CHECK_EQUAL(pick(), i);
        CHECK(!policy->preempts(&rq, &task[i]));
        CHECK_EQUAL(policy->slice_left(&rq, &task[i]), 5);
        CHECK(!policy->charge(&rq, &task[i], 4));
        CHECK(policy->charge(&rq, &task[i], 1));
        add(i, ENQUEUE_SLICE_END);
    }
    CHECK(!run_queue_advance(policy, &rq, 100 * BOOST));
}

CASE(round_robin_renews_the_quantum_of_one_that_blocked)
{
    policy = sched_policy_named("rr");
    set_up(BOOST);
    CHECK(!policy->charge(&rq, &task[0], 3));
    add(0, ENQUEUE_WOKEN);
    CHECK_EQUAL(pick(), 0);
    CHECK_EQUAL(policy->slice_left(&rq, &task[0]), 5);
}

CASE(an_allotment_that_is_reset_can_be_gamed)
{
    set_up(0);
    tuning.keep_allotment = false;
    for (int burst = 0; burst < 10; burst++) {
        CHECK(!policy->charge(&rq, &task[0], 4));
        add(0, ENQUEUE_WOKEN);
        CHECK_EQUAL(pick(), 0);
        CHECK_EQUAL(policy->slice_left(&rq, &task[0]), 5);
    }
    CHECK(!policy->charge(&rq, &task[0], 4));
    add(0, ENQUEUE_YIELDED); /* no block */
    CHECK_EQUAL(pick(), 0);
    CHECK_EQUAL(policy->slice_left(&rq, &task[0]), 1);
}

/* ---- first come, first served ---- */

CASE(fcfs_runs_each_to_its_end_in_the_order_they_came)
{
    policy = sched_policy_named("fcfs");
    set_up(BOOST);
    for (int i = 0; i < 3; i++)
        add(i, i ? ENQUEUE_WOKEN : ENQUEUE_NEW);
    for (int i = 0; i < 3; i++) {
        CHECK_EQUAL(pick(), i);
        CHECK_EQUAL(policy->slice_left(&rq, &task[i]), SCHED_NEVER);
        CHECK(!policy->charge(&rq, &task[i], 100000));
        CHECK(!policy->preempts(&rq, &task[i]));
        CHECK_EQUAL(task[i].ran, 100000);
    }
    CHECK(!run_queue_advance(policy, &rq, 100 * BOOST));
    CHECK_EQUAL(rq.next_boost, SCHED_NEVER);
}

CASE(fcfs_sends_one_that_yields_to_the_tail)
{
    policy = sched_policy_named("fcfs");
    set_up(BOOST);
    for (int i = 0; i < 3; i++)
        add(i, ENQUEUE_NEW);
    add(pick(), ENQUEUE_YIELDED);
    for (int i = 1; i < 4; i++)
        CHECK_EQUAL(pick(), i % 3);
}

static void a_server_goes_first(const char *name)
{
    policy = sched_policy_named(name);
    set_up(BOOST);
    add(0, ENQUEUE_NEW);
    add(1, ENQUEUE_NEW);
    task[2].keeps_top = true;
    CHECK_EQUAL(pick(), 0);
    add(2, ENQUEUE_WOKEN);
    CHECK(policy->preempts(&rq, &task[0]));
    add(0, ENQUEUE_PREEMPTED);
    CHECK_EQUAL(pick(), 2);
    CHECK(!policy->preempts(&rq, &task[2]));
    CHECK_EQUAL(pick(), 0); /* its turn was not over */
    task[2].account = &task[1]; /* it works for a client: a job like others */
    add(2, ENQUEUE_WOKEN);
    CHECK(!policy->preempts(&rq, &task[0]));
    CHECK_EQUAL(pick(), 1);
    CHECK_EQUAL(pick(), 2);
    CHECK_EQUAL(pick(), -1);
}

CASE(fcfs_lets_a_server_in_between_and_goes_on)
{
    a_server_goes_first("fcfs");
}

/* ---- shortest job first ---- */

static void declare(int i, uint64_t ticks)
{
    task[i].declared = ticks;
}

static void set_up_sjf(bool preemptive)
{
    policy = sched_policy_named("sjf");
    set_up(BOOST);
    tuning.preemptive = preemptive;
}

CASE(sjf_picks_the_shortest_and_of_equals_the_first)
{
    static const uint64_t burst[] = { 30, 10, 20, 10, 30, 10 };
    static const int order[] = { 1, 3, 5, 2, 0, 4 };

    set_up_sjf(false);
    for (int i = 0; i < 6; i++) {
        declare(i, burst[i]);
        add(i, ENQUEUE_NEW);
    }
    for (int i = 0; i < 6; i++)
        CHECK_EQUAL(pick(), order[i]);
    CHECK_EQUAL(pick(), -1);
}

CASE(sjf_expects_the_average_of_bursts_that_weighs_the_last_ones_most)
{
    static const uint64_t burst[] = { 6, 4, 6, 4, 13, 13, 13 }, guess[] = { 8, 6, 6, 5, 9, 11, 12 };

    set_up_sjf(false); /* the textbook's example: alpha 1/2, first guess 10 */
    CHECK_EQUAL(policy->expects(&rq, &task[0]), 10);
    for (int i = 0; i < 7; i++) {
        CHECK(!policy->charge(&rq, &task[0], burst[i] - 1));
        CHECK(!policy->charge(&rq, &task[0], 1));
        add(0, ENQUEUE_WOKEN);
        CHECK_EQUAL(pick(), 0);
        CHECK_EQUAL(policy->expects(&rq, &task[0]), guess[i]);
    }
    tuning.alpha_ppm = 0; /* learns nothing */
    policy->charge(&rq, &task[0], 1000);
    add(0, ENQUEUE_WOKEN);
    CHECK_EQUAL(policy->expects(&rq, &task[0]), 12);
    CHECK_EQUAL(pick(), 0);
    tuning.alpha_ppm = ALPHA_ONE; /* remembers nothing */
    policy->charge(&rq, &task[0], UINT64_MAX / 2);
    add(0, ENQUEUE_WOKEN);
    CHECK_EQUAL(policy->expects(&rq, &task[0]), UINT64_MAX / 2);
}

CASE(sjf_preempts_only_when_it_is_preemptive_and_only_for_less_time_left)
{
    set_up_sjf(false);
    declare(0, 20);
    declare(1, 5);
    add(0, ENQUEUE_NEW);
    CHECK_EQUAL(pick(), 0);
    add(1, ENQUEUE_NEW);
    CHECK(!policy->preempts(&rq, &task[0]));
    tuning.preemptive = true;
    CHECK(policy->preempts(&rq, &task[0]));
    policy->charge(&rq, &task[0], 14);
    CHECK(policy->preempts(&rq, &task[0])); /* 6 left */
    policy->charge(&rq, &task[0], 1);
    CHECK(!policy->preempts(&rq, &task[0])); /* 5 left, as many */
    CHECK_EQUAL(policy->slice_left(&rq, &task[0]), SCHED_NEVER);
}

CASE(sjf_preempted_keeps_the_time_that_is_left)
{
    set_up_sjf(true);
    declare(0, 20);
    declare(1, 5);
    declare(2, 7);
    add(0, ENQUEUE_NEW);
    CHECK_EQUAL(pick(), 0);
    policy->charge(&rq, &task[0], 14);
    add(1, ENQUEUE_NEW);
    add(2, ENQUEUE_NEW);
    add(0, ENQUEUE_PREEMPTED); /* 6 left: between the two */
    CHECK_EQUAL(pick(), 1);
    CHECK_EQUAL(pick(), 0);
    CHECK_EQUAL(pick(), 2);
}

CASE(sjf_lets_others_go_first_when_one_yields)
{
    set_up_sjf(true);
    declare(0, 1);
    declare(1, 500);
    add(0, ENQUEUE_NEW);
    add(1, ENQUEUE_NEW);
    CHECK_EQUAL(pick(), 0);
    add(0, ENQUEUE_YIELDED);
    CHECK_EQUAL(pick(), 1); /* or 0 could spin for ever, waiting for what 1 does */
    CHECK(!policy->preempts(&rq, &task[1]));
    CHECK_EQUAL(pick(), 0);
}

CASE(sjf_takes_anyone_out_of_the_middle)
{
    set_up_sjf(false);
    for (int i = 0; i < 6; i++) {
        declare(i, (uint64_t)(10 + i * 7 % 6));
        add(i, i == 3 ? ENQUEUE_YIELDED : ENQUEUE_NEW);
    }
    policy->remove(&rq, &task[3]);
    policy->remove(&rq, &task[0]);
    CHECK_EQUAL(rq.count, 4);
    int before = -1;
    for (int n = 0; n < 4; n++) {
        int i = pick();

        CHECK(i != 0 && i != 3);
        CHECK(before < 0 || task[before].declared <= task[i].declared);
        before = i;
    }
    CHECK_EQUAL(pick(), -1);
}

CASE(sjf_lets_a_server_in_between_and_goes_on)
{
    a_server_goes_first("sjf");
}

CASE(who_was_blocked_when_the_policy_changed_is_as_new)
{
    set_up_sjf(false);
    policy->charge(&rq, &task[0], 5000);
    rq.epoch += 1ull << 32; /* kernel/sched/tuning.c */
    CHECK_EQUAL(task[0].used, 5000);
    add(0, ENQUEUE_WOKEN);
    CHECK_EQUAL(policy->expects(&rq, &task[0]), 10); /* the first guess: its wait did not end a burst of nothing */
}
