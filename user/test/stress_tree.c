/*
 * Stress: fork, exit and wait while members of the family are killed at any moment; whole jobs killed; daemons
 * that end with their parents.
 */
#include "stress.h"

static int code_of(int id)
{
    return id * 37 % 100;
}

static void do_something(void)
{
    switch (below(4)) {
    case 0:
        yield();
        break;
    case 1:
        sleep_at_most(2);
        break;
    case 2:
        for (volatile unsigned i = below(20000); i; i--)
            ;
        break;
    default:
        getppid();
    }
}

/* --- trees whose members are killed by a stranger --- */

static void grow(int id)
{
    int depth = 0, pids[3], n;
    for (int i = id; i > 1; i /= 4)
        depth++;
    n = depth < 3 ? (int)below(4) : 0;
    for (int i = 0; i < n; i++) {
        do_something();
        pids[i] = start(grow, id * 4 + i);
    }
    /* In any order, and now and then without saying whom. */
    bool any = one_in(2);
    for (int i = 0; i < n; i++) {
        if (!any) {
            int which = n - 1 - i;
            ended_or_killed(pids[which], code_of(id * 4 + which));
            continue;
        }
        struct exit_status status;
        int pid = wait_status(-1, &status, 0), which = 0;
        while (which < n && pids[which] != pid)
            which++;
        CHECK(which < n);
        pids[which] = 0; /* each once */
        CHECK(status.signal == SIGKILL || (!status.signal && status.code == code_of(id * 4 + which)));
    }
    CHECK_EQUAL(wait_status(-1, NULL, WAIT_NOHANG), -ECHILD);
    do_something();
    _exit(code_of(id));
}

static int members(int which, int *pids, int room)
{
    static struct proc_info list[64];
    int n = process_list(1, list, 64), found = 0;
    for (int i = 0; i < n; i++)
        if (list[i].job == which && found < room)
            pids[found++] = list[i].pid;
    return found;
}

static void wait_until_job_is_gone(int job)
{
    for (int i = 0; kill(-job, 0) == 0; i++) {
        CHECK(i < 5000); /* init reaps the orphans */
        sleep_ns(MS);
    }
}

static void trees_with_kills(void)
{
    begin();
    while (time_left()) {
        int pids[32];
        int root = start(grow, 1), job = setjob(root, 0);
        if (job < 0) { /* it has grown its first children in our job, or has ended */
            ended_or_killed(root, code_of(1));
            continue;
        }
        int rounds = (int)below(12);
        while (rounds-- > 0) {
            sleep_at_most(2);
            int n = members(job, pids, 32);
            if (!n)
                break;
            kill(pids[below((unsigned)n)], SIGKILL); /* gone meanwhile, perhaps */
        }
        ended_or_killed(root, code_of(1));
        wait_until_job_is_gone(job);
    }
}

/* --- jobs that are killed as a whole while they grow --- */

static void fork_for_ever(int depth)
{
    for (;;) {
        int pid = fork_flags(depth > 0 && one_in(4) ? FORK_DAEMON : 0);
        if (pid == 0) {
            if (depth == 0)
                for (;;)
                    do_something();
            depth--;
            if (one_in(3))
                setjob(0, 0);
            continue;
        }
        if (pid < 0)
            do_something();
        if (one_in(3))
            wait_status(-1, NULL, one_in(2) ? WAIT_NOHANG : 0);
        if (one_in(8))
            _exit(0);
    }
}

static void jobs_killed_as_they_grow(void)
{
    begin();
    struct job_limits limits = {.max_processes = 24, .max_pages = 4000};
    while (time_left()) {
        int ends[2];
        char c;
        CHECK_EQUAL(pipe(ends), 0);
        uint64_t seed = stress_random();
        int pid = fork();
        if (pid == 0) {
            close(ends[1]);
            CHECK_EQUAL(read(ends[0], &c, 1), 0); /* moved and limited */
            stress_seeded(seed);
            fork_for_ever(3);
        }
        int job = setjob(pid, 0);
        CHECK(job > 0);
        CHECK_EQUAL(job_limits(job, &limits, NULL), 0);
        close(ends[0]);
        close(ends[1]);
        sleep_at_most(8);
        if (kill(-job, SIGKILL) != 0)
            CHECK_EQUAL(errno, ESRCH);
        int how = ending_of(pid);
        CHECK(how == 0 || how == -SIGKILL);
        wait_until_job_is_gone(job);
    }
}

/* --- daemons --- */

static int told[2];

static void be_a_daemon(int kind)
{
    int ends[2];
    char c;
    switch (kind % 4) {
    case 0:
        for (;;)
            yield();
    case 1:
        sleep_ns(UINT64_MAX);
        break;
    case 2:
        CHECK_EQUAL(pipe(ends), 0);
        read(ends[0], &c, 1);
        break;
    default:
        for (;;)
            if (one_in(50))
                _exit(0); /* some end before their parent does */
            else
                do_something();
    }
    for (;;)
        ;
}

static void have_daemons(int n)
{
    for (int i = 0; i < n; i++) {
        uint64_t seed = stress_random();
        int pid = fork_flags(one_in(4) ? 0 : FORK_DAEMON); /* an ordinary child outlives us */
        CHECK(pid >= 0);
        if (pid == 0) {
            struct proc_info me;
            stress_seeded(seed);
            CHECK_EQUAL(process_list(getpid(), &me, 1), 1);
            if (!me.daemon) {
                do_something();
                _exit(0);
            }
            pid = getpid();
            CHECK_EQUAL(write(told[1], &pid, sizeof pid), sizeof pid);
            be_a_daemon(i);
        }
        if (one_in(4))
            wait_status(-1, NULL, WAIT_NOHANG);
    }
    do_something();
    if (one_in(2))
        sleep_ns(UINT64_MAX); /* to be killed */
    _exit(7);
}

static void daemons_end_with_their_parents(void)
{
    begin();
    while (time_left()) {
        int pids[8], n, parent;
        CHECK_EQUAL(pipe(told), 0);
        parent = start(have_daemons, (int)below(8) + 1);
        sleep_at_most(6);
        kill_child(parent);
        ended_or_killed(parent, 7);
        /* Now, not soon: its daemons were dead before it became a zombie. */
        close(told[1]);
        while ((n = (int)read(told[0], pids, sizeof pids)) > 0)
            for (int i = 0; i < n / (int)sizeof pids[0]; i++) {
                struct proc_info info;
                if (process_list(pids[i], &info, 1) == 1 && info.pid == pids[i])
                    CHECK_EQUAL(info.daemon ? info.pid : 0, 0);
            }
        close(told[0]);
    }
}

int main(int argc, char **argv)
{
    stress_start(argc, argv);
    RUN(trees_with_kills);
    RUN(jobs_killed_as_they_grow);
    RUN(daemons_end_with_their_parents);
    return check_end();
}
