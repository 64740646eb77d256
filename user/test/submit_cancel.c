/*
 * Submitted calls: cancelled, at whatever moment: each has one record, and what it says is what has happened.
 */
#include "submit_tools.h"

#include <fcntl.h>
#include <kinglet/thread.h>
#include <stdatomic.h>

static void cancel_ends_those_with_the_tag(void)
{
    make_queue_and_pipe(0);
    for (uint64_t i = 0; i < 6; i++)
        CHECK_EQUAL(submit_read(queue, i % 2, ends[0], buffer, 1), 0);
    wait_for_carriers(6, "pipe read");
    CHECK_EQUAL(submit_cancel(queue, 2), -ENOENT);
    CHECK_EQUAL(submit_cancel(queue, 1), 3);
    for (int i = 0; i < 3; i++)
        expect_record(1, -EINTR);
    CHECK_EQUAL(submit_cancel(queue, 1), -ENOENT);
    wait_for_carriers(3, "pipe read");
    CHECK_EQUAL(write(ends[1], "abc", 3), 3);
    for (int i = 0; i < 3; i++)
        expect_record(0, 1);
    expect_the_end();
}

/* At whatever moment the cancel comes: one record, and the byte is read or still there. */
static void cancel_at_any_moment_loses_nothing(void)
{
    int kinds[3] = {0};
    make_queue_and_pipe(0);
    CHECK_EQUAL(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    for (int i = 0; i < 3000; i++) {
        char byte = 'x', got = 0;
        volatile int spin = i % 600;
        CHECK_EQUAL(write(ends[1], &byte, 1), 1);
        CHECK_EQUAL(submit_read(queue, 1, ends[0], &got, 1), 0);
        if (i % 3 == 0)
            yield();
        while (spin > 0)
            spin--;
        int told = submit_cancel(queue, 1);
        CHECK(told == 1 || told == -ENOENT);
        struct completion done = next_record();
        if (done.result == 1) {
            CHECK_EQUAL(got, 'x');
        } else {
            CHECK(done.result == -EINTR || done.result == -ECANCELED);
            CHECK_EQUAL(told, 1);
            CHECK_EQUAL(read(ends[0], &byte, 1), 1);
        }
        kinds[done.result == 1 ? 0 : done.result == -EINTR ? 1 : 2]++;
    }
    CHECK(!one_hart() || (kinds[0] > 0 && kinds[2] > 0)); /* the sweep reached both sides */
    expect_the_end();
}

static void one_that_had_not_begun_is_cancelled(void)
{
    make_queue_and_pipe(0);
    CHECK_EQUAL(write(ends[1], "x", 1), 1);
    int begun = 0;
    for (int i = 0; i < 50; i++) {
        CHECK_EQUAL(submit_read(queue, 1, ends[0], buffer, 1), 0);
        submit_cancel(queue, 1);
        struct completion done = next_record();
        if (done.result == 1)
            CHECK_EQUAL(write(ends[1], "x", 1), 1);
        begun += done.result != -ECANCELED;
    }
    CHECK(!one_hart() || begun < 25); /* when a slice ends just then; on several harts another may begin it at once */
}

/* --- cancel and what the call waits for come at the same time --- */

#define TIMES 400 /* of each kind */
#define SPINS 40  /* so many steps of so many turns of a loop are they apart, either way */

static _Atomic uint32_t round_now, happened; /* the round that may happen, and that has */
static void (*event)(void);

static void spin(int turns)
{
    for (volatile int i = turns; i > 0; i--)
        ;
}

/* Lets `event` happen, once a round, at a moment that moves across that of the cancel. */
static void *lets_it_happen(void *unused)
{
    for (uint32_t round = 1; round <= TIMES; round++) {
        while (atomic_load(&round_now) != round)
            yield();
        spin((int)round * 7 % (SPINS * SPINS));
        event();
        atomic_store(&happened, round);
    }
    return NULL;
}

/* In each round submits a call, which blocks for this reason, has the event and the cancel come, and looks whether the
 * record tells the truth. Mostly nobody knows which is first, but now and then it is certain. */
static void meet(void (*submits)(void), const char *reason, void (*happens)(void), void (*check)(int64_t result))
{
    event = happens;
    atomic_store(&round_now, 0);
    atomic_store(&happened, 0);
    int tid = thread_create(lets_it_happen, NULL), told = -ENOENT;
    CHECK(tid > 0);
    for (uint32_t round = 1; round <= TIMES; round++) {
        bool asleep = reason && round % 4; /* else it may still be on its way there, and find the event before it blocks */
        bool at_once = round % 5 == 0 && reason, cancel_first = at_once && asleep, event_first = round % 5 == 1;
        submits();
        if (asleep)
            wait_for_carriers(1, reason);
        if (at_once)
            told = submit_cancel(queue, 1);
        atomic_store(&round_now, round);
        if (event_first)
            wait_for_carriers(0, NULL);
        if (round % 3 == 0)
            yield(); /* on one hart, the event comes first */
        spin((int)round % SPINS * SPINS);
        if (!at_once)
            told = submit_cancel(queue, 1);
        struct completion done = next_record();
        CHECK_EQUAL(done.tag, 1);
        CHECK(done.result >= 0 || ((done.result == -EINTR || done.result == -ECANCELED) && told == 1));
        CHECK(told == 1 || told == -ENOENT);
        CHECK(!cancel_first || done.result < 0);
        CHECK(!event_first || (done.result >= 0 && told == -ENOENT));
        while (atomic_load(&happened) != round)
            yield();
        check(done.result);
        expect_the_end();
    }
    CHECK_EQUAL(thread_join(tid, NULL), 0);
}

static void submits_a_read(void)
{
    CHECK_EQUAL(submit_read(queue, 1, ends[0], buffer, 1), 0);
}

static void writes_a_byte(void)
{
    CHECK_EQUAL(write(ends[1], "x", 1), 1);
}

static void byte_was_read_or_is_there(int64_t result)
{
    struct pollfd p = {.fd = ends[0], .events = POLLIN};
    CHECK_EQUAL(poll(&p, 1, 0), result < 0);
    if (result < 0)
        CHECK_EQUAL(read(ends[0], buffer, 1), 1);
}

static void cancel_meets_the_byte_that_a_read_waits_for(void)
{
    make_queue_and_pipe(0);
    meet(submits_a_read, "pipe read", writes_a_byte, byte_was_read_or_is_there);
}

static int messages[2], carried;

static void submits_a_receive(void)
{
    carried = -1;
    CHECK_EQUAL(submit_receive(queue, 1, messages[0], buffer, 10, &carried, 1, -1), 0);
}

static void sends_a_handle(void)
{
    CHECK_EQUAL(message_send(messages[1], "abc", 3, &messages[1], 1, -1), 0);
}

static void handle_is_here_or_in_the_message(int64_t result)
{
    CHECK(result < 0 || (result == 3 && carried >= 0));
    if (result < 0)
        CHECK_EQUAL(message_receive(messages[0], buffer, 10, &carried, 1, 0), 3);
    CHECK_EQUAL(close(carried), 0);
    CHECK_EQUAL(message_receive(messages[0], buffer, 10, &carried, 1, 0), -EAGAIN);
}

static void cancel_meets_the_message_that_a_receive_waits_for(void)
{
    make_queue(0);
    CHECK_EQUAL(message_pipe(messages, 0, 0, 0), 0);
    meet(submits_a_receive, "pipe read", sends_a_handle, handle_is_here_or_in_the_message);
    int next = dup(0);
    CHECK_EQUAL(next, messages[1] + 1); /* none is left over */
}

static void submits_a_send(void)
{
    static const int standard_input = 0;
    CHECK_EQUAL(message_send(messages[1], "first", 5, NULL, 0, 0), 0);
    CHECK_EQUAL(submit_send(queue, 1, messages[1], "second", 6, &standard_input, 1, -1), 0);
}

static void makes_room(void)
{
    CHECK_EQUAL(message_receive(messages[0], buffer, 10, NULL, 0, 0), 5);
}

static void message_was_sent_or_not(int64_t result)
{
    CHECK_EQUAL(message_receive(messages[0], buffer, 10, &carried, 1, 0), result < 0 ? -EAGAIN : 6);
    if (result >= 0)
        CHECK_EQUAL(close(carried), 0);
}

static void cancel_meets_the_room_that_a_send_waits_for(void)
{
    make_queue(0);
    CHECK_EQUAL(message_pipe(messages, 64, 1, 0), 0);
    meet(submits_a_send, "pipe write", makes_room, message_was_sent_or_not);
    int next = dup(0);
    CHECK_EQUAL(next, messages[1] + 1);
}

static int child;
static struct exit_status child_status;

static void submits_a_wait(void)
{
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        char c;
        read(ends[0], &c, 1);
        _exit(9);
    }
    child_status.code = 0;
    CHECK_EQUAL(submit_wait(queue, 1, child, &child_status), 0);
}

static void child_was_reaped_or_can_be(int64_t result)
{
    CHECK(result < 0 || (result == child && child_status.code == 9 && child_status.signal == 0));
    if (result < 0)
        CHECK_EQUAL(ending_of(child), 9);
    CHECK_EQUAL(wait_status(child, &child_status, 0), -ECHILD);
}

static void cancel_meets_the_child_that_a_wait_waits_for(void)
{
    make_queue_and_pipe(0);
    meet(submits_a_wait, "child", writes_a_byte, child_was_reaped_or_can_be);
}

static void submits_an_open(void)
{
    CHECK_EQUAL(submit_open(queue, 1, "/bin/sh", O_RDONLY, 0), 0);
}

static void nothing_happens(void)
{
}

static void a_handle_was_opened_or_none(int64_t result)
{
    if (result >= 0)
        CHECK_EQUAL(close((int)result), 0);
    int next = dup(0); /* the lowest that is free */
    CHECK_EQUAL(next, queue + 1);
    close(next);
}

static void cancel_meets_the_handle_that_an_open_gives(void)
{
    make_queue(0);
    meet(submits_an_open, NULL, nothing_happens, a_handle_was_opened_or_none);
}

int main(int argc, char **argv)
{
    check_patience = 4;
    check_start(argc, argv);
    RUN(cancel_ends_those_with_the_tag);
    RUN(cancel_at_any_moment_loses_nothing);
    RUN(one_that_had_not_begun_is_cancelled);
    RUN(cancel_meets_the_byte_that_a_read_waits_for);
    RUN(cancel_meets_the_message_that_a_receive_waits_for);
    RUN(cancel_meets_the_room_that_a_send_waits_for);
    RUN(cancel_meets_the_child_that_a_wait_waits_for);
    RUN(cancel_meets_the_handle_that_an_open_gives);
    return check_end();
}
