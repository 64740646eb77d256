/*
 * Jobs: limits that hold for all below, rights that stay inside, and an end for everybody at once.
 */
#include "limited.h"

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

/* Each of these processes makes pipes until it can make no more; their memory is the job's. */
static void make_pipes(void)
{
    int ends[2], made = 0;
    for (int i = 0; i < 3; i++)
        if (fork() == 0)
            break;
    while (pipe2(ends, 0) == 0)
        made++;
    CHECK(errno == ENOMEM);
    CHECK(made < 1000 / 16);
    while (wait_status(-1, NULL, 0) > 0)
        ;
}

static void pipes_count_as_pages(void)
{
    CHECK_EQUAL(limited(make_pipes, 0, 1000), 0);
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

/* --- accounts --- */

/* How many pages and processes the job can have now. */
static void measure(long room[2])
{
    int ends[2], pids[64];
    room[0] = room[1] = 0;
    while ((long)sbrk(4096) != -1)
        room[0]++;
    CHECK((long)sbrk(-room[0] * 4096) != -1);
    CHECK_EQUAL(pipe(ends), 0);
    while ((pids[room[1]] = fork()) > 0)
        room[1]++;
    if (pids[room[1]] == 0) {
        char c;
        close(ends[1]);
        read(ends[0], &c, 1);
        _exit(0);
    }
    CHECK_EQUAL(errno, EAGAIN);
    close(ends[0]), close(ends[1]);
    for (long i = 0; i < room[1]; i++)
        ending_of(pids[i]);
}

__attribute__((noinline)) static void use_stack(long bytes)
{
    volatile char room[bytes];
    for (long i = bytes - 1; i >= 0; i -= 4096)
        room[i] = 1;
    CHECK(room[bytes - 1] == 1);
}

/* What a process can do to the accounts: grow in every way, exec, fail, move, pass a pipe on, be killed. */
static void strain(int round, int keep_pipe)
{
    int ends[2];
    char *start;
    use_stack(round % 5 * 50000 + 1);
    start = sbrk(round % 7 * 4096 * 3 + 100);
    if (round % 2)
        sbrk(-(round % 7 * 4096 * 2));
    else
        *start = 1;
    sbrk(1l << 40);
    if (round % 3 == 0)
        CHECK(setjob(0, 0) > 0);
    CHECK_EQUAL(pipe(ends), 0);
    CHECK_EQUAL(dup2(ends[1], keep_pipe), keep_pipe);
    int pid;
    while ((pid = fork_flags(round % 11 == 0 ? FORK_DAEMON : 0)) == -EAGAIN)
        sleep_ns(MS / 4); /* orphans that init has yet to reap */
    if (pid == 0) {
        use_stack(100000);
        sbrk(20000);
        sleep_ns(UINT64_MAX);
    }
    CHECK(pid > 0);
    if (round % 4 == 1)
        setjob(pid, 0);
    execl("/test/nothing", "nothing", NULL);
    if (round % 4 > 1) {
        kill(pid, SIGKILL);
        ending_of(pid);
    } else {
        kill(pid, SIGTERM);
    }
    if (round % 5 == 0)
        execl("/bin/true", "true", NULL);
    if (round % 5 == 1)
        kill(getpid(), SIGKILL);
    if (round % 5 == 2)
        raise(SIGSEGV);
}

static void strain_the_accounts(void)
{
    long before[2], after[2];
    measure(before);
    CHECK(before[0] > 100 && before[1] > 10);
    for (int round = 0; round < 120; round++) {
        int pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
            strain(round, 40);
            _exit(0);
        }
        ending_of(pid);
    }
    for (int i = 0; i < 100; i++) { /* until init has reaped the last orphans */
        measure(after);
        if (after[0] == before[0] && after[1] == before[1])
            break;
        sleep_ns(MS);
    }
    CHECK_EQUAL(after[0], before[0]);
    CHECK_EQUAL(after[1], before[1]);
}

static void accounts_do_not_drift(void)
{
    CHECK_EQUAL(limited(strain_the_accounts, 20, 4000), 0);
}

int main(int argc, char **argv)
{
    check_start(argc, argv);
    RUN(a_limit_of_processes_is_eagain);
    RUN(a_limit_holds_for_the_jobs_below);
    RUN(a_limit_of_pages_is_enomem);
    RUN(pipes_count_as_pages);
    RUN(ones_own_limit_can_only_be_lowered);
    RUN(below_what_is_there_a_limit_ends_nobody);
    RUN(nobody_moves_into_a_job_beside);
    RUN(jobs_are_nested_to_a_limit);
    RUN(accounts_do_not_drift);
    return check_end();
}
