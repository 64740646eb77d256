/*
 * lib/mp's Pool, from inside: workers that end, in their tasks and between them, and creators that do.
 */
#include "pool_tools.h"

static int squares_for(uint64_t ns, const void *argument, size_t bytes, void *result, size_t room)
{
    int status = square(argument, bytes, result, room);
    for (uint64_t start = clock_ns(); clock_ns() - start < ns;)
        ;
    return status;
}

/* So long that a kill comes in the middle of it, as a rule: on several harts, and on one, where whoever kills
 * comes to run only when a worker's slice is over. */
static int squares_slowly(const void *argument, size_t bytes, void *result, size_t room)
{
    return squares_for(MS / 20, argument, bytes, result, room);
}

static int squares_very_slowly(const void *argument, size_t bytes, void *result, size_t room)
{
    return squares_for(MS / 2, argument, bytes, result, room);
}

static void a_worker_that_ends_is_an_error_for_its_task_and_is_replaced(void)
{
    for (int workers = 1; workers <= WORKERS; workers += WORKERS - 1) {
        create((unsigned)workers);
        for (long way = 0; way < WAYS; way++) {
            struct mp_result *r[20];
            long n;
            for (int i = 0; i < 20; i++)
                r[i] = hand_in(ends_its_worker, i == 7 ? way : 100 + i);
            for (int i = 19; i >= 0; i--) {
                int bytes = mp_result_get(r[i], &n, sizeof n, -1);
                if (i == 7) {
                    CHECK_EQUAL(bytes, -EOWNERDEAD);
                    CHECK_EQUAL(mp_result_exit_code(r[i]), way_codes[way]);
                    CHECK_EQUAL(mp_result_successful(r[i]), 0);
                } else {
                    CHECK_EQUAL(bytes, sizeof n);
                    CHECK_EQUAL(n, (100 + i) * (100 + i));
                    CHECK_EQUAL(mp_result_exit_code(r[i]), MP_NO_EXIT_CODE);
                }
                CHECK_EQUAL(mp_result_free(r[i]), 0);
            }
            CHECK_EQUAL(many_workers(), workers);
        }
        end();
    }
}

static void in_a_map_its_chunk_has_the_error(void)
{
    create(3);
    for (size_t chunk = 1; chunk <= 10; chunk += 3) {
        struct mp_map map = squares_of(100, chunk);
        map.function = ends_its_worker;
        for (long i = 0; i < 100; i++)
            numbers[i] = i == 50 ? UNDER_EXIT : 100 + i;
        struct mp_result *r;
        CHECK_EQUAL(mp_pool_map_async(pool, &map, &r), 0);
        CHECK_EQUAL(mp_result_get(r, NULL, 0, -1), -EOWNERDEAD);
        CHECK_EQUAL(mp_result_exit_code(r), 4);
        CHECK_EQUAL(mp_result_free(r), 0);
        for (size_t i = 0; i < 100; i++) {
            bool failed = i / chunk == 50 / chunk;
            CHECK_EQUAL(statuses[i], failed ? -EOWNERDEAD : (int)sizeof(long));
            CHECK_EQUAL(squares[i], failed ? -1 : numbers[i] * numbers[i]);
        }
    }
    end();
}

static void killed_between_tasks_it_fails_none(void)
{
    long n;
    create(1);
    for (int round = 0; round < 50; round++) {
        wait_until_idle();
        kill_and_join_worker();
        works();
    }
    /* Also when it has answered and nobody has looked yet. */
    for (long round = 0; round < 50; round++) {
        struct mp_result *r = hand_in(square, round);
        wait_until_idle();
        kill_and_join_worker();
        CHECK_EQUAL(mp_result_get(r, &n, sizeof n, -1), sizeof n);
        CHECK_EQUAL(n, round * round);
        CHECK_EQUAL(mp_result_free(r), 0);
    }
    end();
}

/* A task that was killed before it answered fails, even if it has done its work: it is not done again. */
static void killed_in_its_task_it_fails_that_one(void)
{
    done = share(4096);
    create(1);
    for (int round = 1; round <= 20; round++) {
        struct mp_result *r = hand_in(sleeps, LONG_MS), *s = hand_in(square, 2);
        long n;
        while (done[0] < round)
            sleep_ns(MS / 4);
        CHECK(kill_worker(0) > 0);
        CHECK_EQUAL(mp_result_get(r, NULL, 0, -1), -EOWNERDEAD);
        CHECK_EQUAL(mp_result_exit_code(r), -SIGKILL);
        CHECK_EQUAL(mp_result_get(s, &n, sizeof n, -1), sizeof n);
        CHECK_EQUAL(mp_result_free(r), 0);
        CHECK_EQUAL(mp_result_free(s), 0);
        CHECK_EQUAL(done[0], round);
        CHECK_EQUAL(done[1], 0);
    }
    end();
}

/* How many have failed. */
static int check_items(int failed_at_most)
{
    int failed = 0;
    for (int i = 0; i < ITEMS; i++) {
        CHECK(statuses[i] == sizeof(long) || statuses[i] == -EOWNERDEAD);
        if (statuses[i] < 0) {
            failed++;
            CHECK(done[i] <= 1); /* never twice; 0: killed after it was taken, before it had begun */
            CHECK_EQUAL(squares[i], -1);
        } else {
            CHECK_EQUAL(done[i], 1);
            CHECK_EQUAL(squares[i], i * i);
        }
        done[i] = 0;
    }
    CHECK(failed <= failed_at_most);
    return failed;
}

/* One is killed at all instants: in the taking, in the task, in the answer, in its start. */
static void killed_at_any_instant_one_task_fails_or_none(void)
{
    int failed = 0;
    done = share(4096);
    create(2);
    for (int round = 0; round < 400; round++) {
        struct mp_map map = squares_of(ITEMS, 1);
        map.function = round % 4 == 0 ? square : round % 4 == 1 ? squares_very_slowly : squares_slowly;
        struct mp_result *r;
        CHECK_EQUAL(mp_pool_map_async(pool, &map, &r), 0);
        for (int i = 0; i < round % 10; i++)
            mp_result_next(r, -1);
        sleep_ns((uint64_t)round * 1700);
        kill_worker(round % 2);
        int error = mp_result_get(r, NULL, 0, -1);
        CHECK(error == 0 || error == -EOWNERDEAD);
        CHECK_EQUAL(mp_result_exit_code(r), error ? -SIGKILL : MP_NO_EXIT_CODE);
        CHECK_EQUAL(mp_result_free(r), 0);
        failed += check_items(1);
    }
    CHECK(failed > 0); /* some kills came within a task */
    works();
    end();
}

static void all_workers_are_killed_at_once(void)
{
    done = share(4096);
    create(WORKERS);
    for (int round = 0; round < 100; round++) {
        struct mp_map map = squares_of(ITEMS, 1);
        struct mp_result *r;
        struct mp_process *list[2 * WORKERS];
        CHECK_EQUAL(mp_pool_map_async(pool, &map, &r), 0);
        for (int i = 0; i < round % 20; i++)
            mp_result_next(r, -1);
        sleep_ns((uint64_t)round * 3100);
        int n = mp_active_children(list, 2 * WORKERS);
        CHECK(n <= WORKERS);
        for (int i = 0; i < n; i++)
            CHECK_EQUAL(mp_process_kill(list[i]), 0);
        int error = mp_result_get(r, NULL, 0, -1);
        CHECK(error == 0 || error == -EOWNERDEAD);
        CHECK_EQUAL(mp_result_free(r), 0);
        check_items(WORKERS);
    }
    works();
    end();
}

/* Kills workers of its parent, whoever they are by now, until it is killed itself; counts in shared memory. */
static void kills_workers(int every_us)
{
    int parent = getppid();
    static struct proc_info list[64];
    for (unsigned round = 0;; round++) {
        int n = process_list(parent, list, 64), found = 0, pid[64];
        for (int i = 0; i < n; i++)
            if (list[i].ppid == parent && strncmp(list[i].name, "PoolWorker", 10) == 0)
                pid[found++] = list[i].pid;
        if (found && kill(pid[round * 7 % (unsigned)found], SIGKILL) == 0)
            done[ITEMS]++;
        sleep_ns((uint64_t)(every_us + (int)(round * 37 % 100) * every_us / 50) * 1000);
    }
}

/* Workers are killed by somebody else while their creator waits, hands out, and starts new ones. */
static void killed_by_others_all_the_time(void)
{
    done = share(4096);
    create(WORKERS);
    int killer = start_child(kills_workers, 1500), failed = 0;
    for (int round = 0; round < 200 || done[ITEMS] < 50; round++) {
        struct mp_map map = squares_of(ITEMS, 1);
        int before = done[ITEMS], error = mp_pool_map(pool, &map);
        CHECK(error == 0 || error == -EOWNERDEAD);
        failed += check_items(done[ITEMS] - before + WORKERS);
        if (round % 20 == 0)
            sleep_ns(MS);
    }
    kill_and_wait(killer);
    CHECK(failed <= done[ITEMS]); /* each kill fails one task at most */
    works();
    end();
}

/* The creator takes a worker's end away with wait: that is noticed all the same, but how it ended nobody knows. */
static void reaped_by_others_it_is_replaced(void)
{
    struct exit_status status;
    done = share(4096);
    create(1);
    for (int round = 1; round <= 20; round++) {
        works();
        int pid = kill_worker(0);
        CHECK_EQUAL(wait_status(-1, &status, 0), pid);
        struct mp_result *r = hand_in(sleeps, LONG_MS);
        mp_pool_progress(pool);
        while (done[0] < round)
            sleep_ns(MS / 4);
        pid = kill_worker(0);
        CHECK_EQUAL(wait_status(-1, &status, 0), pid);
        CHECK_EQUAL(mp_result_get(r, NULL, 0, -1), -EOWNERDEAD);
        CHECK_EQUAL(mp_result_exit_code(r), MP_NO_EXIT_CODE);
        CHECK_EQUAL(mp_result_free(r), 0);
    }
    works();
    end();
}

static void uses_the_pool(void)
{
    works();
}

/* Before it runs, exit has ended the workers, if it was there first. */
static void an_exit_handler_may_use_the_pool(void)
{
    for (int first = 0; first < 2; first++) {
        int pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
            if (first)
                atexit(uses_the_pool);
            create(1);
            works();
            if (!first)
                atexit(uses_the_pool);
            exit(6);
        }
        CHECK_EQUAL(ending_of(pid), 6);
    }
}

static _Noreturn void has_a_pool_and_waits(int rounds)
{
    create(WORKERS);
    for (long n = 0;; n++) {
        CHECK_EQUAL(mp_pool_apply_async(pool, sleeps, &n, sizeof n, 8, NULL), 0);
        if (n >= rounds)
            sleep_ns(LONG_MS * MS);
    }
}

static void killed_with_its_creator(void)
{
    static struct proc_info list[64];
    done = share(4096);
    for (int round = 0; round < 30; round++) {
        int parent = start_child(has_a_pool_and_waits, round);
        sleep_ns((uint64_t)(round % 10) * MS);
        kill(parent, SIGKILL);
        CHECK_EQUAL(ending_of(parent), -SIGKILL);
        int n = process_list(parent + 1, list, 64);
        for (int i = 0; i < n; i++)
            CHECK(strncmp(list[i].name, "PoolWorker", 10) != 0);
    }
}

static void a_creator_that_exits_ends_its_workers(void)
{
    int pid = start_child(has_a_pool_and_waits, 0);
    kill_and_wait(pid);
    pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        create(2);
        exit(5); /* without free */
    }
    CHECK_EQUAL(ending_of(pid), 5);
}

int main(int argc, char **argv)
{
    check_patience = 5; /* processes that wake each other, on harts that the host runs in turns */
    check_start(argc, argv);
    RUN(a_worker_that_ends_is_an_error_for_its_task_and_is_replaced);
    RUN(in_a_map_its_chunk_has_the_error);
    RUN(killed_between_tasks_it_fails_none);
    RUN(killed_in_its_task_it_fails_that_one);
    RUN(killed_at_any_instant_one_task_fails_or_none);
    RUN(all_workers_are_killed_at_once);
    RUN(killed_by_others_all_the_time);
    RUN(reaped_by_others_it_is_replaced);
    RUN(an_exit_handler_may_use_the_pool);
    RUN(killed_with_its_creator);
    RUN(a_creator_that_exits_ends_its_workers);
    return check_end();
}
