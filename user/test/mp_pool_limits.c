/*
 * lib/mp's Pool, from inside: no processes, handles or memory for it, at its start and later.
 */
#include "pool_tools.h"

static char data[MP_POOL_BYTES_MAX + 1], back[MP_POOL_BYTES_MAX + 1];

static void limit_processes(unsigned n)
{
    struct job_limits limits = {.max_processes = n}, old;
    CHECK_EQUAL(job_limits(getjob(0), &limits, &old), 0);
}

static void what_cannot_be_made_leaves_nothing(void)
{
    struct system_info before, after;
    limit_processes(4);
    check_calm(&before);
    CHECK_EQUAL(mp_pool_create(&pool, 4, NULL, NULL), -EAGAIN);
    CHECK_EQUAL(many_workers(), 0);
    CHECK(check_settled(&before, CHECK_OBJECTS, &after));
    int free_handle = dup(0);
    create(3);
    works();
    end();
    int again = dup(0);
    CHECK_EQUAL(again, free_handle + 1);
    int taken[1024], n = 0;
    while ((taken[n] = dup(0)) >= 0)
        n++;
    for (int left = 0; left < 6; left++) { /* handles: memory, two ends, a sentinel for each worker */
        CHECK_EQUAL(mp_pool_create(&pool, 3, NULL, NULL), -EMFILE);
        CHECK_EQUAL(many_workers(), 0);
        close(taken[--n]);
    }
    create(3);
    works();
    end();
}

static void no_memory_leaves_nothing(void)
{
    struct job_limits old;
    int made = 0, refused = 0;
    for (unsigned pages = 4; pages < 400; pages += 9) {
        int pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
            CHECK(setjob(0, 0) > 0);
            CHECK_EQUAL(job_limits(getjob(0), &(struct job_limits){.max_pages = pages + 40}, &old), 0);
            int error = mp_pool_create(&pool, 3, NULL, NULL);
            if (error) {
                CHECK_EQUAL(error, -ENOMEM);
                CHECK_EQUAL(many_workers(), 0);
                _exit(1);
            }
            for (int i = 0; i < 20; i++) { /* also slots of large arguments take pages, and workers' buffers */
                struct mp_map map = {echo, data, 1, MP_POOL_BYTES_MAX, back, MP_POOL_BYTES_MAX, statuses, 1};
                error = mp_pool_map(pool, &map);
                CHECK(error == 0 || error == -ENOMEM);
            }
            end();
            _exit(0);
        }
        int code = ending_of(pid);
        CHECK(code == 0 || code == 1);
        made += code == 0;
        refused += code == 1;
    }
    CHECK(made > 0 && refused > 0);
}

static void sleeps_on(int unused)
{
    sleep_ns(LONG_MS * MS);
}

/* Dead workers cannot be replaced: those that are left go on; with none left it is an error; and then it recovers. */
static void with_no_new_workers_it_goes_on_or_says_so(void)
{
    long n;
    struct mp_process *list[WORKERS];
    create(3);
    limit_processes(1 + 1);
    wait_until_idle();
    CHECK_EQUAL(mp_active_children(list, WORKERS), 3);
    mp_process_kill(list[0]);
    mp_process_kill(list[1]);
    while (many_workers() > 1)
        sleep_ns(MS);
    struct mp_map map = squares_of(200, 1);
    CHECK_EQUAL(mp_pool_map(pool, &map), 0);
    check_squares(200);
    CHECK_EQUAL(many_workers(), 1);
    CHECK_EQUAL(apply_long(ends_its_worker, EXIT, NULL), -EOWNERDEAD); /* one place is free again, and used */
    works();
    limit_processes(1);
    struct mp_result *r[30];
    for (int i = 0; i < 30; i++)
        r[i] = hand_in(ends_its_worker, i == 0 ? FAULT : 100);
    CHECK_EQUAL(mp_result_get(r[0], &n, sizeof n, -1), -EOWNERDEAD);
    for (int i = 1; i < 30; i++)
        CHECK_EQUAL(mp_result_get(r[i], &n, sizeof n, -1), -EAGAIN);
    for (int i = 0; i < 30; i++)
        CHECK_EQUAL(mp_result_free(r[i]), 0);
    CHECK_EQUAL(many_workers(), 0);
    CHECK_EQUAL(apply_long(square, 1, &n), -EAGAIN); /* it says so each time */
    map = squares_of(50, 0);
    CHECK_EQUAL(mp_pool_map(pool, &map), -EAGAIN);
    CHECK_EQUAL(mp_pool_close(pool), 0);
    CHECK_EQUAL(mp_pool_join(pool, -1), 0);
    end();
}

static void taken_handles_keep_no_worker_from_being_noticed(void)
{
    int taken[1024], n = 0;
    create(1);
    works();
    while ((taken[n] = dup(0)) >= 0)
        n++;
    CHECK_EQUAL(apply_long(ends_its_worker, EXIT, NULL), -EOWNERDEAD); /* its sentinel's place is free again */
    works();
    wait_until_idle();
    kill_worker(0);
    CHECK_EQUAL(mp_pool_progress(pool), 0);
    works();
    close(taken[--n]);
    works();
    end();
}

/* A worker that was woken for a task is killed before it has taken it, and cannot be replaced: another one is woken. */
static void a_task_whose_worker_is_killed_on_its_way_to_it_is_done(void)
{
    limit_processes(3);
    for (int round = 0; round < 150; round++) {
        struct mp_process *list[2];
        long n;
        create(2);
        wait_until_idle();
        CHECK_EQUAL(mp_active_children(list, 2), 2);
        struct mp_process *victim = list[round % 2]; /* one of them was the first to sleep, and is woken */
        struct mp_result *r = hand_in(square, round);
        CHECK_EQUAL(mp_process_kill(victim), 0);
        CHECK_EQUAL(mp_process_join(victim, -1), 0);
        int other = start_child(sleeps_on, 0); /* takes the place of a new one */
        int bytes = mp_result_get(r, &n, sizeof n, 20000);
        CHECK(bytes == sizeof n || bytes == -EOWNERDEAD);
        CHECK(bytes < 0 || n == (long)round * round);
        CHECK_EQUAL(mp_result_free(r), 0);
        end();
        kill_and_wait(other);
    }
}

int main(int argc, char **argv)
{
    check_patience = 5; /* processes that wake each other, on harts that the host runs in turns */
    check_start(argc, argv);
    RUN(what_cannot_be_made_leaves_nothing);
    RUN(no_memory_leaves_nothing);
    RUN(with_no_new_workers_it_goes_on_or_says_so);
    RUN(taken_handles_keep_no_worker_from_being_noticed);
    RUN(a_task_whose_worker_is_killed_on_its_way_to_it_is_done);
    return check_end();
}
