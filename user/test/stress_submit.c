/*
 * Stress: submitted calls on pipes, files, timers and servers, whose results come or are cancelled, while queues are
 * closed, and processes exit, exec or are killed, at any moment. Each record that comes is right; each call that was
 * begun has one.
 */
#include "stress.h"

#include <kinglet/submit.h>
#include <kinglet/thread.h>

#define PIPES 4
#define CALLS 12 /* under way at once in one process */

struct under_way {
    bool used;
    char byte;
    int kind;
};
enum { PIPE_READ, PIPE_WRITE, NAP, FILE_READ, LONG_NAP };

static int queue, pipes[PIPES][2], file;
static struct under_way calls[CALLS];
static char byte_to_write = 'w';

static int submit_some(unsigned which)
{
    struct under_way *c = &calls[which];
    c->kind = (int)below(5);
    c->byte = 0;
    switch (c->kind) {
    case PIPE_READ:
        return submit_read(queue, which, pipes[below(PIPES)][0], &c->byte, 1);
    case PIPE_WRITE:
        return submit_write(queue, which, pipes[below(PIPES)][1], &byte_to_write, 1);
    case NAP:
        return submit_sleep(queue, which, below(500) * 1000);
    case FILE_READ:
        return submit_read(queue, which, file, &c->byte, 1);
    default:
        return submit_sleep(queue, which, 1000000 * MS);
    }
}

static void check_record(const struct completion *done)
{
    CHECK(done->tag < CALLS);
    struct under_way *c = &calls[done->tag];
    CHECK(c->used);
    c->used = false;
    if (done->result == -EINTR || done->result == -ECANCELED)
        return;
    if (c->kind == PIPE_READ)
        CHECK(done->result == 1 && c->byte == 'w');
    else if (c->kind == PIPE_WRITE)
        CHECK_EQUAL(done->result, 1);
    else if (c->kind == NAP)
        CHECK_EQUAL(done->result, 0);
    else if (c->kind == FILE_READ)
        CHECK(done->result == 0 || done->result == 1);
    else
        CHECK(!"a long sleep ends early only when it is cancelled");
}

static void read_some(void)
{
    struct completion done[4];
    unsigned room = below(4) + 1;
    struct pollfd p = {.fd = queue, .events = POLLIN};
    if (poll(&p, 1, (int)below(2)) < 1)
        return;
    long n = read(queue, done, room * sizeof done[0]);
    CHECK(n > 0 && n % (long)sizeof done[0] == 0);
    for (unsigned i = 0; i < (unsigned)n / sizeof done[0]; i++)
        check_record(&done[i]);
}

/* All that is left is cancelled, or drowned in bytes; then each has its record, and comes the end. */
static void read_the_rest(void)
{
    struct completion done;
    for (unsigned i = 0; i < CALLS; i++)
        if (calls[i].used) {
            int told = submit_cancel(queue, i);
            CHECK(told == 1 || told == 0 || told == -ENOENT);
        }
    long n;
    while ((n = read(queue, &done, sizeof done)) == sizeof done)
        check_record(&done);
    CHECK_EQUAL(n, 0);
    for (unsigned i = 0; i < CALLS; i++)
        CHECK(!calls[i].used);
}

static void work(uint64_t until)
{
    while (clock_ns() < until) {
        unsigned which = below(CALLS);
        switch (below(5)) {
        case 0:
        case 1:
            if (!calls[which].used) {
                calls[which].used = true;
                CHECK_EQUAL(submit_some(which), 0);
            }
            break;
        case 2:
            submit_cancel(queue, which);
            break;
        case 3:
            write(pipes[below(PIPES)][1], &byte_to_write, 1);
            break;
        default:
            read_some();
        }
    }
}

static void make_things(void)
{
    memset(calls, 0, sizeof calls);
    queue = completion_create(one_in(2) ? O_CLOEXEC : 0);
    file = open("/README", O_RDONLY);
    CHECK(queue >= 0 && file >= 0);
    for (int i = 0; i < PIPES; i++)
        CHECK_EQUAL(pipe(pipes[i]), 0);
}

static void drop_things(void)
{
    close(queue);
    close(file);
    for (int i = 0; i < PIPES; i++) {
        close(pipes[i][0]);
        close(pipes[i][1]);
    }
}

static void *submit_and_wait(void *unused)
{
    struct completion done;
    (void)unused;
    int own = completion_create(0);
    if (own >= 0 && submit_sleep(own, 1, 100000) == 0)
        read(own, &done, sizeof done);
    close(own);
    return NULL;
}

/* A process that ends in some way with calls under way. */
static void lives(int how)
{
    char *argv[] = {"true", NULL};
    make_things();
    for (int i = 0; i < (int)below(3); i++)
        thread_create(submit_and_wait, NULL);
    work(clock_ns() + below(5000) * 1000);
    switch (how) {
    case 0:
        _exit(0);
    case 1:
        execv("/bin/true", argv);
        _exit(1);
    case 2:
        thread_exit(NULL);
    default:
        drop_things();
        _exit(0);
    }
}

static void each_call_has_its_record(void)
{
    begin();
    while (time_left()) {
        make_things();
        work(clock_ns() + below(5000) * 1000);
        if (one_in(3))
            drop_things(); /* and nobody ever knows */
        else {
            read_the_rest();
            drop_things();
        }
    }
}

static void ends_in_any_way(void)
{
    begin();
    setjob(0, 0);
    while (time_left())
        CHECK_EQUAL(ending_of(start(lives, (int)below(4))), 0);
}

static void killed_at_any_moment(void)
{
    begin();
    while (time_left()) {
        int pid = start(lives, (int)below(4));
        sleep_at_most(8);
        kill_child(pid);
        ended_or_killed(pid, 0);
    }
}

static void submits_for_its_parent(int number)
{
    for (uint64_t i = 0; i < 20; i++) {
        int error = submit_sleep(queue, (uint64_t)number * 100 + i, below(2000) * 1000);
        CHECK_EQUAL(error, 0);
        if (one_in(4))
            sleep_at_most(1);
    }
    sleep_ns(1000000 * MS);
}

/* Children submit on a queue of their parent's and are killed; there is one record for each call they began. */
static void families_share_a_queue(void)
{
    begin();
    while (time_left()) {
        int pids[3];
        struct completion done;
        uint64_t seen[3] = {0};
        long n;
        queue = completion_create(0);
        CHECK(queue >= 0);
        for (int i = 0; i < 3; i++)
            pids[i] = start(submits_for_its_parent, i);
        sleep_at_most(5);
        for (int i = 0; i < 3; i++)
            kill_child(pids[i]);
        for (int i = 0; i < 3; i++)
            CHECK_EQUAL(ending_of(pids[i]), -SIGKILL);
        while ((n = read(queue, &done, sizeof done)) == sizeof done) {
            CHECK(done.tag < 300 && done.tag % 100 < 20);
            CHECK(!(seen[done.tag / 100] & 1ul << done.tag % 100));
            seen[done.tag / 100] |= 1ul << done.tag % 100;
            CHECK(done.result == 0 || done.result == -EINTR || done.result == -ECANCELED);
        }
        CHECK_EQUAL(n, 0);
        for (int i = 0; i < 3; i++)
            CHECK_EQUAL(seen[i] & (seen[i] + 1), 0); /* without a gap */
        close(queue);
    }
}

int main(int argc, char **argv)
{
    stress_start(argc, argv);
    RUN(each_call_has_its_record);
    RUN(ends_in_any_way);
    RUN(killed_at_any_moment);
    RUN(families_share_a_queue);
    return check_end();
}
