/*
 * Submitted calls: what they give and when, how they end, and every way in which the process, the queue or the call
 * itself goes away while one is under way.
 */
#include "limited.h"
#include "serving.h"

#include <fcntl.h>
#include <kinglet/submit.h>
#include <kinglet/thread.h>

#define MANY 40
#define FOREVER_NS (1000000 * MS)

static int queue, ends[2];
static char buffer[4096];

static void make_queue(int flags)
{
    queue = completion_create(flags);
    if (queue < 0)
        errno = -queue;
    CHECK(queue >= 0);
}

static void make_queue_and_pipe(int flags)
{
    make_queue(flags);
    CHECK_EQUAL(pipe(ends), 0);
}

/* The next record. */
static struct completion next_record(void)
{
    struct completion done;
    CHECK_EQUAL(read(queue, &done, sizeof done), sizeof done);
    return done;
}

static void expect_record(uint64_t tag, int64_t result)
{
    struct completion done = next_record();
    CHECK_EQUAL(done.tag, tag);
    CHECK_EQUAL(done.result, result);
}

static void expect_the_end(void)
{
    struct completion done;
    CHECK_EQUAL(read(queue, &done, sizeof done), 0);
}

/* How many carriers this process has that are blocked for that reason; NULL: that have not ended. */
static int carriers(const char *reason)
{
    static struct proc_info list[128];
    int n = thread_list(getpid(), list, 128), found = 0;
    for (int i = 0; i < n && i < 128; i++)
        if (list[i].pid == getpid() && strncmp(list[i].name, "submit ", 7) == 0)
            found += reason ? list[i].state == PROC_BLOCKED && strcmp(list[i].reason, reason) == 0
                            : list[i].state != PROC_ZOMBIE;
    return found;
}

static void wait_for_carriers(int wanted, const char *reason)
{
    int found;
    for (int i = 0; (found = carriers(reason)) != wanted && i < 40000; i++)
        sleep_ns(MS / 4);
    CHECK_EQUAL(found, wanted);
}

static bool one_hart(void)
{
    struct system_info info;
    system_info(&info);
    return info.harts == 1;
}

static uint64_t objects_now(void)
{
    struct system_info info;
    system_info(&info);
    return info.objects + info.processes;
}

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

static void within_limits(void)
{
    make_queue_and_pipe(0);
    int n = 0, error;
    while ((error = submit_read(queue, (uint64_t)n, ends[0], buffer, 1)) == 0)
        CHECK(++n < 10);
    CHECK_EQUAL(error, -EAGAIN);
    CHECK_EQUAL(n, 4); /* five processes, and one is the caller */
    CHECK_EQUAL(submit_cancel(queue, 0), 1);
    CHECK(next_record().result < 0);
    CHECK_EQUAL(submit_read(queue, 7, ends[0], buffer, 1), 0); /* who has read the record has the place, too */
    CHECK_EQUAL(fork(), -1);
    CHECK_EQUAL(errno, EAGAIN);
}

static void each_counts_as_a_process_of_the_job(void)
{
    CHECK_EQUAL(limited(within_limits, 5, 100000), 0);
}

/* A loop never has more than it has under way, however small the limit. */
static void one_after_the_other(void)
{
    make_queue(0);
    for (uint64_t i = 0; i < 1000; i++) {
        CHECK_EQUAL(submit_sleep(queue, i, 0), 0);
        expect_record(i, 0);
    }
    CHECK_EQUAL(in_child(check_nothing), 0); /* the last one's place is free, too */
}

static void one_after_the_other_needs_one_place(void)
{
    CHECK_EQUAL(limited(one_after_the_other, 2, 100000), 0);
}

/* Records that nobody reads are paid for: the job's limit of pages ends it, and reading lets it go on. */
static void unread(void)
{
    int error, n = 0;
    make_queue(0);
    for (;; n++) {
        struct pollfd p = {.fd = queue, .events = POLLIN};
        error = submit_sleep(queue, (uint64_t)n, 0);
        if (error == -EAGAIN) { /* the last ones have not ended yet */
            sleep_ns(MS);
            n--;
            continue;
        }
        if (error)
            break;
        CHECK(n < 100000);
        CHECK_EQUAL(poll(&p, 1, -1), 1);
    }
    CHECK_EQUAL(error, -ENOMEM);
    CHECK(n > 100);
    uint64_t sum = 0;
    for (int i = 0; i < n; i++)
        sum += next_record().tag;
    CHECK_EQUAL(sum, (uint64_t)n * (uint64_t)(n - 1) / 2);
    expect_the_end();
    CHECK_EQUAL(submit_sleep(queue, 1, 0), 0);
    expect_record(1, 0);
}

static void unread_records_are_under_the_limit_of_pages(void)
{
    CHECK_EQUAL(limited(unread, 8, 200), 0);
}

/* --- cancel --- */

static void cancel_ends_those_with_the_tag(void)
{
    make_queue_and_pipe(0);
    for (uint64_t i = 0; i < 6; i++)
        CHECK_EQUAL(submit_read(queue, i % 2, ends[0], buffer, 1), 0);
    wait_for_carriers(6, "pipe read");
    CHECK_EQUAL(submit_cancel(queue, 2), -ENOENT);
    CHECK_EQUAL(submit_cancel(queue, 1), 3);
    for (int i = 0; i < 3; i++)
        expect_record(1, -EINTR);
    CHECK_EQUAL(submit_cancel(queue, 1), -ENOENT);
    wait_for_carriers(3, "pipe read");
    CHECK_EQUAL(write(ends[1], "abc", 3), 3);
    for (int i = 0; i < 3; i++)
        expect_record(0, 1);
    expect_the_end();
}

/* At whatever moment the cancel comes: one record, and the byte is read or still there. */
static void cancel_at_any_moment_loses_nothing(void)
{
    int kinds[3] = {0};
    make_queue_and_pipe(0);
    CHECK_EQUAL(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    for (int i = 0; i < 3000; i++) {
        char byte = 'x', got = 0;
        volatile int spin = i % 600;
        CHECK_EQUAL(write(ends[1], &byte, 1), 1);
        CHECK_EQUAL(submit_read(queue, 1, ends[0], &got, 1), 0);
        if (i % 3 == 0)
            yield();
        while (spin > 0)
            spin--;
        int told = submit_cancel(queue, 1);
        CHECK(told == 1 || told == -ENOENT);
        struct completion done = next_record();
        if (done.result == 1) {
            CHECK_EQUAL(got, 'x');
        } else {
            CHECK(done.result == -EINTR || done.result == -ECANCELED);
            CHECK_EQUAL(told, 1);
            CHECK_EQUAL(read(ends[0], &byte, 1), 1);
        }
        kinds[done.result == 1 ? 0 : done.result == -EINTR ? 1 : 2]++;
    }
    CHECK(!one_hart() || (kinds[0] > 0 && kinds[2] > 0)); /* the sweep reached both sides */
    expect_the_end();
}

static void one_that_had_not_begun_is_cancelled(void)
{
    make_queue_and_pipe(0);
    CHECK_EQUAL(write(ends[1], "x", 1), 1);
    int begun = 0;
    for (int i = 0; i < 50; i++) {
        CHECK_EQUAL(submit_read(queue, 1, ends[0], buffer, 1), 0);
        submit_cancel(queue, 1);
        struct completion done = next_record();
        if (done.result == 1)
            CHECK_EQUAL(write(ends[1], "x", 1), 1);
        begun += done.result != -ECANCELED;
    }
    CHECK(!one_hart() || begun < 25); /* when a slice ends just then; on several harts another may begin it at once */
}

/* --- close --- */

static void close_ends_what_is_under_way(void)
{
    uint64_t before = objects_now() + 1; /* whoever started this case may still make a handle on it */
    for (int round = 0; round < 20; round++) {
        make_queue_and_pipe(0);
        for (uint64_t i = 0; i < 5; i++)
            CHECK_EQUAL(submit_read(queue, i, ends[0], buffer, 1), 0);
        CHECK_EQUAL(submit_sleep(queue, 9, FOREVER_NS), 0);
        CHECK_EQUAL(submit_sleep(queue, 10, 0), 0); /* its record will never be read */
        if (round % 2)
            wait_for_carriers(5, "pipe read");
        int other = dup(queue);
        CHECK_EQUAL(close(queue), 0);
        if (round % 2)
            CHECK_EQUAL(carriers("pipe read"), 5); /* it was not the last handle */
        CHECK_EQUAL(close(other), 0);
        wait_for_carriers(0, NULL);
        close(ends[0]);
        close(ends[1]);
    }
    for (int i = 0; i < 1000 && objects_now() > before; i++) {
        make_queue(0); /* what a carrier leaves is freed by the next to come by */
        CHECK_EQUAL(submit_sleep(queue, 1, 0), 0);
        expect_record(1, 0);
        close(queue);
        sleep_ns(MS);
    }
    CHECK(objects_now() <= before);
}

static void *reads_one(void *argument)
{
    (void)argument;
    expect_record(3, 1);
    return NULL;
}

static void a_blocked_reader_outlives_the_handle(void)
{
    make_queue_and_pipe(0);
    CHECK_EQUAL(submit_read(queue, 3, ends[0], buffer, 1), 0);
    int tid = thread_create(reads_one, NULL);
    CHECK(tid > 0);
    wait_until_thread_blocked(tid, "completion");
    CHECK_EQUAL(close(queue), 0); /* the reader's call keeps it */
    CHECK_EQUAL(write(ends[1], "x", 1), 1);
    CHECK_EQUAL(thread_join(tid, NULL), 0);
}

static void a_child_submits_on_an_inherited_queue(void)
{
    int told[2];
    make_queue_and_pipe(0);
    CHECK_EQUAL(pipe(told), 0);
    int pid = fork();
    if (pid == 0) {
        CHECK_EQUAL(submit_read(queue, 11, ends[0], buffer, 1), 0);
        wait_for_carriers(1, "pipe read");
        CHECK_EQUAL(write(told[1], "x", 1), 1);
        sleep_ns(FOREVER_NS);
    }
    CHECK_EQUAL(read(told[0], buffer, 1), 1);
    CHECK_EQUAL(submit_read(queue, 22, ends[0], buffer, 1), 0);
    wait_for_carriers(1, "pipe read");
    kill(pid, SIGKILL); /* its carrier ends with it, ours does not */
    expect_record(11, -EINTR);
    CHECK_EQUAL(ending_of(pid), -SIGKILL);
    CHECK_EQUAL(write(ends[1], "x", 1), 1);
    expect_record(22, 1);
    expect_the_end();
}

/* The last handle is a child's: its close ends the calls of others, which are alive and well. */
static void the_last_close_may_be_another_process_s(void)
{
    int told[2];
    char byte;
    make_queue_and_pipe(0);
    CHECK_EQUAL(pipe(told), 0);
    CHECK_EQUAL(submit_read(queue, 1, ends[0], buffer, 1), 0);
    wait_for_carriers(1, "pipe read");
    int pid = fork();
    if (pid == 0) {
        CHECK_EQUAL(read(told[0], &byte, 1), 1);
        CHECK_EQUAL(close(queue), 0);
        _exit(0);
    }
    CHECK_EQUAL(close(queue), 0);
    CHECK_EQUAL(carriers("pipe read"), 1);
    CHECK_EQUAL(write(told[1], "x", 1), 1);
    CHECK_EQUAL(ending_of(pid), 0);
    wait_for_carriers(0, NULL);
}

static void a_queue_travels_in_a_message(void)
{
    int messages[2], got;
    make_queue_and_pipe(0);
    CHECK_EQUAL(message_pipe(messages, 0, 0, 0), 0);
    CHECK_EQUAL(submit_read(queue, 1, ends[0], buffer, 1), 0);
    CHECK_EQUAL(message_send(messages[1], "q", 1, &queue, 1, 0), 0);
    CHECK_EQUAL(close(queue), 0);
    wait_for_carriers(1, "pipe read"); /* the message holds it open */
    CHECK_EQUAL(message_receive(messages[0], buffer, 1, &got, 1, 0), 1);
    queue = got;
    CHECK_EQUAL(write(ends[1], "x", 1), 1);
    expect_record(1, 1);
    /* And one that nobody receives ends its calls when the message is dropped. */
    CHECK_EQUAL(submit_read(queue, 2, ends[0], buffer, 1), 0);
    wait_for_carriers(1, "pipe read");
    CHECK_EQUAL(message_send(messages[1], "q", 1, &queue, 1, 0), 0);
    CHECK_EQUAL(close(queue), 0);
    close(messages[1]);
    close(messages[0]);
    wait_for_carriers(0, NULL);
}

/* A carrier that holds the last reference on the queue that it belongs to. */
static void the_last_reference_may_be_a_carrier_s_own(void)
{
    for (int i = 0; i < 100; i++) {
        int messages[2];
        make_queue(0);
        CHECK_EQUAL(message_pipe(messages, 64, 1, 0), 0);
        CHECK_EQUAL(message_send(messages[1], "full", 4, NULL, 0, 0), 0);
        int handles[1] = {queue};
        CHECK_EQUAL(submit_send(queue, 1, messages[1], "q", 1, handles, 1, -1), 0);
        if (i % 2)
            wait_for_carriers(1, "pipe write");
        CHECK_EQUAL(message_receive(messages[0], buffer, 10, NULL, 0, 0), 4);
        if (i % 3 == 0)
            yield();
        CHECK_EQUAL(close(queue), 0);
        close(messages[0]);
        close(messages[1]);
    }
    wait_for_carriers(0, NULL);
}

/* --- servers --- */

#define OP_PARK OP(1)
#define OP_RELEASE OP(2)
#define OP_ADD OP(3)
#define OP_CANCELLED OP(4)

/* Keeps callers of OP_PARK waiting until OP_RELEASE, in the order in which it answers; says how many calls were taken
 * back. */
static void parks(int channel)
{
    uint64_t parked[MANY], values[MANY], n = 0, cancelled = 0;
    struct message m;
    for (;;) {
        next(channel, &m);
        if (m.op == OP_PARK) {
            parked[n] = m.token;
            values[n++] = m.arg0;
        } else if (m.op == OP_RELEASE) {
            while (n > 0) {
                n--;
                struct message to = {.token = parked[n]};
                answer(channel, &to, (int64_t)values[n] * 2);
            }
            answer(channel, &m, 0);
        } else if (m.op == OP_ADD) {
            answer(channel, &m, (int64_t)(m.arg0 + m.arg1));
        } else if (m.op == OP_CANCELLED) {
            answer(channel, &m, (int64_t)cancelled);
        } else if (m.op == MSG_CANCEL) {
            for (uint64_t i = 0; i < n; i++)
                if (parked[i] == m.token) {
                    parked[i] = parked[--n];
                    cancelled++;
                }
        }
    }
}

static void one_client_has_many_calls_with_a_server(void)
{
    struct server s = start_server(parks, 0, SESSION_READ | SESSION_WRITE, false);
    make_queue(0);
    for (uint64_t i = 0; i < 20; i++)
        CHECK_EQUAL(submit_call(queue, i, s.session, OP_PARK, i, 0, NULL, 0, 0), 0);
    wait_for_carriers(20, "call");
    CHECK_EQUAL(simple_call(s.session, OP_ADD, 2, 3), 5); /* the caller itself is free to call meanwhile */
    CHECK_EQUAL(submit_call(queue, 100, s.session, OP_ADD, 20, 30, NULL, 0, 0), 0);
    expect_record(100, 50);
    CHECK_EQUAL(simple_call(s.session, OP_RELEASE, 0, 0), 0);
    uint64_t seen = 0;
    for (int i = 0; i < 20; i++) {
        struct completion done = next_record();
        CHECK_EQUAL(done.result, done.tag * 2);
        seen |= 1ul << done.tag;
    }
    CHECK_EQUAL(seen, (1ul << 20) - 1);
    end_server(&s);
}

static void a_cancelled_call_is_taken_back_from_the_server(void)
{
    struct server s = start_server(parks, 0, SESSION_READ | SESSION_WRITE, false);
    make_queue(0);
    for (uint64_t i = 0; i < 5; i++)
        CHECK_EQUAL(submit_call(queue, i, s.session, OP_PARK, i, 0, NULL, 0, 0), 0);
    wait_for_carriers(5, "call");
    CHECK_EQUAL(simple_call(s.session, OP_ADD, 1, 1), 2); /* it has received them all */
    CHECK_EQUAL(submit_cancel(queue, 3), 1);
    expect_record(3, -EINTR);
    for (int i = 0; i < 1000 && simple_call(s.session, OP_CANCELLED, 0, 0) != 1; i++)
        sleep_ns(MS);
    CHECK_EQUAL(simple_call(s.session, OP_CANCELLED, 0, 0), 1);
    CHECK_EQUAL(close(queue), 0);
    for (int i = 0; i < 1000 && simple_call(s.session, OP_CANCELLED, 0, 0) != 5; i++)
        sleep_ns(MS);
    CHECK_EQUAL(simple_call(s.session, OP_CANCELLED, 0, 0), 5);
    end_server(&s);
}

static void a_server_that_dies_ends_the_calls_with_eio(void)
{
    struct server s = start_server(parks, 0, SESSION_READ | SESSION_WRITE, false);
    make_queue(0);
    for (uint64_t i = 0; i < 5; i++)
        CHECK_EQUAL(submit_call(queue, i, s.session, OP_PARK, i, 0, NULL, 0, 0), 0);
    wait_for_carriers(5, "call");
    kill(s.pid, SIGKILL);
    for (int i = 0; i < 5; i++)
        CHECK_EQUAL(next_record().result, -EIO);
    CHECK_EQUAL(ending_of(s.pid), -SIGKILL);
}

/* --- exit, exec, kill --- */

/* Calls of every kind under way, in all states. */
static void start_busy_calls(void)
{
    static char more[8][64];
    make_queue_and_pipe(0);
    int file = open("/bin/sh", O_RDONLY);
    for (uint64_t i = 0; i < 8; i++) {
        CHECK_EQUAL(submit_read(queue, i, ends[0], more[i], 64), 0);
        CHECK_EQUAL(submit_read(queue, i, file, more[i], 64), 0);
        CHECK_EQUAL(submit_sleep(queue, i, i % 2 ? FOREVER_NS : i * MS / 8), 0);
    }
}

static void exits_with_calls_under_way(void)
{
    start_busy_calls();
    _exit(3);
}

static void exit_ends_the_calls(void)
{
    for (int i = 0; i < 20; i++)
        CHECK_EQUAL(in_child(exits_with_calls_under_way), 3);
}

static void returns_from_its_only_thread(void)
{
    start_busy_calls();
    thread_exit(NULL);
}

static void leaves_its_thread_raw(void)
{
    start_busy_calls();
    raw6(SYS_thread_exit, 0, 0, 0, 0, 0, 0);
}

static void *ends_last(void *argument)
{
    sleep_ns(5 * MS);
    if (argument)
        raw6(SYS_thread_exit, 0, 0, 0, 0, 0, 0);
    return NULL;
}

static void leader_ends_first(void)
{
    start_busy_calls();
    CHECK(thread_create(ends_last, NULL) > 0);
    thread_exit(NULL);
}

static void leader_ends_first_raw(void)
{
    start_busy_calls();
    CHECK(thread_create(ends_last, &queue) > 0);
    raw6(SYS_thread_exit, 0, 0, 0, 0, 0, 0);
}

/* Calls under way keep no process alive: nobody could ever ask for their results. */
static void a_process_ends_with_its_last_thread_that_is_no_call(void)
{
    CHECK_EQUAL(in_child(returns_from_its_only_thread), 0);
    CHECK_EQUAL(in_child(leaves_its_thread_raw), 0);
    CHECK_EQUAL(in_child(leader_ends_first), 0);
    CHECK_EQUAL(in_child(leader_ends_first_raw), 0);
}

static void *submits(void *argument)
{
    CHECK_EQUAL(submit_read(queue, (uint64_t)argument, ends[0], buffer, 1), 0);
    return NULL;
}

static void a_call_outlives_the_thread_that_submitted_it(void)
{
    make_queue_and_pipe(0);
    int tid = thread_create(submits, (void *)5);
    CHECK(tid > 0);
    CHECK_EQUAL(thread_join(tid, NULL), 0);
    wait_for_carriers(1, "pipe read");
    CHECK_EQUAL(write(ends[1], "x", 1), 1);
    expect_record(5, 1);
}

static void execs_with_calls_under_way(void)
{
    char number[16];
    start_busy_calls();
    snprintf(number, sizeof number, "%d", queue);
    char *argv[] = {"submit", "-after-exec", number, NULL};
    execv("/test/submit", argv);
    _exit(1);
}

static void *exec_in_a_thread(void *argument)
{
    (void)argument;
    execs_with_calls_under_way();
    return NULL;
}

static void execs_from_a_thread(void)
{
    CHECK(thread_create(exec_in_a_thread, NULL) > 0);
    for (;;)
        sleep_ns(FOREVER_NS);
}

/* What the new program finds: a record for each call, and none under way. */
static int after_exec(int handle)
{
    struct completion done;
    int records = 0;
    queue = handle;
    while (read(queue, &done, sizeof done) == sizeof done) {
        records++;
        CHECK(done.result == -EINTR || done.result == -ECANCELED || done.result >= 0);
    }
    CHECK_EQUAL(records, 24);
    CHECK_EQUAL(submit_sleep(queue, 1, 0), 0);
    expect_record(1, 0);
    return 6;
}

static void exec_ends_the_calls_and_keeps_the_queue(void)
{
    for (int i = 0; i < 5; i++) {
        CHECK_EQUAL(in_child(execs_with_calls_under_way), 6);
        CHECK_EQUAL(in_child(execs_from_a_thread), 6);
    }
}

static void works_until_killed(void)
{
    for (;;) {
        start_busy_calls();
        struct completion done;
        CHECK_EQUAL(write(ends[1], "abcd", 4), 4);
        for (int i = 0; i < 4; i++)
            read(queue, &done, sizeof done);
        submit_cancel(queue, 3);
        close(queue);
        close(ends[0]);
        close(ends[1]);
        close(queue + 3);
    }
}

static void killed_at_any_moment(void)
{
    for (int i = 0; i < 150; i++) {
        int pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
            works_until_killed();
            _exit(1);
        }
        sleep_ns((uint64_t)i * MS / 40);
        CHECK_EQUAL(kill(pid, SIGKILL), 0);
        CHECK_EQUAL(ending_of(pid), -SIGKILL);
    }
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

static volatile bool one_is_under_way;

static void *reads_until_the_end(void *argument)
{
    struct completion done;
    while (read(queue, &done, sizeof done) == sizeof done)
        if (done.tag == 0) /* the long one */
            one_is_under_way = false;
    return (void *)(long)!one_is_under_way;
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
    one_is_under_way = true;
    CHECK_EQUAL(submit_read(queue, 0, ends[0], buffer, 1), 0);
    for (int i = 0; i < THREADS; i++)
        CHECK((tids[i] = thread_create(i ? reads_until_the_end : fails_to_read, NULL)) > 0);
    for (uint64_t i = 1; i <= 1000; i++) {
        CHECK_EQUAL(submit_sleep(queue, i, 0), 0);
        if (i % 8 == 0)
            sleep_ns(MS / 10);
    }
    CHECK_EQUAL(write(ends[1], "x", 1), 1);
    for (int i = 0; i < THREADS; i++) {
        CHECK_EQUAL(thread_join(tids[i], &value), 0);
        CHECK_EQUAL((long)value, i != 0);
    }
}

/* Who may submit to a queue is not always who pays for it, so the records that nobody reads have a limit. */
static void records_that_nobody_reads_have_a_limit(void)
{
    int error = 0;
    uint64_t made = 0, refused = 0;
    make_queue(0);
    while (made <= COMPLETION_CALLS_MAX && refused < 1000) {
        error = submit_sleep(queue, made, 0);
        made += error == 0;
        refused = error ? refused + 1 : 0;
        if (error) { /* or it is the limit of processes: then there is place when a call has ended */
            CHECK_EQUAL(error, -EAGAIN);
            sleep_ns(MS / 10);
        }
    }
    CHECK_EQUAL(made, COMPLETION_CALLS_MAX);
    next_record();
    CHECK_EQUAL(submit_sleep(queue, made, 0), 0);
    CHECK_EQUAL(submit_sleep(queue, made, 0), -EAGAIN);
    close(queue);
}

/* --- whose time it is --- */

static uint64_t level_now(void)
{
    struct proc_info info;
    CHECK_EQUAL(process_list(getpid(), &info, 1), 1);
    return info.level;
}

static int carrier_level(void)
{
    static struct proc_info list[8];
    int n = thread_list(getpid(), list, 8);
    for (int i = 0; i < n; i++)
        if (list[i].pid == getpid() && list[i].tid != getpid())
            return list[i].level;
    return -1;
}

/* A carrier starts where its submitter stands, not at the top. */
static void nobody_rises_by_submitting(void)
{
    make_queue_and_pipe(0);
    for (int tries = 0; tries < 50; tries++) {
        uint64_t until = clock_ns() + 60 * MS;
        while (clock_ns() < until)
            ;
        uint64_t before = level_now();
        CHECK_EQUAL(submit_read(queue, 1, ends[0], buffer, 1), 0);
        int level = carrier_level();
        bool same = before == level_now(); /* no boost came in between */
        CHECK_EQUAL(submit_cancel(queue, 1), 1);
        next_record();
        if (same && before > 0) {
            CHECK_EQUAL(level, before);
            return;
        }
    }
    CHECK(!"it sinks");
}

/* 1: it sank before it had used up most of a slice by itself. A boost in between may keep it up. */
static void computes_in_calls(void)
{
    static char large[256 * 1024];
    struct sched_params params;
    struct proc_info me = {0};
    CHECK_EQUAL(sched_get(&params), 0);
    int file = open("/tmp/large", O_RDONLY);
    make_queue(0);
    while (me.level == 0 && me.cpu_ns < params.slice_ns[0] / 4 * 3) {
        CHECK_EQUAL(lseek(file, 0, SEEK_SET), 0);
        CHECK_EQUAL(submit_read(queue, 1, file, large, sizeof large), 0);
        expect_record(1, sizeof large);
        CHECK_EQUAL(thread_list(getpid(), &me, 1), 1);
    }
    _exit(me.level > 0 && me.cpu_ns < params.slice_ns[0] / 4 * 3); /* the host may have kept it in one turn for long */
}

/* What its calls use is the submitter's. */
static void computing_in_calls_sinks(void)
{
    int early = 0, file = open("/tmp/large", O_WRONLY | O_CREAT | O_TRUNC, 0666);
    for (int i = 0; i < 64; i++)
        CHECK_EQUAL(write(file, buffer, sizeof buffer), sizeof buffer);
    for (int i = 0; i < 20 && !early; i++)
        early = in_child(computes_in_calls);
    CHECK_EQUAL(unlink("/tmp/large"), 0);
    CHECK_EQUAL(early, 1);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "-after-exec") == 0)
        return after_exec(atoi(argv[2]));
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
    RUN(ps_shows_a_thread_with_its_name_and_reason);
    RUN(bad_submissions_are_refused_and_leave_no_record);
    RUN(every_number_is_submitted_or_refused);
    RUN(bad_arguments_come_as_the_result);
    RUN(a_submitted_call_neither_reads_nor_polls_a_queue);
    RUN(each_counts_as_a_process_of_the_job);
    RUN(one_after_the_other_needs_one_place);
    RUN(unread_records_are_under_the_limit_of_pages);
    RUN(cancel_ends_those_with_the_tag);
    RUN(cancel_at_any_moment_loses_nothing);
    RUN(one_that_had_not_begun_is_cancelled);
    RUN(close_ends_what_is_under_way);
    RUN(a_blocked_reader_outlives_the_handle);
    RUN(a_child_submits_on_an_inherited_queue);
    RUN(the_last_close_may_be_another_process_s);
    RUN(a_queue_travels_in_a_message);
    RUN(the_last_reference_may_be_a_carrier_s_own);
    RUN(one_client_has_many_calls_with_a_server);
    RUN(a_cancelled_call_is_taken_back_from_the_server);
    RUN(a_server_that_dies_ends_the_calls_with_eio);
    RUN(exit_ends_the_calls);
    RUN(a_process_ends_with_its_last_thread_that_is_no_call);
    RUN(a_call_outlives_the_thread_that_submitted_it);
    RUN(exec_ends_the_calls_and_keeps_the_queue);
    RUN(killed_at_any_moment);
    RUN(ten_thousand_rounds);
    RUN(threads_share_a_queue);
    RUN(all_readers_hear_of_the_end);
    RUN(there_is_no_end_while_a_call_is_under_way);
    RUN(records_that_nobody_reads_have_a_limit);
    RUN(nobody_rises_by_submitting);
    RUN(computing_in_calls_sinks);
    return check_end();
}
