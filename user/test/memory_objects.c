/*
 * Memory objects that programs make: shared by fork and by handle, committed and taken away page by page.
 */
#include "check.h"

#include <kinglet/process.h>

#define PAGE 4096ul
#define RW (MAP_READ | MAP_WRITE)

static volatile uint64_t *memory;

static int make(uint64_t pages)
{
    int handle = memory_create(pages * PAGE);
    CHECK(handle >= 0);
    memory = map(handle, 0, pages * PAGE, RW);
    CHECK(memory != NULL);
    return handle;
}

static volatile uint64_t *page(uint64_t n)
{
    return memory + n * PAGE / sizeof *memory;
}

static void touch_page_5(void)
{
    *page(5) = 1;
}

static void a_page_without_memory_faults(void)
{
    int handle = make(10);
    CHECK_EQUAL(in_child(touch_page_5), -SIGSEGV);
    CHECK_EQUAL(memory_commit(handle, 5 * PAGE, PAGE), 0);
    CHECK_EQUAL(in_child(touch_page_5), 0);
    CHECK_EQUAL(*page(5), 1);
    CHECK_ERRNO(write(1, (const void *)page(6), 1), EFAULT);
    CHECK_EQUAL(memory_decommit(handle, 0, 10 * PAGE), 0);
    CHECK_EQUAL(in_child(touch_page_5), -SIGSEGV);
    CHECK_EQUAL(memory_commit(handle, 5 * PAGE, PAGE), 0);
    CHECK_EQUAL(*page(5), 0);
    close(handle); /* the mapping keeps it */
    CHECK_EQUAL(*page(5), 0);
}

static void parent_and_child_share_it(void)
{
    int handle = make(3), ends[2];
    char c;
    CHECK_EQUAL(pipe(ends), 0);
    CHECK_EQUAL(memory_commit(handle, 0, 2 * PAGE), 0);
    *page(1) = 1;
    int pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        CHECK_EQUAL(*page(1), 1);
        *page(1) = 2;
        CHECK_EQUAL(memory_commit(handle, 2 * PAGE, PAGE), 0);
        *page(2) = 3;
        CHECK_EQUAL(read(ends[0], &c, 1), 1); /* until the parent has taken page 0 away */
        volatile uint64_t *other = map(handle, PAGE, PAGE, MAP_READ);
        CHECK_EQUAL(*other, 2);
        *page(0) = 9;
        _exit(0);
    }
    while (*page(1) != 2)
        yield();
    CHECK_EQUAL(memory_decommit(handle, 0, PAGE), 0);
    CHECK_EQUAL(write(ends[1], "x", 1), 1);
    CHECK_EQUAL(ending_of(pid), -SIGSEGV);
    CHECK_EQUAL(*page(2), 3);
}

static void it_can_be_mapped_at_an_address(void)
{
    void *where = (void *)0x1800000000;
    int handle = make(4);
    CHECK_EQUAL(memory_commit(handle, 0, 4 * PAGE), 0);
    CHECK(map_at(where, handle, PAGE, 2 * PAGE, RW) == where);
    CHECK(map_at(where, handle, 0, PAGE, RW) == NULL);
    CHECK_EQUAL(errno, EEXIST);
    CHECK(map_at((char *)where + 1, handle, 0, PAGE, RW) == NULL);
    CHECK_EQUAL(errno, EINVAL);
    CHECK(map_at(NULL, handle, 0, PAGE, RW) == NULL);
    CHECK_EQUAL(errno, EINVAL);
    *page(1) = 5;
    CHECK_EQUAL(*(volatile uint64_t *)where, 5);
    CHECK_EQUAL(unmap((char *)where + PAGE, PAGE), 0);
    CHECK_EQUAL(*(volatile uint64_t *)where, 5);
    CHECK(map_at((char *)where + PAGE, handle, 0, PAGE, RW) != NULL);
}

static void it_says_what_is_committed(void)
{
    int handle = make(3000), ends[2];
    uint64_t end;
    CHECK_EQUAL(memory_size(handle), 3000 * PAGE);
    CHECK_EQUAL(memory_next(handle, 0, &end), -ENXIO);
    CHECK_EQUAL(memory_commit(handle, 100 * PAGE, 50 * PAGE), 0);
    CHECK_EQUAL(memory_commit(handle, 2000 * PAGE, PAGE), 0);
    CHECK_EQUAL(memory_next(handle, 0, &end), 100 * PAGE);
    CHECK_EQUAL(end, 150 * PAGE);
    CHECK_EQUAL(memory_next(handle, end, &end), 2000 * PAGE);
    CHECK_EQUAL(end, 2001 * PAGE);
    CHECK_EQUAL(memory_next(handle, end, &end), -ENXIO);
    CHECK_EQUAL(memory_next(handle, 1, &end), -EINVAL);
    CHECK_EQUAL(raw(SYS_memory_next, handle, 0, 8), -EFAULT);
    CHECK_EQUAL(memory_create(0), -EINVAL);
    CHECK_EQUAL(memory_create(UINT64_MAX), -EINVAL);
    CHECK_EQUAL(memory_commit(handle, 0, 3001 * PAGE), -EINVAL);
    CHECK_EQUAL(memory_commit(handle, 7, PAGE), -EINVAL);
    CHECK_EQUAL(memory_decommit(handle, PAGE, -PAGE), -EINVAL);
    CHECK_EQUAL(memory_commit(99, 0, PAGE), -EBADF);
    CHECK_EQUAL(pipe(ends), 0);
    CHECK_EQUAL(memory_commit(ends[0], 0, PAGE), -EINVAL);
    CHECK_EQUAL(exec_image(handle, 0, PAGE, NULL, NULL), -EINVAL);
}

/* The machine's whole memory cannot be had; what can is kept, whatever others ask for. */
static void a_commitment_is_kept(void)
{
    struct system_info info;
    CHECK_EQUAL(system_info(&info), 0);
    uint64_t part = info.frames_available / 4;
    int handle = make(info.frames_total * 2);
    CHECK_EQUAL(memory_commit(handle, 0, info.frames_total * PAGE), -ENOMEM);
    CHECK_EQUAL(memory_commit(handle, 0, part * PAGE), 0);
    int pid = fork();
    if (pid == 0) { /* takes all the rest */
        for (uint64_t step = 1 << 20; step >= PAGE; step /= 2)
            while (sbrk((intptr_t)step) != (void *)-1)
                continue;
        for (uint64_t i = 0; i < part; i++)
            *page(i) = i;
        _exit(0);
    }
    CHECK_EQUAL(ending_of(pid), 0);
    for (uint64_t i = 0; i < part; i++)
        CHECK_EQUAL(*page(i), i);
    CHECK_EQUAL(memory_decommit(handle, PAGE, (part - 2) * PAGE), 0);
    CHECK_EQUAL(*page(part - 1), part - 1);
}

/* With the mapping itself; later even a page that has memory could not be touched for want of a table. */
static void a_job_pays_for_the_tables_of_what_it_maps(void)
{
    struct job_limits limits = {.max_pages = 400};
    CHECK(setjob(0, 0) > 0);
    CHECK_EQUAL(job_limits(0, &limits, NULL), 0);
    int handle = memory_create(4ul << 30);
    CHECK(handle >= 0);
    CHECK(map(handle, 0, 4ul << 30, MAP_READ | MAP_WRITE) == NULL); /* 2048 tables */
    for (int i = 0; i < 10; i++) {
        void *part = map(handle, 0, 256ul << 20, MAP_READ | MAP_WRITE);
        CHECK(part != NULL);
        CHECK_EQUAL(unmap(part, 256ul << 20), 0);
    }
}

static void its_makers_job_pays_for_it(void)
{
    struct job_limits limits = {.max_pages = 400}, old;
    CHECK(setjob(0, 0) > 0);
    CHECK_EQUAL(job_limits(0, &limits, &old), 0);
    int handle = make(1000);
    CHECK_EQUAL(memory_commit(handle, 0, 1000 * PAGE), -ENOMEM);
    CHECK_EQUAL(memory_commit(handle, 0, 200 * PAGE), 0);
    CHECK(sbrk(300 * PAGE) == (void *)-1);
    CHECK_EQUAL(memory_decommit(handle, 0, 150 * PAGE), 0);
    CHECK(sbrk(200 * PAGE) != (void *)-1);
    CHECK_EQUAL(memory_commit(handle, 0, 150 * PAGE), -ENOMEM);
    close(handle);
    CHECK(sbrk(145 * PAGE) == (void *)-1); /* the mapping holds 50 pages still */
    CHECK_EQUAL(unmap((void *)memory, 1000 * PAGE), 0);
    CHECK(sbrk(145 * PAGE) != (void *)-1);
}

/* Pages come and go while others touch them: a touch succeeds or faults, and never sees another's memory. */
static void pages_go_while_others_touch_them(void)
{
    enum { CHILDREN = 3, PAGES = 64, ROUNDS = 400 };
    int handle = make(PAGES), pids[CHILDREN];
    for (int i = 0; i < CHILDREN; i++) {
        pids[i] = fork();
        CHECK(pids[i] >= 0);
        if (pids[i] == 0)
            for (;;) /* system calls survive a fault: they copy 8 bytes through a pipe */
                for (uint64_t n = 0; n < PAGES; n++) {
                    uint64_t word = n + 1;
                    int ends[2];
                    CHECK_EQUAL(pipe(ends), 0);
                    if (write(ends[1], (const void *)page(n), 8) == 8) {
                        CHECK_EQUAL(read(ends[0], &word, 8), 8);
                        CHECK(word == 0 || word == n + 1);
                    }
                    word = n + 1;
                    CHECK_EQUAL(write(ends[1], &word, 8), 8);
                    ssize_t n_read = read(ends[0], (void *)page(n), 8);
                    CHECK(n_read == 8 || (n_read == -1 && errno == EFAULT));
                    close(ends[0]), close(ends[1]);
                }
    }
    for (uint64_t round = 0; round < ROUNDS; round++) {
        uint64_t from = round * 7 % PAGES, n = 1 + round * 13 % (PAGES - from);
        CHECK_EQUAL(round % 3 ? memory_commit(handle, from * PAGE, n * PAGE)
                              : memory_decommit(handle, from * PAGE, n * PAGE), 0);
        if (round % 16 == 0)
            sleep_ns(MS);
    }
    for (int i = 0; i < CHILDREN; i++) {
        kill(pids[i], SIGKILL);
        CHECK_EQUAL(ending_of(pids[i]), -SIGKILL);
    }
}

int main(int argc, char **argv)
{
    check_start(argc, argv);
    RUN(a_page_without_memory_faults);
    RUN(parent_and_child_share_it);
    RUN(it_can_be_mapped_at_an_address);
    RUN(it_says_what_is_committed);
    RUN(a_commitment_is_kept);
    RUN(a_job_pays_for_the_tables_of_what_it_maps);
    RUN(its_makers_job_pays_for_it);
    RUN(pages_go_while_others_touch_them);
    return check_end();
}
