/*
 * Every pointer argument of every system call, with every kind of bad address: a named error, and nothing
 * else happens. What is meant to be used as a pointer is 0 in the table's arguments.
 */
#include "check.h"

#include <fcntl.h>
#include <kinglet/submit.h>

#define PAGE 4096ul
#define KERNEL_TEXT 0xffffffc080200000ul
#define MAX_HANDLE 16

/* Handles that the cases use, made once for each child. */
static int file, directory, pipe_ends[2], messages[2], channel, session, process, queue;

struct bad_call {
    const char *name;
    int number;
    int pointer;  /* which argument is the bad one */
    bool writes;  /* the kernel writes there: a read-only page is bad too */
    bool string;  /* an unterminated one is bad too */
    uint64_t size; /* bytes that the kernel wants there at once; 0: does not say */
    uint64_t a[6];
};

#define HANDLE(kind) (1000 + (kind)) /* stands for a handle, see handle_of */
enum { FILE_HANDLE, DIRECTORY_HANDLE, READ_END, WRITE_END, CHANNEL_HANDLE, SESSION_HANDLE, PROCESS_HANDLE, RECEIVER, SENDER,
       QUEUE };

static char good_path[] = "/tmp/bad";
#define GOOD ((uint64_t)good_path)
static char good_buffer[64];

static const struct bad_call calls[] = {
    {"exec path", SYS_exec, 0, false, true, 0, {0}},
    {"exec argv", SYS_exec, 1, false, false, 8, {GOOD}},
    {"exec envp", SYS_exec, 2, false, false, 8, {GOOD}},
    {"wait", SYS_wait, 1, true, false, sizeof(struct exit_status), {(uint64_t)-1, 0, WAIT_NOHANG}},
    {"job_limits set", SYS_job_limits, 1, false, false, sizeof(struct job_limits), {0}},
    {"job_limits old", SYS_job_limits, 2, true, false, sizeof(struct job_limits), {0}},
    {"setname", SYS_setname, 0, false, true, 0, {0}},
    {"pipe", SYS_pipe, 0, true, false, 2 * sizeof(int), {0}},
    {"message_pipe", SYS_message_pipe, 0, true, false, 2 * sizeof(int), {0}},
    {"send data", SYS_message_send, 1, false, false, 64, {HANDLE(SENDER), 0, 64}},
    {"send handles", SYS_message_send, 3, false, false, 2 * sizeof(int), {HANDLE(SENDER), GOOD, 8, 0, 2}},
    {"receive data", SYS_message_receive, 1, true, false, 0, {HANDLE(RECEIVER), 0, 64, (uint64_t)good_buffer, 2}},
    {"receive handles", SYS_message_receive, 3, true, false, 2 * sizeof(int), {HANDLE(RECEIVER), (uint64_t)good_buffer, 64, 0, 2}},
    {"message_state", SYS_message_state, 1, true, false, sizeof(struct message_state), {HANDLE(SENDER)}},
    {"read file", SYS_read, 1, true, false, 64, {HANDLE(FILE_HANDLE), 0, 64}},
    {"write file", SYS_write, 1, false, false, 64, {HANDLE(FILE_HANDLE), 0, 64}},
    {"read pipe", SYS_read, 1, true, false, 64, {HANDLE(READ_END), 0, 64}},
    {"write pipe", SYS_write, 1, false, false, 64, {HANDLE(WRITE_END), 0, 64}},
    {"write console", SYS_write, 1, false, false, 64, {1, 0, 64}},
    {"fstat file", SYS_fstat, 1, true, false, 64, {HANDLE(FILE_HANDLE)}},
    {"fstat pipe", SYS_fstat, 1, true, false, 64, {HANDLE(READ_END)}},
    {"fstat console", SYS_fstat, 1, true, false, 64, {1}},
    {"submit", SYS_submit, 1, false, false, sizeof(struct submission), {HANDLE(QUEUE)}},
    {"read queue", SYS_read, 1, true, false, sizeof(struct completion), {HANDLE(QUEUE), 0, sizeof(struct completion)}},
    {"getdents", SYS_getdents, 1, true, false, 0, {HANDLE(DIRECTORY_HANDLE), 0, 512}},
    {"poll", SYS_poll, 0, true, false, sizeof(struct pollfd), {0, 1, 0}},
    {"poll many", SYS_poll, 0, true, false, 100 * sizeof(struct pollfd), {0, 100, 0}},
    {"open", SYS_open, 0, false, true, 0, {0, O_RDONLY}},
    {"stat path", SYS_stat, 0, false, true, 0, {0}},
    {"stat buffer", SYS_stat, 1, true, false, 64, {GOOD}},
    {"mkdir", SYS_mkdir, 0, false, true, 0, {0, 0777}},
    {"rmdir", SYS_rmdir, 0, false, true, 0, {0}},
    {"unlink", SYS_unlink, 0, false, true, 0, {0}},
    {"link old", SYS_link, 0, false, true, 0, {0, GOOD}},
    {"link new", SYS_link, 1, false, true, 0, {GOOD, 0}},
    {"rename old", SYS_rename, 0, false, true, 0, {0, GOOD}},
    {"rename new", SYS_rename, 1, false, true, 0, {GOOD, 0}},
    {"mknod", SYS_mknod, 0, false, true, 0, {0, 0100666, 0}},
    {"chdir", SYS_chdir, 0, false, true, 0, {0}},
    {"mount", SYS_mount, 0, false, true, 0, {0, HANDLE(SESSION_HANDLE)}},
    {"unmount", SYS_unmount, 0, false, true, 0, {0}},
    {"futex_wait", SYS_futex_wait, 0, false, false, 0, {0}},
    {"futex_wake", SYS_futex_wake, 0, false, false, 0, {0, 1}},
    {"futex_change", SYS_futex_change, 0, true, false, 0, {0, 0, 1, 1}},
    {"log", SYS_log, 0, false, false, 64, {0, 64}},
    {"system_info", SYS_system_info, 0, true, false, sizeof(struct system_info), {0}},
    {"process_list", SYS_process_list, 1, true, false, sizeof(struct proc_info), {0, 0, 3}},
    {"sched_get", SYS_sched_get, 0, true, false, sizeof(struct sched_params), {0}},
    {"getpinfo", SYS_getpinfo, 1, true, false, sizeof(struct pinfo), {0, 0, 3}},
    {"sched_set", SYS_sched_set, 0, false, false, sizeof(struct sched_params), {0}},
    {"getrandom", SYS_getrandom, 0, true, false, 64, {0, 64}},
    {"trace_filter", SYS_trace_filter, 1, true, false, sizeof(struct trace_state), {0}},
    {"boot_option name", SYS_boot_option, 0, false, true, 0, {0, GOOD, 4}},
    {"boot_option buffer", SYS_boot_option, 1, true, false, 3, {0, 0, 4}},
};
#define CALLS (sizeof calls / sizeof calls[0])

static char run_name[] = "run";

static void make_handles(void)
{
    int made = open(good_path, O_RDWR | O_CREAT, 0666);
    CHECK(made >= 0);
    CHECK_EQUAL(write(made, run_name, sizeof run_name), sizeof run_name);
    for (int i = 0; i < 300; i++)
        CHECK_EQUAL(write(made, "0123456789abcdef", 16), 16);
    lseek(made, 0, SEEK_SET);
    file = made;
    directory = open("/bin", O_RDONLY | O_DIRECTORY);
    CHECK_EQUAL(pipe2(pipe_ends, O_NONBLOCK), 0);
    CHECK_EQUAL(write(pipe_ends[1], "0123456789", 10), 10);
    CHECK_EQUAL(message_pipe(messages, 0, 0, 0), 0);
    CHECK_EQUAL(message_send(messages[1], run_name, sizeof run_name, (int[]){1, 2}, 2, 0), 0); 
    channel = channel_create(0);
    session = channel_connect(channel, 1, SESSION_READ | SESSION_WRITE);
    process = process_open(getpid());
    queue = completion_create(0);
    CHECK_EQUAL(submit_sleep(queue, 1, 0), 0);
    struct pollfd ended = {.fd = queue, .events = POLLIN};
    CHECK_EQUAL(poll(&ended, 1, -1), 1);
    CHECK(directory >= 0 && channel >= 0 && session >= 0 && process >= 0);
}

static uint64_t handle_of(uint64_t a)
{
    const int handles[] = {file, directory, pipe_ends[0], pipe_ends[1], channel, session, process,
                           messages[0], messages[1], queue};
    return a >= HANDLE(0) && a < HANDLE(10) ? (uint64_t)handles[a - HANDLE(0)] : a;
}

static long try(const struct bad_call *c, uint64_t bad)
{
    uint64_t a[6];
    for (int i = 0; i < 6; i++)
        a[i] = handle_of(c->a[i]);
    if (c->number == SYS_boot_option && c->pointer == 1)
        a[0] = (uint64_t)run_name;
    bool aligned = c->number >= SYS_futex_wait && c->number <= SYS_futex_change; /* or it is -EINVAL: futex.c */
    a[c->pointer] = aligned ? bad & ~3ul : bad;
    return raw6(c->number, (long)a[0], (long)a[1], (long)a[2], (long)a[3], (long)a[4], (long)a[5]);
}

/* Tries one address for all calls for which `fits`; each must say `error`. */
static void expect_all(uint64_t bad, long error, bool (*fits)(const struct bad_call *))
{
    make_handles();
    for (unsigned i = 0; i < CALLS; i++) {
        if (fits && !fits(&calls[i]))
            continue;
        long got = try(&calls[i], bad);
        if (got != error)
            printf("  %s with %lx gave %ld, not %ld\n", calls[i].name, bad, got, error);
        CHECK_EQUAL(got, error);
    }
}

/* 0 means "none" to these. */
static bool null_is_bad(const struct bad_call *c)
{
    return c->number != SYS_wait && c->number != SYS_job_limits && c->number != SYS_trace_filter &&
           !(c->number == SYS_exec && c->pointer > 0);
}

static bool writes(const struct bad_call *c)
{
    return c->writes;
}

static bool is_string(const struct bad_call *c)
{
    return c->string;
}

static bool is_sized(const struct bad_call *c)
{
    return c->size > 1;
}

static void null_is_efault(void)
{
    expect_all(0, -EFAULT, null_is_bad);
}

static void unmapped_is_efault(void)
{
    expect_all(0x20000000, -EFAULT, NULL);
}

static void the_first_pages_are_efault(void)
{
    expect_all(8, -EFAULT, NULL);
    expect_all(0xff00, -EFAULT, NULL);
}

static void kernel_addresses_are_efault(void)
{
    expect_all(KERNEL_TEXT, -EFAULT, NULL);
    expect_all(0xffffffc000000000ul, -EFAULT, NULL);
}

static void the_hole_of_sv39_is_efault(void)
{
    expect_all(1ul << 38, -EFAULT, NULL);
    expect_all(1ul << 63, -EFAULT, NULL);
    expect_all(0xffffffbffffff000ul, -EFAULT, NULL);
}

static void the_last_bytes_of_the_address_space_are_efault(void)
{
    expect_all(UINT64_MAX, -EFAULT, NULL);
    expect_all(UINT64_MAX - 7, -EFAULT, NULL);
    expect_all((1ul << 38) - 1, -EFAULT, NULL);
}

static void below_the_stacks_guard_is_efault(void)
{
    expect_all(0x3fffff0000ul - (9ul << 20), -EFAULT, NULL);
    expect_all(0x3fffff0000ul, -EFAULT, NULL);
}

/* Inside the stack's room, but the stack grows only at or above sp. */
static void far_below_sp_is_efault(void)
{
    expect_all(0x3fffff0000ul - (4ul << 20), -EFAULT, NULL);
}

static void read_only_targets_are_efault(void)
{
    static const char text[PAGE] = "read-only";
    expect_all((uint64_t)text, -EFAULT, writes);
    expect_all((uint64_t)make_handles, -EFAULT, writes);
}

static char *end_of_heap(void)
{
    char *now = sbrk(0);
    char *end = (char *)sbrk((long)(2 * PAGE - (uint64_t)now % PAGE)) + (2 * PAGE - (uint64_t)now % PAGE);
    CHECK_EQUAL((uint64_t)end % PAGE, 0);
    return end;
}

/* One byte of it lies in the last page, the others behind it. (A pipe moves the good part of a long read.) */
static bool is_sized_and_whole(const struct bad_call *c)
{
    return is_sized(c) && !(c->number == SYS_read && c->a[0] == HANDLE(READ_END));
}

static void straddling_the_end_of_a_mapping_is_efault(void)
{
    char *end = end_of_heap();
    memset(end - PAGE, 0, PAGE);
    expect_all((uint64_t)end - 1, -EFAULT, is_sized_and_whole);
    CHECK_EQUAL(sbrk(0) == end, true);
}

static void a_string_that_runs_off_its_mapping_is_efault(void)
{
    char *end = end_of_heap();
    memset(end - PAGE, 'x', PAGE);
    end[-3] = '/';
    expect_all((uint64_t)end - 3, -EFAULT, is_string);
}

static void an_endless_string_is_enametoolong(void)
{
    static char endless[2 * PAGE];
    memset(endless, 'x', sizeof endless);
    endless[0] = '/';
    expect_all((uint64_t)endless, -ENAMETOOLONG, is_string);
}

static void a_wrapping_length_is_efault(void)
{
    static char some[16];
    make_handles();
    static const uint64_t lengths[] = {1ul << 38, 1ul << 62, INT64_MAX, UINT64_MAX, UINT64_MAX - PAGE};
    for (unsigned i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        /* The good part may be moved; the rest is no fault of the kernel. */
        long n = raw(SYS_write, pipe_ends[1], some, lengths[i]);
        CHECK(n == -EFAULT || n > 0 || n == -EAGAIN);
        n = raw(SYS_write, 1, UINT64_MAX - 100, lengths[i]);
        CHECK_EQUAL(n, -EFAULT);
        n = raw(SYS_read, file, UINT64_MAX - 100, lengths[i]);
        CHECK_EQUAL(n, -EFAULT);
        n = raw(SYS_read, pipe_ends[0], UINT64_MAX - 100, lengths[i]);
        CHECK_EQUAL(n, -EFAULT);
        CHECK_EQUAL(raw(SYS_poll, some, lengths[i], 0), -EINVAL);
        CHECK(raw(SYS_process_list, 0, UINT64_MAX - 100, lengths[i]) == -EFAULT);
        CHECK_EQUAL(raw(SYS_channel_sessions, channel, some, lengths[i]), 0);
        CHECK_EQUAL(raw(SYS_unmap, 0x1000000000ul, lengths[i], 0), -EINVAL);
        CHECK_EQUAL(raw(SYS_getdents, directory, UINT64_MAX - 100, lengths[i]), -EFAULT);
    }
}

static void a_bad_pointer_in_argv_is_efault(void)
{
    char *bad[] = {(char *)"x", (char *)KERNEL_TEXT, NULL};
    CHECK_ERRNO(execve("/bin/true", bad, NULL), EFAULT);
    bad[1] = (char *)1;
    CHECK_ERRNO(execve("/bin/true", bad, NULL), EFAULT);
    char *good[] = {(char *)"x", NULL};
    CHECK_ERRNO(execve("/bin/true", good, bad), EFAULT);
    char *end = end_of_heap();
    memset(end - PAGE, 'x', PAGE);
    bad[1] = end - 5; /* a string without its end */
    CHECK_ERRNO(execve("/bin/true", bad, NULL), EFAULT);
    char **array = (char **)end - 1; /* an array without its NULL */
    array[0] = bad[0];
    CHECK_ERRNO(execve("/bin/true", array, NULL), EFAULT);
}

static void wait_uses_no_child_up_for_a_bad_pointer(void)
{
    int pid = fork();
    if (pid == 0)
        _exit(42);
    CHECK_EQUAL(raw(SYS_wait, pid, KERNEL_TEXT, 0), -EFAULT);
    CHECK_EQUAL(raw(SYS_wait, pid, "read-only", 0), -EFAULT);
    CHECK_EQUAL(ending_of(pid), 42);
}

static void a_failed_pipe_leaves_no_handles(void)
{
    CHECK_EQUAL(raw(SYS_pipe, KERNEL_TEXT, 0, 0), -EFAULT);
    CHECK_EQUAL(raw(SYS_pipe, "read-only", 0, 0), -EFAULT);
    CHECK_EQUAL(dup(0), 3);
}

int main(int argc, char **argv)
{
    check_start(argc, argv);
    RUN(null_is_efault);
    RUN(unmapped_is_efault);
    RUN(the_first_pages_are_efault);
    RUN(kernel_addresses_are_efault);
    RUN(the_hole_of_sv39_is_efault);
    RUN(the_last_bytes_of_the_address_space_are_efault);
    RUN(below_the_stacks_guard_is_efault);
    RUN(far_below_sp_is_efault);
    RUN(read_only_targets_are_efault);
    RUN(straddling_the_end_of_a_mapping_is_efault);
    RUN(a_string_that_runs_off_its_mapping_is_efault);
    RUN(an_endless_string_is_enametoolong);
    RUN(a_wrapping_length_is_efault);
    RUN(a_bad_pointer_in_argv_is_efault);
    RUN(wait_uses_no_child_up_for_a_bad_pointer);
    RUN(a_failed_pipe_leaves_no_handles);
    unlink(good_path);
    return check_end();
}
