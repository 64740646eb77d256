/*
 * lib/mp's Pipe, from inside: what its header promises. What the kernel promises below it: message_pipe.c.
 */
#include "mp_tools.h"

#include <fcntl.h>

#define ROUNDS 10000
#define AHEAD 32 /* questions before the first answer: on many harts and a busy host each wait is long */
#define NOWHERE ((void *)0x2000000000) /* never mapped */

static struct mp_connection first, second;
static char data[MESSAGE_BYTES_MAX + 1], other[MESSAGE_BYTES_MAX];

static void open_pipe(int duplex)
{
    CHECK_EQUAL(mp_pipe(&first, &second, duplex), 0);
}

static void close_both(void)
{
    mp_connection_close(&first);
    mp_connection_close(&second);
}

static void a_simple_pipe_has_one_direction(void)
{
    open_pipe(0);
    CHECK_EQUAL(mp_connection_send(&first, "a", 1), -EBADF);
    CHECK_EQUAL(mp_connection_receive(&second, data, 1), -EBADF);
    CHECK_EQUAL(mp_connection_poll(&second, 0), -EBADF);
    CHECK_EQUAL(mp_connection_next(&second, NULL), -EBADF);
    CHECK_EQUAL(mp_connection_send(&second, "ab", 2), 0);
    CHECK_EQUAL(mp_connection_send(&second, "", 0), 0);
    CHECK_EQUAL(mp_connection_receive(&first, data, 9), 2);
    CHECK_EQUAL(mp_connection_receive(&first, data, 9), 0); /* an empty message, not the end */
    close_both();
    CHECK_EQUAL(mp_connection_send(&second, "a", 1), -EBADF);
    CHECK_EQUAL(mp_connection_receive(&first, data, 1), -EBADF);
    mp_connection_close(&first); /* again */
}

static int echoes(void *unused)
{
    int64_t n;
    mp_connection_close(&first);
    while ((n = mp_connection_receive(&second, data, sizeof data)) >= 0)
        CHECK_EQUAL(mp_connection_send(&second, data, (size_t)n), 0);
    return n == -ENODATA ? 11 : 12;
}

static void a_duplex_pipe_has_two(void)
{
    open_pipe(1);
    struct mp_process *p = started(echoes, 0);
    mp_connection_close(&second);
    for (size_t n = 0; n <= MESSAGE_BYTES_MAX; n = n * 3 + 1) {
        memset(data, (int)n, n);
        CHECK_EQUAL(mp_connection_send(&first, data, n), 0);
        CHECK_EQUAL(mp_connection_receive(&first, other, sizeof other), n);
        CHECK(memcmp(data, other, n) == 0);
    }
    mp_connection_close(&first);
    CHECK_EQUAL(code_of(p), 11);
}

static void the_end_comes_when_every_sender_has_closed(void)
{
    open_pipe(0);
    struct mp_connection copy = {.receiver = -1, .sender = dup(second.sender)};
    CHECK_EQUAL(mp_connection_send(&second, "a", 1), 0);
    mp_connection_close(&second);
    CHECK_EQUAL(mp_connection_receive(&first, data, 1), 1);
    CHECK_EQUAL(mp_connection_poll(&first, 0), 0);
    mp_connection_close(&copy);
    CHECK_EQUAL(mp_connection_poll(&first, -1), 1); /* receive would not block */
    CHECK_EQUAL(mp_connection_receive(&first, data, 1), -ENODATA);
    CHECK_EQUAL(mp_connection_receive(&first, data, 1), -ENODATA);
    close_both();
    open_pipe(1);
    mp_connection_close(&second);
    CHECK_EQUAL(mp_connection_send(&first, "a", 1), -EPIPE);
    CHECK_EQUAL(mp_connection_receive(&first, data, 1), -ENODATA);
    close_both();
}

static int sends_later(void *unused)
{
    sleep_ns(20 * MS);
    return mp_connection_send(&second, "late", 4);
}

static void poll_waits_as_long_as_it_is_told(void)
{
    open_pipe(0);
    uint64_t start = clock_ns();
    CHECK_EQUAL(mp_connection_poll(&first, 0), 0);
    CHECK_EQUAL(mp_connection_poll(&first, 15), 0);
    CHECK(clock_ns() - start >= 15 * MS);
    struct mp_process *p = started(sends_later, 0);
    CHECK_EQUAL(mp_connection_poll(&first, 1), 0);
    CHECK_EQUAL(mp_connection_poll(&first, -1), 1);
    CHECK(clock_ns() - start >= 35 * MS);
    CHECK_EQUAL(mp_connection_receive(&first, data, 4), 4);
    CHECK_EQUAL(code_of(p), 0);
    close_both();
}

static void a_short_buffer_loses_nothing(void)
{
    unsigned handles;
    open_pipe(0);
    CHECK_EQUAL(mp_connection_next(&first, &handles), -EAGAIN);
    CHECK_EQUAL(mp_connection_send(&second, data, MESSAGE_BYTES_MAX + 1), -EMSGSIZE);
    CHECK_EQUAL(mp_connection_send(&second, NOWHERE, 3), -EFAULT);
    CHECK_EQUAL(mp_connection_send_handles(&second, "xyz", 3, (int[]){0, 1}, 2), 0);
    CHECK_EQUAL(mp_connection_receive(&first, data, 2), -EMSGSIZE);
    CHECK_EQUAL(mp_connection_receive(&first, data, 3), -EMSGSIZE); /* the handles */
    CHECK_EQUAL(mp_connection_next(&first, &handles), 3);
    CHECK_EQUAL(handles, 2);
    int got[2];
    CHECK_EQUAL(mp_connection_receive_handles(&first, NOWHERE, 3, got, 2), -EFAULT);
    CHECK_EQUAL(mp_connection_receive_handles(&first, data, 3, got, 2), 3);
    close(got[0]);
    close(got[1]);
    close_both();
}

/* A server gets with each request the connection on which it answers. */
static int serves(void *unused)
{
    mp_connection_close(&second);
    for (;;) {
        struct mp_connection answer = {.receiver = -1, .sender = -1};
        int n;
        int64_t bytes = mp_connection_receive_handles(&first, &n, sizeof n, &answer.sender, 1);
        if (bytes < 0)
            return bytes == -ENODATA ? 0 : 1;
        n *= n;
        CHECK_EQUAL(mp_connection_send(&answer, &n, sizeof n), 0);
        mp_connection_close(&answer);
    }
}

static void connections_travel_through_connections(void)
{
    struct mp_connection in, out;
    open_pipe(0);
    struct mp_process *p = started(serves, 0);
    mp_connection_close(&first);
    for (int i = 0, square; i < 100; i++) {
        CHECK_EQUAL(mp_pipe(&in, &out, 0), 0);
        CHECK_EQUAL(mp_connection_send_handles(&second, &i, sizeof i, &out.sender, 1), 0);
        mp_connection_close(&out);
        CHECK_EQUAL(mp_connection_receive(&in, &square, sizeof square), sizeof square);
        CHECK_EQUAL(square, i * i);
        CHECK_EQUAL(mp_connection_receive(&in, &square, sizeof square), -ENODATA); /* it kept no copy */
        mp_connection_close(&in);
    }
    mp_connection_close(&second);
    CHECK_EQUAL(code_of(p), 0);
    open_pipe(1);
    for (int i = 0; i < 2; i++) { /* whichever pipe was made first */
        struct mp_connection in, out, later_in, later_out;
        int got;
        CHECK_EQUAL(mp_pipe(i ? &later_in : &in, i ? &later_out : &out, 0), 0);
        CHECK_EQUAL(mp_pipe(i ? &in : &later_in, i ? &out : &later_out, 0), 0);
        CHECK_EQUAL(mp_connection_send_handles(&out, "", 0, &later_in.receiver, 1), 0);
        CHECK_EQUAL(mp_connection_send_handles(&later_out, "", 0, &in.receiver, 1), -ELOOP); /* each in the other */
        CHECK_EQUAL(mp_connection_receive_handles(&in, NULL, 0, &got, 1), 0);
        close(got);
        mp_connection_close(&in);
        mp_connection_close(&out);
        mp_connection_close(&later_in);
        mp_connection_close(&later_out);
    }
    CHECK_EQUAL(mp_connection_send_handles(&second, "", 0, &first.receiver, 1), -ELOOP);
    CHECK_EQUAL(mp_connection_send_handles(&second, "", 0, &second.sender, 1), 0); /* left in it */
    close_both();
}

static void handles_that_do_not_block_say_so(void)
{
    struct mp_queue queue;
    open_pipe(0);
    CHECK_EQUAL(fcntl(first.receiver, F_SETFL, O_NONBLOCK), 0);
    CHECK_EQUAL(fcntl(second.sender, F_SETFL, O_NONBLOCK), 0);
    CHECK_EQUAL(mp_connection_receive(&first, data, 1), -EAGAIN);
    CHECK_EQUAL(mp_connection_send(&second, data, MESSAGE_BYTES_MAX), 0);
    CHECK_EQUAL(mp_connection_send(&second, data, 1), -EAGAIN);
    CHECK_EQUAL(mp_connection_poll(&first, -1), 1);
    CHECK_EQUAL(mp_connection_receive(&first, other, MESSAGE_BYTES_MAX), MESSAGE_BYTES_MAX);
    close_both();
    CHECK_EQUAL(mp_queue_create(&queue, 1, 1), 0); /* a queue says what it says when the time is up */
    CHECK_EQUAL(fcntl(queue.getter, F_SETFL, O_NONBLOCK), 0);
    CHECK_EQUAL(fcntl(queue.putter, F_SETFL, O_NONBLOCK), 0);
    CHECK_EQUAL(mp_queue_get(&queue, data, 1, -1), -ETIMEDOUT);
    CHECK_EQUAL(mp_queue_put(&queue, data, 1, -1), 0);
    CHECK_EQUAL(mp_queue_put(&queue, data, 1, -1), -ETIMEDOUT);
    mp_queue_close(&queue);
}

_Noreturn static int sends_numbers(void *size)
{
    mp_connection_close(&first);
    for (unsigned i = 0;; i++) {
        memset(data, (int)i, (size_t)(long)size);
        memcpy(data, &i, sizeof i);
        CHECK_EQUAL(mp_connection_send(&second, data, (size_t)(long)size), 0);
    }
}

/* Killed at all instants: what was sent is whole and in order, the other sender goes on, then comes the end. */
static void a_sender_killed_in_send_leaves_the_rest_working(void)
{
    for (int round = 0; round < 120; round++) {
        static const long sizes[] = {8, 3000, MESSAGE_BYTES_MAX};
        long size = sizes[round % 3];
        unsigned next = 0, number;
        open_pipe(0);
        struct mp_process *p = started(sends_numbers, size);
        sleep_ns((uint64_t)round * 13000);
        CHECK_EQUAL(mp_process_kill(p), 0);
        CHECK_EQUAL(code_of(p), -9);
        bool last = false;
        for (int64_t n;;) {
            if (!last && mp_connection_poll(&first, 0) == 0) { /* all that was sent before is read */
                last = true;
                memset(data, 0x5a, 4);
                CHECK_EQUAL(mp_connection_send(&second, data, 4), 0);
                mp_connection_close(&second);
            }
            n = mp_connection_receive(&first, other, sizeof other);
            if (n == -ENODATA)
                break;
            memcpy(&number, other, sizeof number);
            if (n == 4) {
                CHECK_EQUAL(number, 0x5a5a5a5a);
                continue;
            }
            CHECK_EQUAL(n, size);
            CHECK_EQUAL(number, next);
            for (long i = 4; i < size; i++)
                CHECK(other[i] == (char)next);
            next++;
        }
        CHECK(last);
        close_both();
    }
}

_Noreturn static int receives_for_ever(void *unused)
{
    mp_connection_close(&second);
    for (;;)
        CHECK(mp_connection_receive(&first, data, sizeof data) > 0);
}

/* One of two that receive is killed at all instants: what it had not taken is there, whole and in order, for the
 * other. */
static void a_receiver_killed_in_receive_leaves_the_rest_working(void)
{
    for (int round = 0; round < 120; round++) {
        static const long sizes[] = {8, 3000, 20000};
        long size = sizes[round % 3];
        unsigned next = 0, number;
        open_pipe(0);
        struct mp_process *p = started(receives_for_ever, 0);
        if (round % 4 == 0)
            sleep_ns(MS); /* or it is killed while it waits */
        for (unsigned i = 0; i < 3; i++) {
            memset(other, (int)i, (size_t)size);
            memcpy(other, &i, sizeof i);
            CHECK_EQUAL(mp_connection_send(&second, other, (size_t)size), 0);
        }
        sleep_ns((uint64_t)round * 7000);
        CHECK_EQUAL(mp_process_kill(p), 0);
        CHECK_EQUAL(code_of(p), -9);
        mp_connection_close(&second);
        int64_t n;
        while ((n = mp_connection_receive(&first, other, sizeof other)) == size) {
            memcpy(&number, other, sizeof number);
            CHECK(number >= next && number < 3);
            for (long i = 4; i < size; i++)
                CHECK(other[i] == (char)number);
            next = number + 1;
        }
        CHECK_EQUAL(n, -ENODATA);
        close_both();
    }
}

static int answers(void *unused)
{
    uint64_t n;
    mp_connection_close(&first);
    while (mp_connection_receive(&second, &n, sizeof n) == sizeof n) {
        n++;
        CHECK_EQUAL(mp_connection_send(&second, &n, sizeof n), 0);
    }
    return 0;
}

static void ten_thousand_questions_and_answers(void)
{
    open_pipe(1);
    struct mp_process *p = started(answers, 0);
    mp_connection_close(&second);
    for (uint64_t i = 0, n; i < ROUNDS + AHEAD; i++) {
        if (i < ROUNDS)
            CHECK_EQUAL(mp_connection_send(&first, &i, sizeof i), 0);
        if (i < AHEAD)
            continue;
        CHECK_EQUAL(mp_connection_receive(&first, &n, sizeof n), sizeof n);
        CHECK_EQUAL(n, i - AHEAD + 1);
    }
    mp_connection_close(&first);
    CHECK_EQUAL(code_of(p), 0);
}

static void ten_thousand_pipes(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        open_pipe(i & 1);
        CHECK_EQUAL(mp_connection_send_handles(&second, &i, sizeof i, &second.sender, 1), 0);
        close_both();
    }
}

int main(int argc, char **argv)
{
    check_patience = 5; /* two processes that wake each other, on harts that the host runs in turns */
    check_start(argc, argv);
    RUN(a_simple_pipe_has_one_direction);
    RUN(a_duplex_pipe_has_two);
    RUN(the_end_comes_when_every_sender_has_closed);
    RUN(poll_waits_as_long_as_it_is_told);
    RUN(a_short_buffer_loses_nothing);
    RUN(connections_travel_through_connections);
    RUN(handles_that_do_not_block_say_so);
    RUN(a_sender_killed_in_send_leaves_the_rest_working);
    RUN(a_receiver_killed_in_receive_leaves_the_rest_working);
    RUN(ten_thousand_questions_and_answers);
    RUN(ten_thousand_pipes);
    return check_end();
}
