/*
 * Pipes, from inside: what a reader and a writer are promised.
 */
#include "check.h"

#include <fcntl.h>
#include <kinglet/thread.h>
#include <sys/stat.h>

#define PIPE_SIZE 65536 /* as docs/system-calls.md says */

static char buffer[2 * PIPE_SIZE];

static int make_pipe(int ends[2])
{
    CHECK_EQUAL(pipe(ends), 0);
    return 0;
}

/* A byte of a long sequence that repeats in no round number. */
static char byte_at(uint64_t n)
{
    return (char)((n * 2654435761u) >> 13);
}

static void fill(char *to, uint64_t from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = byte_at(from + i);
}

static void check_bytes(const char *found, uint64_t from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (found[i] != byte_at(from + i))
            CHECK_EQUAL(from + i, -1);
}

static void holds_64_kib(void)
{
    int ends[2];
    CHECK_EQUAL(pipe2(ends, O_NONBLOCK), 0);
    CHECK_EQUAL(write(ends[1], buffer, sizeof buffer), PIPE_SIZE);
    CHECK_ERRNO(write(ends[1], buffer, 1), EAGAIN);
    CHECK_EQUAL(read(ends[0], buffer, sizeof buffer), PIPE_SIZE);
    CHECK_ERRNO(read(ends[0], buffer, 1), EAGAIN);
}

/* Read and write positions that are no multiples of a page, the buffer full to the last byte: its first and
 * last bytes then share a frame. */
static void wraps_around_inside_a_page(void)
{
    for (int skip = 1; skip < 5000; skip += 613) {
        int ends[2];
        CHECK_EQUAL(pipe2(ends, O_NONBLOCK), 0);
        fill(buffer, 0, (size_t)skip + 100);
        CHECK_EQUAL(write(ends[1], buffer, (size_t)skip + 100), skip + 100);
        CHECK_EQUAL(read(ends[0], buffer, (size_t)skip), skip);
        uint64_t at = (uint64_t)skip, end = at + PIPE_SIZE;
        fill(buffer, at + 100, PIPE_SIZE - 100);
        CHECK_EQUAL(write(ends[1], buffer, PIPE_SIZE), PIPE_SIZE - 100);
        for (size_t n = 4096; at < end; at += n) {
            if (n > end - at)
                n = end - at;
            CHECK_EQUAL(read(ends[0], buffer, n), n);
            check_bytes(buffer, at, n);
        }
        close(ends[0]);
        close(ends[1]);
    }
}

static void any_sizes_keep_the_order(void)
{
    int ends[2];
    uint64_t written = 0, got = 0, seed = 12345;
    CHECK_EQUAL(pipe2(ends, O_NONBLOCK), 0);
    for (int i = 0; i < 3000; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        size_t n = seed >> 33;
        n = n % 3 == 0 ? n / 3 % 70000 : n % 3 == 1 ? n / 3 % 5000 : n / 3 % 40;
        if (seed >> 63) {
            fill(buffer, written, n);
            ssize_t done = write(ends[1], buffer, n);
            if (done < 0)
                CHECK_EQUAL(errno, EAGAIN);
            else
                written += (uint64_t)done;
        } else {
            ssize_t done = read(ends[0], buffer, n);
            if (done < 0) {
                CHECK_EQUAL(errno, EAGAIN);
                CHECK_EQUAL(got, written);
            } else {
                check_bytes(buffer, got, (size_t)done);
                got += (uint64_t)done;
            }
        }
        CHECK(written - got <= PIPE_SIZE);
    }
    CHECK(got > 1000000);
}

static void ten_megabytes_arrive_in_order(void)
{
    enum { TOTAL = 10 << 20 };
    static char pattern[PIPE_SIZE + 1021];
    int ends[2];
    make_pipe(ends);
    for (size_t i = 0; i < sizeof pattern; i++)
        pattern[i] = byte_at(i % 65521); /* a prime: repeats in step with nothing */
    int pid = fork();
    if (pid == 0) {
        close(ends[0]);
        for (uint64_t done = 0, n = 1; done < TOTAL; done += n) {
            n = (n * 7919 + 13) % sizeof pattern % PIPE_SIZE + 1;
            n = n < TOTAL - done ? n : TOTAL - done;
            uint64_t room = sizeof pattern - done % 65521;
            n = n < room ? n : room;
            CHECK_EQUAL(write(ends[1], pattern + done % 65521, n), n);
        }
        _exit(0);
    }
    close(ends[1]);
    uint64_t got = 0;
    ssize_t n;
    while ((n = read(ends[0], buffer, 10007)) > 0) {
        uint64_t start = got % 65521;
        for (ssize_t at = 0; at < n;) {
            uint64_t part = 65521 - start;
            part = part < (uint64_t)(n - at) ? part : (uint64_t)(n - at);
            CHECK(memcmp(buffer + at, pattern + start, part) == 0);
            at += (ssize_t)part;
            start = 0;
        }
        got += (uint64_t)n;
    }
    CHECK_EQUAL(n, 0);
    CHECK_EQUAL(got, TOTAL);
    CHECK_EQUAL(ending_of(pid), 0);
}

/* Each writer's records are of one letter; a record that another got into would show. */
static void writes_up_to_pipe_buf_are_atomic(void)
{
    enum { WRITERS = 5, RECORDS = 40, RECORD = PIPE_BUF };
    int ends[2], pids[WRITERS];
    make_pipe(ends);
    for (int i = 0; i < WRITERS; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            memset(buffer, 'a' + i, RECORD + 5);
            for (int n = 0; n < RECORDS; n++)
                CHECK_EQUAL(write(ends[1], buffer + 5, RECORD - 700 * (size_t)i), RECORD - 700 * i);
            _exit(0);
        }
    }
    close(ends[1]);
    uint64_t counts[WRITERS] = {0}, total = 0, run = 0;
    char last = 0;
    ssize_t n;
    while ((n = read(ends[0], buffer, 3001)) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            if (buffer[i] != last) {
                CHECK(last == 0 || run % (RECORD - 700 * (uint64_t)(last - 'a')) == 0);
                run = 0;
            }
            last = buffer[i];
            CHECK(last >= 'a' && last < 'a' + WRITERS);
            counts[last - 'a']++;
            run++;
            total++;
        }
    }
    for (int i = 0; i < WRITERS; i++) {
        CHECK_EQUAL(counts[i], RECORDS * (RECORD - 700 * i));
        CHECK_EQUAL(ending_of(pids[i]), 0);
    }
}

static void nonblocking_write_of_pipe_buf_goes_in_whole_or_not(void)
{
    int ends[2];
    CHECK_EQUAL(pipe2(ends, O_NONBLOCK), 0);
    CHECK_EQUAL(write(ends[1], buffer, PIPE_SIZE - 100), PIPE_SIZE - 100);
    CHECK_ERRNO(write(ends[1], buffer, 101), EAGAIN);
    CHECK_ERRNO(write(ends[1], buffer, PIPE_BUF), EAGAIN);
    CHECK_EQUAL(write(ends[1], buffer, PIPE_BUF + 1), 100); /* a longer one goes in partly */
    CHECK_EQUAL(read(ends[0], buffer, 50), 50);
    CHECK_EQUAL(write(ends[1], buffer, 50), 50);
}

static void end_of_file_comes_when_all_writers_are_gone(void)
{
    int ends[2];
    make_pipe(ends);
    int pid = fork();
    if (pid == 0) {
        write(ends[1], "last", 4);
        _exit(0); /* without a close of its own */
    }
    close(ends[1]);
    sleep_ns(5 * MS);
    CHECK_EQUAL(read(ends[0], buffer, 100), 4);
    CHECK_EQUAL(read(ends[0], buffer, 100), 0);
    CHECK_EQUAL(read(ends[0], buffer, 100), 0);
    CHECK_EQUAL(ending_of(pid), 0);
}

static void a_blocked_reader_wakes_at_the_end(void)
{
    int ends[2];
    make_pipe(ends);
    int pid = fork();
    if (pid == 0) {
        close(ends[1]);
        CHECK_EQUAL(read(ends[0], buffer, 1), 0);
        _exit(0);
    }
    wait_until_blocked(pid, "pipe read");
    close(ends[1]);
    CHECK_EQUAL(ending_of(pid), 0);
}

static void without_readers_a_write_is_epipe(void)
{
    int ends[2];
    make_pipe(ends);
    close(ends[0]);
    CHECK_ERRNO(write(ends[1], "x", 1), EPIPE);
    CHECK_ERRNO(write(ends[1], buffer, sizeof buffer), EPIPE);
}

static void a_blocked_writer_is_told_that_the_reader_left(void)
{
    int ends[2];
    make_pipe(ends);
    int pid = fork();
    if (pid == 0) {
        close(ends[0]);
        ssize_t n = write(ends[1], buffer, sizeof buffer); /* POSIX: what went in, or the error */
        CHECK(n == PIPE_SIZE || (n == -1 && errno == EPIPE));
        CHECK_ERRNO(write(ends[1], buffer, 1), EPIPE);
        _exit(0);
    }
    wait_until_blocked(pid, "pipe write");
    close(ends[0]);
    CHECK_EQUAL(ending_of(pid), 0);
}

static void wrong_end_is_ebadf(void)
{
    int ends[2];
    make_pipe(ends);
    CHECK_ERRNO(write(ends[0], "x", 1), EBADF);
    CHECK_ERRNO(read(ends[1], buffer, 1), EBADF);
    CHECK_ERRNO(lseek(ends[0], 0, SEEK_SET), ESPIPE);
    CHECK_ERRNO(ftruncate(ends[1], 0), EINVAL);
    struct stat st;
    CHECK_EQUAL(fstat(ends[0], &st), 0);
    CHECK(S_ISFIFO(st.st_mode));
}

static void nothing_to_move_is_no_error(void)
{
    int ends[2];
    make_pipe(ends);
    CHECK_EQUAL(read(ends[0], buffer, 0), 0);
    CHECK_EQUAL(write(ends[1], buffer, 0), 0);
}

static void bad_flags_make_no_pipe(void)
{
    int ends[2] = {-7, -7};
    CHECK_ERRNO(pipe2(ends, 1), EINVAL);
    CHECK_ERRNO(pipe2(ends, -1), EINVAL);
    CHECK_EQUAL(ends[0], -7);
}

/* A read into pages that are still shared with a child must not show up there. */
static void reads_do_not_write_through_shared_pages(void)
{
    int ends[2], go[2];
    make_pipe(ends);
    make_pipe(go);
    memset(buffer, 'p', sizeof buffer);
    int pid = fork();
    if (pid == 0) {
        close(go[1]);
        char c;
        CHECK_EQUAL(read(go[0], &c, 1), 0);
        for (size_t i = 0; i < sizeof buffer; i++)
            CHECK(buffer[i] == 'p');
        _exit(0);
    }
    close(go[0]);
    static char other[12000];
    memset(other, 'n', sizeof other);
    CHECK_EQUAL(write(ends[1], other, sizeof other), sizeof other);
    CHECK_EQUAL(read(ends[0], buffer + 1000, sizeof other), sizeof other);
    CHECK(buffer[999] == 'p' && buffer[1000] == 'n' && buffer[12999] == 'n' && buffer[13000] == 'p');
    close(go[1]);
    CHECK_EQUAL(ending_of(pid), 0);
}

static void many_readers_get_each_byte_once(void)
{
    enum { READERS = 6, BYTES = 30000 };
    int ends[2], sums[2], pids[READERS];
    make_pipe(ends);
    make_pipe(sums);
    for (int i = 0; i < READERS; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            close(ends[1]);
            uint64_t sum = 0;
            ssize_t n;
            while ((n = read(ends[0], buffer, 17 + 100 * (size_t)i)) > 0)
                sum += (uint64_t)n;
            CHECK_EQUAL(write(sums[1], &sum, sizeof sum), sizeof sum);
            _exit(0);
        }
    }
    close(ends[0]);
    for (int i = 0; i < BYTES / 100; i++) {
        CHECK_EQUAL(write(ends[1], buffer, 100), 100);
        if (i % 16 == 0)
            yield();
    }
    close(ends[1]);
    uint64_t total = 0, sum;
    for (int i = 0; i < READERS; i++) {
        CHECK_EQUAL(ending_of(pids[i]), 0);
        CHECK_EQUAL(read(sums[0], &sum, sizeof sum), sizeof sum);
        total += sum;
    }
    CHECK_EQUAL(total, BYTES);
}

static void partly_bad_buffers_move_the_good_part_or_nothing(void)
{
    int ends[2];
    CHECK_EQUAL(pipe2(ends, O_NONBLOCK), 0);
    char *end = sbrk(0);
    end = sbrk(8192 - (long)end % 4096) + 8192 - (long)end % 4096; /* first byte past the heap */
    CHECK(end == sbrk(0));
    memset(end - 4096, 'x', 4096);
    CHECK_ERRNO(write(ends[1], end - 10, 20), EFAULT); /* at most PIPE_BUF: all or nothing */
    CHECK_ERRNO(read(ends[0], buffer, 20), EAGAIN);
    CHECK_EQUAL(write(ends[1], end - 4096, 8192), 4096);
    CHECK_EQUAL(read(ends[0], end - 10, 20), 10);
    CHECK_ERRNO(read(ends[0], end, 20), EFAULT);
    CHECK_EQUAL(read(ends[0], buffer, 8192), 4086);
}

static void thousands_of_pipes_until_handles_run_out(void)
{
    int ends[2], n = 0;
    while (pipe(ends) == 0) {
        CHECK_EQUAL(write(ends[1], &n, sizeof n), sizeof n);
        n++;
    }
    CHECK_EQUAL(errno, EMFILE);
    CHECK_EQUAL(n, (1024 - 3) / 2);
    for (int i = 0; i < n; i++) {
        int got;
        CHECK_EQUAL(read(3 + 2 * i, &got, sizeof got), sizeof got);
        CHECK_EQUAL(got, i);
    }
}

static int shared_ends[2];

static void *move_a_byte(void *bytes)
{
    char *page = bytes ? bytes : malloc(1);
    bool reads = shared_ends[1] < 0; /* what it cannot name it does not use */
    *page = 'w';
    long result = reads ? read(shared_ends[0], page, 1) : write(shared_ends[1], page, 1);
    return (void *)(result < 0 ? -errno : result);
}

static int started_and_blocked(void *bytes, const char *reason)
{
    struct proc_info info = {0};
    int tid = thread_create(move_a_byte, bytes);
    CHECK(tid > 0);
    while (info.tid != tid || info.state != PROC_BLOCKED || strcmp(info.reason, reason) != 0) {
        sleep_ns(MS / 4);
        CHECK_EQUAL(thread_list(tid, &info, 1), 1);
    }
    return tid;
}

/* Two threads wait. The memory of the first goes, so that it cannot use what it is woken for: the other gets it. */
static void wake_the_first(const char *reason, int (*wake)(int[2]))
{
    void *value;
    char *page = (char *)raw6(SYS_map, MAP_PRIVATE, 0, 4096, MAP_READ | MAP_WRITE, 0, 0);
    int ends[2] = {shared_ends[0], shared_ends[1]};
    if (reason[5] == 'r')
        shared_ends[1] = -1;
    int first = started_and_blocked(page, reason), second = started_and_blocked(NULL, reason);
    CHECK_EQUAL(unmap(page, 4096), 0);
    CHECK_EQUAL(wake(ends), 1);
    CHECK_EQUAL(thread_join(first, &value), 0);
    CHECK_EQUAL((long)value, -EFAULT);
    CHECK_EQUAL(thread_join(second, &value), 0);
    CHECK_EQUAL((long)value, 1);
}

static int write_one(int ends[2])
{
    return (int)write(ends[1], "x", 1);
}

static int read_one(int ends[2])
{
    return (int)read(ends[0], buffer, 1);
}

static void a_wake_up_that_cannot_be_used_goes_on(void)
{
    make_pipe(shared_ends);
    wake_the_first("pipe read", write_one);
    make_pipe(shared_ends);
    CHECK_EQUAL(write(shared_ends[1], buffer, PIPE_SIZE), PIPE_SIZE);
    wake_the_first("pipe write", read_one);
}

int main(int argc, char **argv)
{
    check_start(argc, argv);
    RUN(holds_64_kib);
    RUN(wraps_around_inside_a_page);
    RUN(any_sizes_keep_the_order);
    RUN(ten_megabytes_arrive_in_order);
    RUN(writes_up_to_pipe_buf_are_atomic);
    RUN(nonblocking_write_of_pipe_buf_goes_in_whole_or_not);
    RUN(end_of_file_comes_when_all_writers_are_gone);
    RUN(a_blocked_reader_wakes_at_the_end);
    RUN(without_readers_a_write_is_epipe);
    RUN(a_blocked_writer_is_told_that_the_reader_left);
    RUN(wrong_end_is_ebadf);
    RUN(nothing_to_move_is_no_error);
    RUN(bad_flags_make_no_pipe);
    RUN(reads_do_not_write_through_shared_pages);
    RUN(many_readers_get_each_byte_once);
    RUN(a_wake_up_that_cannot_be_used_goes_on);
    RUN(partly_bad_buffers_move_the_good_part_or_nothing);
    RUN(thousands_of_pipes_until_handles_run_out);
    return check_end();
}
