/*
 * Memory runs out: what was promised is kept, what was not is refused by name, and nobody dies of another's
 * appetite. Meant for machines of little memory (tests/test_memory.py runs it with 32 and 64 MiB).
 */
#include "pressure.h"

#include <fcntl.h>
#include <kinglet/stack.h>
#include <kinglet/submit.h>
#include <kinglet/thread.h>
#include <sys/stat.h>

static char shared[256 << 10] = "from the parent"; /* written before fork: shared, copy-on-write */
static char untouched[256 << 10];

static char *promised;

static void get_promise(void)
{
    promised = sbrk(6 << 20);
    CHECK(promised != (char *)-1);
}

static void touch_promise(void)
{
    for (long i = 0; i < 6 << 20; i += PAGE) {
        CHECK(promised[i] == 0);
        promised[i] = 1;
    }
    for (long i = 0; i < (long)sizeof untouched; i += PAGE)
        untouched[i] = 1;
    for (long i = 0; i < 6 << 20; i += PAGE)
        CHECK(promised[i] == 1);
}

static void what_sbrk_gave_can_be_touched(void)
{
    CHECK_EQUAL(under_pressure(get_promise, touch_promise), 0);
}

static void write_shared(void)
{
    for (long i = 0; i < (long)sizeof shared; i += PAGE) {
        CHECK(shared[i] == (i ? 's' : 'f'));
        shared[i] = 'c';
    }
}

static void pages_shared_by_fork_can_be_written(void)
{
    for (long i = PAGE; i < (long)sizeof shared; i += PAGE)
        shared[i] = 's';
    CHECK_EQUAL(under_pressure(NULL, write_shared), 0);
    for (long i = PAGE; i < (long)sizeof shared; i += PAGE)
        CHECK(shared[i] == 's');
}

STACK_PROMISE(131072);

__attribute__((noinline)) static void use_stack(long bytes)
{
    volatile char room[bytes];
    for (long i = bytes - 1; i >= 0; i -= PAGE)
        room[i] = 1;
    CHECK(room[bytes - 1] == 1);
}

static void use_promised_stack(void)
{
    use_stack(120000);
}

static void the_stack_promised_at_exec_can_be_used(void)
{
    CHECK_EQUAL(under_pressure(NULL, use_promised_stack), 0);
}

static void use_much_stack(void)
{
    use_stack(4 << 20);
}

/* Only the grower: the eaters, the servers and this process live on. */
static void stack_growth_beyond_it_ends_the_grower_alone(void)
{
    CHECK_EQUAL(under_pressure(NULL, use_much_stack), -SIGBUS);
    CHECK_EQUAL(in_child(use_much_stack), 0); /* with memory it is allowed */
}

enum { CALCULATORS = 20 };
static int calculators[CALCULATORS];

static void start_calculators(void)
{
    for (int i = 0; i < CALCULATORS; i++) {
        calculators[i] = fork();
        CHECK(calculators[i] >= 0);
        if (calculators[i] == 0) {
            wait_for_go();
            volatile double x = 2;
            x = x * x;
            sleep_ns(20 * MS); /* until all of them have begun */
            CHECK(x == 4);
            _exit(0);
        }
    }
    for (int i = 0; i < CALCULATORS; i++)
        wait_until_blocked(calculators[i], "pipe read");
}

static void end_calculators(void)
{
    for (int i = 0; i < CALCULATORS; i++)
        CHECK_EQUAL(ending_of(calculators[i]), 0);
}

static void a_first_floating_point_instruction_is_no_growth(void)
{
    CHECK_EQUAL(under_pressure(start_calculators, end_calculators), 0);
}

static void refused(long result)
{
    CHECK(result >= 0 || errno == ENOMEM || errno == ENOSPC);
}

static void try_everything(void)
{
    struct stat st;
    int ends[2];
    static char *arguments[] = {(char *)"true", NULL};
    static struct pollfd many[1000];
    for (int round = 0; round < 50; round++) { /* what a slab has left is used up by and by */
        refused(pipe(ends));
        refused(fork());
        refused((long)sbrk(PAGE));
        refused(open("/README", O_RDONLY));
        refused(open("/tmp/pressure", O_RDWR | O_CREAT, 0666));
        refused(stat("/bin", &st));
        refused(mkdir("/tmp/pressure.d", 0777) < 0 && errno == EEXIST ? 0 : 0);
        refused(execve("/bin/true", arguments, NULL));
        refused(poll(many, 1000, 0));
        int result = channel_create(0);
        CHECK(result >= 0 || result == -ENOMEM);
        result = process_open(getpid());
        CHECK(result >= 0 || result == -ENOMEM);
        result = setjob(0, 0);
        CHECK(result >= 0 || result == -ENOMEM || result == -EAGAIN);
        errno = ENOMEM;
    }
    for (int i = 3; i < 1024; i++)
        close(i);
    refused(unlink("/tmp/pressure") < 0 && errno == ENOENT ? 0 : 0);
    rmdir("/tmp/pressure.d");
}

static void everything_else_says_enomem(void)
{
    CHECK_EQUAL(under_pressure(NULL, try_everything), 0);
}

static int ends[2];
static char message[MESSAGE_BYTES_MAX];
static _Alignas(16) char thread_stack[4096];

static void end_at_once(void)
{
    raw(SYS_thread_exit, 0, 0, 0);
}

static void *wait_here(void *argument)
{
    char byte;
    message_receive(ends[0], &byte, 1, NULL, 0, -1);
    return argument;
}

static void make_ends(void)
{
    memset(message, 1, sizeof message);
    memset(thread_stack, 1, sizeof thread_stack);
    CHECK_EQUAL(message_pipe(ends, 0, 0, 0), 0);
}

static void *fail_to_exec(void *argument)
{
    char *arguments[] = {"true", NULL};
    CHECK_ERRNO(execve("/bin/true", arguments, NULL), ENOMEM);
    CHECK_ERRNO(fork(), ENOMEM);
    return argument;
}

/* Whatever the kernel has not enough memory for has not happened: no thread is counted that is not there, no room in a
 * message pipe is lost, and an exec that fails ends nobody. */
static void send_and_begin_threads(void)
{
    struct message_state state;
    struct system_info info;
    CHECK_EQUAL(system_info(&info), 0);
    uint64_t processes = info.processes;
    int sent[MESSAGE_HANDLES_MAX], got[MESSAGE_HANDLES_MAX];
    for (int i = 0; i < MESSAGE_HANDLES_MAX; i++)
        sent[i] = ends[1];
    for (unsigned i = 0; i < 100; i++) {
        long tid = raw6(SYS_thread_create, (long)end_at_once, (long)thread_stack + sizeof thread_stack, 0, 0, 0, 0);
        CHECK(tid > 0 || tid == -ENOMEM);
        if (tid > 0)
            CHECK_EQUAL(raw(SYS_thread_join, tid, 0, 0), 0);
        CHECK_EQUAL(system_info(&info), 0);
        CHECK_EQUAL(info.processes, processes);
        uint64_t bytes = i % 2 ? i : sizeof message - i;
        long result = message_send(ends[1], message, bytes, sent, i % (MESSAGE_HANDLES_MAX + 1), 0);
        CHECK(result == 0 || result == -ENOMEM);
        if (result == 0)
            CHECK_EQUAL(message_receive(ends[0], message, bytes, got, i % (MESSAGE_HANDLES_MAX + 1), 0), bytes);
        for (unsigned n = 0; result == 0 && n < i % (MESSAGE_HANDLES_MAX + 1); n++)
            CHECK_EQUAL(close(got[n]), 0);
        CHECK_EQUAL(message_state(ends[0], &state), 0);
        CHECK(state.messages == 0 && state.room == (int64_t)sizeof message);
    }
}

static void threads_and_messages_fail_whole(void)
{
    CHECK_EQUAL(under_pressure(make_ends, send_and_begin_threads), 0);
}

enum { UNDER_WAY, CANCELLED, REFUSED }; /* tags */
static int queue, never[2];

/* One call that will end by itself, one that will be cancelled. The record's memory is there for both. */
static void submit_two(void)
{
    static char byte;
    make_ends();
    CHECK_EQUAL(pipe(never), 0);
    queue = completion_create(O_NONBLOCK);
    CHECK(queue >= 0);
    CHECK_EQUAL(submit_receive(queue, UNDER_WAY, ends[0], &byte, 1, NULL, 0, -1), 0);
    CHECK_EQUAL(submit_read(queue, CANCELLED, never[0], &byte, 1), 0);
}

static void expect_record(uint64_t tag, int64_t result)
{
    struct pollfd p = {.fd = queue, .events = POLLIN};
    struct completion done;
    CHECK_EQUAL(poll(&p, 1, -1), 1);
    CHECK_EQUAL(read(queue, &done, sizeof done), sizeof done);
    CHECK_EQUAL(done.tag, tag);
    CHECK_EQUAL(done.result, result);
}

static void submit_in_vain(void)
{
    struct completion done;
    struct system_info info;
    int refusals = 0;
    CHECK_EQUAL(system_info(&info), 0);
    uint64_t processes = info.processes;
    for (int i = 0; i < 100; i++) {
        int error = i % 2 ? submit_sleep(queue, REFUSED, 0) : submit_read(queue, REFUSED, never[1], message, 1);
        if (error == 0) { /* with what another has just given back */
            expect_record(REFUSED, i % 2 ? 0 : -EBADF);
            continue;
        }
        refusals++;
        CHECK_EQUAL(error, -ENOMEM);
        CHECK_ERRNO(read(queue, &done, sizeof done), EAGAIN);
        CHECK_EQUAL(system_info(&info), 0);
        CHECK_EQUAL(info.processes, processes);
        int another = completion_create(0);
        CHECK(another == -ENOMEM || close(another) == 0);
    }
    CHECK(refusals > 0);
    CHECK_EQUAL(submit_cancel(queue, CANCELLED), 1);
    expect_record(CANCELLED, -EINTR);
    CHECK_EQUAL(close(ends[1]), 0);
    expect_record(UNDER_WAY, -ENODATA);
    CHECK_EQUAL(read(queue, &done, sizeof done), 0);
}

/* A call that there is no memory for has no record, and no thread; those that were handed in before go on, and can be
 * cancelled. */
static void a_call_is_submitted_wholly_or_not(void)
{
    CHECK_EQUAL(under_pressure(submit_two, submit_in_vain), 0);
}

static int waiting_thread, exec_thread, start[2];

static void *fail_to_exec_later(void *argument)
{
    char byte;
    CHECK_EQUAL(read(start[0], &byte, 1), 0);
    return fail_to_exec(argument);
}

static void make_threads(void)
{
    make_ends();
    CHECK_EQUAL(pipe(start), 0);
    waiting_thread = thread_create(wait_here, "waited");
    exec_thread = thread_create(fail_to_exec_later, "failed");
    CHECK(waiting_thread > 0 && exec_thread > 0);
}

static void exec_in_vain(void)
{
    void *value;
    CHECK_EQUAL(close(start[1]), 0); /* a write would take memory */
    CHECK_EQUAL(thread_join(exec_thread, &value), 0);
    CHECK_EQUAL(strcmp(value, "failed"), 0);
    CHECK_EQUAL(message_send(ends[1], "", 0, NULL, 0, 0), 0);
    CHECK_EQUAL(thread_join(waiting_thread, &value), 0);
    CHECK_EQUAL(strcmp(value, "waited"), 0);
}

static void an_exec_that_fails_ends_no_thread(void)
{
    CHECK_EQUAL(under_pressure(make_threads, exec_in_vain), 0);
}

static int file;

static void open_file(void)
{
    file = open("/README", O_RDONLY);
    CHECK(file >= 0);
}

static void call_with_new_stack(void)
{
    CHECK_EQUAL(call_far_down(2 << 20, SYS_system_info, 0, 0, 0, false), -ENOMEM);
    CHECK_EQUAL(call_far_down(2 << 20, SYS_read, file, 0, 64, true), -ENOMEM);
    CHECK_EQUAL(call_far_down(2 << 20, SYS_fstat, file, 0, 0, true), -ENOMEM);
    CHECK_EQUAL(call_far_down(2 << 20, SYS_setname, 0, 0, 0, false), -ENOMEM);
}

static void call_with_new_stack_in_plenty(void)
{
    file = open("/README", O_RDONLY);
    CHECK_EQUAL(call_far_down(2 << 20, SYS_system_info, 0, 0, 0, false), 0);
    CHECK_EQUAL(call_far_down(2 << 20, SYS_read, file, 0, 64, true), 64);
}

/* The kernel grows the stack as the program's own access would, and says so when it cannot. */
static void a_call_that_needs_new_stack_fails_by_name(void)
{
    CHECK_EQUAL(under_pressure(open_file, call_with_new_stack), 0);
    CHECK_EQUAL(in_child(call_with_new_stack_in_plenty), 0);
}

/* Whoever comes while nothing is left fails, and leaves nothing behind. */
static void fork_fails_whole(void)
{
    CHECK_EQUAL(pipe(go), 0);
    eat_all();
    struct system_info before, after;
    CHECK_EQUAL(system_info(&before), 0);
    for (int i = 0; i < 100; i++)
        CHECK_ERRNO(fork(), ENOMEM);
    CHECK_EQUAL(system_info(&after), 0);
    CHECK(after.processes == before.processes && after.frames_available == before.frames_available);
    CHECK(after.objects == before.objects && after.handle_tables == before.handle_tables);
    end_eaters();
    int pid = fork();
    CHECK(pid >= 0);
    if (pid == 0)
        _exit(0);
    CHECK_EQUAL(ending_of(pid), 0);
}

/* A parent that has most of the memory itself cannot be copied, and loses nothing by the attempt. */
static void a_fork_too_large_fails_whole(void)
{
    struct system_info info;
    CHECK_EQUAL(system_info(&info), 0);
    long bytes = (long)info.frames_total * PAGE / 2 / PAGE * PAGE;
    char *start = sbrk(bytes);
    CHECK(start != (char *)-1);
    for (long i = 0; i < bytes; i += PAGE)
        start[i] = (char)(i / PAGE);
    for (int i = 0; i < 20; i++)
        CHECK_ERRNO(fork(), ENOMEM);
    for (long i = 0; i < bytes; i += PAGE) {
        CHECK(start[i] == (char)(i / PAGE));
        start[i] = 1;
    }
}

static void a_file_cannot_eat_the_machine(void)
{
    static char chunk[32768];
    int file = open("/tmp/large", O_WRONLY | O_CREAT, 0666);
    CHECK(file >= 0);
    long n, total = 0;
    while ((n = write(file, chunk, sizeof chunk)) > 0)
        total += n;
    CHECK_EQUAL(n, -1);
    CHECK_EQUAL(errno, ENOSPC);
    CHECK(total > 4 << 20);
    int pid = fork(); /* others have room left */
    if (pid == 0) {
        execl("/bin/true", "true", NULL);
        _exit(99);
    }
    CHECK_EQUAL(ending_of(pid), 0);
    close(file);
    CHECK_EQUAL(unlink("/tmp/large"), 0);
}

/* A stack that system calls made grow is paid for at the next chance. If the job's limit does not allow that, what was
 * promised is still there. */
static void grow_past_the_limit(void)
{
    struct proc_info me;
    int job = setjob(0, 0);
    CHECK(job > 0);
    CHECK_EQUAL(process_list(getpid(), &me, 1), 1);
    struct job_limits limits = {.max_pages = me.committed + 10};
    CHECK_EQUAL(job_limits(job, &limits, NULL), 0);
    for (long depth = 65536; depth < 65536 + 100 * PAGE; depth += PAGE)
        CHECK_EQUAL(call_far_down(depth, SYS_system_info, 0, 0, 0, false), 0);
    for (volatile char *at = untouched; at < untouched + sizeof untouched; at += PAGE)
        *at = 1;
    _exit(0);
}

static void growth_that_the_job_cannot_pay_takes_no_promise_back(void)
{
    int pid = fork();
    CHECK(pid >= 0);
    if (pid == 0)
        grow_past_the_limit();
    CHECK_EQUAL(ending_of(pid), 0);
}

int main(int argc, char **argv)
{
    check_start(argc, argv);
    RUN(what_sbrk_gave_can_be_touched);
    RUN(pages_shared_by_fork_can_be_written);
    RUN(the_stack_promised_at_exec_can_be_used);
    RUN(growth_that_the_job_cannot_pay_takes_no_promise_back);
    RUN(stack_growth_beyond_it_ends_the_grower_alone);
    RUN(a_first_floating_point_instruction_is_no_growth);
    RUN(everything_else_says_enomem);
    RUN(threads_and_messages_fail_whole);
    RUN(a_call_is_submitted_wholly_or_not);
    RUN(an_exec_that_fails_ends_no_thread);
    RUN(a_call_that_needs_new_stack_fails_by_name);
    RUN(fork_fails_whole);
    RUN(a_fork_too_large_fails_whole);
    RUN(a_file_cannot_eat_the_machine);
    return check_end();
}
