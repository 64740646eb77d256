/*
 * lib/mp's Pool, from inside: what its header promises while nobody dies (mp_pool_deaths.c) and there is enough of
 * everything (mp_pool_limits.c).
 */
#include "pool_tools.h"

#define ROUNDS 10000

static char data[MP_POOL_BYTES_MAX + 1], back[MP_POOL_BYTES_MAX + 1];

static int refuses_odd_ones(const void *argument, size_t bytes, void *result, size_t room)
{
    long n = *(const long *)argument;
    return n % 2 ? -(int)n : square(argument, bytes, result, room);
}

static int gives_more_than_there_is_room_for(const void *argument, size_t bytes, void *result, size_t room)
{
    return (int)room + 1;
}

static int gives_pid(const void *argument, size_t bytes, void *result, size_t room)
{
    int pid = getpid();
    memcpy(result, &pid, sizeof pid);
    return sizeof pid;
}

/* ---- apply ---- */

static void apply_gives_what_the_function_gives(void)
{
    create(2);
    works();
    CHECK_EQUAL(apply_long(refuses_odd_ones, 5, NULL), -5);
    works();
    end();
}

static void any_size_up_to_the_largest(void)
{
    static const size_t sizes[] = {0, 1, 15, 16, 17, 4095, 4096, 4097, 30000, MP_POOL_BYTES_MAX - 1, MP_POOL_BYTES_MAX};
    create(2);
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (size_t j = 0; j < sizes[i]; j++)
            data[j] = (char)(j * 7 + i);
        memset(back, 'x', sizeof back);
        CHECK_EQUAL(mp_pool_apply(pool, echo, data, sizes[i], back, MP_POOL_BYTES_MAX), sizes[i]);
        CHECK(memcmp(data, back, sizes[i]) == 0);
        CHECK_EQUAL(back[sizes[i]], 'x');
    }
    CHECK_EQUAL(mp_pool_apply(pool, echo, NULL, 0, NULL, 0), 0);
    CHECK_EQUAL(mp_pool_apply(pool, echo, data, MP_POOL_BYTES_MAX + 1, back, 1), -EMSGSIZE);
    CHECK_EQUAL(mp_pool_apply(pool, echo, data, 1, back, MP_POOL_BYTES_MAX + 1), -EMSGSIZE);
    CHECK_EQUAL(mp_pool_apply(pool, gives_more_than_there_is_room_for, data, 1, back, 10), -EMSGSIZE);
    CHECK_EQUAL(mp_pool_apply(pool, gives_more_than_there_is_room_for, NULL, 0, NULL, 0), -EMSGSIZE);
    CHECK_EQUAL(mp_pool_apply(pool, NULL, NULL, 0, NULL, 0), -EINVAL);
    works();
    end();
}

static void results_are_asked_for_later(void)
{
    long n = 0;
    done = share(4096);
    create(1);
    struct mp_result *slow = hand_in(waits_at_the_gate, 0), *r = hand_in(square, 12);
    CHECK_EQUAL(mp_result_ready(r), 0);
    CHECK_EQUAL(mp_result_successful(r), -EBUSY);
    CHECK_EQUAL(mp_result_free(r), -EBUSY);
    CHECK_EQUAL(mp_result_exit_code(r), MP_NO_EXIT_CODE);
    CHECK_TIMES_OUT(mp_result_get(r, &n, sizeof n, 10), 10);
    CHECK_EQUAL(mp_result_wait(r, 0), -ETIMEDOUT);
    done[GATE] = 1;
    CHECK_EQUAL(mp_result_get(r, &n, sizeof n, 20000), sizeof n);
    CHECK_EQUAL(n, 144);
    CHECK_EQUAL(mp_result_ready(slow), 1); /* there is one worker, so it was done before */
    CHECK_EQUAL(mp_result_get(slow, NULL, 0, 0), 0);
    for (int i = 0; i < 2; i++) { /* as often as one likes */
        n = 0;
        CHECK_EQUAL(mp_result_get(r, &n, sizeof n - 1, 0), -EMSGSIZE);
        CHECK_EQUAL(mp_result_get(r, &n, sizeof n, 0), sizeof n);
        CHECK_EQUAL(n, 144);
        CHECK_EQUAL(mp_result_wait(r, 0), 0);
        CHECK_EQUAL(mp_result_successful(r), 1);
    }
    CHECK_EQUAL(mp_result_free(r), 0);
    r = hand_in(refuses_odd_ones, 9);
    CHECK_EQUAL(mp_result_wait(r, -1), 0);
    CHECK_EQUAL(mp_result_successful(r), 0);
    CHECK_EQUAL(mp_result_get(r, &n, sizeof n, -1), -9);
    CHECK_EQUAL(mp_result_exit_code(r), MP_NO_EXIT_CODE);
    end();
    CHECK_EQUAL(mp_result_get(r, &n, sizeof n, -1), -9); /* results outlive the pool */
    CHECK_EQUAL(mp_result_free(r), 0);
    CHECK_EQUAL(mp_result_free(slow), 0);
}

static int writes_down_when_it_ran(const void *argument, size_t bytes, void *result, size_t room)
{
    done[1 + done[0]++] = (int)*(const long *)argument; /* there is one worker */
    return 0;
}

static void tasks_are_begun_in_order_also_unwanted_ones(void)
{
    done = share(4096);
    create(1);
    for (long i = 0; i < 200; i++)
        CHECK_EQUAL(mp_pool_apply_async(pool, writes_down_when_it_ran, &i, sizeof i, 0, NULL), 0);
    CHECK_EQUAL(mp_pool_close(pool), 0);
    CHECK_EQUAL(mp_pool_join(pool, -1), 0);
    CHECK_EQUAL(done[0], 200);
    for (int i = 0; i < 200; i++)
        CHECK_EQUAL(done[1 + i], i);
    end();
}

/* Python's workers go on while their parent does something else, and so do these, as far as they were given tasks. */
static void workers_go_on_without_their_creator(void)
{
    done = share(4096);
    create(2);
    for (long i = 0; i < 16; i++)
        CHECK_EQUAL(mp_pool_apply_async(pool, square, &i, sizeof i, sizeof(long), NULL), 0);
    int n = 0;
    for (int i = 0; i < 10000 && n < 16; i++, n = 0) {
        sleep_ns(MS);
        for (int j = 0; j < 16; j++)
            n += done[j];
        if (n == 16)
            break;
    }
    CHECK_EQUAL(n, 16);
    CHECK_EQUAL(mp_pool_progress(pool), 0);
    end();
}

static void its_handles_say_when_to_look(void)
{
    struct pollfd fds[1 + WORKERS];
    long n;
    create(WORKERS);
    wait_until_idle();
    CHECK_EQUAL(mp_pool_handles(pool, NULL, 0), 1 + WORKERS);
    CHECK_EQUAL(mp_pool_handles(pool, fds, 1 + WORKERS), 1 + WORKERS);
    CHECK_EQUAL(poll(fds, 1 + WORKERS, 0), 0);
    struct mp_result *r = hand_in(square, 5);
    int looks = 0;
    while (mp_pool_progress(pool) > 0) {
        CHECK_EQUAL(mp_pool_handles(pool, fds, 1 + WORKERS), 1 + WORKERS);
        CHECK(poll(fds, 1 + WORKERS, -1) > 0);
        CHECK(looks++ < 10);
    }
    CHECK_EQUAL(mp_result_get(r, &n, sizeof n, 0), sizeof n);
    CHECK_EQUAL(mp_result_free(r), 0);
    CHECK_EQUAL(poll(fds, 1 + WORKERS, 0), 0);
    kill_worker(2);
    CHECK_EQUAL(poll(fds, 1 + WORKERS, -1), 1); /* the sentinel */
    CHECK_EQUAL(fds[0].revents, 0);
    CHECK_EQUAL(mp_pool_progress(pool), 0);
    CHECK_EQUAL(mp_pool_handles(pool, fds, 1 + WORKERS), 1 + WORKERS); /* another one is there */
    CHECK_EQUAL(poll(fds, 1 + WORKERS, 0), 0);
    end();
}

/* ---- map ---- */

static void map_keeps_the_order_whatever_the_chunks(void)
{
    static const size_t counts[] = {0, 1, 2, 3, 7, 16, 17, 100, 1000}, chunks[] = {0, 1, 2, 3, 64, 1000, SIZE_MAX};
    create(3);
    for (unsigned i = 0; i < sizeof counts / sizeof counts[0]; i++)
        for (unsigned j = 0; j < sizeof chunks / sizeof chunks[0]; j++) {
            struct mp_map map = squares_of(counts[i], chunks[j]);
            CHECK_EQUAL(mp_pool_map(pool, &map), 0);
            check_squares(counts[i]);
            map = squares_of(counts[i], chunks[j]);
            map.statuses = NULL;
            CHECK_EQUAL(mp_pool_map(pool, &map), 0);
            for (size_t k = 0; k < counts[i]; k++)
                CHECK_EQUAL(squares[k], k * k);
        }
    end();
}

static void an_error_is_its_items_alone_and_the_first_is_the_maps(void)
{
    create(3);
    for (size_t chunk = 0; chunk < 5; chunk++) {
        struct mp_map map = squares_of(200, chunk);
        map.function = refuses_odd_ones;
        CHECK_EQUAL(mp_pool_map(pool, &map), -1);
        map = squares_of(200, chunk);
        map.function = refuses_odd_ones;
        numbers[1] = numbers[3] = 2;
        struct mp_result *r;
        CHECK_EQUAL(mp_pool_map_async(pool, &map, &r), 0);
        CHECK_EQUAL(mp_result_get(r, NULL, 0, -1), -5);
        CHECK_EQUAL(mp_result_successful(r), 0);
        CHECK_EQUAL(mp_result_exit_code(r), MP_NO_EXIT_CODE);
        CHECK_EQUAL(mp_result_free(r), 0);
        for (int i = 0; i < 200; i++) {
            CHECK_EQUAL(statuses[i], numbers[i] % 2 ? -numbers[i] : (long)sizeof(long));
            CHECK_EQUAL(squares[i], numbers[i] % 2 ? -1 : numbers[i] * numbers[i]);
        }
    }
    end();
}

/* Chunks are cut so that they fit in messages, there and back. */
static void large_items_make_small_chunks(void)
{
    enum { COUNT = 12 };
    static const size_t sizes[] = {0, 1, 10000, 40000, MP_POOL_BYTES_MAX};
    char *there = malloc(COUNT * (size_t)MP_POOL_BYTES_MAX), *here = malloc(COUNT * (size_t)MP_POOL_BYTES_MAX);
    CHECK(there && here);
    create(2);
    for (unsigned s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        struct mp_map map = {echo, there, COUNT, sizes[s], here, sizes[s], statuses, 100};
        for (size_t i = 0; i < COUNT * sizes[s]; i++)
            there[i] = (char)(i * 11 + i / 1000);
        memset(here, 0, COUNT * sizes[s]);
        CHECK_EQUAL(mp_pool_map(pool, &map), 0);
        CHECK(memcmp(there, here, COUNT * sizes[s]) == 0);
        for (int i = 0; i < COUNT; i++)
            CHECK_EQUAL(statuses[i], sizes[s]);
        map.item_bytes = MP_POOL_BYTES_MAX + 1;
        CHECK_EQUAL(mp_pool_map(pool, &map), -EMSGSIZE);
        map.item_bytes = 1;
        map.result_bytes = MP_POOL_BYTES_MAX + 1;
        CHECK_EQUAL(mp_pool_map(pool, &map), -EMSGSIZE);
    }
    end();
}

static void results_may_take_the_place_of_their_items(void)
{
    create(3);
    struct mp_map map = squares_of(1000, 3);
    map.results = numbers;
    CHECK_EQUAL(mp_pool_map(pool, &map), 0);
    for (long i = 0; i < 1000; i++)
        CHECK_EQUAL(numbers[i], i * i);
    end();
}

static void hundred_thousand_items_of_nothing(void)
{
    struct mp_map map = {.function = gives_nothing, .count = 100000, .chunksize = SIZE_MAX};
    create(2);
    CHECK_EQUAL(mp_pool_map(pool, &map), 0);
    map.count = (size_t)UINT32_MAX + 1;
    CHECK_EQUAL(mp_pool_map(pool, &map), -EINVAL);
    end();
}

static void next_gives_each_item_once(void)
{
    done = share(4096);
    create(WORKERS);
    for (size_t chunk = 0; chunk < 4; chunk++) {
        bool seen[100] = {false};
        struct mp_map map = squares_of(100, chunk);
        struct mp_result *r;
        CHECK_EQUAL(mp_pool_map_async(pool, &map, &r), 0);
        for (int i = 0; i < 100; i++) {
            int64_t item = mp_result_next(r, i % 2 ? -1 : 20000);
            CHECK(item >= 0 && item < 100);
            CHECK(!seen[item]);
            seen[item] = true;
            CHECK_EQUAL(squares[item], item * item);
            CHECK_EQUAL(statuses[item], sizeof(long));
        }
        CHECK_EQUAL(mp_result_next(r, -1), -ENODATA);
        CHECK_EQUAL(mp_result_next(r, 0), -ENODATA);
        CHECK_EQUAL(mp_result_free(r), 0);
    }
    struct mp_map map = squares_of(0, 0);
    struct mp_result *r;
    CHECK_EQUAL(mp_pool_map_async(pool, &map, &r), 0);
    CHECK_EQUAL(mp_result_next(r, -1), -ENODATA);
    CHECK_EQUAL(mp_result_get(r, NULL, 0, -1), 0);
    CHECK_EQUAL(mp_result_free(r), 0);
    map = (struct mp_map){.function = sleeps, .items = (long[]){1, LONG_MS}, .count = 2, .item_bytes = sizeof(long)};
    CHECK_EQUAL(mp_pool_map_async(pool, &map, &r), 0);
    CHECK_EQUAL(mp_result_next(r, -1), 0); /* what is done can be had before all is */
    CHECK_TIMES_OUT(mp_result_next(r, 5), 5);
    end();
    CHECK_EQUAL(mp_result_next(r, -1), 1);
    CHECK_EQUAL(mp_result_get(r, NULL, 0, -1), -ECANCELED);
    CHECK_EQUAL(mp_result_free(r), 0);
}

/* ---- its life ---- */

static void close_lets_all_be_done_and_join_waits_for_it(void)
{
    long n;
    done = share(4096);
    create(2);
    CHECK_EQUAL(mp_pool_join(pool, -1), -EBUSY);
    struct mp_result *r[40], *slow = hand_in(waits_at_the_gate, 0);
    for (int i = 0; i < 40; i++)
        r[i] = hand_in(square, 100 + i);
    CHECK_EQUAL(mp_pool_close(pool), 0);
    CHECK_EQUAL(mp_pool_close(pool), 0);
    CHECK_EQUAL(apply_long(square, 1, &n), -ECANCELED);
    CHECK_EQUAL(mp_pool_apply_async(pool, square, &n, sizeof n, 8, NULL), -ECANCELED);
    struct mp_map map = squares_of(3, 0);
    struct mp_result *none;
    CHECK_EQUAL(mp_pool_map(pool, &map), -ECANCELED);
    CHECK_EQUAL(mp_pool_map_async(pool, &map, &none), -ECANCELED);
    CHECK_TIMES_OUT(mp_pool_join(pool, 10), 10);
    done[GATE] = 1;
    CHECK_EQUAL(mp_pool_join(pool, -1), 0);
    CHECK_EQUAL(mp_active_children(NULL, 0), 0);
    CHECK_EQUAL(mp_pool_join(pool, -1), 0);
    CHECK_EQUAL(mp_result_get(slow, NULL, 0, 0), 0);
    for (int i = 0; i < 40; i++) {
        CHECK_EQUAL(mp_result_get(r[i], &n, sizeof n, 0), sizeof n);
        CHECK_EQUAL(n, (100 + i) * (100 + i));
        CHECK_EQUAL(mp_result_free(r[i]), 0);
    }
    CHECK_EQUAL(mp_result_free(slow), 0);
    CHECK_EQUAL(mp_pool_terminate(pool), 0);
    end();
    create(2);
    CHECK_EQUAL(mp_pool_close(pool), 0); /* without any task */
    CHECK_EQUAL(mp_pool_join(pool, -1), 0);
    end();
    CHECK_EQUAL(mp_active_children(NULL, 0), 0);
}

static void terminate_stops_in_the_middle(void)
{
    for (int round = 0; round < 40; round++) {
        done = share(4096);
        create(WORKERS);
        struct mp_result *r[100];
        long n;
        for (int i = 0; i < 100; i++)
            r[i] = hand_in(square, i % ITEMS);
        struct mp_result *slow = hand_in(sleeps, LONG_MS);
        for (int i = 0; i < round; i++)
            mp_result_wait(r[i], -1);
        sleep_ns((uint64_t)round * 11000);
        CHECK_EQUAL(mp_pool_terminate(pool), 0);
        CHECK_EQUAL(mp_pool_terminate(pool), 0);
        CHECK_EQUAL(mp_pool_close(pool), 0);
        CHECK_EQUAL(apply_long(square, 1, &n), -ECANCELED);
        CHECK_EQUAL(mp_result_get(slow, NULL, 0, -1), -ECANCELED);
        for (int i = 0; i < 100; i++) {
            int bytes = mp_result_get(r[i], &n, sizeof n, -1);
            CHECK(bytes == sizeof n || (bytes == -ECANCELED && i >= round));
            CHECK(bytes < 0 || n == (i % ITEMS) * (i % ITEMS));
            CHECK_EQUAL(mp_result_free(r[i]), 0);
        }
        CHECK_EQUAL(mp_pool_join(pool, 20000), 0);
        CHECK_EQUAL(mp_active_children(NULL, 0), 0);
        end();
        CHECK_EQUAL(mp_result_free(slow), 0);
        mp_shared_close(memory);
    }
}

static void as_many_workers_as_harts_unless_told(void)
{
    struct system_info info;
    system_info(&info);
    create(0);
    CHECK_EQUAL(many_workers(), info.harts);
    end();
    create(5);
    CHECK_EQUAL(many_workers(), 5);
    works();
    end();
    CHECK_EQUAL(mp_pool_create(&pool, MP_POOL_WORKERS_MAX + 1, NULL, NULL), -EINVAL);
    CHECK_EQUAL(many_workers(), 0);
    for (int n = 40; n <= 120; n += 80) {
        create((unsigned)n);
        CHECK_EQUAL(many_workers(), n);
        struct mp_map map = squares_of(1000, 1);
        CHECK_EQUAL(mp_pool_map(pool, &map), 0);
        check_squares(1000);
        end();
    }
}

static struct mp_result *waiting;

static int tries_what_only_the_creator_may(void *unused)
{
    long n = 1;
    struct mp_result *r;
    struct mp_map map = squares_of(3, 0);
    CHECK_EQUAL(apply_long(square, 1, &n), -EPERM);
    CHECK_EQUAL(mp_pool_apply_async(pool, square, &n, sizeof n, sizeof n, &r), -EPERM);
    CHECK_EQUAL(mp_pool_map(pool, &map), -EPERM);
    CHECK_EQUAL(mp_pool_map_async(pool, &map, &r), -EPERM);
    CHECK_EQUAL(mp_pool_set_max_tasks(pool, 1), -EPERM);
    CHECK_EQUAL(mp_pool_close(pool), -EPERM);
    CHECK_EQUAL(mp_pool_terminate(pool), -EPERM);
    CHECK_EQUAL(mp_pool_join(pool, -1), -EPERM);
    CHECK_EQUAL(mp_pool_handles(pool, NULL, 0), -EPERM);
    CHECK_EQUAL(mp_pool_progress(pool), -EPERM);
    CHECK_EQUAL(mp_result_wait(waiting, -1), -EPERM);
    CHECK_EQUAL(mp_result_get(waiting, &n, sizeof n, -1), -EPERM);
    CHECK_EQUAL(mp_result_ready(waiting), -EPERM);
    CHECK_EQUAL(mp_result_successful(waiting), -EPERM);
    CHECK_EQUAL(mp_result_next(waiting, -1), -EPERM);
    CHECK_EQUAL(mp_result_free(waiting), 0); /* my copies */
    CHECK_EQUAL(mp_pool_free(pool), 0);
    return 7;
}

static int uses_the_pool_in_a_worker(const void *argument, size_t bytes, void *result, size_t room)
{
    struct mp_pool *another;
    long n;
    CHECK_EQUAL(mp_process_daemon(mp_current_process()), 1);
    CHECK_EQUAL(apply_long(square, 1, &n), -EPERM);
    CHECK_EQUAL(mp_pool_join(pool, -1), -EPERM);
    CHECK_EQUAL(fork_flags(0), -EDAEMON);
    return mp_pool_create(&another, 1, NULL, NULL);
}

static void only_its_creator_uses_it_and_pools_do_not_nest(void)
{
    struct mp_process *p;
    done = share(4096);
    create(2);
    waiting = hand_in(waits_at_the_gate, 0);
    CHECK_EQUAL(mp_process_create(&p, tries_what_only_the_creator_may, NULL), 0);
    CHECK_EQUAL(mp_process_start(p), 0);
    CHECK_EQUAL(mp_process_join(p, -1), 0);
    CHECK_EQUAL(mp_process_exit_code(p), 7);
    CHECK_EQUAL(mp_process_close(p), 0);
    done[GATE] = 1;
    CHECK_EQUAL(mp_result_get(waiting, NULL, 0, -1), 0);
    CHECK_EQUAL(mp_result_free(waiting), 0);
    CHECK_EQUAL(apply_long(uses_the_pool_in_a_worker, 0, NULL), -EDAEMON);
    works();
    end();
    int pid = fork_flags(FORK_DAEMON); /* one that lib/mp does not know as a daemon */
    CHECK(pid >= 0);
    if (pid == 0)
        _exit(mp_pool_create(&pool, 2, NULL, NULL) == -EDAEMON ? 8 : 9);
    CHECK_EQUAL(ending_of(pid), 8);
}

static void two_pools_at_once(void)
{
    struct mp_pool *first, *second;
    create(2);
    first = pool;
    create(2);
    second = pool;
    struct mp_map map = squares_of(500, 1);
    struct mp_result *r;
    CHECK_EQUAL(mp_pool_map_async(first, &map, &r), 0);
    works();
    CHECK_EQUAL(apply_long(ends_its_worker, KILL, NULL), -EOWNERDEAD);
    end();
    CHECK_EQUAL(mp_result_get(r, NULL, 0, -1), 0);
    check_squares(500);
    CHECK_EQUAL(mp_result_free(r), 0);
    CHECK(second != first);
    pool = first;
    works();
    end();
}

/* ---- initializers, and workers that live for some tasks only ---- */

static int counts(void *shared)
{
    ++*(_Atomic int *)shared;
    return 0;
}

static void each_worker_is_initialized(void)
{
    done = share(4096);
    CHECK_EQUAL(mp_pool_create(&pool, 3, counts, (void *)&done[ITEMS]), 0);
    wait_until_idle();
    CHECK_EQUAL(done[ITEMS], 3);
    kill_and_join_worker();
    CHECK_EQUAL(apply_long(ends_its_worker, FAULT, NULL), -EOWNERDEAD);
    CHECK_EQUAL(mp_pool_progress(pool), 0);
    wait_until_idle();
    CHECK_EQUAL(done[ITEMS], 5);
    end();
}

static int refuses(void *unused)
{
    done[0]++;
    return 1;
}

static int faults(void *unused)
{
    *(volatile int *)0 = 1;
    return 0;
}

static int lets_one_in(void *unused)
{
    return ++done[0] == 5 ? 0 : 1;
}

static void initializers_that_fail_are_an_error_and_no_hang(void)
{
    done = share(4096);
    long n;
    for (int i = 0; i < 2; i++) {
        CHECK_EQUAL(mp_pool_create(&pool, 2, i ? faults : refuses, NULL), 0);
        CHECK_EQUAL(apply_long(square, 1, &n), -ECHILD);
        struct mp_map map = squares_of(100, 1);
        CHECK_EQUAL(mp_pool_map(pool, &map), -ECHILD); /* a new try */
        for (int j = 0; j < 100; j++)
            CHECK_EQUAL(statuses[j], -ECHILD);
        CHECK_EQUAL(mp_pool_close(pool), 0);
        CHECK_EQUAL(mp_pool_join(pool, -1), 0);
        end();
    }
    CHECK(done[0] > 20 && done[0] < 100);
    done[0] = 0;
    CHECK_EQUAL(mp_pool_create(&pool, 3, lets_one_in, NULL), 0);
    for (int i = 0, pid = 0; i < 20; i++) { /* one is enough */
        n = 0;
        CHECK_EQUAL(apply_long(gives_pid, 0, &n), sizeof(int));
        CHECK(i == 0 || n == pid);
        pid = (int)n;
    }
    CHECK(done[0] < 50); /* and others are not tried for ever */
    end();
}

static void a_worker_is_replaced_after_so_many_tasks(void)
{
    int pid[12];
    create(1);
    CHECK_EQUAL(mp_pool_set_max_tasks(pool, 3), 0);
    for (int i = 0; i < 12; i++)
        CHECK_EQUAL(mp_pool_apply(pool, gives_pid, NULL, 0, &pid[i], sizeof pid[i]), sizeof pid[i]);
    for (int i = 1; i < 12; i++)
        CHECK_EQUAL(pid[i] != pid[i - 1], i % 3 == 0);
    end();
    create(3);
    CHECK_EQUAL(mp_pool_set_max_tasks(pool, 1), 0);
    struct mp_map map = squares_of(300, 1);
    CHECK_EQUAL(mp_pool_map(pool, &map), 0);
    check_squares(300);
    end();
}

/* ---- endurance ---- */

static int says_that_it_runs_and_waits_for_a_word(const void *argument, size_t bytes, void *result, size_t room)
{
    int round = *(const int *)argument;
    done[0] = round;
    for (int spin = 1; done[1] != round; spin++)
        if (spin % 10000 == 0)
            yield(); /* there is one hart */
    return 0;
}

/* A second task comes at all instants of a worker's going to sleep after the first, which both begin at once. */
static void no_task_waits_for_a_worker_that_sleeps(void)
{
    done = share(4096);
    create(1);
    for (int i = 1; i < ROUNDS / 5; i++) {
        struct mp_result *first, *second;
        CHECK_EQUAL(mp_pool_apply_async(pool, says_that_it_runs_and_waits_for_a_word, &i, sizeof i, 0, &first), 0);
        while (done[0] != i)
            yield();
        done[1] = i;
        for (volatile int spin = i * 7 % 2000; spin > 0; spin--)
            ;
        CHECK_EQUAL(mp_pool_apply_async(pool, gives_nothing, NULL, 0, 0, &second), 0);
        CHECK_EQUAL(mp_result_wait(second, -1), 0);
        CHECK_EQUAL(mp_result_free(first), 0); /* there is one worker: it was done before */
        CHECK_EQUAL(mp_result_free(second), 0);
    }
    end();
}

static void ten_thousand_tasks(void)
{
    create(WORKERS);
    struct mp_result *r[100];
    long n;
    for (long i = 0; i < ROUNDS / 2; i += 100) {
        for (int j = 0; j < 100; j++)
            r[j] = hand_in(square, i + j);
        for (int j = 0; j < 100; j++) {
            CHECK_EQUAL(mp_result_get(r[j], &n, sizeof n, -1), sizeof n);
            CHECK_EQUAL(n, (i + j) * (i + j));
            CHECK_EQUAL(mp_result_free(r[j]), 0);
        }
    }
    for (int i = 0; i < ROUNDS / 2; i += 1000) {
        struct mp_map map = squares_of(1000, i % 2000 ? 1 : 10);
        CHECK_EQUAL(mp_pool_map(pool, &map), 0);
        check_squares(1000);
    }
    end();
}

static void hundreds_of_pools(void)
{
    for (int i = 0; i < 200; i++) {
        create(1 + (unsigned)i % 3);
        if (i % 3)
            works();
        end();
    }
}

int main(int argc, char **argv)
{
    check_patience = 5; /* processes that wake each other, on harts that the host runs in turns */
    check_start(argc, argv);
    RUN(apply_gives_what_the_function_gives);
    RUN(any_size_up_to_the_largest);
    RUN(results_are_asked_for_later);
    RUN(tasks_are_begun_in_order_also_unwanted_ones);
    RUN(workers_go_on_without_their_creator);
    RUN(its_handles_say_when_to_look);
    RUN(map_keeps_the_order_whatever_the_chunks);
    RUN(an_error_is_its_items_alone_and_the_first_is_the_maps);
    RUN(large_items_make_small_chunks);
    RUN(results_may_take_the_place_of_their_items);
    RUN(hundred_thousand_items_of_nothing);
    RUN(next_gives_each_item_once);
    RUN(close_lets_all_be_done_and_join_waits_for_it);
    RUN(terminate_stops_in_the_middle);
    RUN(as_many_workers_as_harts_unless_told);
    RUN(only_its_creator_uses_it_and_pools_do_not_nest);
    RUN(two_pools_at_once);
    RUN(each_worker_is_initialized);
    RUN(initializers_that_fail_are_an_error_and_no_hang);
    RUN(a_worker_is_replaced_after_so_many_tasks);
    RUN(no_task_waits_for_a_worker_that_sleeps);
    RUN(ten_thousand_tasks);
    RUN(hundreds_of_pools);
    return check_end();
}
