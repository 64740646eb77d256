/*
 * Message pipes, from inside: what the kernel promises of messages and of the handles that travel with them.
 */
#include "check.h"

#include <fcntl.h>
#include <sys/stat.h>

#define NOWHERE ((void *)0x2000000000) /* never mapped */
#define ROUNDS 10000
#define AHEAD 32 /* questions before the first answer: on many harts and a busy host each wait is long */
#define CHAIN 3000

static char out[MESSAGE_BYTES_MAX + 1], in[MESSAGE_BYTES_MAX + 1];

static void make(int ends[2], uint64_t bytes, uint64_t messages)
{
    CHECK_EQUAL(message_pipe(ends, bytes, messages, 0), 0);
}

static int send(int handle, const void *data, size_t bytes)
{
    return message_send(handle, data, bytes, NULL, 0, -1);
}

static int send_now(int handle, const void *data, size_t bytes)
{
    return message_send(handle, data, bytes, NULL, 0, 0);
}

static long get(int handle, void *data, size_t bytes)
{
    return message_receive(handle, data, bytes, NULL, 0, -1);
}

static long get_now(int handle, void *data, size_t bytes)
{
    return message_receive(handle, data, bytes, NULL, 0, 0);
}

static struct message_state state_of(int handle)
{
    struct message_state state;
    CHECK_EQUAL(message_state(handle, &state), 0);
    return state;
}

static void fill(char *to, size_t n, unsigned seed)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (char)((i + seed) * 2654435761u >> 13);
}

static int child(void (*f)(int[2]), int ends[2])
{
    int pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        f(ends);
        _exit(0);
    }
    return pid;
}

/* ---- messages ---- */

static void messages_keep_their_boundaries(void)
{
    static const size_t sizes[] = {1, 0, 8, 4079, 4080, 4081, 0, 8160, 3};
    int ends[2];
    make(ends, 0, 0);
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        fill(out, sizes[i], i);
        CHECK_EQUAL(send(ends[1], out, sizes[i]), 0);
    }
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        fill(out, sizes[i], i);
        CHECK_EQUAL(get(ends[0], in, sizeof in), sizes[i]);
        CHECK(memcmp(in, out, sizes[i]) == 0);
    }
    fill(out, MESSAGE_BYTES_MAX, 99);
    CHECK_EQUAL(send(ends[1], out, MESSAGE_BYTES_MAX), 0);
    CHECK_EQUAL(get(ends[0], in, sizeof in), MESSAGE_BYTES_MAX);
    CHECK(memcmp(in, out, MESSAGE_BYTES_MAX) == 0);
    CHECK_EQUAL(send(ends[1], out, MESSAGE_BYTES_MAX + 1), -EMSGSIZE);
}

static void read_and_write_move_messages_too(void)
{
    int ends[2];
    struct stat st;
    CHECK_EQUAL(message_pipe(ends, 0, 0, O_NONBLOCK | O_CLOEXEC), 0);
    CHECK_EQUAL(fcntl(ends[0], F_GETFL), O_RDONLY | O_NONBLOCK);
    CHECK_EQUAL(fcntl(ends[1], F_GETFL), O_WRONLY | O_NONBLOCK);
    CHECK_EQUAL(fcntl(ends[1], F_GETFD), FD_CLOEXEC);
    CHECK_EQUAL(fstat(ends[0], &st), 0);
    CHECK(S_ISFIFO(st.st_mode));
    CHECK_EQUAL(write(ends[1], "one", 3), 3);
    CHECK_EQUAL(write(ends[1], "three", 5), 5);
    CHECK_EQUAL(read(ends[0], in, 99), 3);
    CHECK_ERRNO(read(ends[0], in, 4), EMSGSIZE);
    CHECK_EQUAL(read(ends[0], in, 5), 5);
    CHECK_ERRNO(read(ends[0], in, 5), EAGAIN);
    CHECK_EQUAL(message_receive(ends[0], in, 5, NULL, 0, -1), -EAGAIN); /* O_NONBLOCK goes before the timeout */
    close(ends[1]);
    CHECK_EQUAL(read(ends[0], in, 5), 0);
}

static void a_message_stays_until_there_is_room_for_it(void)
{
    int ends[2];
    make(ends, 0, 0);
    CHECK_EQUAL(send(ends[1], "12345678", 8), 0);
    CHECK_EQUAL(get(ends[0], in, 7), -EMSGSIZE);
    CHECK_EQUAL(get(ends[0], NULL, 0), -EMSGSIZE);
    CHECK_EQUAL(state_of(ends[0]).next_bytes, 8);
    CHECK_EQUAL(state_of(ends[0]).messages, 1);
    CHECK_EQUAL(get(ends[0], in, 8), 8);
    CHECK_EQUAL(state_of(ends[0]).messages, 0);
}

static void counts_and_capacities_are_exact(void)
{
    int ends[2];
    make(ends, 1000, 3);
    struct message_state s = state_of(ends[1]);
    CHECK_EQUAL(s.max_bytes, 1000);
    CHECK_EQUAL(s.max_messages, 3);
    CHECK_EQUAL(s.room, 1000);
    CHECK_EQUAL(send_now(ends[1], out, 1001), -EMSGSIZE);
    CHECK_EQUAL(send_now(ends[1], out, 900), 0);
    CHECK_EQUAL(state_of(ends[0]).room, 100);
    CHECK_EQUAL(send_now(ends[1], out, 101), -EAGAIN);
    CHECK_EQUAL(send_now(ends[1], out, 100), 0);
    CHECK_EQUAL(state_of(ends[0]).room, 0);
    CHECK_EQUAL(send_now(ends[1], out, 0), 0);
    CHECK_EQUAL(state_of(ends[0]).room, -1);
    CHECK_EQUAL(send_now(ends[1], out, 0), -EAGAIN);
    CHECK_EQUAL(state_of(ends[0]).messages, 3);
    CHECK_EQUAL(state_of(ends[0]).bytes, 1000);
    for (int left = 2; left >= 0; left--) {
        CHECK(get_now(ends[0], in, sizeof in) >= 0);
        CHECK_EQUAL(state_of(ends[0]).messages, left);
    }
    CHECK_EQUAL(get_now(ends[0], in, sizeof in), -EAGAIN);
    CHECK_EQUAL(state_of(ends[0]).room, 1000);
    CHECK_EQUAL(state_of(ends[0]).bytes, 0);
}

static void blocks_in_send(int ends[2])
{
    close(ends[0]);
    CHECK_EQUAL(send(ends[1], "x", 1), -EPIPE);
}

static void blocks_in_receive(int ends[2])
{
    close(ends[1]);
    CHECK_EQUAL(get(ends[0], in, 1), -ENODATA);
}

static void the_end_is_seen_at_both_ends(void)
{
    int ends[2], more;
    make(ends, 100, 1);
    CHECK_EQUAL(send(ends[1], "a", 1), 0);
    more = dup(ends[1]);
    close(ends[1]);
    CHECK_EQUAL(get(ends[0], in, 1), 1);
    CHECK_EQUAL(get_now(ends[0], in, 1), -EAGAIN); /* one writer is left */
    CHECK_EQUAL(send(more, "b", 1), 0);
    close(more);
    CHECK_EQUAL(get(ends[0], in, 1), 1); /* what was sent comes before the end */
    CHECK_EQUAL(get(ends[0], in, 1), -ENODATA);
    CHECK_EQUAL(get_now(ends[0], in, 1), -ENODATA);
    close(ends[0]);
    make(ends, 100, 1);
    close(ends[0]);
    CHECK_EQUAL(send(ends[1], "a", 1), -EPIPE);
    close(ends[1]);

    make(ends, 100, 1);
    CHECK_EQUAL(send(ends[1], "a", 1), 0);
    int pid = child(blocks_in_send, ends);
    wait_until_blocked(pid, "pipe write");
    close(ends[0]);
    CHECK_EQUAL(ending_of(pid), 0);
    close(ends[1]);
    make(ends, 100, 1);
    pid = child(blocks_in_receive, ends);
    wait_until_blocked(pid, "pipe read");
    close(ends[1]);
    CHECK_EQUAL(ending_of(pid), 0);
}

static void timeouts_are_kept(void)
{
    int ends[2];
    make(ends, 100, 1);
    uint64_t start = clock_ns();
    CHECK_EQUAL(message_receive(ends[0], in, 1, NULL, 0, 20 * MS), -ETIMEDOUT);
    CHECK(clock_ns() - start >= 20 * MS);
    CHECK_EQUAL(message_receive(ends[0], in, 1, NULL, 0, 1), -ETIMEDOUT);
    CHECK_EQUAL(message_send(ends[1], "a", 1, NULL, 0, 20 * MS), 0);
    start = clock_ns();
    CHECK_EQUAL(message_send(ends[1], "a", 1, NULL, 0, 20 * MS), -ETIMEDOUT);
    CHECK(clock_ns() - start >= 20 * MS);
    CHECK_EQUAL(message_receive(ends[0], in, 1, NULL, 0, INT64_MAX), 1);
    CHECK_EQUAL(state_of(ends[0]).room, 100);
}

static void poll_knows_when_a_call_would_not_block(void)
{
    int ends[2];
    make(ends, 100, 2);
    struct pollfd fds[2] = {{ends[0], POLLIN, 0}, {ends[1], POLLOUT, 0}};
    CHECK_EQUAL(poll(fds, 1, 10), 0);
    CHECK_EQUAL(poll(fds, 2, -1), 1);
    CHECK_EQUAL(fds[1].revents, POLLOUT);
    CHECK_EQUAL(send(ends[1], "a", 1), 0); /* the largest message would no longer go in */
    CHECK_EQUAL(poll(fds, 2, -1), 1);
    CHECK_EQUAL(fds[0].revents, POLLIN);
    CHECK_EQUAL(get(ends[0], in, 1), 1);
    CHECK_EQUAL(poll(&fds[1], 1, -1), 1);
    close(ends[1]);
    CHECK_EQUAL(poll(fds, 1, -1), 1);
    CHECK_EQUAL(fds[0].revents, POLLHUP);
    close(ends[0]);
    make(ends, 100, 2);
    close(ends[0]);
    CHECK_EQUAL(poll(&fds[1], 1, -1), 1);
    CHECK_EQUAL(fds[1].revents, POLLERR);
}

/* ---- hostile arguments ---- */

static void wrong_arguments_are_named(void)
{
    int ends[2], other[2], handles[MESSAGE_HANDLES_MAX + 1] = {0};
    struct message_state state;
    CHECK_EQUAL(message_pipe(NOWHERE, 0, 0, 0), -EFAULT);
    CHECK_EQUAL(message_pipe(ends, MESSAGE_PIPE_BYTES_MAX + 1, 0, 0), -EINVAL);
    CHECK_EQUAL(message_pipe(ends, UINT64_MAX, UINT64_MAX, 0), -EINVAL);
    CHECK_EQUAL(message_pipe(ends, 0, MESSAGE_PIPE_MESSAGES_MAX + 1, 0), -EINVAL);
    CHECK_EQUAL(message_pipe(ends, 0, 0, O_CREAT), -EINVAL);
    make(ends, 0, 0);
    CHECK_EQUAL(pipe(other), 0);
    CHECK_EQUAL(send(ends[0], "a", 1), -EBADF);
    CHECK_EQUAL(get_now(ends[1], in, 1), -EBADF);
    CHECK_EQUAL(send(other[1], "a", 1), -EBADF);
    CHECK_EQUAL(get_now(other[0], in, 1), -EBADF);
    CHECK_EQUAL(message_state(other[0], &state), -EBADF);
    CHECK_EQUAL(message_state(999, &state), -EBADF);
    CHECK_EQUAL(message_state(ends[0], NOWHERE), -EFAULT);
    CHECK_EQUAL(send(-1, "a", 1), -EBADF);
    CHECK_EQUAL(send(ends[1], out, SIZE_MAX), -EMSGSIZE);
    CHECK_EQUAL(message_send(ends[1], "a", 1, handles, MESSAGE_HANDLES_MAX + 1, -1), -EINVAL);
    CHECK_EQUAL(raw6(SYS_message_send, ends[1], (long)out, 1, (long)handles, -1, -1), -EINVAL);
    CHECK_EQUAL(message_send(ends[1], "a", 1, NOWHERE, 1, -1), -EFAULT);
    CHECK_EQUAL(message_send(ends[1], "a", 1, (int[]){0, 999}, 2, -1), -EBADF);
    CHECK_EQUAL(message_receive(ends[0], in, 1, handles, MESSAGE_HANDLES_MAX + 1, 0), -EINVAL);
    CHECK_EQUAL(state_of(ends[0]).messages, 0);
    CHECK_EQUAL(state_of(ends[0]).room, MESSAGE_BYTES_MAX); /* nothing of all that took any */
}

static void a_bad_buffer_costs_no_message(void)
{
    int ends[2];
    char *edge = (char *)sbrk(2 * 4096);
    edge = (char *)(((uint64_t)edge + 4095) & ~4095ul) + 4096; /* nothing is mapped behind */
    sbrk(edge - (char *)sbrk(0));
    make(ends, 0, 0);
    CHECK_EQUAL(send(ends[1], NOWHERE, 5), -EFAULT);
    CHECK_EQUAL(send(ends[1], edge - 2, 5), -EFAULT);
    CHECK_EQUAL(send(ends[1], edge - 4096, 8192), -EFAULT);
    CHECK_EQUAL(send(ends[1], (void *)UINT64_MAX, 5), -EFAULT);
    CHECK_EQUAL(state_of(ends[0]).messages, 0);
    CHECK_EQUAL(state_of(ends[0]).room, MESSAGE_BYTES_MAX);
    CHECK_EQUAL(send(ends[1], "12345", 5), 0);
    CHECK_EQUAL(send(ends[1], "678", 3), 0);
    CHECK_EQUAL(get(ends[0], NOWHERE, 5), -EFAULT);
    CHECK_EQUAL(get(ends[0], edge - 2, 5), -EFAULT);
    CHECK_EQUAL(get(ends[0], (void *)get, 5), -EFAULT); /* text */
    CHECK_EQUAL(state_of(ends[0]).messages, 2);
    CHECK_EQUAL(get(ends[0], in, 5), 5);
    CHECK(memcmp(in, "12345", 5) == 0);
    CHECK_EQUAL(get(ends[0], in, 5), 3);
}

static void its_maker_pays(void)
{
    int ends[2];
    struct job_limits limits = {.max_pages = 600}, old;
    struct proc_info info;
    CHECK_EQUAL(process_list(getpid(), &info, 1), 1);
    limits.max_pages += info.committed;
    CHECK_EQUAL(job_limits(getjob(0), &limits, &old), 0);
    CHECK_EQUAL(message_pipe(ends, MESSAGE_PIPE_BYTES_MAX, 0, 0), -ENOMEM);
    for (int i = 0; i < 50; i++) { /* the limit is for all that there are, not for all that ever were */
        make(ends, 512 << 10, 100);
        close(ends[0]);
        close(ends[1]);
    }
    int made = 0;
    while (message_pipe(ends, 0, 0, 0) == 0)
        made++;
    CHECK(made > 5 && made < 20);
}

/* ---- handles ---- */

static void handles_travel_with_messages(void)
{
    int ends[2], bytes[2], got[4] = {0, 0, 0, 0};
    make(ends, 0, 0);
    CHECK_EQUAL(pipe(bytes), 0);
    CHECK_EQUAL(message_send(ends[1], "hi", 2, bytes, 2, -1), 0);
    close(bytes[0]);
    close(bytes[1]);
    CHECK_EQUAL(state_of(ends[0]).next_handles, 2);
    CHECK_EQUAL(message_receive(ends[0], in, 2, got, 1, -1), -EMSGSIZE);
    CHECK_EQUAL(get(ends[0], in, 2), -EMSGSIZE);
    CHECK_EQUAL(message_receive(ends[0], in, 2, NOWHERE, 4, -1), -EFAULT);
    CHECK_EQUAL(message_receive(ends[0], in, 2, got, 4, -1), 2);
    CHECK(got[0] >= 0 && got[1] >= 0 && got[2] == -1 && got[3] == -1);
    CHECK_EQUAL(write(got[1], "x", 1), 1);
    CHECK_EQUAL(read(got[0], in, 9), 1);
    close(got[1]);
    CHECK_EQUAL(read(got[0], in, 9), 0); /* there is no other reference left */
    close(got[0]);

    CHECK_EQUAL(pipe(bytes), 0);
    CHECK_EQUAL(message_send(ends[1], NULL, 0, &bytes[1], 1, -1), 0);
    close(bytes[1]);
    struct pollfd fd = {bytes[0], POLLIN, 0};
    CHECK_EQUAL(poll(&fd, 1, 0), 0); /* the message keeps the writer open */
    close(ends[0]);
    CHECK_EQUAL(poll(&fd, 1, 0), 1); /* and with the last receiver it goes */
    CHECK_EQUAL(read(bytes[0], in, 1), 0);
}

static void a_full_table_keeps_the_message(void)
{
    int ends[2], got[2], full, first;
    make(ends, 0, 0);
    CHECK_EQUAL(message_send(ends[1], "m", 1, ends + 1, 1, -1), 0);
    CHECK_EQUAL(message_send(ends[1], "n", 1, (int[]){1, 2}, 2, -1), 0);
    first = full = dup(0);
    for (int next; (next = dup(0)) >= 0;)
        full = next;
    CHECK_EQUAL(message_receive(ends[0], in, 1, got, 2, -1), -EMFILE);
    close(full);
    CHECK_EQUAL(message_receive(ends[0], in, 1, got, 2, -1), 1);
    CHECK_EQUAL(got[0], full);
    close(full);
    CHECK_EQUAL(message_receive(ends[0], in, 1, got, 2, -1), -EMFILE); /* one is not enough */
    CHECK_EQUAL(dup(0), full);                                         /* and was given back */
    close(full);
    close(first);
    CHECK_EQUAL(message_receive(ends[0], in, 1, got, 2, -1), 1);
    CHECK_EQUAL(got[0], first);
    CHECK_EQUAL(got[1], full);
}

static void pipes_never_lie_in_a_circle(void)
{
    int old[2], young[2], third[2], got;
    make(old, 0, 0);
    make(young, 0, 0);
    make(third, 0, 0);
    CHECK_EQUAL(message_send(old[1], "", 0, &old[0], 1, -1), -ELOOP); /* through itself */
    CHECK_EQUAL(message_send(young[1], "", 0, &old[0], 1, -1), 0);
    CHECK_EQUAL(message_send(old[1], "", 0, &young[0], 1, -1), -ELOOP);
    CHECK_EQUAL(message_send(third[1], "", 0, &young[0], 1, -1), -ELOOP); /* as something lies in it, though this is none */
    CHECK_EQUAL(message_send(old[1], "", 0, &third[0], 1, -1), 0);        /* third in old in young */
    CHECK_EQUAL(message_send(third[1], "", 0, &young[0], 1, -1), -ELOOP);
    CHECK_EQUAL(message_send(third[1], "", 0, &old[0], 1, -1), -ELOOP);
    CHECK_EQUAL(message_receive(young[0], in, 1, &got, 1, -1), 0);
    CHECK_EQUAL(message_send(old[1], "", 0, (int[]){young[0], 99}, 2, -1), -EBADF); /* counted, and not any more */
    CHECK_EQUAL(message_receive(got, in, 1, &third[0], 1, -1), 0);
    close(got);
    for (int i = 0; i < 3; i++) { /* nothing lies anywhere, and all is possible again, one way and the other */
        CHECK_EQUAL(message_send(third[1], "", 0, &old[0], 1, -1), 0);
        CHECK_EQUAL(message_send(old[1], "", 0, &third[0], 1, -1), -ELOOP);
        CHECK_EQUAL(message_receive(third[0], in, 1, &got, 1, -1), 0);
        close(got);
        CHECK_EQUAL(message_send(old[1], "", 0, &third[0], 1, -1), 0);
        CHECK_EQUAL(message_send(third[1], "", 0, &old[0], 1, -1), -ELOOP);
        CHECK_EQUAL(message_receive(old[0], in, 1, &got, 1, -1), 0);
        close(got);
    }
    CHECK_EQUAL(message_send(old[1], "", 0, &young[0], 1, -1), 0);
    CHECK_EQUAL(message_receive(old[0], in, 1, &got, 1, -1), 0);
    close(got);
    CHECK_EQUAL(message_send(old[1], "", 0, &young[0], 1, -1), 0);
    CHECK_EQUAL(message_send(old[1], "", 0, &old[1], 1, -1), 0); /* sending ends go anywhere */
    CHECK_EQUAL(message_send(young[1], "", 0, &old[1], 1, -1), 0);
    close(old[1]);
    CHECK_EQUAL(message_receive(old[0], in, 1, &got, 1, -1), 0);
    CHECK_EQUAL(message_receive(got, in, 1, &got, 1, -1), 0);
    CHECK_EQUAL(send(got, "end", 3), 0);
    close(got);
    CHECK_EQUAL(message_receive(old[0], in, 1, &got, 1, -1), 0); /* its own sender, the last one */
    close(got);
    CHECK_EQUAL(get(old[0], in, 3), 3);
    CHECK_EQUAL(get(old[0], in, 3), -ENODATA);
    /* Left behind: a pipe that holds its own sender, and one that holds that of another that holds its. */
    make(old, 0, 0);
    make(young, 0, 0);
    CHECK_EQUAL(message_send(old[1], "", 0, (int[]){young[0], young[1], old[1]}, 3, -1), 0);
    CHECK_EQUAL(message_send(young[1], "", 0, (int[]){young[1], old[1]}, 2, -1), 0);
}

/* Each pipe holds the next one's receiver, and nobody else does. The first is closed. */
static void a_chain_of_any_length_can_be_dropped(void)
{
    int first[2], last[2], next[2];
    make(first, 1, 1);
    last[1] = dup(first[1]);
    for (int i = 0; i < CHAIN; i++) {
        make(next, 1, 1);
        CHECK_EQUAL(message_send(last[1], "", 0, &next[0], 1, 0), 0);
        close(last[1]);
        close(next[0]);
        last[1] = next[1];
    }
    CHECK_EQUAL(state_of(last[1]).room, 1);
    close(first[0]);
    CHECK_EQUAL(send(last[1], "", 0), -EPIPE);
}

/* ---- order, waiting, deaths ---- */

static void sends_large(int ends[2])
{
    CHECK_EQUAL(send(ends[1], out, 1000), 0);
}

static void sends_small(int ends[2])
{
    CHECK_EQUAL(send(ends[1], out, 1), 0);
}

static void the_first_to_wait_is_the_first_to_send(void)
{
    int ends[2], pids[3];
    make(ends, 1000, 100);
    CHECK_EQUAL(send(ends[1], out, 500), 0);
    CHECK_EQUAL(send(ends[1], out, 400), 0);
    pids[0] = child(sends_large, ends);
    wait_until_blocked(pids[0], "pipe write");
    pids[1] = child(sends_small, ends);
    wait_until_blocked(pids[1], "pipe write");
    CHECK_EQUAL(send_now(ends[1], "", 0), -EAGAIN); /* nobody overtakes */
    CHECK_EQUAL(state_of(ends[1]).room, -1);
    CHECK_EQUAL(get(ends[0], in, 1000), 500);
    wait_until_blocked(pids[1], "pipe write");
    CHECK_EQUAL(get(ends[0], in, 1000), 400);
    CHECK_EQUAL(get(ends[0], in, 1000), 1000);
    CHECK_EQUAL(get(ends[0], in, 1000), 1);
    CHECK_EQUAL(ending_of(pids[0]), 0);
    CHECK_EQUAL(ending_of(pids[1]), 0);
    /* When the first gives up, the second has its room at once. */
    CHECK_EQUAL(send(ends[1], out, 500), 0);
    pids[0] = child(sends_large, ends);
    wait_until_blocked(pids[0], "pipe write");
    pids[1] = child(sends_small, ends);
    wait_until_blocked(pids[1], "pipe write");
    CHECK_EQUAL(kill(pids[0], SIGKILL), 0);
    CHECK_EQUAL(ending_of(pids[0]), -SIGKILL);
    CHECK_EQUAL(ending_of(pids[1]), 0);
    CHECK_EQUAL(state_of(ends[1]).messages, 2);
    CHECK_EQUAL(state_of(ends[1]).room, 499);
}

static int back[2];

/* Says that it begins, at a lower level than the one that will kill it, so that this one preempts it, on one hart too,
 * in the middle of a call. */
static void begin_below(void)
{
    struct proc_info info;
    do
        CHECK_EQUAL(process_list(getpid(), &info, 1), 1);
    while (info.level == 0);
    CHECK_EQUAL(send(back[1], "", 0), 0);
}

/* `out` is filled before: nearly all of the time is spent in send. */
static void sends_all_the_time(int ends[2])
{
    begin_below();
    for (unsigned i = 0;; i++) {
        memcpy(out, &i, sizeof i);
        CHECK_EQUAL(send(ends[1], out, MESSAGE_BYTES_MAX - i % 5000), 0);
    }
}

static void receives_all_the_time(int ends[2])
{
    begin_below();
    for (;;)
        CHECK(get(ends[0], in, sizeof in) > 0);
}

/* A sender is killed at all instants of a long send: what arrives is whole, in order, and then there is the end. */
static void a_sender_killed_anywhere_leaves_whole_messages(void)
{
    fill(out, MESSAGE_BYTES_MAX, 1);
    make(back, 0, 0);
    for (uint64_t wait = 0; wait < 3 * MS; wait += 1000 + wait / 20) {
        int ends[2];
        unsigned next = 0, number;
        make(ends, 3 * MESSAGE_BYTES_MAX, 10);
        int pid = child(sends_all_the_time, ends);
        CHECK_EQUAL(get(back[0], in, 0), 0);
        sleep_ns(wait);
        CHECK_EQUAL(kill(pid, SIGKILL), 0);
        CHECK_EQUAL(ending_of(pid), -SIGKILL);
        close(ends[1]);
        struct message_state s = state_of(ends[0]);
        uint64_t bytes = 0;
        for (long n; (n = get(ends[0], in, sizeof in)) != -ENODATA; next++) {
            memcpy(&number, in, sizeof number);
            CHECK_EQUAL(number, next);
            CHECK_EQUAL(n, MESSAGE_BYTES_MAX - next % 5000);
            CHECK(memcmp(out + 4, in + 4, (size_t)n - 4) == 0);
            bytes += (uint64_t)n;
        }
        CHECK_EQUAL(s.messages, next);
        CHECK_EQUAL(s.bytes, bytes);
        CHECK_EQUAL(state_of(ends[0]).room, MESSAGE_BYTES_MAX); /* what it had reserved is back */
        CHECK_EQUAL(state_of(ends[0]).bytes, 0);
        close(ends[0]);
    }
}

static int younger[2];

static void sends_a_pipe_all_the_time(int ends[2])
{
    begin_below();
    for (;;)
        CHECK_EQUAL(message_send(ends[1], out, MESSAGE_BYTES_MAX, &younger[0], 1, -1), 0);
}

/* A pipe through which another was about to travel may travel itself, once nothing lies in it. */
static void a_sender_killed_anywhere_leaves_nothing_in_the_pipe(void)
{
    unsigned whole = 0;
    make(back, 0, 0);
    for (uint64_t wait = 0; wait < 3 * MS; wait += 1000 + wait / 20) {
        int ends[2], got;
        make(ends, 3 * MESSAGE_BYTES_MAX, 10);
        make(younger, 0, 0);
        int pid = child(sends_a_pipe_all_the_time, ends);
        CHECK_EQUAL(get(back[0], in, 0), 0);
        sleep_ns(wait);
        CHECK_EQUAL(kill(pid, SIGKILL), 0);
        CHECK_EQUAL(ending_of(pid), -SIGKILL);
        for (; state_of(ends[0]).messages; whole++) {
            CHECK_EQUAL(message_send(younger[1], "", 0, &ends[0], 1, -1), -ELOOP);
            CHECK_EQUAL(message_receive(ends[0], in, sizeof in, &got, 1, -1), MESSAGE_BYTES_MAX);
            close(got);
        }
        CHECK_EQUAL(message_send(younger[1], "", 0, &ends[0], 1, -1), 0);
        for (int i = 0; i < 2; i++) {
            close(ends[i]);
            close(younger[i]);
        }
    }
    CHECK(whole > 0);
}

static char *half_a_buffer;

/* Has the message in hand again and again, and never takes it. */
static void fails_to_receive(int ends[2])
{
    while (get(ends[0], half_a_buffer, MESSAGE_BYTES_MAX) == -EFAULT)
        ;
}

/* While a receiver has the last message in hand, it may yet put it back: so this is not the end for another. */
static void the_end_waits_for_a_message_in_hand(void)
{
    long memory = raw6(SYS_map, MAP_PRIVATE, 0, MESSAGE_BYTES_MAX / 2, MAP_READ | MAP_WRITE, 0, 0);
    CHECK(memory > 0);
    half_a_buffer = (char *)memory; /* behind it there is nothing */
    memset(half_a_buffer, 1, MESSAGE_BYTES_MAX / 2);
    for (int round = 0; round < 300; round++) {
        int ends[2];
        make(ends, 0, 0);
        CHECK_EQUAL(send(ends[1], out, MESSAGE_BYTES_MAX), 0);
        close(ends[1]);
        int pid = child(fails_to_receive, ends);
        for (int i = 0; i < round % 30; i++)
            yield();
        struct pollfd receiver = {.fd = ends[0], .events = POLLIN};
        CHECK_EQUAL(poll(&receiver, 1, -1), 1);
        CHECK_EQUAL(receiver.revents, POLLIN | POLLHUP);
        CHECK_EQUAL(get(ends[0], in, sizeof in), MESSAGE_BYTES_MAX);
        CHECK_EQUAL(get(ends[0], in, sizeof in), -ENODATA);
        CHECK_EQUAL(ending_of(pid), 0);
        close(ends[0]);
    }
    CHECK_EQUAL(raw(SYS_unmap, memory, MESSAGE_BYTES_MAX / 2, 0), 0);
}

/* A receiver is killed at all instants: it took a message or did not, and the next one gets the rest, in order. */
static void a_receiver_killed_anywhere_takes_whole_messages(void)
{
    make(back, 0, 0);
    for (uint64_t wait = 0; wait < 4 * MS; wait += 1000 + wait / 20) {
        int ends[2];
        unsigned number, last = 0, n = 0;
        make(ends, 8 * MESSAGE_BYTES_MAX, 10);
        for (unsigned i = 1; i <= 8; i++) {
            memcpy(out, &i, sizeof i);
            CHECK_EQUAL(send_now(ends[1], out, MESSAGE_BYTES_MAX), 0);
        }
        int pid = child(receives_all_the_time, ends);
        CHECK_EQUAL(get(back[0], in, 0), 0);
        sleep_ns(wait);
        CHECK_EQUAL(kill(pid, SIGKILL), 0);
        CHECK_EQUAL(ending_of(pid), -SIGKILL);
        for (; get_now(ends[0], in, sizeof in) == MESSAGE_BYTES_MAX; n++) {
            memcpy(&number, in, sizeof number);
            CHECK(last == 0 || number == last + 1);
            last = number;
        }
        CHECK(n == 0 || last == 8);
        CHECK_EQUAL(state_of(ends[0]).room, MESSAGE_BYTES_MAX);
        CHECK_EQUAL(state_of(ends[0]).messages, 0);
        close(ends[0]);
        close(ends[1]);
    }
}

static void answers(int ends[2])
{
    uint64_t n;
    for (int i = 0; i < ROUNDS; i++) {
        CHECK_EQUAL(get(ends[0], &n, sizeof n), sizeof n);
        CHECK_EQUAL(send(back[1], &n, sizeof n), 0);
    }
}

static void ten_thousand_round_trips(void)
{
    int ends[2];
    uint64_t answer;
    make(ends, 0, 0);
    make(back, 0, 0);
    int pid = child(answers, ends);
    for (uint64_t i = 0; i < ROUNDS + AHEAD; i++) {
        if (i < ROUNDS)
            CHECK_EQUAL(send(ends[1], &i, sizeof i), 0);
        if (i < AHEAD)
            continue;
        CHECK_EQUAL(get(back[0], &answer, sizeof answer), sizeof answer);
        CHECK_EQUAL(answer, i - AHEAD);
    }
    CHECK_EQUAL(ending_of(pid), 0);
}

int main(int argc, char **argv)
{
    check_patience = 5; /* two processes that wake each other, on harts that the host runs in turns */
    check_start(argc, argv);
    RUN(messages_keep_their_boundaries);
    RUN(read_and_write_move_messages_too);
    RUN(a_message_stays_until_there_is_room_for_it);
    RUN(counts_and_capacities_are_exact);
    RUN(the_end_is_seen_at_both_ends);
    RUN(timeouts_are_kept);
    RUN(poll_knows_when_a_call_would_not_block);
    RUN(wrong_arguments_are_named);
    RUN(a_bad_buffer_costs_no_message);
    RUN(its_maker_pays);
    RUN(handles_travel_with_messages);
    RUN(a_full_table_keeps_the_message);
    RUN(pipes_never_lie_in_a_circle);
    RUN(a_chain_of_any_length_can_be_dropped);
    RUN(the_first_to_wait_is_the_first_to_send);
    RUN(a_sender_killed_anywhere_leaves_whole_messages);
    RUN(a_sender_killed_anywhere_leaves_nothing_in_the_pipe);
    RUN(a_receiver_killed_anywhere_takes_whole_messages);
    RUN(the_end_waits_for_a_message_in_hand);
    RUN(ten_thousand_round_trips);
    return check_end();
}
