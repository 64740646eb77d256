/*
 * Threads: making, joining and detaching them, what they share and what is their own, and threads that serve and call. How
 * they end is in thread_end.c, what becomes of the memory that they share in thread_memory.c.
 */
#include "thread_tools.h"

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
    CHECK_EQUAL(process_list(me, &info, 1), 1);
    CHECK_EQUAL(info.pid, me);
    CHECK_EQUAL(info.threads, 2);
    for (uint64_t before = info.cpu_ns; info.cpu_ns < before + 5 * MS;) { /* what the other computes is the process's */
        sleep_ns(MS);
        CHECK_EQUAL(process_list(me, &info, 1), 1);
    }
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
    RUN(threads_count_as_processes);
    RUN(lists_show_processes_and_threads);
    RUN(lines_come_out_whole);
    RUN(threads_serve_threads);
    RUN(a_thread_killed_in_a_call);
    return check_end();
}
