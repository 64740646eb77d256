/*
 * malloc and stdio for several threads, and in the children that they fork.
 */
#include "mp_thread_tools.h"

#include <fcntl.h>

#define FILE_NAME "/tmp/mp_thread_libc"

static FILE *file;

static void *mallocs_and_prints(void *unused)
{
    char *block[16] = {0};
    for (unsigned i = 0; !s->stop; i++) {
        free(block[i % 16]);
        block[i % 16] = malloc(i * 37 % 5000 + 1);
        CHECK(block[i % 16]);
        fprintf(file, "%u %s\n", i, "more text, so that the buffer is soon full");
        rewind(file);
    }
    for (int i = 0; i < 16; i++)
        free(block[i]);
    return NULL;
}

static void *uses_both(void *unused)
{
    void *block = malloc(3000);
    CHECK(block);
    CHECK(fprintf(file, "child\n") > 0);
    CHECK_EQUAL(fflush(NULL), 0);
    free(block);
    return NULL;
}

/* Whatever other threads hold at that moment, the child can use it all, with threads of its own. */
static void forks_while_others_malloc_and_print(void)
{
    int tids[3];
    new_case();
    file = fopen(FILE_NAME, "w+");
    CHECK(file);
    for (int i = 0; i < 3; i++)
        tids[i] = start_thread(mallocs_and_prints, 0);
    for (int i = 0; i < 100; i++) {
        int pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
            if (i % 2)
                uses_both(NULL);
            int a = start_thread(uses_both, 0), b = start_thread(uses_both, 0);
            uses_both(NULL);
            CHECK_EQUAL(end_of_thread(a), 0);
            CHECK_EQUAL(end_of_thread(b), 0);
            if (i % 16 == 0) { /* and its children have it no worse */
                pid = fork();
                if (pid == 0)
                    exits(uses_both(NULL));
                CHECK_EQUAL(ending_of(pid), 0);
            }
            exit(8);
        }
        CHECK_EQUAL(ending_of(pid), 8);
    }
    s->stop = true;
    for (int i = 0; i < 3; i++)
        CHECK_EQUAL(end_of_thread(tids[i]), 0);
    CHECK_EQUAL(fclose(file), 0);
    CHECK_EQUAL(unlink(FILE_NAME), 0);
}

static void *prints_lines(void *unused)
{
    for (; !s->stop; s->count++) {
        fprintf(file, "%lu\n", s->count);
        if (s->count % 8 == 0)
            yield();
    }
    return NULL;
}

/* Also when a process is started in the middle of it, which has a copy of the buffer. */
static void each_line_comes_once(void)
{
    uint64_t number, n = 0;
    char line[32];
    new_case();
    file = fopen(FILE_NAME, "w");
    CHECK(file);
    int tid = start_thread(prints_lines, 0);
    for (int i = 0; i < 50; i++)
        CHECK_EQUAL(code_of(started(returns, 1)), 1);
    s->stop = true;
    CHECK_EQUAL(end_of_thread(tid), 0);
    CHECK_EQUAL(fclose(file), 0);
    file = fopen(FILE_NAME, "r");
    CHECK(file);
    while (fgets(line, sizeof line, file)) {
        number = strtoul(line, NULL, 10);
        CHECK_EQUAL(number, n);
        n++;
    }
    CHECK_EQUAL(n, s->count);
    CHECK_EQUAL(fclose(file), 0);
    CHECK_EQUAL(unlink(FILE_NAME), 0);
}

static void *flushes_all(void *unused)
{
    return (void *)(long)fflush(NULL);
}

/* One thread writes out all files, into a pipe that is full. */
static void fork_while_a_flush_is_stuck(void)
{
    static char text[100000];
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    FILE *full = fdopen(ends[1], "w");
    CHECK(full != NULL);
    CHECK_EQUAL(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    while (write(ends[1], text, sizeof text) > 0)
        ;
    CHECK_EQUAL(fcntl(ends[1], F_SETFL, 0), 0);
    CHECK_EQUAL(fputs("more", full), 0);
    int tid = start_thread(flushes_all, 0);
    wait_until_thread_blocked(tid, "pipe write");
    int pid = fork();
    CHECK(pid >= 0);
    if (pid == 0)
        _exit(5);
    CHECK_EQUAL(ending_of(pid), 5);
    FILE *other = fopen("/tmp/mp_thread_libc", "w"); /* goes into the list of files at its first write */
    CHECK(other != NULL && fputs("x", other) == 0 && fclose(other) == 0);
    unlink("/tmp/mp_thread_libc");
    CHECK(read(ends[0], text, sizeof text) > 0);
    CHECK_EQUAL(end_of_thread(tid), 0);
}

int main(int argc, char **argv)
{
    check_start(argc, argv);
    RUN(forks_while_others_malloc_and_print);
    RUN(each_line_comes_once);
    RUN(fork_while_a_flush_is_stuck);
    return check_end();
}
