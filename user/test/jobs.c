/*
 * Jobs: limits that hold for all below, rights that stay inside, and an end for everybody at once.
 */
#include "check.h"

/* f runs in a child in a job of its own, with limits. The job's id stays in `job`. */
static int job;

static int start_limited(void (*f)(void), uint64_t processes, uint64_t pages)
{
    struct job_limits limits = {.max_processes = processes, .max_pages = pages};
    int ends[2];
    char c;
    CHECK_EQUAL(pipe(ends), 0);
    int pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        close(ends[1]);
        CHECK_EQUAL(read(ends[0], &c, 1), 0); /* moved and limited */
        close(ends[0]);
        job = getjob(0);
        f();
        _exit(0);
    }
    job = setjob(pid, 0);
    CHECK(job > 0);
    CHECK_EQUAL(getjob(pid), job);
    CHECK_EQUAL(job_limits(job, &limits, NULL), 0);
    close(ends[0]);
    close(ends[1]);
    return pid;
}

static int limited(void (*f)(void), uint64_t processes, uint64_t pages)
{
    return ending_of(start_limited(f, processes, pages));
}

static void sleep_for_ever(void)
{
    sleep_ns(UINT64_MAX);
}

static void fork_to_the_limit(void)
{
    int n = 0, pids[20];
    while (n < 20 && (pids[n] = fork()) > 0)
        n++;
    if (n < 20 && pids[n] == 0)
        sleep_for_ever();
    CHECK_EQUAL(n, 9);
    CHECK_EQUAL(errno, EAGAIN);
    kill(pids[3], SIGKILL);
    CHECK_ERRNO(fork(), EAGAIN); /* a zombie counts until it is waited for */
    sleep_ns(MS);
    CHECK_ERRNO(fork(), EAGAIN);
    CHECK_EQUAL(ending_of(pids[3]), -SIGKILL);
    pids[3] = fork();
    CHECK(pids[3] >= 0);
    if (pids[3] == 0)
        sleep_for_ever();
    for (int i = 0; i < n; i++) {
        kill(pids[i], SIGKILL);
        ending_of(pids[i]);
    }
}

static void a_limit_of_processes_is_eagain(void)
{
    CHECK_EQUAL(limited(fork_to_the_limit, 10, 0), 0);
}

/* Each child makes a job of its own, and in that its own children. */
static void fork_in_new_jobs(void)
{
    int ends[2], depth = 0;
    char c;
    CHECK_EQUAL(pipe(ends), 0);
    for (;;) {
        int pid = fork();
        if (pid < 0) {
            CHECK_EQUAL(errno, EAGAIN);
            CHECK_EQUAL(depth, 9);
            break;
        }
        if (pid > 0) {
            close(ends[1]);
            CHECK_EQUAL(ending_of(pid), 0);
            _exit(0);
        }
        depth++;
        CHECK(setjob(0, 0) > 0);
        CHECK_EQUAL(setjob(0, job), -EPERM); /* not back up */
        struct job_limits more = {.max_processes = 1000, .max_pages = 1000000};
        CHECK_EQUAL(job_limits(0, &more, NULL), 0); /* its own had no limit; those above still hold */
    }
    close(ends[1]);
    CHECK_EQUAL(read(ends[0], &c, 1), 0);
}

static void a_limit_holds_for_the_jobs_below(void)
{
    CHECK_EQUAL(limited(fork_in_new_jobs, 10, 0), 0);
}

static void grow_to_the_limit(void)
{
    struct job_limits now;
    CHECK_EQUAL(job_limits(0, NULL, &now), 0);
    CHECK_EQUAL(now.max_pages, 1000);
    long pages = 0;
    while ((long)sbrk(4096) != -1)
        pages++;
    CHECK_EQUAL(errno, ENOMEM);
    CHECK(pages > 900 && pages < 1000);
    CHECK_ERRNO(sbrk(100 << 20), ENOMEM);
    CHECK_ERRNO(fork(), ENOMEM);
    CHECK((long)sbrk(-800 * 4096) != -1);
    int pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        CHECK_ERRNO(sbrk(800 * 4096), ENOMEM); /* the parent's count, too */
        _exit(0);
    }
    CHECK_EQUAL(ending_of(pid), 0);
    CHECK((long)sbrk(700 * 4096) != -1);
}

static void a_limit_of_pages_is_enomem(void)
{
    CHECK_EQUAL(limited(grow_to_the_limit, 0, 1000), 0);
}

static void try_to_raise(void)
{
    struct job_limits more = {.max_processes = 11}, less = {.max_processes = 5}, now;
    CHECK_EQUAL(job_limits(0, &more, NULL), -EPERM);
    more = (struct job_limits){.max_pages = UINT64_MAX};
    CHECK_EQUAL(job_limits(0, &more, NULL), -EPERM);
    CHECK_EQUAL(job_limits(job, &more, NULL), -EPERM);
    CHECK_EQUAL(job_limits(0, &less, &now), 0);
    CHECK_EQUAL(now.max_processes, 10); /* what held before */
    CHECK_EQUAL(job_limits(0, NULL, &now), 0);
    CHECK_EQUAL(now.max_processes, 5);
    CHECK_EQUAL(now.max_pages, 2000);
    more = (struct job_limits){.max_processes = 6};
    CHECK_EQUAL(job_limits(0, &more, NULL), -EPERM); /* not back up, either */
    CHECK_EQUAL(job_limits(0x3fffffff, NULL, &now), -ESRCH);
    CHECK_EQUAL(job_limits(-1, NULL, &now), -ESRCH);
}

static void ones_own_limit_can_only_be_lowered(void)
{
    CHECK_EQUAL(limited(try_to_raise, 10, 2000), 0);
}

static void below_what_is_there_a_limit_ends_nobody(void)
{
    int pid = start_limited(sleep_for_ever, 10, 0);
    struct job_limits one = {.max_processes = 1, .max_pages = 1}, more = {.max_processes = 50, .max_pages = 5000};
    CHECK_EQUAL(job_limits(job, &one, NULL), 0);
    sleep_ns(MS);
    CHECK_EQUAL(kill(pid, 0), 0);
    CHECK_EQUAL(job_limits(job, &more, NULL), 0); /* the parent may raise it again */
    kill(pid, SIGKILL);
    CHECK_EQUAL(ending_of(pid), -SIGKILL);
}

/* Two jobs side by side: from one, nobody gets into the other, where other limits hold. */
static int beside;

static void try_to_move_aside(void)
{
    CHECK_EQUAL(setjob(0, beside), -EPERM);
    CHECK_EQUAL(setjob(0, 1), -EPERM);
    CHECK_EQUAL(setjob(0, 0x3fffffff), -ESRCH);
    CHECK_EQUAL(setjob(0, -5), -ESRCH);
    CHECK_EQUAL(setjob(getppid(), 0), -EPERM);
    CHECK_EQUAL(setjob(1, 0), -EPERM);
    CHECK_EQUAL(setjob(0x3fffffff, 0), -ESRCH);
    CHECK_EQUAL(setjob(0, job), job);
    int pid = fork();
    if (pid == 0)
        sleep_for_ever();
    CHECK_EQUAL(setjob(pid, beside), -EPERM);
    kill(pid, SIGKILL);
    ending_of(pid);
}

static void nobody_moves_into_a_job_beside(void)
{
    int pid = start_limited(sleep_for_ever, 0, 0);
    beside = job;
    CHECK_EQUAL(limited(try_to_move_aside, 5, 0), 0);
    kill(-beside, SIGKILL);
    CHECK_EQUAL(ending_of(pid), -SIGKILL);
}

static void nest_jobs(void)
{
    int n = 0, result;
    while ((result = setjob(0, 0)) > 0)
        n++;
    CHECK_EQUAL(result, -EAGAIN);
    CHECK(n > 5 && n < 32);
}

static void jobs_are_nested_to_a_limit(void)
{
    CHECK_EQUAL(in_child(nest_jobs), 0);
}

/* --- bombs --- */

static void bomb(void)
{
    for (;;)
        fork();
}

static void bomb_with_jobs(void)
{
    for (;;)
        if (fork() == 0)
            setjob(0, 0);
}

static void bomb_with_daemons(void)
{
    for (;;) {
        fork_flags(FORK_DAEMON);
        fork();
    }
}

/* Its members end all the time, and others follow. */
static void bomb_that_dies(void)
{
    for (;;)
        if (fork() > 0 && fork() > 0)
            _exit(0);
}

static void bomb_with_memory(void)
{
    for (;;) {
        fork();
        char *p = sbrk(65536);
        if (p != (char *)-1)
            memset(p, 1, 65536);
    }
}

/* In its job it cannot hinder anybody outside, and ends with it. */
static void contain(void (*what)(void))
{
    int pid = start_limited(what, 20, 6000);
    for (int i = 0; i < 20; i++) {
        struct system_info info;
        sleep_ns(2 * MS);
        CHECK_EQUAL(system_info(&info), 0);
        CHECK(info.processes < 20 + 20);
        int other = fork();
        CHECK(other >= 0);
        if (other == 0)
            _exit(i);
        CHECK_EQUAL(ending_of(other), i);
    }
    int result = kill(-job, SIGKILL);
    CHECK(result == 0 || errno == ESRCH); /* the dying one may be gone */
    ending_of(pid);
    for (int i = 0; kill(-job, SIGKILL) == 0; i++) {
        CHECK(i < 1000); /* the last zombies go to init */
        sleep_ns(MS);
    }
    CHECK_EQUAL(errno, ESRCH);
}

static void a_bomb_stays_in_its_job(void)
{
    contain(bomb);
}

static void a_bomb_of_jobs_stays_in_its_job_and_ends_with_it(void)
{
    contain(bomb_with_jobs);
}

static void a_bomb_of_daemons_stays_in_its_job(void)
{
    contain(bomb_with_daemons);
}

static void a_bomb_of_the_dying_stays_in_its_job(void)
{
    contain(bomb_that_dies);
}

static void a_bomb_of_memory_stays_in_its_job(void)
{
    contain(bomb_with_memory);
}

int main(int argc, char **argv)
{
    check_start(argc, argv);
    RUN(a_limit_of_processes_is_eagain);
    RUN(a_limit_holds_for_the_jobs_below);
    RUN(a_limit_of_pages_is_enomem);
    RUN(ones_own_limit_can_only_be_lowered);
    RUN(below_what_is_there_a_limit_ends_nobody);
    RUN(nobody_moves_into_a_job_beside);
    RUN(jobs_are_nested_to_a_limit);
    RUN(a_bomb_stays_in_its_job);
    RUN(a_bomb_of_jobs_stays_in_its_job_and_ends_with_it);
    RUN(a_bomb_of_daemons_stays_in_its_job);
    RUN(a_bomb_of_the_dying_stays_in_its_job);
    RUN(a_bomb_of_memory_stays_in_its_job);
    return check_end();
}
