/*
 * The ways in which threads, and the process that they are, end: exit, faults, kill, exec; and fork, which copies one.
 */
#include "thread_tools.h"

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
    char *argv[] = {"thread_end", "report", pid_text, NULL};
    execv("/test/thread_end", argv);
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
    CHECK_EQUAL(strcmp(info.name, "thread_end"), 0);
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

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "report") == 0)
        return report(argv[2]);
    check_start(argc, argv);
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
    return check_end();
}
