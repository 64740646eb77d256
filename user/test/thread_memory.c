/*
 * Memory that threads share: taken away from under a reader, copied by a fork while others write, faulted in by several.
 */
#include "thread_tools.h"

static volatile char *area;
static volatile int reads;

static void *read_area(void *argument)
{
    for (;;) {
        (void)*area;
        reads++;
    }
    return argument;
}

static void wait_for_reads(void)
{
    int before = reads;
    while (reads - before < 100)
        sleep_ns(MS / 10);
}

/* Gives the memory object. */
static int map_area(void)
{
    int memory = memory_create(4096);
    CHECK(memory >= 0);
    CHECK_EQUAL(memory_commit(memory, 0, 4096), 0);
    area = map(memory, 0, 4096, MAP_READ | MAP_WRITE);
    CHECK(area);
    *area = 1;
    started(read_area, 0);
    wait_for_reads();
    return memory;
}

static void unmap_under_a_reader(void)
{
    map_area();
    CHECK_EQUAL(unmap((void *)area, 4096), 0);
    sleep_ns(1000 * MS); /* the other one reads on only if its hart has an entry that it should not have */
}

static void decommit_under_a_reader(void)
{
    int memory = map_area();
    CHECK_EQUAL(memory_decommit(memory, 0, 4096), 0);
    sleep_ns(1000 * MS);
}

static void shrink_under_a_reader(void)
{
    char *start = sbrk(64 * 4096);
    area = start + 40 * 4096;
    *area = 1;
    started(read_area, 0);
    wait_for_reads();
    CHECK(sbrk(-32 * 4096) != (void *)-1);
    sleep_ns(1000 * MS);
}

static void unmap_private_under_a_reader(void)
{
    long address = raw6(SYS_map, MAP_PRIVATE, 0, 8192, MAP_READ | MAP_WRITE, 0, 0);
    CHECK(address > 0);
    area = (char *)address;
    *area = 1;
    started(read_area, 0);
    wait_for_reads();
    CHECK_EQUAL(unmap((void *)area, 4096), 0);
    sleep_ns(1000 * MS);
}

static void what_is_taken_away_is_gone_on_other_harts(void)
{
    for (int round = 0; round < 5; round++) {
        CHECK_EQUAL(in_child(unmap_under_a_reader), -SIGSEGV);
        CHECK_EQUAL(in_child(decommit_under_a_reader), -SIGSEGV);
        CHECK_EQUAL(in_child(shrink_under_a_reader), -SIGSEGV);
        CHECK_EQUAL(in_child(unmap_private_under_a_reader), -SIGSEGV);
    }
}

static void *write_words(void *argument)
{
    volatile long *words = (volatile long *)area;
    long id = (long)argument;
    for (long i = 0; !stop; i++)
        words[id * 512 * 4 + i % 2048] = i;
    return argument;
}

/* A copy-on-write page that this hart has written to before is another's now: the child must not see what comes after
 * the fork, and the parent must see all of it. */
static void fork_while_others_write(void)
{
    int tids[3];
    area = sbrk(4 * 4 * 4096);
    for (int i = 0; i < 3; i++)
        tids[i] = started(write_words, i);
    for (int round = 0; round < 20; round++) {
        int pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
            long sum = 0, again = 0;
            for (int i = 0; i < 3 * 2048; i++)
                sum += ((volatile long *)area)[i];
            sleep_ns(MS / 2);
            for (int i = 0; i < 3 * 2048; i++)
                again += ((volatile long *)area)[i];
            CHECK_EQUAL(again, sum);
            _exit(0);
        }
        CHECK_EQUAL(ending_of(pid), 0);
    }
    stop = true;
    for (int i = 0; i < 3; i++)
        joined(tids[i]);
}

static void *touch_all(void *argument)
{
    for (int i = 0; i < 200; i++)
        area[i * 4096 + (long)argument] = (char)(i + (long)argument);
    return argument;
}

#define UNMAPS 10 /* each waits for all harts that run one of the threads, which a busy host may delay by 20 ms */

static void *grow_and_shrink(void *argument)
{
    for (int i = 0; i < UNMAPS; i++) {
        char *memory = malloc(3000 + (size_t)i * 1000);
        CHECK(memory);
        memset(memory, (int)(long)argument, 3000);
        long page = raw6(SYS_map, MAP_PRIVATE, 0, 4096, MAP_READ | MAP_WRITE, 0, 0);
        CHECK(page > 0);
        *(char *)page = 1;
        CHECK_EQUAL(unmap((void *)page, 4096), 0);
        for (int k = 0; k < 3000; k++)
            CHECK(memory[k] == (char)(long)argument);
        free(memory);
    }
    return argument;
}

static void many_fault_and_map_at_once(void)
{
    int tids[MANY];
    area = malloc(200 * 4096);
    for (int i = 0; i < MANY; i++)
        tids[i] = started(i % 2 ? touch_all : grow_and_shrink, i);
    for (int i = 0; i < MANY; i++)
        CHECK_EQUAL(joined(tids[i]), i);
    for (int i = 0; i < 200; i++)
        for (int k = 1; k < MANY; k += 2)
            CHECK(area[i * 4096 + k] == (char)(i + k));
}

static void *fill_buffer_of_main(void *argument)
{
    char *buffer = argument;
    int fd = open("/bin/ls", O_RDONLY);
    CHECK(fd >= 0);
    CHECK_EQUAL(read(fd, buffer, 4), 4); /* nobody has touched that page: the kernel grows the stack */
    buffer[9000] = 1;                    /* and so does a fault here */
    close(fd);
    return NULL;
}

static void buffers_on_the_first_stack(void)
{
    char buffer[100000];
    joined(started(fill_buffer_of_main, (long)buffer));
    CHECK_EQUAL(memcmp(buffer, "\177ELF", 4), 0);
}

int main(int argc, char **argv)
{
    check_start(argc, argv);
    RUN(what_is_taken_away_is_gone_on_other_harts);
    RUN(fork_while_others_write);
    RUN(many_fault_and_map_at_once);
    RUN(buffers_on_the_first_stack);
    return check_end();
}
