/*
 * Submitted calls: what they give and when, which there are, and many of them at once. submit_cancel.c has those that
 * are cancelled, submit_deaths.c the other ends, submit_limits.c what they cost.
 */
#include "submit_tools.h"

#include <fcntl.h>
#include <kinglet/thread.h>

#define MANY 40

/* --- what they give --- */

static void a_file_is_read(void)
{
    char same[sizeof buffer];
    int file = open("/bin/sh", O_RDONLY), again = open("/bin/sh", O_RDONLY);
    make_queue(0);
    CHECK_EQUAL(submit_read(queue, 7, file, buffer, sizeof buffer), 0);
    expect_record(7, sizeof buffer);
    CHECK_EQUAL(read(again, same, sizeof same), sizeof same);
    CHECK(memcmp(buffer, same, sizeof same) == 0);
    expect_the_end();
}

static void a_file_is_made_written_and_closed_over_one_queue(void)
{
    make_queue(0);
    CHECK_EQUAL(submit_open(queue, 1, "/tmp/submitted", O_RDWR | O_CREAT | O_TRUNC, 0666), 0);
    struct completion done = next_record();
    CHECK(done.tag == 1 && done.result > queue);
    int file = (int)done.result;
    CHECK_EQUAL(submit_write(queue, 2, file, "hello", 5), 0);
    expect_record(2, 5);
    CHECK_EQUAL(submit_fsync(queue, 3, file), 0);
    expect_record(3, 0);
    CHECK_EQUAL(lseek(file, 0, SEEK_SET), 0);
    CHECK_EQUAL(read(file, buffer, sizeof buffer), 5);
    CHECK(memcmp(buffer, "hello", 5) == 0);
    CHECK_EQUAL(close(file), 0);
    struct submission remove = {4, SYS_unlink, {(uint64_t)"/tmp/submitted"}};
    CHECK_EQUAL(submit(queue, &remove), 0);
    expect_record(4, 0);
    CHECK_ERRNO(open("/tmp/submitted", O_RDONLY), ENOENT);
}

static void the_caller_goes_on_while_a_pipe_is_empty(void)
{
    struct completion done;
    make_queue_and_pipe(O_NONBLOCK);
    CHECK_EQUAL(submit_read(queue, 1, ends[0], buffer, 10), 0);
    CHECK_ERRNO(read(queue, &done, sizeof done), EAGAIN);
    wait_for_carriers(1, "pipe read");
    CHECK_ERRNO(read(queue, &done, sizeof done), EAGAIN);
    CHECK_EQUAL(write(ends[1], "abc", 3), 3);
    struct pollfd p = {.fd = queue, .events = POLLIN};
    CHECK_EQUAL(poll(&p, 1, -1), 1);
    CHECK_EQUAL(p.revents, POLLIN);
    expect_record(1, 3);
    CHECK(memcmp(buffer, "abc", 3) == 0);
    expect_the_end(); /* also with O_NONBLOCK */
}

static void a_read_of_the_queue_blocks_until_a_call_ends(void)
{
    make_queue_and_pipe(0);
    int pid = fork();
    if (pid == 0) {
        sleep_ns(20 * MS);
        CHECK_EQUAL(write(ends[1], "x", 1), 1);
        _exit(0);
    }
    CHECK_EQUAL(submit_read(queue, 5, ends[0], buffer, 10), 0);
    expect_record(5, 1);
    CHECK_EQUAL(ending_of(pid), 0);
}

static void many_at_once_each_with_its_tag(void)
{
    int pipes[MANY][2], seen[MANY] = {0};
    static char bytes[MANY];
    make_queue(0);
    for (int i = 0; i < MANY; i++) {
        CHECK_EQUAL(pipe(pipes[i]), 0);
        CHECK_EQUAL(submit_read(queue, (uint64_t)(1000 + i), pipes[i][0], &bytes[i], 1), 0);
    }
    for (int i = MANY; i-- > 0;) {
        char c = (char)('A' + i);
        CHECK_EQUAL(write(pipes[i][1], &c, 1), 1);
        if (i % 2)
            continue;
        for (int n = 0; n < 2; n++) {
            struct completion done = next_record();
            int which = (int)done.tag - 1000;
            CHECK(which == i || which == i + 1);
            CHECK_EQUAL(done.result, 1);
            CHECK_EQUAL(bytes[which], 'A' + which);
            CHECK_EQUAL(seen[which]++, 0);
        }
    }
    expect_the_end();
}

static void records_come_in_the_order_in_which_calls_end(void)
{
    struct completion all[8];
    int pipes[5][2];
    make_queue(0);
    for (unsigned i = 0; i < 5; i++) {
        CHECK_EQUAL(pipe(pipes[i]), 0);
        CHECK_EQUAL(submit_read(queue, i, pipes[i][0], &buffer[i], 1), 0);
    }
    for (unsigned i = 5; i-- > 0;) {
        CHECK_EQUAL(write(pipes[i][1], "x", 1), 1);
        wait_for_carriers((int)i, NULL);
    }
    for (unsigned i = 5; i-- > 0;)
        expect_record(i, 1);
    /* Several with one read: as many as fit, whole ones. */
    for (unsigned i = 0; i < 5; i++)
        CHECK_EQUAL(submit_sleep(queue, i, 0), 0);
    wait_for_carriers(0, NULL);
    CHECK_EQUAL(read(queue, all, 2 * sizeof all[0] + 5), 2 * sizeof all[0]);
    CHECK_EQUAL(read(queue, all + 2, sizeof all - 2 * sizeof all[0]), 3 * sizeof all[0]);
    for (unsigned a = 0; a < 5; a++)
        for (unsigned b = 0; b < a; b++)
            CHECK(all[a].tag != all[b].tag && all[a].tag < 5);
    expect_the_end();
}

static void a_read_with_room_for_no_record_takes_none(void)
{
    struct completion done;
    make_queue(0);
    CHECK_EQUAL(submit_sleep(queue, 1, 0), 0);
    CHECK_ERRNO(read(queue, &done, sizeof done - 1), EINVAL);
    CHECK_ERRNO(read(queue, &done, 0), EINVAL);
    CHECK_EQUAL(raw(SYS_read, queue, 8, sizeof done), -EFAULT);
    CHECK_EQUAL(raw(SYS_read, queue, (uint64_t)"read-only", sizeof done), -EFAULT);
    expect_record(1, 0);
}

/* A reader that a bad pointer sends away leaves the records, in their order, to the next. */
static void a_bad_pointer_in_read_loses_no_record(void)
{
    enum { ALL = 50 };
    make_queue(0);
    for (unsigned i = 0; i < ALL; i++) {
        CHECK_EQUAL(submit_sleep(queue, i, 0), 0);
        struct pollfd p = {.fd = queue, .events = POLLIN};
        CHECK_EQUAL(poll(&p, 1, -1), 1);
    }
    wait_for_carriers(0, NULL);
    CHECK_EQUAL(raw(SYS_read, queue, 8, ALL * sizeof(struct completion)), -EFAULT);
    bool seen[ALL] = {false};
    for (unsigned i = 0; i < ALL; i++) {
        struct completion done = next_record();
        CHECK(done.tag < ALL && !seen[done.tag] && done.result == 0);
        seen[done.tag] = true;
    }
    expect_the_end();
}

static void poll_waits_for_a_queue_and_a_pipe(void)
{
    int other[2];
    make_queue_and_pipe(0);
    CHECK_EQUAL(pipe(other), 0);
    CHECK_EQUAL(submit_read(queue, 1, ends[0], buffer, 1), 0);
    for (int round = 0; round < 2; round++) {
        int pid = fork();
        if (pid == 0) {
            sleep_ns(5 * MS);
            CHECK_EQUAL(write(round ? ends[1] : other[1], "x", 1), 1);
            _exit(0);
        }
        struct pollfd p[2] = {{.fd = queue, .events = POLLIN}, {.fd = other[0], .events = POLLIN}};
        CHECK_EQUAL(poll(p, 2, -1), 1);
        CHECK_EQUAL(p[round].revents, 0);
        CHECK_EQUAL(p[1 - round].revents, POLLIN);
        if (!round)
            CHECK_EQUAL(read(other[0], buffer, 1), 1);
        CHECK_EQUAL(ending_of(pid), 0);
    }
    expect_record(1, 1);
    struct pollfd p = {.fd = queue, .events = POLLIN | POLLOUT};
    CHECK_EQUAL(poll(&p, 1, 0), 0); /* at the end, nothing to tell */
}

static void nonblocking_handles_stay_so(void)
{
    make_queue_and_pipe(0);
    CHECK_EQUAL(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    CHECK_EQUAL(submit_read(queue, 1, ends[0], buffer, 1), 0);
    expect_record(1, -EAGAIN);
}

static void children_timers_and_messages(void)
{
    struct exit_status status = {0};
    int messages[2], got[1] = {-1};
    make_queue(0);
    int pid = fork();
    if (pid == 0) {
        sleep_ns(10 * MS);
        _exit(9);
    }
    CHECK_EQUAL(submit_wait(queue, 1, pid, &status), 0);
    expect_record(1, pid);
    CHECK(status.code == 9 && status.signal == 0);
    CHECK_EQUAL(message_pipe(messages, 0, 0, 0), 0);
    CHECK_EQUAL(submit_receive(queue, 2, messages[0], buffer, 100, got, 1, -1), 0);
    CHECK_EQUAL(submit_send(queue, 3, messages[1], "text", 4, messages, 0, -1), 0);
    struct completion a = next_record(), b = next_record();
    CHECK(a.tag + b.tag == 5 && (a.tag == 2 ? a : b).result == 4 && (a.tag == 2 ? b : a).result == 0);
    CHECK(memcmp(buffer, "text", 4) == 0);
    struct pollfd p = {.fd = messages[0], .events = POLLIN};
    CHECK_EQUAL(submit_poll(queue, 4, &p, 1, 5 * MS), 0);
    expect_record(4, 0);
    CHECK_EQUAL(submit_receive(queue, 5, messages[0], buffer, 100, NULL, 0, MS), 0);
    expect_record(5, -ETIMEDOUT);
}

static void one_of_several_who_wait_has_the_child(void)
{
    struct exit_status status[3];
    make_queue_and_pipe(0);
    int pid = fork(), found = 0;
    if (pid == 0) {
        read(ends[0], buffer, 1);
        _exit(5);
    }
    for (int i = 0; i < 3; i++)
        CHECK_EQUAL(submit_wait(queue, (uint64_t)i, i ? pid : -1, &status[i]), 0);
    wait_for_carriers(3, "child");
    CHECK_EQUAL(write(ends[1], "x", 1), 1);
    for (int i = 0; i < 3; i++) {
        struct completion done = next_record();
        CHECK(done.result == -ECHILD || (done.result == pid && status[done.tag].code == 5));
        found += done.result == pid;
    }
    CHECK_EQUAL(found, 1);
}

static void ps_shows_a_thread_with_its_name_and_reason(void)
{
    static struct proc_info list[8];
    make_queue_and_pipe(0);
    CHECK_EQUAL(submit_read(queue, 1, ends[0], buffer, 1), 0);
    wait_for_carriers(1, "pipe read");
    int n = thread_list(getpid(), list, 8);
    CHECK(n >= 2 && list[0].tid == getpid() && list[1].pid == getpid() && list[1].tid != getpid());
    CHECK(strcmp(list[1].name, "submit read") == 0);
    CHECK_EQUAL(process_list(getpid(), list, 1), 1);
    CHECK_EQUAL(list[0].threads, 2);
    CHECK_EQUAL(thread_join(list[1].tid, NULL), -EINVAL); /* as a detached one */
    CHECK_EQUAL(thread_detach(list[1].tid), -EINVAL);
    CHECK_ERRNO(kill(list[1].tid, 0), ESRCH);
}

/* --- what cannot be --- */

static void bad_submissions_are_refused_and_leave_no_record(void)
{
    struct submission ok = {1, SYS_sleep, {0}};
    make_queue_and_pipe(0);
    CHECK_EQUAL(completion_create(O_APPEND), -EINVAL);
    CHECK_EQUAL(submit(99, &ok), -EBADF);
    CHECK_EQUAL(submit(ends[0], &ok), -EINVAL);
    CHECK_EQUAL(submit(queue, NULL), -EFAULT);
    CHECK_EQUAL(raw(SYS_submit, queue, 0xffffffc080200000, 0), -EFAULT);
    CHECK_EQUAL(raw(SYS_submit, queue, UINT64_MAX - 8, 0), -EFAULT);
    CHECK_EQUAL(submit_cancel(99, 1), -EBADF);
    CHECK_EQUAL(submit_cancel(ends[0], 1), -EINVAL);
    CHECK_EQUAL(submit_cancel(queue, 1), -ENOENT);
    CHECK_ERRNO(write(queue, "x", 1), EBADF);
    CHECK_ERRNO(lseek(queue, 0, SEEK_SET), ESPIPE);
    expect_the_end();
}

static bool may_be_submitted(uint64_t number)
{
    static const int can[] = {SYS_wait, SYS_sleep, SYS_read, SYS_write, SYS_fstat, SYS_ftruncate, SYS_getdents,
                              SYS_poll, SYS_fsync, SYS_message_send, SYS_message_receive, SYS_open, SYS_stat,
                              SYS_mkdir, SYS_rmdir, SYS_unlink, SYS_link, SYS_rename, SYS_mknod, SYS_call};
    for (unsigned i = 0; i < sizeof can / sizeof can[0]; i++)
        if ((int)number == can[i])
            return true;
    return false;
}

static bool exists(uint64_t number)
{
#define EXISTS(n, name) if (number == (n)) return true;
    KINGLET_SYSCALLS(EXISTS)
    return false;
}

static void every_number_is_submitted_or_refused(void)
{
    make_queue(0);
    for (uint64_t number = 0; number < SYS_COUNT + 10; number++) {
        struct submission what = {number, number, {(uint64_t)-1, 8, 8, 8, 8, 8}};
        int error = submit(queue, &what);
        CHECK_EQUAL(error, may_be_submitted(number) ? 0 : exists(number) ? -ENOTSUP : -ENOSYS);
        if (number == SYS_sleep && !error) /* it was to sleep for 100 years */
            CHECK_EQUAL(submit_cancel(queue, number), 1);
        if (!error) {
            struct completion done = next_record();
            CHECK_EQUAL(done.tag, number);
            CHECK(done.result < 0);
        }
    }
    struct submission what = {1, 1ul << 32 | SYS_read, {0}};
    CHECK_EQUAL(submit(queue, &what), -ENOSYS);
    what.number = UINT64_MAX;
    CHECK_EQUAL(submit(queue, &what), -ENOSYS);
    expect_the_end();
}

static void bad_arguments_come_as_the_result(void)
{
    int file = open("/bin/sh", O_RDONLY);
    make_queue_and_pipe(0);
    CHECK_EQUAL(write(ends[1], "abc", 3), 3);
    CHECK_EQUAL(submit_read(queue, 1, ends[0], (void *)8, 3), 0);
    expect_record(1, -EFAULT);
    CHECK_EQUAL(submit_read(queue, 2, ends[0], (void *)0xffffffc080200000, 3), 0);
    expect_record(2, -EFAULT);
    CHECK_EQUAL(submit_read(queue, 3, file, (void *)"read-only", 3), 0);
    expect_record(3, -EFAULT);
    CHECK_EQUAL(submit_read(queue, 4, 99, buffer, 3), 0);
    expect_record(4, -EBADF);
    CHECK_EQUAL(submit_write(queue, 5, ends[1], (void *)(1ul << 38), 3), 0);
    expect_record(5, -EFAULT);
    CHECK_EQUAL(submit_open(queue, 6, NULL, O_RDONLY, 0), 0);
    expect_record(6, -EFAULT);
    CHECK_EQUAL(submit_read(queue, 7, ends[0], buffer, 3), 0);
    expect_record(7, 3);
}

/* Its memory was given back while the call was under way. */
static void a_buffer_that_is_gone_loses_nothing(void)
{
    enum { BYTES = 4096 };
    int memory = memory_create(BYTES), messages[2], got;
    CHECK_EQUAL(memory_commit(memory, 0, BYTES), 0);
    make_queue_and_pipe(0);
    CHECK_EQUAL(message_pipe(messages, 0, 0, 0), 0);
    for (int i = 0; i < 2; i++) {
        char *gone = map(memory, 0, BYTES, MAP_READ | MAP_WRITE);
        CHECK(gone != NULL);
        if (i)
            CHECK_EQUAL(submit_receive(queue, 1, messages[0], gone, 10, (int *)(gone + 64), 1, -1), 0);
        else
            CHECK_EQUAL(submit_read(queue, 1, ends[0], gone, 10), 0);
        wait_for_carriers(1, "pipe read");
        CHECK_EQUAL(unmap(gone, BYTES), 0);
        if (i)
            CHECK_EQUAL(message_send(messages[1], "hello", 5, &messages[1], 1, 0), 0);
        else
            CHECK_EQUAL(write(ends[1], "hello", 5), 5);
        expect_record(1, -EFAULT);
    }
    CHECK_EQUAL(read(ends[0], buffer, 10), 5);
    CHECK_EQUAL(message_receive(messages[0], buffer, 10, &got, 1, 0), 5);
    CHECK_EQUAL(got, messages[1] + 1); /* none is left over */
}

/* It would hold the queue open and wait for itself. */
static void a_submitted_call_neither_reads_nor_polls_a_queue(void)
{
    struct completion inner;
    struct pollfd p = {.fd = -1, .events = POLLIN};
    make_queue(0);
    CHECK_EQUAL(submit_read(queue, 1, queue, &inner, sizeof inner), 0);
    expect_record(1, -EDEADLK);
    p.fd = queue;
    CHECK_EQUAL(submit_poll(queue, 2, &p, 1, -1), 0);
    expect_record(2, 1);
    CHECK_EQUAL(p.revents, POLLERR);
}

/* --- many --- */

#define ROUNDS 10000

static void ten_thousand_rounds(void)
{
    char bytes[8];
    uint64_t sum = 0, wanted = 0;
    make_queue_and_pipe(0);
    int under_way = 0;
    for (int i = 0; i < ROUNDS; i++) {
        CHECK_EQUAL(submit_read(queue, (uint64_t)i, ends[0], &bytes[i % 8], 1), 0);
        wanted += (uint64_t)i;
        CHECK_EQUAL(write(ends[1], "x", 1), 1);
        if (++under_way == 8)
            for (; under_way > 0; under_way--) {
                struct completion done = next_record();
                CHECK_EQUAL(done.result, 1);
                sum += done.tag;
            }
    }
    CHECK_EQUAL(under_way, 0);
    CHECK_EQUAL(sum, wanted);
    expect_the_end();
}

#define THREADS 3

static void *submits_and_reads(void *argument)
{
    static char byte; /* not the thread's: its call may be under way when it has read others' records and ended */
    (void)argument;
    for (int i = 0; i < 1000; i++) {
        struct completion done;
        CHECK_EQUAL(submit_read(queue, 1, ends[0], &byte, 1), 0);
        CHECK_EQUAL(write(ends[1], "x", 1), 1);
        /* Somebody else may have read ours; then there is one of his, or the end has been seen. */
        long n = read(queue, &done, sizeof done);
        CHECK(n == 0 || (n == sizeof done && done.result == 1));
    }
    return NULL;
}

static void threads_share_a_queue(void)
{
    int tids[THREADS];
    struct completion done;
    make_queue_and_pipe(0);
    for (int i = 0; i < THREADS; i++)
        CHECK((tids[i] = thread_create(submits_and_reads, NULL)) > 0);
    for (int i = 0; i < THREADS; i++)
        CHECK_EQUAL(thread_join(tids[i], NULL), 0);
    while (read(queue, &done, sizeof done) > 0)
        ;
}

static void *waits_for_the_end(void *argument)
{
    struct completion done;
    (void)argument;
    long records = 0;
    while (read(queue, &done, sizeof done) == sizeof done)
        records++;
    return (void *)records;
}

/* Of several who read, each record goes to one, and all of them hear of the end. */
static void all_readers_hear_of_the_end(void)
{
    for (int round = 0; round < 30; round++) {
        int tids[THREADS];
        long all = 0;
        void *value;
        make_queue_and_pipe(0);
        for (uint64_t i = 0; i < 5; i++)
            CHECK_EQUAL(submit_read(queue, i, ends[0], buffer, 1), 0);
        for (int i = 0; i < THREADS; i++)
            CHECK((tids[i] = thread_create(waits_for_the_end, NULL)) > 0);
        if (round % 2)
            sleep_ns(2 * MS);
        CHECK_EQUAL(write(ends[1], "abcde", 5), 5);
        for (int i = 0; i < THREADS; i++) {
            CHECK_EQUAL(thread_join(tids[i], &value), 0);
            all += (long)value;
        }
        CHECK_EQUAL(all, 5);
        close(queue);
        close(ends[0]);
        close(ends[1]);
    }
}

static volatile bool may_end;          /* what the long one waits for is about to come */
static volatile bool one_is_under_way; /* as long as nobody has its record */

static void *reads_until_the_end(void *argument)
{
    struct completion done;
    while (read(queue, &done, sizeof done) == sizeof done)
        if (done.tag == 0) /* the long one */
            one_is_under_way = false;
    return (void *)(long)may_end;
}

static void *fails_to_read(void *argument)
{
    while (one_is_under_way)
        read(queue, (void *)8, sizeof(struct completion)); /* -EFAULT, or what another was faster with */
    return argument;
}

/* Another reader may have the only record in hand, and put it back: that is no end of file. */
static void there_is_no_end_while_a_call_is_under_way(void)
{
    int tids[THREADS];
    void *value;
    make_queue_and_pipe(0);
    may_end = false;
    one_is_under_way = true;
    CHECK_EQUAL(submit_read(queue, 0, ends[0], buffer, 1), 0);
    for (int i = 0; i < THREADS; i++)
        CHECK((tids[i] = thread_create(i ? reads_until_the_end : fails_to_read, NULL)) > 0);
    for (uint64_t i = 1; i <= 1000; i++) {
        CHECK_EQUAL(submit_sleep(queue, i, 0), 0);
        if (i % 8 == 0)
            sleep_ns(MS / 10);
    }
    may_end = true;
    CHECK_EQUAL(write(ends[1], "x", 1), 1);
    for (int i = THREADS - 1; i >= 0; i--) {
        CHECK(i > 0 || !one_is_under_way); /* all who read have come to the end: one of them had its record */
        CHECK_EQUAL(thread_join(tids[i], &value), 0);
        CHECK_EQUAL((long)value, i != 0);
    }
}

int main(int argc, char **argv)
{
    check_patience = 4;
    check_start(argc, argv);
    RUN(a_file_is_read);
    RUN(a_file_is_made_written_and_closed_over_one_queue);
    RUN(the_caller_goes_on_while_a_pipe_is_empty);
    RUN(a_read_of_the_queue_blocks_until_a_call_ends);
    RUN(many_at_once_each_with_its_tag);
    RUN(records_come_in_the_order_in_which_calls_end);
    RUN(a_read_with_room_for_no_record_takes_none);
    RUN(a_bad_pointer_in_read_loses_no_record);
    RUN(poll_waits_for_a_queue_and_a_pipe);
    RUN(nonblocking_handles_stay_so);
    RUN(children_timers_and_messages);
    RUN(one_of_several_who_wait_has_the_child);
    RUN(ps_shows_a_thread_with_its_name_and_reason);
    RUN(bad_submissions_are_refused_and_leave_no_record);
    RUN(every_number_is_submitted_or_refused);
    RUN(bad_arguments_come_as_the_result);
    RUN(a_buffer_that_is_gone_loses_nothing);
    RUN(a_submitted_call_neither_reads_nor_polls_a_queue);
    RUN(ten_thousand_rounds);
    RUN(threads_share_a_queue);
    RUN(all_readers_hear_of_the_end);
    RUN(there_is_no_end_while_a_call_is_under_way);
    return check_end();
}
