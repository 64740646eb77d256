/*
 * Submitted calls: what they cost, and whom: processes and pages of the job, records that nobody reads, processor time.
 */
#include "limited.h"
#include "submit_tools.h"

#include <fcntl.h>

/* --- processes, pages and records --- */

static void within_limits(void)
{
    make_queue_and_pipe(0);
    int n = 0, error;
    while ((error = submit_read(queue, (uint64_t)n, ends[0], buffer, 1)) == 0)
        CHECK(++n < 10);
    CHECK_EQUAL(error, -EAGAIN);
    CHECK_EQUAL(n, 4); /* five processes, and one is the caller */
    CHECK_EQUAL(submit_cancel(queue, 0), 1);
    CHECK(next_record().result < 0);
    CHECK_EQUAL(submit_read(queue, 7, ends[0], buffer, 1), 0); /* who has read the record has the place, too */
    CHECK_EQUAL(fork(), -1);
    CHECK_EQUAL(errno, EAGAIN);
}

static void each_counts_as_a_process_of_the_job(void)
{
    CHECK_EQUAL(limited(within_limits, 5, 100000), 0);
}

/* A loop never has more than it has under way, however small the limit. */
static void one_after_the_other(void)
{
    make_queue(0);
    for (uint64_t i = 0; i < 1000; i++) {
        CHECK_EQUAL(submit_sleep(queue, i, 0), 0);
        expect_record(i, 0);
    }
    CHECK_EQUAL(in_child(check_nothing), 0); /* the last one's place is free, too */
}

static void one_after_the_other_needs_one_place(void)
{
    CHECK_EQUAL(limited(one_after_the_other, 2, 100000), 0);
}

/* Records that nobody reads are paid for: the job's limit of pages ends it, and reading lets it go on. */
static void unread(void)
{
    int error, n = 0;
    make_queue(0);
    for (;; n++) {
        struct pollfd p = {.fd = queue, .events = POLLIN};
        error = submit_sleep(queue, (uint64_t)n, 0);
        if (error == -EAGAIN) { /* the last ones have not ended yet */
            sleep_ns(MS);
            n--;
            continue;
        }
        if (error)
            break;
        CHECK(n < 100000);
        CHECK_EQUAL(poll(&p, 1, -1), 1);
    }
    CHECK_EQUAL(error, -ENOMEM);
    CHECK(n > 100);
    uint64_t sum = 0;
    for (int i = 0; i < n; i++)
        sum += next_record().tag;
    CHECK_EQUAL(sum, (uint64_t)n * (uint64_t)(n - 1) / 2);
    expect_the_end();
    CHECK_EQUAL(submit_sleep(queue, 1, 0), 0);
    expect_record(1, 0);
}

static void unread_records_are_under_the_limit_of_pages(void)
{
    CHECK_EQUAL(limited(unread, 8, 200), 0);
}

/* Who may submit to a queue is not always who pays for it, so the records that nobody reads have a limit. */
static void records_that_nobody_reads_have_a_limit(void)
{
    int error = 0;
    uint64_t made = 0, refused = 0;
    make_queue(0);
    while (made <= COMPLETION_CALLS_MAX && refused < 1000) {
        error = submit_sleep(queue, made, 0);
        made += error == 0;
        refused = error ? refused + 1 : 0;
        if (error) { /* or it is the limit of processes: then there is place when a call has ended */
            CHECK_EQUAL(error, -EAGAIN);
            sleep_ns(MS / 10);
        }
    }
    CHECK_EQUAL(made, COMPLETION_CALLS_MAX);
    next_record();
    CHECK_EQUAL(submit_sleep(queue, made, 0), 0);
    CHECK_EQUAL(submit_sleep(queue, made, 0), -EAGAIN);
    close(queue);
}

/* --- whose time it is --- */

static uint64_t level_now(void)
{
    struct proc_info info;
    CHECK_EQUAL(process_list(getpid(), &info, 1), 1);
    return info.level;
}

static int carrier_level(void)
{
    static struct proc_info list[8];
    int n = thread_list(getpid(), list, 8);
    for (int i = 0; i < n; i++)
        if (list[i].pid == getpid() && list[i].tid != getpid())
            return list[i].level;
    return -1;
}

/* A carrier starts where its submitter stands, not at the top. */
static void nobody_rises_by_submitting(void)
{
    make_queue_and_pipe(0);
    for (int tries = 0; tries < 50; tries++) {
        uint64_t until = clock_ns() + 60 * MS;
        while (clock_ns() < until)
            ;
        uint64_t before = level_now();
        CHECK_EQUAL(submit_read(queue, 1, ends[0], buffer, 1), 0);
        int level = carrier_level();
        bool same = before == level_now(); /* no boost came in between */
        CHECK_EQUAL(submit_cancel(queue, 1), 1);
        next_record();
        if (same && before > 0) {
            CHECK_EQUAL(level, before);
            return;
        }
    }
    CHECK(!"it sinks");
}

/* 1: it sank before it had used up most of a slice by itself. A boost in between may keep it up. */
static void computes_in_calls(void)
{
    static char large[256 * 1024];
    struct sched_params params;
    struct proc_info me = {0};
    CHECK_EQUAL(sched_get(&params), 0);
    int file = open("/tmp/large", O_RDONLY);
    make_queue(0);
    while (me.level == 0 && me.cpu_ns < params.slice_ns[0] / 4 * 3) {
        CHECK_EQUAL(lseek(file, 0, SEEK_SET), 0);
        CHECK_EQUAL(submit_read(queue, 1, file, large, sizeof large), 0);
        expect_record(1, sizeof large);
        CHECK_EQUAL(thread_list(getpid(), &me, 1), 1);
    }
    _exit(me.level > 0 && me.cpu_ns < params.slice_ns[0] / 4 * 3); /* the host may have kept it in one turn for long */
}

/* What its calls use is the submitter's. */
static void computing_in_calls_sinks(void)
{
    int early = 0, file = open("/tmp/large", O_WRONLY | O_CREAT | O_TRUNC, 0666);
    for (int i = 0; i < 64; i++)
        CHECK_EQUAL(write(file, buffer, sizeof buffer), sizeof buffer);
    for (int i = 0; i < 20 && !early; i++)
        early = in_child(computes_in_calls);
    CHECK_EQUAL(unlink("/tmp/large"), 0);
    CHECK_EQUAL(early, 1);
}

int main(int argc, char **argv)
{
    check_patience = 4;
    check_start(argc, argv);
    RUN(each_counts_as_a_process_of_the_job);
    RUN(one_after_the_other_needs_one_place);
    RUN(unread_records_are_under_the_limit_of_pages);
    RUN(records_that_nobody_reads_have_a_limit);
    RUN(nobody_rises_by_submitting);
    RUN(computing_in_calls_sinks);
    return check_end();
}
