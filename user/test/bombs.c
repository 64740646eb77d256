/*
 * Fork bombs of several kinds in a job with limits: nobody outside is hindered, and it ends with the job.
 */
#include "limited.h"

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
    RUN(a_bomb_stays_in_its_job);
    RUN(a_bomb_of_jobs_stays_in_its_job_and_ends_with_it);
    RUN(a_bomb_of_daemons_stays_in_its_job);
    RUN(a_bomb_of_the_dying_stays_in_its_job);
    RUN(a_bomb_of_memory_stays_in_its_job);
    return check_end();
}
