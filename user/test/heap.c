/*
 * sbrk, map and unmap: what they give, what they refuse, and that memory always comes back clean.
 */
#include "limited.h"

#include <kinglet/thread.h>

#define PAGE 4096l
#define MIB (1l << 20)

static const char *const no_memory = (const char *)-1;

static bool all_zero(const char *from, long n)
{
    for (long i = 0; i < n; i += 8)
        if (*(const uint64_t *)(from + i))
            return false;
    return true;
}

static void the_heap_grows_and_shrinks(void)
{
    char *start = sbrk(0);
    CHECK(sbrk(10 * PAGE) == start);
    CHECK(sbrk(0) == start + 10 * PAGE);
    memset(start, 'x', 10 * PAGE);
    CHECK(sbrk(-4 * PAGE) == start + 10 * PAGE);
    CHECK(start[6 * PAGE - 1] == 'x');
    CHECK(sbrk(1) == start + 6 * PAGE);
    CHECK(sbrk(-1) == start + 6 * PAGE + 1);
    CHECK(sbrk(-6 * PAGE) == start + 6 * PAGE);
    CHECK(sbrk(0) == start);
}

static void memory_comes_zeroed_also_the_second_time(void)
{
    char *start = sbrk(0);
    start = (char *)sbrk(PAGE - (long)start % PAGE) + PAGE - (long)start % PAGE;
    for (int i = 0; i < 5; i++) {
        CHECK(sbrk(300 * PAGE) == start);
        CHECK(all_zero(start, 300 * PAGE));
        memset(start, 0xa5, 300 * PAGE);
        CHECK(sbrk(-300 * PAGE) != no_memory);
    }
}

static void a_page_given_back_in_part_stays(void)
{
    char *start = sbrk(0);
    start = (char *)sbrk(PAGE - (long)start % PAGE) + PAGE - (long)start % PAGE;
    CHECK(sbrk(2 * PAGE) == start);
    memset(start, 'x', 2 * PAGE);
    CHECK(sbrk(-PAGE - 100) != no_memory);
    CHECK(start[0] == 'x' && start[PAGE - 101] == 'x');
}

static void *gone;

static void touch_gone(void)
{
    *(volatile char *)gone = 1;
}

static void what_was_given_back_cannot_be_touched(void)
{
    char *start = sbrk(0);
    start = (char *)sbrk(PAGE - (long)start % PAGE) + PAGE - (long)start % PAGE;
    CHECK(sbrk(8 * PAGE) == start);
    memset(start, 'x', 8 * PAGE);
    CHECK(sbrk(-7 * PAGE) != no_memory);
    gone = start + PAGE;
    CHECK_EQUAL(in_child(touch_gone), -SIGSEGV);
    gone = start + 8 * PAGE - 1;
    CHECK_EQUAL(in_child(touch_gone), -SIGSEGV);
    gone = start + 100 * MIB;
    CHECK_EQUAL(in_child(touch_gone), -SIGSEGV);
    start[0] = 1;
}

static void nonsense_is_refused_and_changes_nothing(void)
{
    char *start = sbrk(0);
    static const long bad[] = {INT64_MAX, 1l << 62, 1l << 40, 1l << 38, 64l << 30};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK_ERRNO(sbrk(bad[i]), ENOMEM);
        CHECK(sbrk(0) == start);
    }
    static const long below[] = {INT64_MIN, INT64_MIN + 1, -(1l << 62), -(1l << 40), -MIB};
    for (unsigned i = 0; i < sizeof below / sizeof below[0]; i++) {
        CHECK_ERRNO(sbrk(below[i]), EINVAL);
        CHECK(sbrk(0) == start);
    }
}

static void more_than_the_machine_has_is_refused(void)
{
    struct system_info info;
    CHECK_EQUAL(system_info(&info), 0);
    char *start = sbrk(0);
    CHECK_ERRNO(sbrk(1l << 30), ENOMEM); /* 1 GiB of 128 MiB */
    CHECK_ERRNO(sbrk((long)info.frames_total * PAGE), ENOMEM);
    CHECK(sbrk(0) == start);
    /* Nor in many steps. */
    long had = 0;
    while (sbrk(MIB) != no_memory)
        had += MIB;
    CHECK_EQUAL(errno, ENOMEM);
    CHECK(had > 16 * MIB && had < (long)info.frames_total * PAGE);
    CHECK(sbrk(-had) != no_memory);
    CHECK(sbrk(had) != no_memory); /* and all of it is there again */
}

/* The first and last byte of each page, far past where a table of 2 MiB ends. */
static void a_hundred_megabytes_hold_what_is_put_there(void)
{
    enum { PAGES = 70 * 256 };
    char *start = sbrk(PAGES * PAGE);
    CHECK(start != no_memory);
    for (long i = 0; i < PAGES; i++) {
        *(long *)(start + i * PAGE) = i;
        *(long *)(start + i * PAGE + PAGE - 8) = ~i;
    }
    for (long i = 0; i < PAGES; i++)
        CHECK(*(long *)(start + i * PAGE) == i && *(long *)(start + i * PAGE + PAGE - 8) == ~i);
    CHECK(sbrk(-PAGES * PAGE / 2) != no_memory);
    for (long i = 0; i < PAGES / 2; i++)
        CHECK(*(long *)(start + i * PAGE) == i);
}

static void unmap_takes_only_what_map_gave(void)
{
    static char own[2 * PAGE] __attribute__((aligned(4096)));
    char *heap = sbrk(2 * PAGE);
    CHECK_EQUAL(unmap(own, sizeof own), -EINVAL);
    CHECK_EQUAL(unmap((void *)((uint64_t)heap / PAGE * PAGE), PAGE), -EINVAL);
    CHECK_EQUAL(unmap((void *)0x10000, PAGE), -EINVAL);
    CHECK_EQUAL(unmap((void *)((uint64_t)&heap / PAGE * PAGE), PAGE), -EINVAL);
    CHECK_EQUAL(unmap((void *)0xffffffc080200000, PAGE), -EINVAL);
    CHECK_EQUAL(unmap(NULL, PAGE), -EINVAL);
    CHECK_EQUAL(unmap((void *)0x1000000000, PAGE), -EINVAL);
    CHECK_EQUAL(unmap((void *)0x1000000000, 0), -EINVAL);
    CHECK_EQUAL(unmap((void *)0x1000000000, UINT64_MAX), -EINVAL);
    CHECK_EQUAL(unmap((void *)UINT64_MAX, UINT64_MAX), -EINVAL);
    own[0] = heap[0] = 1;
}

static void map_needs_something_to_map(void)
{
    CHECK(map(0, 0, PAGE, MAP_READ) == NULL && errno == ENODEV);
    CHECK(map(-1, 0, PAGE, MAP_READ) == NULL && errno == EBADF);
    CHECK(map(77, 0, PAGE, MAP_READ) == NULL && errno == EBADF);
    CHECK_EQUAL(memory_size(0), -EINVAL);
    CHECK_EQUAL(memory_size(77), -EBADF);
}

#define LIMIT 600 /* pages */

static void *move_the_break(void *argument)
{
    for (;;)
        raw(SYS_sbrk, 1, 0, 0);
    return argument;
}

static void grow_while_another_does(void)
{
    struct proc_info info;
    CHECK(thread_create(move_the_break, NULL) > 0);
    for (int i = 0; i < 3000; i++) {
        raw(SYS_sbrk, LIMIT / 2 * PAGE, 0, 0);
        CHECK_EQUAL(process_list(getpid(), &info, 1), 1);
        if (info.committed > LIMIT + 64 + LIMIT / 2) /* what is just being tried, and the stack */
            _exit(1);
    }
}

/* Growth that the job does not pay is taken back; where that cannot be, since another thread has moved the break
 * meanwhile, the process ends, as it does when the stack outgrows the limit. */
static void threads_cannot_outgrow_their_job(void)
{
    for (int round = 0; round < 5; round++) {
        int ending = limited(grow_while_another_does, 10, LIMIT);
        CHECK(ending == 0 || ending == -SIGBUS);
    }
}

int main(int argc, char **argv)
{
    check_start(argc, argv);
    RUN(the_heap_grows_and_shrinks);
    RUN(memory_comes_zeroed_also_the_second_time);
    RUN(a_page_given_back_in_part_stays);
    RUN(what_was_given_back_cannot_be_touched);
    RUN(nonsense_is_refused_and_changes_nothing);
    RUN(more_than_the_machine_has_is_refused);
    RUN(a_hundred_megabytes_hold_what_is_put_there);
    RUN(unmap_takes_only_what_map_gave);
    RUN(map_needs_something_to_map);
    RUN(threads_cannot_outgrow_their_job);
    return check_end();
}
