/*
 * lib/mp's Queue, from inside: what its header promises.
 */
#include "mp_tools.h"

#define ROUNDS 10000
#define WORKERS 4
#define NOWHERE ((void *)0x2000000000) /* never mapped */

struct item {
    int producer;
    unsigned number;
};

static struct mp_queue queue, results;
static char data[MESSAGE_BYTES_MAX + 1];

static void create(unsigned maxsize, size_t item_bytes)
{
    CHECK_EQUAL(mp_queue_create(&queue, maxsize, item_bytes), 0);
}

static void put(int producer, unsigned number)
{
    struct item item = {producer, number};
    CHECK_EQUAL(mp_queue_put(&queue, &item, sizeof item, -1), 0);
}

/* ---- by oneself ---- */

static void size_empty_and_full_are_exact(void)
{
    for (unsigned maxsize = 1; maxsize <= 65; maxsize += 16) {
        create(maxsize, 24);
        for (unsigned n = 0; n < maxsize; n++) {
            CHECK_EQUAL(mp_queue_size(&queue), n);
            CHECK_EQUAL(mp_queue_empty(&queue), n == 0);
            CHECK_EQUAL(mp_queue_full(&queue), 0);
            CHECK_EQUAL(mp_queue_put(&queue, data, n % 25, 0), 0);
        }
        CHECK_EQUAL(mp_queue_full(&queue), 1);
        CHECK_EQUAL(mp_queue_put(&queue, data, 0, 0), -ETIMEDOUT); /* Full */
        for (unsigned n = maxsize; n > 0; n--) {
            CHECK_EQUAL(mp_queue_size(&queue), n);
            CHECK_EQUAL(mp_queue_empty(&queue), 0);
            CHECK_EQUAL(mp_queue_get(&queue, data, 24, 0), (maxsize - n) % 25);
            CHECK_EQUAL(mp_queue_full(&queue), 0);
        }
        CHECK_EQUAL(mp_queue_empty(&queue), 1);
        CHECK_EQUAL(mp_queue_get(&queue, data, 24, 0), -ETIMEDOUT); /* Empty */
        mp_queue_close(&queue);
    }
}

static void timeouts_are_kept(void)
{
    create(1, 8);
    uint64_t start = clock_ns();
    CHECK_EQUAL(mp_queue_get(&queue, data, 8, 25), -ETIMEDOUT);
    CHECK(clock_ns() - start >= 25 * MS);
    CHECK_EQUAL(mp_queue_put(&queue, data, 8, 25), 0);
    start = clock_ns();
    CHECK_EQUAL(mp_queue_put(&queue, data, 8, 25), -ETIMEDOUT);
    CHECK(clock_ns() - start >= 25 * MS);
    CHECK_EQUAL(mp_queue_size(&queue), 1);
}

static int puts_later(void *unused)
{
    sleep_ns(20 * MS);
    put(1, 1);
    return 0;
}

static int gets_later(void *unused)
{
    sleep_ns(20 * MS);
    return (int)mp_queue_get(&queue, data, 8, 0);
}

static void who_waits_is_woken(void)
{
    create(1, 8);
    struct mp_process *p = started(puts_later, 0);
    CHECK_EQUAL(mp_queue_get(&queue, data, 8, 20000), 8);
    CHECK_EQUAL(code_of(p), 0);
    put(1, 1);
    p = started(gets_later, 0);
    CHECK_EQUAL(mp_queue_put(&queue, data, 8, 20000), 0);
    CHECK_EQUAL(code_of(p), 8);
}

static void wrong_arguments_are_named(void)
{
    CHECK_EQUAL(mp_queue_create(&queue, 1, 0), -EINVAL);
    CHECK_EQUAL(mp_queue_create(&queue, 1, MESSAGE_BYTES_MAX + 1), -EINVAL);
    CHECK_EQUAL(mp_queue_create(&queue, 1, SIZE_MAX), -EINVAL);
    CHECK_EQUAL(mp_queue_create(&queue, MESSAGE_PIPE_MESSAGES_MAX + 1, 1), -EINVAL);
    CHECK_EQUAL(mp_queue_create(&queue, UINT32_MAX, MESSAGE_BYTES_MAX), -EINVAL);
    CHECK_EQUAL(mp_queue_create(&queue, 1000, MESSAGE_BYTES_MAX), -EINVAL);
    create(2, 100);
    CHECK_EQUAL(mp_queue_put(&queue, data, 101, 0), -EMSGSIZE);
    CHECK_EQUAL(mp_queue_put(&queue, NOWHERE, 5, 0), -EFAULT);
    CHECK_EQUAL(mp_queue_empty(&queue), 1);
    CHECK_EQUAL(mp_queue_put(&queue, data, 100, 0), 0);
    CHECK_EQUAL(mp_queue_get(&queue, data, 99, 0), -EMSGSIZE);
    CHECK_EQUAL(mp_queue_get(&queue, NOWHERE, 100, 0), -EFAULT);
    CHECK_EQUAL(mp_queue_size(&queue), 1);
    CHECK_EQUAL(mp_queue_get(&queue, data, 100, 0), 100);
    mp_queue_close(&queue);
    CHECK_EQUAL(mp_queue_put(&queue, data, 1, 0), -EBADF);
    CHECK_EQUAL(mp_queue_get(&queue, data, 1, 0), -EBADF);
    CHECK_EQUAL(mp_queue_size(&queue), -EBADF);
    CHECK_EQUAL(mp_queue_empty(&queue), -EBADF);
    CHECK_EQUAL(mp_queue_full(&queue), -EBADF);
    create(0, MESSAGE_BYTES_MAX); /* the usual size, of the largest items */
    CHECK_EQUAL(queue.maxsize, 1);
    mp_queue_close(&queue);
    create(0, 1);
    CHECK_EQUAL(queue.maxsize, MP_QUEUE_USUAL);
    mp_queue_close(&queue);
}

static void closing_one_side_tells_the_other(void)
{
    create(2, 8);
    put(1, 1);
    mp_queue_close_putter(&queue);
    CHECK_EQUAL(mp_queue_put(&queue, data, 8, 0), -EBADF);
    CHECK_EQUAL(mp_queue_get(&queue, data, 8, -1), 8);
    CHECK_EQUAL(mp_queue_get(&queue, data, 8, -1), -ENODATA);
    mp_queue_close(&queue);
    create(2, 8);
    mp_queue_close_getter(&queue);
    CHECK_EQUAL(mp_queue_put(&queue, data, 8, -1), -EPIPE);
    CHECK_EQUAL(mp_queue_empty(&queue), 1);
    mp_queue_close(&queue);
}

/* ---- many producers, many consumers ---- */

static int produces(void *me)
{
    mp_queue_close_getter(&queue);
    for (unsigned i = 0; i < ROUNDS / WORKERS; i++)
        put((int)(long)me, i);
    return 0;
}

/* What one consumer saw of each producer. */
struct seen {
    unsigned count[WORKERS];
    uint64_t sum[WORKERS];
};

static int consumes(void *unused)
{
    struct item item;
    struct seen seen = {0};
    int64_t last[WORKERS] = {-1, -1, -1, -1}, n;
    mp_queue_close_putter(&queue);
    while ((n = mp_queue_get(&queue, &item, sizeof item, -1)) == sizeof item) {
        CHECK(item.producer >= 0 && item.producer < WORKERS);
        CHECK(item.number > last[item.producer]); /* first in, first out, for each producer */
        last[item.producer] = item.number;
        seen.count[item.producer]++;
        seen.sum[item.producer] += item.number;
    }
    CHECK_EQUAL(n, -ENODATA);
    CHECK_EQUAL(mp_queue_put(&results, &seen, sizeof seen, -1), 0);
    return 0;
}

static void each_of_ten_thousand_items_is_got_once(void)
{
    for (unsigned maxsize = 1; maxsize <= 100; maxsize += 99) {
        struct mp_process *p[2 * WORKERS];
        struct seen seen, all = {0};
        create(maxsize, sizeof(struct item));
        CHECK_EQUAL(mp_queue_create(&results, 0, sizeof(struct seen)), 0);
        for (int i = 0; i < 2 * WORKERS; i++)
            p[i] = started(i < WORKERS ? produces : consumes, i);
        mp_queue_close(&queue);
        for (int i = 0; i < 2 * WORKERS; i++)
            CHECK_EQUAL(code_of(p[i]), 0);
        for (int i = 0; i < WORKERS; i++) {
            CHECK_EQUAL(mp_queue_get(&results, &seen, sizeof seen, 0), sizeof seen);
            for (int j = 0; j < WORKERS; j++) {
                all.count[j] += seen.count[j];
                all.sum[j] += seen.sum[j];
            }
        }
        CHECK_EQUAL(mp_queue_empty(&results), 1);
        for (int j = 0; j < WORKERS; j++) {
            uint64_t n = ROUNDS / WORKERS;
            CHECK_EQUAL(all.count[j], n);
            CHECK_EQUAL(all.sum[j], n * (n - 1) / 2);
        }
        mp_queue_close(&results);
    }
}

/* ---- deaths ---- */

_Noreturn static int puts_for_ever(void *bytes)
{
    for (unsigned i = 0;; i++) {
        memset(data, (int)i, (size_t)(long)bytes);
        CHECK_EQUAL(mp_queue_put(&queue, data, (size_t)(long)bytes, -1), 0);
    }
}

_Noreturn static int gets_for_ever(void *unused)
{
    for (;;)
        CHECK(mp_queue_get(&queue, data, sizeof data, -1) > 0);
}

/* A worker is killed in put at all instants: nothing but whole items, and the queue is as good as before. */
static void killed_in_put_it_leaves_whole_items(void)
{
    static const long sizes[] = {1, 500, 30000};
    for (int round = 0; round < 120; round++) {
        long bytes = sizes[round % 3];
        create(3, (size_t)bytes);
        struct mp_process *p = started(puts_for_ever, bytes);
        sleep_ns((uint64_t)round * 13000);
        CHECK_EQUAL(mp_process_kill(p), 0);
        CHECK_EQUAL(code_of(p), -9);
        int size = mp_queue_size(&queue);
        CHECK(size <= 3);
        CHECK_EQUAL(mp_queue_full(&queue), size == 3);
        for (unsigned i = 0; i < (unsigned)size; i++) {
            CHECK_EQUAL(mp_queue_get(&queue, data, sizeof data, 0), bytes);
            for (long j = 0; j < bytes; j++)
                CHECK(data[j] == (char)i);
        }
        CHECK_EQUAL(mp_queue_empty(&queue), 1);
        for (int i = 0; i < 3; i++) /* all the room is back */
            CHECK_EQUAL(mp_queue_put(&queue, data, (size_t)bytes, 0), 0);
        CHECK_EQUAL(mp_queue_full(&queue), 1);
        mp_queue_close(&queue);
    }
}

/* One of two that get is killed; the other goes on, and what is missing is at most what the dead one took. */
static void killed_in_get_it_leaves_the_others_working(void)
{
    for (int round = 0; round < 120; round++) {
        unsigned number, got = 0;
        create(2, 20000);
        struct mp_process *p = started(gets_for_ever, 0);
        if (round % 4 == 0)
            sleep_ns(MS); /* or it is killed while it waits */
        for (unsigned i = 0; i < 6; i++) {
            memcpy(data, &i, sizeof i);
            CHECK_EQUAL(mp_queue_put(&queue, data, 20000, -1), 0);
        }
        sleep_ns((uint64_t)round * 7000);
        CHECK_EQUAL(mp_process_kill(p), 0);
        CHECK_EQUAL(code_of(p), -9);
        for (int64_t last = -1; mp_queue_get(&queue, data, sizeof data, 0) == 20000; got++) {
            memcpy(&number, data, sizeof number);
            CHECK(number > last);
            last = number;
        }
        CHECK(got <= 2);
        CHECK_EQUAL(mp_queue_empty(&queue), 1);
        put(1, 2);
        CHECK_EQUAL(mp_queue_get(&queue, data, sizeof data, 0), sizeof(struct item));
        mp_queue_close(&queue);
    }
}

/* Those who wait are served although others that waited before them were killed. */
static void the_killed_do_not_keep_what_was_meant_for_them(void)
{
    for (int round = 0; round < 60; round++) {
        create(1, 8);
        bool putting = round % 2;
        struct mp_process *p[3];
        if (putting)
            put(0, 0);
        for (int i = 0; i < 3; i++) {
            p[i] = started(putting ? puts_later : gets_later, 0);
            CHECK_EQUAL(mp_process_kill(p[i]), 0);
            code_of(p[i]);
            p[i] = started(putting ? puts_for_ever : gets_for_ever, 8);
            wait_until_blocked(mp_process_pid(p[i]), putting ? "pipe write" : "pipe read");
        }
        CHECK_EQUAL(mp_process_kill(p[0]), 0);
        if (putting)
            CHECK_EQUAL(mp_queue_get(&queue, data, 8, -1), 8);
        else
            put(1, 1);
        CHECK_EQUAL(mp_process_kill(p[1]), 0);
        code_of(p[0]);
        code_of(p[1]);
        if (putting) { /* the third one, at least, puts */
            CHECK_EQUAL(mp_queue_get(&queue, data, 8, 20000), 8);
            CHECK_EQUAL(mp_queue_get(&queue, data, 8, 20000), 8);
        } else { /* and gets */
            CHECK_EQUAL(mp_queue_put(&queue, data, 8, 20000), 0);
            CHECK_EQUAL(mp_queue_put(&queue, data, 8, 20000), 0);
        }
        CHECK_EQUAL(mp_process_kill(p[2]), 0);
        code_of(p[2]);
        mp_queue_close(&queue);
    }
}

static void ten_thousand_puts_and_gets(void)
{
    create(7, 100);
    for (unsigned i = 0; i < ROUNDS; i++) {
        memset(data, (int)i, 100);
        CHECK_EQUAL(mp_queue_put(&queue, data, i % 101, 0), 0);
        if (i % 7 >= 4)
            CHECK_EQUAL(mp_queue_get(&queue, data, 100, 0) >= 0, 1);
        if (mp_queue_full(&queue))
            while (!mp_queue_empty(&queue))
                CHECK(mp_queue_get(&queue, data, 100, 0) >= 0);
    }
}

int main(int argc, char **argv)
{
    check_patience = 5; /* two processes that wake each other, on harts that the host runs in turns */
    check_start(argc, argv);
    RUN(size_empty_and_full_are_exact);
    RUN(timeouts_are_kept);
    RUN(who_waits_is_woken);
    RUN(wrong_arguments_are_named);
    RUN(closing_one_side_tells_the_other);
    RUN(each_of_ten_thousand_items_is_got_once);
    RUN(killed_in_put_it_leaves_whole_items);
    RUN(killed_in_get_it_leaves_the_others_working);
    RUN(the_killed_do_not_keep_what_was_meant_for_them);
    RUN(ten_thousand_puts_and_gets);
    return check_end();
}
