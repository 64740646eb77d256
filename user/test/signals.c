/*
 * kill as a call: which signals there are, whom one may end, jobs as a whole.
 */
#include "check.h"

static char buffer[100];
static int ends[2];

static void sleeps(void)
{
    sleep_ns(UINT64_MAX);
}

static void each_signal_is_reported(void)
{
    for (int signal = 1; signal < NSIG; signal++) {
        int pid = fork();
        if (pid == 0)
            sleeps();
        CHECK_EQUAL(kill(pid, signal), 0);
        CHECK_EQUAL(ending_of(pid), -signal);
    }
}

static void the_first_signal_counts(void)
{
    int pid = fork();
    if (pid == 0)
        sleeps();
    wait_until_blocked(pid, "sleep");
    CHECK_EQUAL(kill(pid, SIGTERM), 0);
    CHECK_EQUAL(kill(pid, SIGKILL), 0);
    CHECK_EQUAL(ending_of(pid), -SIGTERM);
}

static void signal_0_only_asks(void)
{
    int pid = fork();
    if (pid == 0) {
        sleep_ns(3 * MS);
        _exit(8);
    }
    CHECK_EQUAL(kill(pid, 0), 0);
    CHECK_EQUAL(ending_of(pid), 8);
    CHECK_ERRNO(kill(pid, 0), ESRCH);
}

static void nonsense_is_refused(void)
{
    CHECK_ERRNO(kill(getpid(), -1), EINVAL);
    CHECK_ERRNO(kill(getpid(), NSIG), EINVAL);
    CHECK_ERRNO(kill(getpid(), INT32_MAX), EINVAL);
    CHECK_ERRNO(kill(0x3ffffff0, SIGTERM), ESRCH);
    CHECK_ERRNO(kill(INT32_MAX, SIGTERM), ESRCH);
    CHECK_ERRNO(kill(INT32_MIN, SIGTERM), ESRCH);
    CHECK_ERRNO(kill(-0x3ffffff0, SIGTERM), ESRCH);
}

/* pid 1 and the servers, which are no part of this session. */
static void servers_and_init_are_out_of_reach(void)
{
    static struct proc_info list[64];
    int mine = getpid(), session = 0, others = 0;
    int n = process_list(0, list, 64);
    CHECK(n > 3);
    for (int i = 0; i < n; i++)
        if (list[i].pid == mine)
            session = list[i].session;
    CHECK(session > 0);
    for (int i = 0; i < n; i++) {
        if (list[i].session == session)
            continue;
        others++;
        for (int signal = 0; signal < NSIG; signal++)
            CHECK_ERRNO(kill(list[i].pid, signal), EPERM);
        CHECK_ERRNO(kill(-list[i].job, SIGKILL), EPERM);
        CHECK_EQUAL(setjob(list[i].pid, 0), -EPERM);
        CHECK_EQUAL(setjob(0, list[i].job), -EPERM);
        struct job_limits limits = {1, 1};
        CHECK_EQUAL(job_limits(list[i].job, &limits, NULL), -EPERM);
    }
    CHECK(others >= 3); /* init, console, ramfs */
    int now = process_list(0, list, 64);
    CHECK_EQUAL(now, n);
}

static void a_job_ends_as_a_whole(void)
{
    int pids[40];
    int first = fork();
    if (first == 0)
        sleeps();
    int job = setjob(first, 0);
    CHECK(job > 0);
    CHECK(job != getjob(0));
    for (int i = 0; i < 40; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            setjob(0, job);
            if (i % 3 == 0)
                for (;;)
                    ;
            if (i % 3 == 1)
                for (;;) {
                    if (fork() == 0)
                        _exit(0);
                    wait_status(-1, NULL, 0);
                }
            sleeps();
        }
        CHECK_EQUAL(setjob(pids[i], job), job);
    }
    sleep_ns(20 * MS);
    CHECK_EQUAL(kill(-job, SIGINT), 0);
    CHECK_EQUAL(ending_of(first), -SIGINT);
    for (int i = 0; i < 40; i++)
        CHECK_EQUAL(ending_of(pids[i]), -SIGINT);
    int tries = 0;
    while (kill(-job, SIGINT) == 0) { /* grandchildren that init has yet to reap */
        CHECK(tries++ < 1000);
        sleep_ns(MS);
    }
    CHECK_EQUAL(errno, ESRCH);
}

/* Each end of it is open in others only, as with `a | b` and ^C. */
static void a_killed_process_closes_its_pipes(void)
{
    CHECK_EQUAL(pipe(ends), 0);
    int pid = fork();
    if (pid == 0) {
        close(ends[0]);
        sleeps();
    }
    close(ends[1]);
    CHECK_EQUAL(kill(pid, SIGKILL), 0);
    CHECK_EQUAL(read(ends[0], buffer, 1), 0);
    CHECK_EQUAL(ending_of(pid), -SIGKILL);
}

static void two_can_kill_each_other(void)
{
    int a = fork();
    if (a == 0)
        sleeps();
    int b = fork();
    if (b == 0) {
        kill(a, SIGTERM);
        kill(getpid(), SIGTERM);
        for (;;)
            ;
    }
    CHECK_EQUAL(ending_of(b), -SIGTERM);
    CHECK_EQUAL(ending_of(a), -SIGTERM);
}

int main(int argc, char **argv)
{
    check_start(argc, argv);
    RUN(each_signal_is_reported);
    RUN(the_first_signal_counts);
    RUN(signal_0_only_asks);
    RUN(nonsense_is_refused);
    RUN(servers_and_init_are_out_of_reach);
    RUN(a_job_ends_as_a_whole);
    RUN(a_killed_process_closes_its_pipes);
    RUN(two_can_kill_each_other);
    return check_end();
}
