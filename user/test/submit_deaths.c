/*
 * Submitted calls: every way in which the process, the queue or the server goes away while one is under way.
 */
#include "serving.h"
#include "submit_tools.h"

#include <fcntl.h>
#include <kinglet/thread.h>

#define PARKED_MAX 40

static uint64_t objects_now(void)
{
    struct system_info info;
    system_info(&info);
    return info.objects + info.processes;
}

/* --- close --- */

static void close_ends_what_is_under_way(void)
{
    uint64_t before = objects_now() + 1; /* whoever started this case may still make a handle on it */
    for (int round = 0; round < 20; round++) {
        make_queue_and_pipe(0);
        for (uint64_t i = 0; i < 5; i++)
            CHECK_EQUAL(submit_read(queue, i, ends[0], buffer, 1), 0);
        CHECK_EQUAL(submit_sleep(queue, 9, FOREVER_NS), 0);
        CHECK_EQUAL(submit_sleep(queue, 10, 0), 0); /* its record will never be read */
        if (round % 2)
            wait_for_carriers(5, "pipe read");
        int other = dup(queue);
        CHECK_EQUAL(close(queue), 0);
        if (round % 2)
            CHECK_EQUAL(carriers("pipe read"), 5); /* it was not the last handle */
        CHECK_EQUAL(close(other), 0);
        wait_for_carriers(0, NULL);
        close(ends[0]);
        close(ends[1]);
    }
    for (int i = 0; i < 1000 && objects_now() > before; i++) {
        make_queue(0); /* what a carrier leaves is freed by the next to come by */
        CHECK_EQUAL(submit_sleep(queue, 1, 0), 0);
        expect_record(1, 0);
        close(queue);
        sleep_ns(MS);
    }
    CHECK(objects_now() <= before);
}

static void *reads_one(void *argument)
{
    (void)argument;
    expect_record(3, 1);
    return NULL;
}

static void a_blocked_reader_outlives_the_handle(void)
{
    make_queue_and_pipe(0);
    CHECK_EQUAL(submit_read(queue, 3, ends[0], buffer, 1), 0);
    int tid = thread_create(reads_one, NULL);
    CHECK(tid > 0);
    wait_until_thread_blocked(tid, "completion");
    CHECK_EQUAL(close(queue), 0); /* the reader's call keeps it */
    CHECK_EQUAL(write(ends[1], "x", 1), 1);
    CHECK_EQUAL(thread_join(tid, NULL), 0);
}

static void a_child_submits_on_an_inherited_queue(void)
{
    int told[2];
    make_queue_and_pipe(0);
    CHECK_EQUAL(pipe(told), 0);
    int pid = fork();
    if (pid == 0) {
        CHECK_EQUAL(submit_read(queue, 11, ends[0], buffer, 1), 0);
        wait_for_carriers(1, "pipe read");
        CHECK_EQUAL(write(told[1], "x", 1), 1);
        sleep_ns(FOREVER_NS);
    }
    CHECK_EQUAL(read(told[0], buffer, 1), 1);
    CHECK_EQUAL(submit_read(queue, 22, ends[0], buffer, 1), 0);
    wait_for_carriers(1, "pipe read");
    kill(pid, SIGKILL); /* its carrier ends with it, ours does not */
    expect_record(11, -EINTR);
    CHECK_EQUAL(ending_of(pid), -SIGKILL);
    CHECK_EQUAL(write(ends[1], "x", 1), 1);
    expect_record(22, 1);
    expect_the_end();
}

/* The last handle is a child's: its close ends the calls of others, which are alive and well. */
static void the_last_close_may_be_another_process_s(void)
{
    int told[2];
    char byte;
    make_queue_and_pipe(0);
    CHECK_EQUAL(pipe(told), 0);
    CHECK_EQUAL(submit_read(queue, 1, ends[0], buffer, 1), 0);
    wait_for_carriers(1, "pipe read");
    int pid = fork();
    if (pid == 0) {
        CHECK_EQUAL(read(told[0], &byte, 1), 1);
        CHECK_EQUAL(close(queue), 0);
        _exit(0);
    }
    CHECK_EQUAL(close(queue), 0);
    CHECK_EQUAL(carriers("pipe read"), 1);
    CHECK_EQUAL(write(told[1], "x", 1), 1);
    CHECK_EQUAL(ending_of(pid), 0);
    wait_for_carriers(0, NULL);
}

static void a_queue_travels_in_a_message(void)
{
    int messages[2], got;
    make_queue_and_pipe(0);
    CHECK_EQUAL(message_pipe(messages, 0, 0, 0), 0);
    CHECK_EQUAL(submit_read(queue, 1, ends[0], buffer, 1), 0);
    CHECK_EQUAL(message_send(messages[1], "q", 1, &queue, 1, 0), 0);
    CHECK_EQUAL(close(queue), 0);
    wait_for_carriers(1, "pipe read"); /* the message holds it open */
    CHECK_EQUAL(message_receive(messages[0], buffer, 1, &got, 1, 0), 1);
    queue = got;
    CHECK_EQUAL(write(ends[1], "x", 1), 1);
    expect_record(1, 1);
    /* And one that nobody receives ends its calls when the message is dropped. */
    CHECK_EQUAL(submit_read(queue, 2, ends[0], buffer, 1), 0);
    wait_for_carriers(1, "pipe read");
    CHECK_EQUAL(message_send(messages[1], "q", 1, &queue, 1, 0), 0);
    CHECK_EQUAL(close(queue), 0);
    close(messages[1]);
    close(messages[0]);
    wait_for_carriers(0, NULL);
}

/* A carrier that holds the last reference on the queue that it belongs to. */
static void the_last_reference_may_be_a_carrier_s_own(void)
{
    for (int i = 0; i < 100; i++) {
        int messages[2];
        make_queue(0);
        CHECK_EQUAL(message_pipe(messages, 64, 1, 0), 0);
        CHECK_EQUAL(message_send(messages[1], "full", 4, NULL, 0, 0), 0);
        int handles[1] = {queue};
        CHECK_EQUAL(submit_send(queue, 1, messages[1], "q", 1, handles, 1, -1), 0);
        if (i % 2)
            wait_for_carriers(1, "pipe write");
        CHECK_EQUAL(message_receive(messages[0], buffer, 10, NULL, 0, 0), 4);
        if (i % 3 == 0)
            yield();
        CHECK_EQUAL(close(queue), 0);
        close(messages[0]);
        close(messages[1]);
    }
    wait_for_carriers(0, NULL);
}

/* --- servers --- */

#define OP_PARK OP(1)
#define OP_RELEASE OP(2)
#define OP_ADD OP(3)
#define OP_CANCELLED OP(4)

/* Keeps callers of OP_PARK waiting until OP_RELEASE, in the order in which it answers; says how many calls were taken
 * back. */
static void parks(int channel)
{
    uint64_t parked[PARKED_MAX], values[PARKED_MAX], n = 0, cancelled = 0;
    struct message m;
    for (;;) {
        next(channel, &m);
        if (m.op == OP_PARK) {
            parked[n] = m.token;
            values[n++] = m.arg0;
        } else if (m.op == OP_RELEASE) {
            while (n > 0) {
                n--;
                struct message to = {.token = parked[n]};
                answer(channel, &to, (int64_t)values[n] * 2);
            }
            answer(channel, &m, 0);
        } else if (m.op == OP_ADD) {
            answer(channel, &m, (int64_t)(m.arg0 + m.arg1));
        } else if (m.op == OP_CANCELLED) {
            answer(channel, &m, (int64_t)cancelled);
        } else if (m.op == MSG_CANCEL) {
            for (uint64_t i = 0; i < n; i++)
                if (parked[i] == m.token) {
                    parked[i] = parked[--n];
                    cancelled++;
                }
        }
    }
}

static void one_client_has_many_calls_with_a_server(void)
{
    struct server s = start_server(parks, 0, SESSION_READ | SESSION_WRITE, false);
    make_queue(0);
    for (uint64_t i = 0; i < 20; i++)
        CHECK_EQUAL(submit_call(queue, i, s.session, OP_PARK, i, 0, NULL, 0, 0), 0);
    wait_for_carriers(20, "call");
    CHECK_EQUAL(simple_call(s.session, OP_ADD, 2, 3), 5); /* the caller itself is free to call meanwhile */
    CHECK_EQUAL(submit_call(queue, 100, s.session, OP_ADD, 20, 30, NULL, 0, 0), 0);
    expect_record(100, 50);
    CHECK_EQUAL(simple_call(s.session, OP_RELEASE, 0, 0), 0);
    uint64_t seen = 0;
    for (int i = 0; i < 20; i++) {
        struct completion done = next_record();
        CHECK_EQUAL(done.result, done.tag * 2);
        seen |= 1ul << done.tag;
    }
    CHECK_EQUAL(seen, (1ul << 20) - 1);
    end_server(&s);
}

static void a_cancelled_call_is_taken_back_from_the_server(void)
{
    struct server s = start_server(parks, 0, SESSION_READ | SESSION_WRITE, false);
    make_queue(0);
    for (uint64_t i = 0; i < 5; i++)
        CHECK_EQUAL(submit_call(queue, i, s.session, OP_PARK, i, 0, NULL, 0, 0), 0);
    wait_for_carriers(5, "call");
    CHECK_EQUAL(simple_call(s.session, OP_ADD, 1, 1), 2); /* it has received them all */
    CHECK_EQUAL(submit_cancel(queue, 3), 1);
    expect_record(3, -EINTR);
    for (int i = 0; i < 1000 && simple_call(s.session, OP_CANCELLED, 0, 0) != 1; i++)
        sleep_ns(MS);
    CHECK_EQUAL(simple_call(s.session, OP_CANCELLED, 0, 0), 1);
    CHECK_EQUAL(close(queue), 0);
    for (int i = 0; i < 1000 && simple_call(s.session, OP_CANCELLED, 0, 0) != 5; i++)
        sleep_ns(MS);
    CHECK_EQUAL(simple_call(s.session, OP_CANCELLED, 0, 0), 5);
    end_server(&s);
}

static void a_server_that_dies_ends_the_calls_with_eio(void)
{
    struct server s = start_server(parks, 0, SESSION_READ | SESSION_WRITE, false);
    make_queue(0);
    for (uint64_t i = 0; i < 5; i++)
        CHECK_EQUAL(submit_call(queue, i, s.session, OP_PARK, i, 0, NULL, 0, 0), 0);
    wait_for_carriers(5, "call");
    kill(s.pid, SIGKILL);
    for (int i = 0; i < 5; i++)
        CHECK_EQUAL(next_record().result, -EIO);
    CHECK_EQUAL(ending_of(s.pid), -SIGKILL);
}

/* --- exit, exec, kill --- */

/* Calls of every kind under way, in all states. */
static void start_busy_calls(void)
{
    static char more[8][64];
    make_queue_and_pipe(0);
    int file = open("/bin/sh", O_RDONLY);
    for (uint64_t i = 0; i < 8; i++) {
        CHECK_EQUAL(submit_read(queue, i, ends[0], more[i], 64), 0);
        CHECK_EQUAL(submit_read(queue, i, file, more[i], 64), 0);
        CHECK_EQUAL(submit_sleep(queue, i, i % 2 ? FOREVER_NS : i * MS / 8), 0);
    }
}

static void exits_with_calls_under_way(void)
{
    start_busy_calls();
    _exit(3);
}

static void exit_ends_the_calls(void)
{
    for (int i = 0; i < 20; i++)
        CHECK_EQUAL(in_child(exits_with_calls_under_way), 3);
}

static void returns_from_its_only_thread(void)
{
    start_busy_calls();
    thread_exit(NULL);
}

static void leaves_its_thread_raw(void)
{
    start_busy_calls();
    raw6(SYS_thread_exit, 0, 0, 0, 0, 0, 0);
}

static void *ends_last(void *argument)
{
    sleep_ns(5 * MS);
    if (argument)
        raw6(SYS_thread_exit, 0, 0, 0, 0, 0, 0);
    return NULL;
}

static void leader_ends_first(void)
{
    start_busy_calls();
    CHECK(thread_create(ends_last, NULL) > 0);
    thread_exit(NULL);
}

static void leader_ends_first_raw(void)
{
    start_busy_calls();
    CHECK(thread_create(ends_last, &queue) > 0);
    raw6(SYS_thread_exit, 0, 0, 0, 0, 0, 0);
}

/* Calls under way keep no process alive: nobody could ever ask for their results. */
static void a_process_ends_with_its_last_thread_that_is_no_call(void)
{
    CHECK_EQUAL(in_child(returns_from_its_only_thread), 0);
    CHECK_EQUAL(in_child(leaves_its_thread_raw), 0);
    CHECK_EQUAL(in_child(leader_ends_first), 0);
    CHECK_EQUAL(in_child(leader_ends_first_raw), 0);
}

static void *submits(void *argument)
{
    CHECK_EQUAL(submit_read(queue, (uint64_t)argument, ends[0], buffer, 1), 0);
    return NULL;
}

static void a_call_outlives_the_thread_that_submitted_it(void)
{
    make_queue_and_pipe(0);
    int tid = thread_create(submits, (void *)5);
    CHECK(tid > 0);
    CHECK_EQUAL(thread_join(tid, NULL), 0);
    wait_for_carriers(1, "pipe read");
    CHECK_EQUAL(write(ends[1], "x", 1), 1);
    expect_record(5, 1);
}

static void execs_with_calls_under_way(void)
{
    char number[16];
    start_busy_calls();
    snprintf(number, sizeof number, "%d", queue);
    char *argv[] = {"submit_deaths", "-after-exec", number, NULL};
    execv("/test/submit_deaths", argv);
    _exit(1);
}

static void *exec_in_a_thread(void *argument)
{
    (void)argument;
    execs_with_calls_under_way();
    return NULL;
}

static void execs_from_a_thread(void)
{
    CHECK(thread_create(exec_in_a_thread, NULL) > 0);
    for (;;)
        sleep_ns(FOREVER_NS);
}

/* What the new program finds: a record for each call, and none under way. */
static int after_exec(int handle)
{
    struct completion done;
    int records = 0;
    queue = handle;
    while (read(queue, &done, sizeof done) == sizeof done) {
        records++;
        CHECK(done.result == -EINTR || done.result == -ECANCELED || done.result >= 0);
    }
    CHECK_EQUAL(records, 24);
    CHECK_EQUAL(submit_sleep(queue, 1, 0), 0);
    expect_record(1, 0);
    return 6;
}

static void exec_ends_the_calls_and_keeps_the_queue(void)
{
    for (int i = 0; i < 5; i++) {
        CHECK_EQUAL(in_child(execs_with_calls_under_way), 6);
        CHECK_EQUAL(in_child(execs_from_a_thread), 6);
    }
}

static void works_until_killed(void)
{
    for (;;) {
        start_busy_calls();
        struct completion done;
        CHECK_EQUAL(write(ends[1], "abcd", 4), 4);
        for (int i = 0; i < 4; i++)
            read(queue, &done, sizeof done);
        submit_cancel(queue, 3);
        close(queue);
        close(ends[0]);
        close(ends[1]);
        close(queue + 3);
    }
}

static void killed_at_any_moment(void)
{
    for (int i = 0; i < 150; i++) {
        int pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
            works_until_killed();
            _exit(1);
        }
        sleep_ns((uint64_t)i * MS / 40);
        CHECK_EQUAL(kill(pid, SIGKILL), 0);
        CHECK_EQUAL(ending_of(pid), -SIGKILL);
    }
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "-after-exec") == 0)
        return after_exec(atoi(argv[2]));
    check_patience = 4;
    check_start(argc, argv);
    RUN(close_ends_what_is_under_way);
    RUN(a_blocked_reader_outlives_the_handle);
    RUN(a_child_submits_on_an_inherited_queue);
    RUN(the_last_close_may_be_another_process_s);
    RUN(a_queue_travels_in_a_message);
    RUN(the_last_reference_may_be_a_carrier_s_own);
    RUN(one_client_has_many_calls_with_a_server);
    RUN(a_cancelled_call_is_taken_back_from_the_server);
    RUN(a_server_that_dies_ends_the_calls_with_eio);
    RUN(exit_ends_the_calls);
    RUN(a_process_ends_with_its_last_thread_that_is_no_call);
    RUN(a_call_outlives_the_thread_that_submitted_it);
    RUN(exec_ends_the_calls_and_keeps_the_queue);
    RUN(killed_at_any_moment);
    return check_end();
}
