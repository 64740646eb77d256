/*
 * Threads: what they share and what they do not, and every way in which they, and their process, end.
 */
#include "check.h"

#include <fcntl.h>
#include <kinglet/thread.h>

#define MANY 8

static volatile int counter;
static volatile bool stop;
static int ends[2];

static void *give_back(void *argument)
{
    return argument;
}

static void *count_up(void *argument)
{
    for (int i = 0; i < 1000; i++)
        __atomic_fetch_add(&counter, 1, __ATOMIC_RELAXED);
    return argument;
}

static void *compute(void *argument)
{
    while (!stop)
        ;
    return argument;
}

static void *read_for_ever(void *argument)
{
    char byte;
    read(ends[0], &byte, 1);
    return argument;
}

static void *sleep_for_ever(void *argument)
{
    sleep_ns(1000000 * MS);
    return argument;
}

static int started(void *(*function)(void *), long argument)
{
    int tid = thread_create(function, (void *)argument);
    if (tid < 0)
        errno = -tid;
    CHECK(tid > 0);
    return tid;
}

static long joined(int tid)
{
    void *value = NULL;
    CHECK_EQUAL(thread_join(tid, &value), 0);
    return (long)value;
}

/* Some that compute, some that are blocked. */
static void start_busy_ones(void)
{
    CHECK_EQUAL(pipe(ends), 0);
    for (int i = 0; i < 3; i++) {
        started(compute, 0);
        started(read_for_ever, 0);
        started(sleep_for_ever, 0);
    }
}

/* --- create, join, detach --- */

static void create_and_join(void)
{
    int tids[MANY];
    for (int i = 0; i < MANY; i++)
        tids[i] = started(count_up, i * 3);
    for (int i = MANY; i-- > 0;)
        CHECK_EQUAL(joined(tids[i]), i * 3);
    CHECK_EQUAL(counter, MANY * 1000);
    for (int i = 0; i < 200; i++)
        CHECK_EQUAL(joined(started(give_back, -i)), -i);
}

#define ROUNDS 10000

static void makes_threads(void)
{
    for (int i = 0; i < ROUNDS / 4; i++) {
        int tid = started(give_back, i);
        if (i % 3 == 0)
            CHECK_EQUAL(thread_detach(tid), 0);
        else
            CHECK_EQUAL(joined(tid), i);
    }
}

static void ten_thousand_threads(void)
{
    int pids[4];
    for (int i = 0; i < 4; i++) {
        pids[i] = fork();
        CHECK(pids[i] >= 0);
        if (pids[i] == 0) {
            makes_threads();
            _exit(0);
        }
    }
    for (int i = 0; i < 4; i++)
        CHECK_EQUAL(ending_of(pids[i]), 0);
}

static void join_says_what_cannot_be(void)
{
    CHECK_EQUAL(thread_join(thread_self(), NULL), -EDEADLK);
    CHECK_EQUAL(thread_join(0, NULL), -ESRCH);
    CHECK_EQUAL(thread_join(1, NULL), -ESRCH); /* init: another process's */
    CHECK_EQUAL(thread_detach(1), -ESRCH);
    int tid = started(give_back, 1);
    CHECK_EQUAL(raw(SYS_thread_join, tid, 8, 0), -EFAULT); /* and it can still be joined */
    CHECK_EQUAL(joined(tid), 1);
    CHECK_EQUAL(thread_join(tid, NULL), -ESRCH);
    tid = started(sleep_for_ever, 0);
    CHECK_EQUAL(thread_detach(tid), 0);
    CHECK_EQUAL(thread_detach(tid), -EINVAL);
    CHECK_EQUAL(thread_join(tid, NULL), -EINVAL);
    CHECK_EQUAL(kill(tid, 0), -1); /* it is no process */
    CHECK_EQUAL(errno, ESRCH);
}

static volatile int taken;
static int answers[2];

static void *join_taken(void *argument)
{
    (void)argument;
    int result = thread_join(taken, NULL);
    CHECK(result == 0 || result == -ESRCH);
    return (void *)(long)result;
}

/* Many that wait for one: its end reaches each. */
static void hundreds_wait_for_one(void)
{
    enum { WAITING = 150 };
    static int tids[WAITING];
    CHECK_EQUAL(pipe(ends), 0);
    taken = started(read_for_ever, 0);
    for (int i = 0; i < WAITING; i++)
        tids[i] = started(join_taken, 0);
    for (int i = 0; i < WAITING; i++)
        wait_until_thread_blocked(tids[i], "thread");
    CHECK_EQUAL(close(ends[1]), 0);
    int got_it = 0;
    for (int i = 0; i < WAITING; i++)
        got_it += joined(tids[i]) == 0;
    CHECK_EQUAL(got_it, 1);
}

static void *let_go(void *detaches)
{
    long won = 0;
    char byte;
    while (read(ends[0], &byte, 1) == 1) {
        int result = detaches ? thread_detach(taken) : thread_join(taken, NULL);
        CHECK(result == 0 || result == -ESRCH || result == -EINVAL);
        won += !result;
        CHECK_EQUAL(write(answers[1], "", 1), 1);
    }
    return (void *)won;
}

/* Of several that join or detach one thread, one is told that it did. */
static void one_alone_lets_go_of_a_thread(void)
{
    int tids[4], rounds = 60, won = 0;
    char bytes[4];
    CHECK_EQUAL(pipe(ends), 0);
    CHECK_EQUAL(pipe(answers), 0);
    for (int i = 0; i < 4; i++)
        tids[i] = started(let_go, i == 3);
    for (int round = 0; round < rounds; round++) {
        taken = started(give_back, 0);
        CHECK_EQUAL(write(ends[1], bytes, 4), 4);
        for (int n = 0; n < 4; n++)
            CHECK_EQUAL(read(answers[0], bytes, 1), 1);
    }
    CHECK_EQUAL(close(ends[1]), 0);
    for (int i = 0; i < 4; i++)
        won += (int)joined(tids[i]);
    CHECK_EQUAL(won, rounds);
}

static void detached_ones_leave_nothing(void)
{
    struct system_info before, after;
    system_info(&before);
    for (int i = 0; i < 300; i++) {
        int tid = started(give_back, 0);
        thread_detach(tid); /* perhaps it has ended already */
        if (i % 10 == 0)
            sleep_ns(MS);
    }
    struct proc_info info;
    for (int i = 0; i < 1000; i++) {
        joined(started(give_back, 0)); /* which also takes those apart that have ended */
        CHECK_EQUAL(process_list(getpid(), &info, 1), 1);
        if (info.threads == 1)
            break;
        sleep_ns(MS);
    }
    CHECK_EQUAL(info.threads, 1);
    system_info(&after);
    CHECK_EQUAL(after.processes, before.processes);
}

static void *join_main(void *argument)
{
    CHECK_EQUAL(joined(getpid()), 77);
    _exit((int)(long)argument);
}

static void end_main_first(void)
{
    started(join_main, 5);
    thread_exit((void *)77);
}

static void the_first_thread_can_be_joined(void)
{
    CHECK_EQUAL(in_child(end_main_first), 5);
}

/* --- what is one's own, and what is shared --- */

static _Thread_local int with_value = 42;
static _Thread_local long zero;
static _Thread_local int aligned __attribute__((aligned(32))) = 7;
static volatile int arrived;

static void *look_at_own(void *argument)
{
    int id = (int)(long)argument;
    CHECK_EQUAL(with_value, 42);
    CHECK_EQUAL(zero, 0);
    CHECK_EQUAL(aligned, 7);
    CHECK_EQUAL((long)&aligned % 32, 0);
    CHECK_EQUAL(errno, 0);
    with_value = id;
    zero = -id;
    errno = id;
    double sum = id;
    __atomic_fetch_add(&arrived, 1, __ATOMIC_SEQ_CST);
    for (int i = 0; i < 300; i++) {
        sum += 1.5;
        yield();
        CHECK_EQUAL(with_value, id);
        CHECK_EQUAL(zero, -id);
        CHECK_EQUAL(errno, id);
    }
    CHECK(sum == id + 450.0);
    CHECK(thread_self() != getpid());
    return (void *)(long)thread_self();
}

static void each_has_its_own_variables_and_registers(void)
{
    int tids[MANY];
    with_value = 1000;
    CHECK_EQUAL(thread_self(), getpid());
    for (int i = 0; i < MANY; i++)
        tids[i] = started(look_at_own, i + 1);
    for (int i = 0; i < MANY; i++)
        CHECK_EQUAL(joined(tids[i]), tids[i]);
    CHECK_EQUAL(with_value, 1000);
}

static void *use_shared(void *argument)
{
    char text[8];
    int *fds = argument;
    CHECK_EQUAL(read(fds[0], text, sizeof text), 3);
    CHECK_EQUAL(chdir("/bin"), 0);
    int fd = open("ls", O_RDONLY);
    CHECK(fd >= 0);
    return (void *)(long)fd;
}

static void handles_and_places_are_shared(void)
{
    int fds[2];
    CHECK_EQUAL(chdir("/"), 0);
    CHECK_EQUAL(pipe(fds), 0);
    int tid = thread_create(use_shared, fds);
    CHECK_EQUAL(write(fds[1], "abc", 3), 3);
    long fd = joined(tid);
    CHECK_EQUAL(close((int)fd), 0);
    fd = open("cat", O_RDONLY); /* in /bin */
    CHECK(fd >= 0);
}

static void *read_end(void *argument)
{
    char byte = 'x';
    ssize_t n = read(ends[0], &byte, 1);
    (void)argument;
    return (void *)(n << 8 | byte);
}

static void a_handle_closed_under_a_reader(void)
{
    CHECK_EQUAL(pipe(ends), 0);
    int tid = started(read_end, 0);
    wait_until_thread_blocked(tid, "pipe read");
    int number = ends[0], other = ends[1];
    CHECK_EQUAL(close(ends[0]), 0);
    CHECK_ERRNO(read(number, &number, 1), EBADF);
    CHECK_EQUAL(write(other, "q", 1), 1); /* the reader has its pipe still */
    CHECK_EQUAL(joined(tid), 1 << 8 | 'q');
}

static void *reopen(void *argument)
{
    for (int i = 0; i < 300; i++) {
        int fd = dup(0);
        CHECK(fd >= 0);
        yield();
        CHECK_EQUAL(close(fd), 0);
        CHECK(open("/bin/ls", O_RDONLY | O_CLOEXEC) >= 0 || errno == EMFILE);
    }
    return argument;
}

static void many_open_and_close(void)
{
    int tids[MANY];
    for (int i = 0; i < 3; i++)
        tids[i] = started(reopen, i);
    for (int i = 0; i < 30; i++) {
        int pid = fork(); /* copies a table that grows meanwhile */
        CHECK(pid >= 0);
        if (pid == 0)
            _exit(3);
        CHECK_EQUAL(ending_of(pid), 3);
    }
    for (int i = 0; i < 3; i++)
        CHECK_EQUAL(joined(tids[i]), i);
}

/* --- the end of the process --- */

static void *exit_7(void *argument)
{
    sleep_ns(2 * MS);
    exit((int)(long)argument);
}

static void let_one_exit(void)
{
    start_busy_ones();
    started(exit_7, 7);
    sleep_for_ever(NULL);
}

static void exit_by_one_ends_all(void)
{
    CHECK_EQUAL(in_child(let_one_exit), 7);
}

static void exit_by_main(void)
{
    start_busy_ones();
    sleep_ns(2 * MS);
    exit(9);
}

static void exit_by_the_first_ends_all(void)
{
    CHECK_EQUAL(in_child(exit_by_main), 9);
}

static void *end_later(void *argument)
{
    sleep_ns((uint64_t)(long)argument * MS);
    return NULL;
}

static void say_goodbye(void)
{
    write(ends[1], "bye", 3);
}

static void all_end(void)
{
    atexit(say_goodbye);
    for (int i = 0; i < 5; i++)
        started(end_later, i);
    thread_exit(NULL);
}

static void the_process_ends_with_its_last_thread(void)
{
    char text[8];
    CHECK_EQUAL(pipe(ends), 0);
    CHECK_EQUAL(in_child(all_end), 0);
    close(ends[1]);
    CHECK_EQUAL(read(ends[0], text, sizeof text), 3); /* as by exit */
}

static void *touch_nothing(void *argument)
{
    sleep_ns(MS);
    *(volatile int *)argument = 1;
    return NULL;
}

static void one_faults(void)
{
    start_busy_ones();
    started(touch_nothing, 0);
    sleep_for_ever(NULL);
}

static void a_fault_of_one_ends_all(void)
{
    CHECK_EQUAL(in_child(one_faults), -SIGSEGV);
}

static void one_faults_while_the_first_has_ended(void)
{
    start_busy_ones();
    started(touch_nothing, 0);
    thread_exit(NULL);
}

static void a_fault_after_the_end_of_the_first(void)
{
    CHECK_EQUAL(in_child(one_faults_while_the_first_has_ended), -SIGSEGV);
}

static int overflow(volatile int *from, int depth)
{
    volatile char page[2048];
    page[0] = (char)depth;
    return depth > 100000 ? *from : overflow((volatile int *)page, depth + 1) + page[0];
}

static void *use_up_the_stack(void *argument)
{
    volatile int x = 0;
    return (void *)(long)overflow(&x, (int)(long)argument);
}

static void overflow_of_a_thread(void)
{
    started(give_back, 0);
    started(use_up_the_stack, 0);
    sleep_for_ever(NULL);
}

static void a_guard_below_each_stack(void)
{
    CHECK_EQUAL(in_child(overflow_of_a_thread), -SIGSEGV);
}

static void kill_reaches_all(void)
{
    for (int round = 0; round < 30; round++) {
        int pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
            start_busy_ones();
            if (round % 2)
                thread_exit(NULL);
            compute(NULL);
        }
        sleep_ns((uint64_t)(round % 7) * MS / 2);
        CHECK_EQUAL(kill(pid, SIGKILL), 0);
        CHECK_EQUAL(ending_of(pid), -SIGKILL);
    }
}

static int threads_of(int pid)
{
    static struct proc_info list[64];
    int n = thread_list(1, list, 64), found = 0;
    for (int i = 0; i < n; i++)
        found += list[i].pid == pid && list[i].state != PROC_ZOMBIE;
    return found;
}

static void be_a_parent_of_daemons(void)
{
    int pid = fork_flags(FORK_DAEMON);
    CHECK(pid >= 0);
    if (pid == 0) {
        CHECK_EQUAL(fork_flags(0), -EDAEMON);
        start_busy_ones();
        write(ends[1], &(int){getpid()}, 0);
        compute(NULL);
    }
    while (threads_of(pid) < 10)
        sleep_ns(MS);
    _exit(pid % 100 + 1);
}

static void daemons_and_their_threads_end_first(void)
{
    for (int round = 0; round < 5; round++) {
        int pid = fork(), handle;
        CHECK(pid >= 0);
        if (pid == 0)
            be_a_parent_of_daemons();
        handle = process_open(pid);
        struct pollfd ended = {.fd = handle, .events = POLLIN};
        CHECK_EQUAL(poll(&ended, 1, -1), 1);
        static struct proc_info list[64];
        int n = thread_list(1, list, 64);
        for (int i = 0; i < n; i++)
            CHECK(list[i].ppid != pid);
        close(handle);
        CHECK(ending_of(pid) > 0);
    }
}

/* --- fork, wait, exec --- */

static void *fork_here(void *argument)
{
    int mark = 5;
    int pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        CHECK_EQUAL(threads_of(getpid()), 1);
        CHECK_EQUAL(thread_self(), getpid());
        mark++; /* on this thread's stack, of which the child has a copy */
        CHECK_EQUAL(joined(started(give_back, 3)), 3);
        free(malloc(10000));
        exit(mark);
    }
    sleep_ns(MS);
    CHECK_EQUAL(mark, 5);
    CHECK_EQUAL(ending_of(pid), 6);
    return argument;
}

static void fork_copies_the_caller_alone(void)
{
    int tids[4];
    started(compute, 0);
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 4; i++)
            tids[i] = started(fork_here, i);
        for (int i = 0; i < 4; i++)
            CHECK_EQUAL(joined(tids[i]), i);
    }
}

static void *return_from_thread(void *argument)
{
    int pid = fork();
    (void)argument;
    if (pid == 0)
        return NULL; /* the child's only thread ends: exit(0) */
    return (void *)(long)ending_of(pid);
}

static void a_copy_ends_as_a_thread_does(void)
{
    CHECK_EQUAL(joined(started(return_from_thread, 0)), 0);
}

static void *wait_for_any(void *argument)
{
    struct exit_status status;
    (void)argument;
    return (void *)(long)(wait_status(-1, &status, 0) > 0 ? status.code : -1);
}

static void any_thread_can_wait(void)
{
    int tids[3], sum = 0;
    for (int i = 0; i < 3; i++) {
        int pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
            sleep_ns(3 * MS);
            _exit(1 << i);
        }
        tids[i] = started(wait_for_any, 0);
    }
    for (int i = 0; i < 3; i++)
        sum += (int)joined(tids[i]);
    CHECK_EQUAL(sum, 7);
}

static char pid_text[16];

static void *exec_report(void *argument)
{
    (void)argument;
    char *argv[] = {"threads", "report", pid_text, NULL};
    execv("/test/threads", argv);
    return NULL; /* another thread's was first */
}

static int exec_with(int which)
{
    int pid = fork();
    CHECK(pid >= 0);
    if (pid != 0)
        return ending_of(pid);
    snprintf(pid_text, sizeof pid_text, "%d", getpid());
    start_busy_ones();
    if (which == 0)
        exec_report(NULL);
    started(exec_report, 0);
    if (which == 2)
        started(exec_report, 0);
    if (which == 3)
        thread_exit(NULL);
    if (which == 4)
        exec_report(NULL);
    sleep_for_ever(NULL);
    _exit(1);
}

/* The program that exec_report leads to. */
static int report(const char *pid)
{
    struct proc_info info;
    CHECK_EQUAL(getpid(), atoi(pid));
    CHECK_EQUAL(thread_self(), getpid());
    CHECK_EQUAL(threads_of(getpid()), 1);
    CHECK_EQUAL(process_list(getpid(), &info, 1), 1);
    CHECK_EQUAL(info.threads, 1);
    CHECK_EQUAL(strcmp(info.name, "threads"), 0);
    CHECK_EQUAL(joined(started(give_back, 3)), 3);
    return 55;
}

static void exec_ends_the_others(void)
{
    for (int round = 0; round < 4; round++)
        for (int which = 0; which < 5; which++)
            CHECK_EQUAL(exec_with(which), 55);
}

static void *exec_nothing(void *argument)
{
    char *argv[] = {"x", NULL};
    CHECK_ERRNO(execv("/no/such/program", argv), ENOENT);
    CHECK_ERRNO(execv("/README", argv), EACCES);
    return argument;
}

static void an_exec_that_fails_changes_nothing(void)
{
    int other = started(compute, 4);
    CHECK_EQUAL(joined(started(exec_nothing, 3)), 3);
    stop = true;
    CHECK_EQUAL(joined(other), 4);
}

/* --- the job's limit, ps --- */

static void threads_count_as_processes(void)
{
    struct job_limits limits = {0}, old;
    CHECK_EQUAL(job_limits(0, NULL, &old), 0);
    int job = setjob(0, 0);
    CHECK(job > 0);
    int pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        int n = 0, tid;
        limits.max_processes = 6;
        CHECK_EQUAL(job_limits(0, &limits, NULL), 0);
        while ((tid = thread_create(sleep_for_ever, NULL)) > 0)
            n++;
        CHECK_EQUAL(tid, -EAGAIN);
        CHECK_ERRNO(fork(), EAGAIN);
        CHECK_EQUAL(setjob(0, 0) > 0, 1); /* they move with it */
        CHECK_ERRNO(fork(), EAGAIN);
        _exit(n);
    }
    CHECK_EQUAL(ending_of(pid), 4); /* the case itself, the child, and four */
    CHECK((pid = fork()) >= 0);
    if (pid == 0)
        _exit(0);
    CHECK_EQUAL(ending_of(pid), 0);
}

static void lists_show_processes_and_threads(void)
{
    static struct proc_info list[64];
    struct proc_info info;
    int tid = started(compute, 0), me = getpid(), n, seen = 0;
    sleep_ns(30 * MS);
    CHECK_EQUAL(process_list(me, &info, 1), 1);
    CHECK_EQUAL(info.pid, me);
    CHECK_EQUAL(info.threads, 2);
    CHECK(info.cpu_ns >= 5 * MS); /* what the other computes is the process's */
    n = process_list(1, list, 64);
    for (int i = 0; i < n; i++)
        CHECK(list[i].pid != tid && list[i].tid == list[i].pid);
    n = thread_list(1, list, 64);
    for (int i = 0; i < n; i++)
        seen += list[i].pid == me && (list[i].tid == me || list[i].tid == tid);
    CHECK_EQUAL(seen, 2);
    stop = true;
    joined(tid);
    uint64_t used = info.cpu_ns;
    CHECK_EQUAL(process_list(me, &info, 1), 1);
    CHECK(info.cpu_ns >= used); /* also when it is gone */
}

/* --- memory --- */

static volatile char *area;
static volatile int reads;

static void *read_area(void *argument)
{
    for (;;) {
        (void)*area;
        reads++;
    }
    return argument;
}

static void wait_for_reads(void)
{
    int before = reads;
    while (reads - before < 100)
        sleep_ns(MS / 10);
}

/* Gives the memory object. */
static int map_area(void)
{
    int memory = memory_create(4096);
    CHECK(memory >= 0);
    CHECK_EQUAL(memory_commit(memory, 0, 4096), 0);
    area = map(memory, 0, 4096, MAP_READ | MAP_WRITE);
    CHECK(area);
    *area = 1;
    started(read_area, 0);
    wait_for_reads();
    return memory;
}

static void unmap_under_a_reader(void)
{
    map_area();
    CHECK_EQUAL(unmap((void *)area, 4096), 0);
    sleep_ns(1000 * MS); /* the other one reads on only if its hart has an entry that it should not have */
}

static void decommit_under_a_reader(void)
{
    int memory = map_area();
    CHECK_EQUAL(memory_decommit(memory, 0, 4096), 0);
    sleep_ns(1000 * MS);
}

static void shrink_under_a_reader(void)
{
    char *start = sbrk(64 * 4096);
    area = start + 40 * 4096;
    *area = 1;
    started(read_area, 0);
    wait_for_reads();
    CHECK(sbrk(-32 * 4096) != (void *)-1);
    sleep_ns(1000 * MS);
}

static void unmap_private_under_a_reader(void)
{
    long address = raw6(SYS_map, MAP_PRIVATE, 0, 8192, MAP_READ | MAP_WRITE, 0, 0);
    CHECK(address > 0);
    area = (char *)address;
    *area = 1;
    started(read_area, 0);
    wait_for_reads();
    CHECK_EQUAL(unmap((void *)area, 4096), 0);
    sleep_ns(1000 * MS);
}

static void what_is_taken_away_is_gone_on_other_harts(void)
{
    for (int round = 0; round < 5; round++) {
        CHECK_EQUAL(in_child(unmap_under_a_reader), -SIGSEGV);
        CHECK_EQUAL(in_child(decommit_under_a_reader), -SIGSEGV);
        CHECK_EQUAL(in_child(shrink_under_a_reader), -SIGSEGV);
        CHECK_EQUAL(in_child(unmap_private_under_a_reader), -SIGSEGV);
    }
}

static void *write_words(void *argument)
{
    volatile long *words = (volatile long *)area;
    long id = (long)argument;
    for (long i = 0; !stop; i++)
        words[id * 512 * 4 + i % 2048] = i;
    return argument;
}

/* A copy-on-write page that this hart has written to before is another's now: the child must not see what comes after
 * the fork, and the parent must see all of it. */
static void fork_while_others_write(void)
{
    int tids[3];
    area = sbrk(4 * 4 * 4096);
    for (int i = 0; i < 3; i++)
        tids[i] = started(write_words, i);
    for (int round = 0; round < 20; round++) {
        int pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
            long sum = 0, again = 0;
            for (int i = 0; i < 3 * 2048; i++)
                sum += ((volatile long *)area)[i];
            sleep_ns(MS / 2);
            for (int i = 0; i < 3 * 2048; i++)
                again += ((volatile long *)area)[i];
            CHECK_EQUAL(again, sum);
            _exit(0);
        }
        CHECK_EQUAL(ending_of(pid), 0);
    }
    stop = true;
    for (int i = 0; i < 3; i++)
        joined(tids[i]);
}

static void *touch_all(void *argument)
{
    for (int i = 0; i < 200; i++)
        area[i * 4096 + (long)argument] = (char)(i + (long)argument);
    return argument;
}

#define UNMAPS 10 /* each waits for all harts that run one of the threads, which a busy host may delay by 20 ms */

static void *grow_and_shrink(void *argument)
{
    for (int i = 0; i < UNMAPS; i++) {
        char *memory = malloc(3000 + (size_t)i * 1000);
        CHECK(memory);
        memset(memory, (int)(long)argument, 3000);
        long page = raw6(SYS_map, MAP_PRIVATE, 0, 4096, MAP_READ | MAP_WRITE, 0, 0);
        CHECK(page > 0);
        *(char *)page = 1;
        CHECK_EQUAL(unmap((void *)page, 4096), 0);
        for (int k = 0; k < 3000; k++)
            CHECK(memory[k] == (char)(long)argument);
        free(memory);
    }
    return argument;
}

static void many_fault_and_map_at_once(void)
{
    int tids[MANY];
    area = malloc(200 * 4096);
    for (int i = 0; i < MANY; i++)
        tids[i] = started(i % 2 ? touch_all : grow_and_shrink, i);
    for (int i = 0; i < MANY; i++)
        CHECK_EQUAL(joined(tids[i]), i);
    for (int i = 0; i < 200; i++)
        for (int k = 1; k < MANY; k += 2)
            CHECK(area[i * 4096 + k] == (char)(i + k));
}

static void *fill_buffer_of_main(void *argument)
{
    char *buffer = argument;
    int fd = open("/bin/ls", O_RDONLY);
    CHECK(fd >= 0);
    CHECK_EQUAL(read(fd, buffer, 4), 4); /* nobody has touched that page: the kernel grows the stack */
    buffer[9000] = 1;                    /* and so does a fault here */
    close(fd);
    return NULL;
}

static void buffers_on_the_first_stack(void)
{
    char buffer[100000];
    joined(started(fill_buffer_of_main, (long)buffer));
    CHECK_EQUAL(memcmp(buffer, "\177ELF", 4), 0);
}

/* --- libc --- */

static void *print_lines(void *argument)
{
    for (int i = 0; i < 50; i++)
        fprintf(stdout, "<%ld:%d:%s>\n", (long)argument, i, "some words");
    return argument;
}

static void lines_come_out_whole(void)
{
    int tids[MANY], lines = 0;
    char line[100];
    CHECK_EQUAL(pipe(ends), 0);
    int pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        dup2(ends[1], 1);
        for (int i = 0; i < MANY; i++)
            tids[i] = started(print_lines, i);
        for (int i = 0; i < MANY; i++)
            joined(tids[i]);
        exit(0);
    }
    close(ends[1]);
    FILE *in = fdopen(ends[0], "r");
    while (fgets(line, sizeof line, in)) {
        lines++;
        CHECK(line[0] == '<' && strcmp(strchr(line + 3, ':'), strstr(line, ":some words>\n") ? strchr(line + 3, ':') : "") == 0);
    }
    CHECK_EQUAL(lines, MANY * 50);
    CHECK_EQUAL(ending_of(pid), 0);
}

/* --- a server with threads, and threads as clients --- */

static int channel, session;

static void *serve(void *argument)
{
    struct message m;
    static char buffer[4096];
    CHECK_EQUAL(channel_serve(channel, buffer, sizeof buffer), 0);
    for (;;) {
        receive(channel, &m);
        if (m.op == MSG_CANCEL) {
            counter++;
            continue;
        }
        if (m.op != MSG_CALL_FIRST)
            continue;
        if (m.arg0 == 99) /* never answered */
            continue;
        struct reply r = {.token = m.token, .status = (int64_t)m.arg0 + 1};
        reply(channel, &r);
        if (m.arg0 == 50)
            return argument;
    }
}

static void *call_server(void *argument)
{
    for (int i = 0; i < 40; i++)
        CHECK_EQUAL(call(session, MSG_CALL_FIRST, (uint64_t)i, 0, NULL, 0, 0), i + 1);
    return argument;
}

static void threads_serve_threads(void)
{
    int tids[4];
    channel = channel_create(5);
    CHECK(channel >= 0);
    session = channel_connect(channel, 1, 0);
    CHECK(session >= 0);
    int server = started(serve, 3);
    for (int i = 0; i < 4; i++)
        tids[i] = started(call_server, i);
    for (int i = 0; i < 4; i++)
        CHECK_EQUAL(joined(tids[i]), i);
    CHECK_EQUAL(call(session, MSG_CALL_FIRST, 50, 0, NULL, 0, 0), 51);
    CHECK_EQUAL(joined(server), 3);
    server = started(serve, 4); /* the channel is free for the next */
    CHECK_EQUAL(call(session, MSG_CALL_FIRST, 50, 0, NULL, 0, 0), 51);
    CHECK_EQUAL(joined(server), 4);
}

static void *call_for_ever(void *argument)
{
    call(session, MSG_CALL_FIRST, 99, 0, NULL, 0, 0);
    return argument;
}

static void die_in_a_call(void)
{
    int tid = started(call_for_ever, 0);
    wait_until_thread_blocked(tid, "call");
    CHECK_EQUAL(call(session, MSG_CALL_FIRST, 1, 0, NULL, 0, 0), 2); /* so the server has the other one's in hand */
    started(call_for_ever, 0);
    _exit(8);
}

static void *serve_until_told(void *argument)
{
    return serve(argument);
}

static void a_thread_killed_in_a_call(void)
{
    channel = channel_create(5);
    session = channel_connect(channel, 1, 0);
    int server = started(serve_until_told, 0);
    CHECK_EQUAL(in_child(die_in_a_call), 8);
    for (int i = 0; i < 1000 && counter == 0; i++)
        sleep_ns(MS);
    CHECK(counter > 0);
    CHECK_EQUAL(call(session, MSG_CALL_FIRST, 50, 0, NULL, 0, 0), 51);
    joined(server);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "report") == 0)
        return report(argv[2]);
    check_start(argc, argv);
    RUN(create_and_join);
    RUN(ten_thousand_threads);
    RUN(join_says_what_cannot_be);
    RUN(one_alone_lets_go_of_a_thread);
    RUN(hundreds_wait_for_one);
    RUN(detached_ones_leave_nothing);
    RUN(the_first_thread_can_be_joined);
    RUN(each_has_its_own_variables_and_registers);
    RUN(handles_and_places_are_shared);
    RUN(a_handle_closed_under_a_reader);
    RUN(many_open_and_close);
    RUN(exit_by_one_ends_all);
    RUN(exit_by_the_first_ends_all);
    RUN(the_process_ends_with_its_last_thread);
    RUN(a_fault_of_one_ends_all);
    RUN(a_fault_after_the_end_of_the_first);
    RUN(a_guard_below_each_stack);
    RUN(kill_reaches_all);
    RUN(daemons_and_their_threads_end_first);
    RUN(fork_copies_the_caller_alone);
    RUN(a_copy_ends_as_a_thread_does);
    RUN(any_thread_can_wait);
    RUN(exec_ends_the_others);
    RUN(an_exec_that_fails_changes_nothing);
    RUN(threads_count_as_processes);
    RUN(lists_show_processes_and_threads);
    RUN(what_is_taken_away_is_gone_on_other_harts);
    RUN(fork_while_others_write);
    RUN(many_fault_and_map_at_once);
    RUN(buffers_on_the_first_stack);
    RUN(lines_come_out_whole);
    RUN(threads_serve_threads);
    RUN(a_thread_killed_in_a_call);
    return check_end();
}
