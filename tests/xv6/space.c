/* The heap, what else lies in memory, and that all of it comes back. */
#include "kernel/types.h"
#include "promise.h"
#include "kernel/vm.h"

#define MIB (1024 * 1024)
#define GIB (1024 * MIB)

static void sbrk_gives_the_old_break(void)
{
    char *start = sbrk(0);

    for (int i = 0; i < 5000; i++) {
        char *old = sbrk(1);
        CHECK(old == start + i);
        *old = 1;
    }
    CHECK(sbrk(-5000) == start + 5000);
    CHECK(sbrk(0) == start);
    CHECK(sys_sbrk(100, SBRK_EAGER) == start);
    CHECK(sys_sbrk(100, SBRK_LAZY) == start + 100);
    CHECK(sys_sbrk(-200, SBRK_LAZY) == start + 200);
    CHECK(sbrk(0) == start);
}

static void shrinking_below_the_start_gives_the_old_break(void)
{
    char *start = sbrk(0);

    CHECK(sbrk(-((int)(uint64)start + 1)) == start);
    CHECK(sbrk(0x80000004) == start);
    CHECK(sbrk(0) == start);
    *(volatile char *)(start - 1) = 1; /* the last byte below the break is there */
}

static void the_heap_is_in_one_piece_from_below_100_MiB(void)
{
    char *start = sbrk(0), *end = (char *)(100L * MIB);

    CHECK(start < end);
    CHECK(sbrk(end - start) == start);
    CHECK(sbrk(0) == end);
    for (char *at = start; at < end; at += PGSIZE)
        *at = 1;
    end[-1] = 99;
    CHECK(sbrk(-PGSIZE) == end);
    CHECK(sbrk(PGSIZE) == end - PGSIZE);
    CHECK_EQUAL(end[-1], 0); /* given back and had again: zeroes */
    CHECK(sbrk(start - end) == end);
    CHECK(sbrk(0) == start);
}

static void a_GiB_does_not_fit(void)
{
    CHECK(sbrk(GIB) == SBRK_ERROR);
    CHECK(sbrk(1000 * MIB) == SBRK_ERROR);
    CHECK(sbrk(PGSIZE) != SBRK_ERROR);
}

static void failed_growth_leaves_what_there_was(void)
{
    int ends[2], pids[10];
    char c;

    CHECK_EQUAL(pipe(ends), 0);
    for (int i = 0; i < 10; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            sbrk((int)(100L * MIB - (uint64)sbrk(0)));
            write(ends[1], "x", 1);
            for (;;)
                sleep(1000);
        }
        if (pids[i] > 0)
            CHECK_EQUAL(read(ends[0], &c, 1), 1);
    }
    CHECK(sbrk(PGSIZE) != SBRK_ERROR);
    for (int i = 0; i < 10; i++)
        if (pids[i] > 0) {
            kill(pids[i]);
            wait(0);
        }
}

static void lazy_memory_is_there_when_touched(void)
{
    char *start = sbrklazy(GIB);

    CHECK(start != SBRK_ERROR);
    CHECK(sbrk(0) == start + GIB);
    for (char *at = start; at < start + GIB; at += 256 * PGSIZE)
        *(char **)at = at;
    for (char *at = start; at < start + GIB; at += 256 * PGSIZE) {
        CHECK(*(char **)at == at);
        CHECK(*(char **)(at + PGSIZE) == 0);
    }
    CHECK(sbrklazy(-GIB) == start + GIB);
    CHECK(sbrk(PGSIZE) == start);
    CHECK_EQUAL(*start, 0);
}

/* Far more than there is memory, for pages or for page tables. The last page below TRAPFRAME can be had, and no more. */
static void the_heap_reaches_up_to_the_trap_frame(void)
{
    uint64 top = TRAPFRAME;
    char *start = sbrk(0);

    while ((uint64)sbrk(0) < top - GIB)
        CHECK(sbrklazy(GIB) != SBRK_ERROR);
    char *last = sbrk(0);
    int rest = top - PGSIZE - (uint64)last;
    CHECK(sbrklazy(rest) == last);
    CHECK((uint64)sbrk(PGSIZE) == top - PGSIZE);
    *(char *)(top - PGSIZE) = 1;
    CHECK_EQUAL(*(char *)(top - 1), 0);
    CHECK(sbrk(1) == SBRK_ERROR);
    CHECK(sbrklazy(1) == SBRK_ERROR);
    for (int i = 1; i < 60; i++)
        start[(long)i * GIB] = i;
    int pid = fork(), status;
    CHECK(pid >= 0);
    if (pid == 0)
        exit(start[7L * GIB] == 7 && *(char *)(top - PGSIZE) == 1 ? 0 : 1);
    CHECK_EQUAL(wait(&status), pid);
    CHECK_EQUAL(status, 0);
    while (sbrk(0) - start > GIB)
        CHECK(sbrk(-GIB) != SBRK_ERROR);
    CHECK(sbrk(-(int)(sbrk(0) - start)) != SBRK_ERROR);
    CHECK(sbrk(0) == start);
}

static char *lazy;

static void touch_what_was_given_back(void)
{
    sbrklazy(-16 * PGSIZE);
    *lazy = 1;
}

static void lazy_memory_that_was_given_back_faults(void)
{
    lazy = sbrklazy(16 * PGSIZE);
    *lazy = 1;
    CHECK_EQUAL(in_child(touch_what_was_given_back), -1);
    CHECK_EQUAL(*lazy, 1);
}

static void lazy_and_eager_growth_may_alternate(void)
{
    char *start = sbrk(0);

    for (int i = 0; i < 60; i++) {
        char *at = i % 2 ? sbrk(3000) : sbrklazy(3000);
        CHECK(at == start + i * 3000);
        memset(at, i, 3000);
    }
    for (int i = 0; i < 60 * 3000; i++)
        CHECK_EQUAL(start[i], i / 3000);
    if (fork() == 0) {
        memset(start, 99, 60 * 3000);
        sbrk(-60 * 3000);
        exit(0);
    }
    wait(0);
    for (int i = 59; i >= 0; i--) {
        CHECK_EQUAL(start[i * 3000], i);
        CHECK_EQUAL(start[i * 3000 + 2999], i);
        CHECK(sbrk(-3000) == start + (i + 1) * 3000);
    }
    CHECK(sbrk(0) == start);
}

static void touch_more_than_there_is(void)
{
    char *start = sbrklazy(GIB);

    CHECK(start != SBRK_ERROR);
    for (char *at = start; at < start + GIB; at += PGSIZE)
        *at = 1;
    exit(1); /* we should not get here */
}

static void touching_lazy_memory_that_is_not_to_be_had_ends_the_process(void)
{
    CHECK_EQUAL(in_child(touch_more_than_there_is), -1);
    CHECK_EQUAL(in_child(touch_more_than_there_is), -1);
}

static void the_kernel_reads_and_writes_lazy_memory(void)
{
    int ends[2];
    char *at = sbrklazy(8 * PGSIZE);

    CHECK_EQUAL(pipe(ends), 0);
    CHECK_EQUAL(write(ends[1], at, 16), 16);
    CHECK_EQUAL(read(ends[0], at + 3 * PGSIZE - 8, 16), 16);
    CHECK_EQUAL(open(at + 5 * PGSIZE, 0), -1); /* a path of no bytes */

    int fd = open("/README", O_RDONLY);

    CHECK(read(fd, at + 6 * PGSIZE - 4, 300) == 300);
    CHECK_EQUAL(pipe((int *)(at + 7 * PGSIZE)), 0);
}

static void all_memory_can_be_had_and_had_again(void)
{
    void *first = 0, *next;
    int n = 0, again = 0;

    while ((next = malloc(10001)) != 0) {
        *(void **)next = first;
        first = next;
        n++;
    }
    CHECK(n > 9000);
    while (first != 0) {
        next = *(void **)first;
        free(first);
        first = next;
    }
    while (malloc(10001) != 0)
        again++;
    CHECK(again >= n - 10);
}

/* How many pages there are, found out by taking them all. */
static int free_pages(int touch)
{
    int n = 0;
    char *start = sbrk(0), *at;

    while ((at = sbrk(PGSIZE)) != SBRK_ERROR) {
        if (touch)
            at[PGSIZE - 1] = 1;
        n++;
    }
    sbrk(start - sbrk(0));
    return n;
}

static void use_much(void)
{
    char name[] = "/tmp/much00";
    int ends[2];

    for (int i = 0; i < 40; i++) {
        if (fork() == 0)
            break;
        if (i % 4 == 3)
            wait(0);
    }
    name[9] = '0' + getpid() % 10;
    name[10] = '0' + getpid() / 10 % 10;
    CHECK_EQUAL(pipe(ends), 0);
    char *memory = sbrklazy(100 * PGSIZE);
    memset(memory + 50 * PGSIZE, 1, 20 * PGSIZE);
    int fd = open(name, O_CREATE | O_RDWR);
    write(fd, memory, 50 * PGSIZE);
    write(ends[1], memory, 512);
    if (fork() == 0) {
        char *argv[] = {"echo", 0};
        close(1);
        close(2);
        exec("/echo", argv);
    }
    mkdir("/tmp/muchdir");
    unlink("/tmp/muchdir");
    unlink(name);
    while (wait(0) >= 0)
        continue;
}

static void no_page_is_lost(void)
{
    in_child(use_much); /* what the system keeps once and for all is kept now */
    sleep(2);

    int before = free_pages(0), touched = free_pages(1);

    CHECK_EQUAL(touched, before);
    for (int i = 0; i < 5; i++)
        in_child(use_much);
    sleep(2); /* orphans are with init */
    CHECK_EQUAL(free_pages(0), before);
    CHECK_EQUAL(free_pages(1), before);
}

static void take_all_and_exec(void)
{
    static int spare;
    char *argv[] = {"echo", 0};

    while (sbrk(PGSIZE) != SBRK_ERROR)
        continue;
    sbrk(-spare++ * PGSIZE);
    close(1);
    close(2);
    exec("/echo", argv);
    exit(0);
}

static void exec_without_memory_fails_or_works(void)
{
    int before = free_pages(0);

    for (int i = 0; i < 15; i++) {
        int pid = fork(), status = 99;

        CHECK(pid >= 0);
        if (pid == 0)
            take_all_and_exec();
        CHECK_EQUAL(wait(&status), pid);
        CHECK(status == 0 || status == -1 || status == 1);
    }
    CHECK_EQUAL(free_pages(0), before);
}

int main(void)
{
    RUN(sbrk_gives_the_old_break);
    RUN(shrinking_below_the_start_gives_the_old_break);
    RUN(the_heap_is_in_one_piece_from_below_100_MiB);
    RUN(a_GiB_does_not_fit);
    RUN(failed_growth_leaves_what_there_was);
    RUN(lazy_memory_is_there_when_touched);
    RUN(the_heap_reaches_up_to_the_trap_frame);
    RUN(lazy_memory_that_was_given_back_faults);
    RUN(lazy_and_eager_growth_may_alternate);
    RUN(touching_lazy_memory_that_is_not_to_be_had_ends_the_process);
    RUN(the_kernel_reads_and_writes_lazy_memory);
    RUN(all_memory_can_be_had_and_had_again);
    RUN(no_page_is_lost);
    RUN(exec_without_memory_fails_or_works);
    return 0;
}
