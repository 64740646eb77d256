/*
 * fork's copy of memory: parent and child see what was there, and neither sees what the other writes.
 */
#include "check.h"

#define PAGE 4096
#define PAGES 64

static char data[PAGES * PAGE] = "initialised";
static char bss[PAGES * PAGE];
static char *heap;

struct channel_to {
    int ends[2];
};

static void signal_to(struct channel_to *c)
{
    CHECK_EQUAL(write(c->ends[1], "x", 1), 1);
}

static void wait_for(struct channel_to *c)
{
    char x;
    CHECK_EQUAL(read(c->ends[0], &x, 1), 1);
}

static void set(char *area, char value)
{
    for (int i = 0; i < PAGES; i++)
        area[i * PAGE + i * 17] = value;
}

static bool is(const char *area, char value)
{
    for (int i = 0; i < PAGES; i++)
        if (area[i * PAGE + i * 17] != value)
            return false;
    return true;
}

/* Four kinds of memory at once; parent and child write in turns, each twice. */
static void neither_sees_the_others_writes(void)
{
    char stack[PAGES * PAGE / 8 * 8];
    struct channel_to child = {{0}}, parent = {{0}};
    CHECK_EQUAL(pipe(child.ends), 0);
    CHECK_EQUAL(pipe(parent.ends), 0);
    heap = sbrk(PAGES * PAGE);
    char *areas[] = {data, bss, heap, stack};
    for (int i = 0; i < 4; i++)
        set(areas[i], (char)('a' + i));
    int pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        for (int i = 0; i < 4; i++) {
            CHECK(is(areas[i], (char)('a' + i)));
            set(areas[i], (char)('k' + i));
        }
        signal_to(&parent);
        wait_for(&child); /* the parent has looked and written */
        for (int i = 0; i < 4; i++) {
            CHECK(is(areas[i], (char)('k' + i)));
            set(areas[i], (char)('A' + i));
        }
        signal_to(&parent);
        wait_for(&child);
        for (int i = 0; i < 4; i++)
            CHECK(is(areas[i], (char)('A' + i)));
        _exit(0);
    }
    wait_for(&parent);
    for (int i = 0; i < 4; i++) {
        CHECK(is(areas[i], (char)('a' + i)));
        set(areas[i], (char)('t' + i));
    }
    signal_to(&child);
    wait_for(&parent);
    for (int i = 0; i < 4; i++)
        CHECK(is(areas[i], (char)('t' + i)));
    signal_to(&child);
    CHECK_EQUAL(ending_of(pid), 0);
    for (int i = 0; i < 4; i++)
        CHECK(is(areas[i], (char)('t' + i)));
}

/* The parent writes first, while the child only reads later. */
static void the_child_keeps_what_the_parent_had(void)
{
    struct channel_to go = {{0}};
    CHECK_EQUAL(pipe(go.ends), 0);
    set(bss, 1);
    int pid = fork();
    if (pid == 0) {
        wait_for(&go);
        CHECK(is(bss, 1));
        _exit(0);
    }
    set(bss, 2);
    signal_to(&go);
    CHECK_EQUAL(ending_of(pid), 0);
    CHECK(is(bss, 2));
}

/* Pages shared by many generations; each writes its own and checks the older ones'. */
static void generations_keep_apart(void)
{
    enum { DEPTH = 12 };
    for (int depth = 0; depth < DEPTH; depth++) {
        for (int i = 0; i < depth; i++)
            CHECK_EQUAL(bss[i * PAGE], i + 1);
        CHECK_EQUAL(bss[depth * PAGE], 0);
        bss[depth * PAGE] = (char)(depth + 1);
        int pid = fork();
        CHECK(pid >= 0);
        if (pid != 0) {
            for (int i = depth + 1; i < DEPTH; i++)
                CHECK_EQUAL(bss[i * PAGE], 0);
            int end = ending_of(pid);
            for (int i = depth + 1; i < DEPTH; i++)
                CHECK_EQUAL(bss[i * PAGE], 0);
            if (depth == 0) {
                CHECK_EQUAL(end, 0);
                return;
            }
            _exit(end);
        }
    }
    _exit(0);
}

/* What the kernel writes for a process (read's buffer, wait's status) goes through the same rules. */
static void the_kernel_writes_into_the_right_copy(void)
{
    struct channel_to pipe_of = {{0}}, go = {{0}};
    CHECK_EQUAL(pipe(pipe_of.ends), 0);
    CHECK_EQUAL(pipe(go.ends), 0);
    memset(bss, 'o', 3 * PAGE);
    memset(data, 'n', 3 * PAGE);
    int pid = fork();
    if (pid == 0) {
        wait_for(&go);
        for (int i = 0; i < 3 * PAGE; i++)
            CHECK(bss[i] == 'o');
        _exit(0);
    }
    CHECK_EQUAL(write(pipe_of.ends[1], data, 3 * PAGE), 3 * PAGE);
    CHECK_EQUAL(read(pipe_of.ends[0], bss, 3 * PAGE), 3 * PAGE);
    struct system_info *info = (struct system_info *)(bss + PAGE - 16);
    CHECK_EQUAL(system_info(info), 0);
    signal_to(&go);
    CHECK_EQUAL(ending_of(pid), 0);
    CHECK(bss[0] == 'n');
}

/* A page that is only read is zero in both, and stays apart when written afterwards. */
static void untouched_pages_are_zero_in_both(void)
{
    heap = sbrk(PAGES * PAGE);
    CHECK(is(heap, 0));
    int pid = fork();
    if (pid == 0) {
        CHECK(is(heap, 0));
        set(heap, 5);
        CHECK(is(heap, 5));
        _exit(0);
    }
    CHECK_EQUAL(ending_of(pid), 0);
    CHECK(is(heap, 0));
    set(heap, 6);
    CHECK(is(heap, 6));
}

static void a_childs_heap_grows_alone(void)
{
    heap = sbrk(PAGE);
    int pid = fork();
    if (pid == 0) {
        CHECK(sbrk(100 * PAGE) == heap + PAGE);
        memset(heap, 1, 101 * PAGE);
        CHECK((long)sbrk(-101 * PAGE) != -1);
        _exit(0);
    }
    CHECK_EQUAL(ending_of(pid), 0);
    CHECK(sbrk(0) == heap + PAGE);
    heap[0] = 1;
}

static void registers_and_stack_go_along(void)
{
    register long a __asm__("s3") = 0x1122334455667788, b __asm__("s11") = -12345;
    register long c __asm__("t5") = 0x99aabbccddeeff00, number __asm__("a7") = SYS_fork, pid __asm__("a0") = 0;
    __asm__ volatile("ecall" : "+r"(pid), "+r"(a), "+r"(b), "+r"(c) : "r"(number) : "memory");
    long got_pid = pid, got_a = a, got_b = b, got_c = c;
    CHECK(got_a == 0x1122334455667788 && got_b == -12345);
    CHECK(got_c == (long)0x99aabbccddeeff00);
    if (got_pid == 0)
        _exit(7);
    CHECK_EQUAL(ending_of((int)got_pid), 7);
}

static void bad_fork_flags_are_refused(void)
{
    CHECK_EQUAL(fork_flags(2), -EINVAL);
    CHECK_EQUAL(fork_flags(-1), -EINVAL);
}

int main(int argc, char **argv)
{
    check_start(argc, argv);
    RUN(neither_sees_the_others_writes);
    RUN(the_child_keeps_what_the_parent_had);
    RUN(generations_keep_apart);
    RUN(the_kernel_writes_into_the_right_copy);
    RUN(untouched_pages_are_zero_in_both);
    RUN(a_childs_heap_grows_alone);
    RUN(registers_and_stack_go_along);
    RUN(bad_fork_flags_are_refused);
    return check_end();
}
