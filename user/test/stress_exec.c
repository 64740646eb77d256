/*
 * Stress: exec again and again while others fork, grow, fault and are killed.
 */
#include "stress.h"

#define WORKERS 4
#define PAGE 4096
#define ITSELF "/test/stress_exec"

/* --- exec --- */

/* Called as "--chain LEFT SUM": execs itself LEFT more times. */
static int chain(unsigned long left, unsigned long sum)
{
    char number[24], total[24];
    if (!left)
        return (int)(sum % 100);
    snprintf(number, sizeof number, "%lu", left - 1);
    snprintf(total, sizeof total, "%lu", sum + left);
    execl(ITSELF, ITSELF, "--chain", number, total, NULL);
    return 255;
}

static void run_chains(int rounds)
{
    while (rounds--) {
        unsigned long length = below(6);
        int pid = fork();
        CHECK(pid >= 0);
        if (pid == 0)
            _exit(chain(length, 0));
        if (one_in(3)) {
            sleep_at_most(4);
            kill_child(pid);
        }
        ended_or_killed(pid, (int)(length * (length + 1) / 2 % 100));
        pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
            execl("/bin/true", "true", NULL);
            _exit(255);
        }
        CHECK_EQUAL(ending_of(pid), 0);
    }
}

static void exec_storm(void)
{
    int pids[WORKERS];
    begin();
    while (time_left()) {
        for (int i = 0; i < WORKERS; i++)
            pids[i] = start(run_chains, 3);
        if (one_in(3)) {
            sleep_at_most(10);
            kill_child(pids[below(WORKERS)]); /* what it has started goes to init */
        }
        for (int i = 0; i < WORKERS; i++)
            ended_or_killed(pids[i], 0);
    }
}

/* --- memory --- */

static unsigned char byte_of(unsigned page, unsigned writer)
{
    return (unsigned char)(page * 7 + writer * 13 + 1);
}

static void fill(unsigned char *heap, unsigned from, unsigned to, unsigned writer)
{
    for (unsigned page = from; page < to; page++)
        heap[page * PAGE + page % PAGE] = byte_of(page, writer);
}

static void check_filled(const unsigned char *heap, unsigned from, unsigned to, unsigned writer)
{
    for (unsigned page = from; page < to; page++)
        if (heap[page * PAGE + page % PAGE] != byte_of(page, writer))
            CHECK_EQUAL(heap[page * PAGE + page % PAGE], byte_of(page, writer));
}

static unsigned use_stack(unsigned depth)
{
    volatile unsigned char here[PAGE / 2];
    for (unsigned i = 0; i < sizeof here; i += 64)
        here[i] = (unsigned char)depth;
    unsigned below_me = depth ? use_stack(depth - 1) : 0;
    for (unsigned i = 0; i < sizeof here; i += 64)
        CHECK_EQUAL(here[i], (unsigned char)depth);
    return below_me + 1;
}

/* A family that copies on write: what one writes, no other sees. */
static void family(int writer)
{
    unsigned pages = below(48) + 8, changed = below(pages);
    unsigned char *heap = sbrk((long)pages * PAGE);
    CHECK(heap != (void *)-1);
    fill(heap, 0, pages, (unsigned)writer);
    int pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        check_filled(heap, 0, pages, (unsigned)writer);
        fill(heap, 0, changed, (unsigned)writer + 100);
        if (one_in(2)) {
            int grandchild = fork();
            CHECK(grandchild >= 0);
            if (grandchild == 0) {
                check_filled(heap, 0, changed, (unsigned)writer + 100);
                fill(heap, changed, pages, (unsigned)writer + 200);
                check_filled(heap, changed, pages, (unsigned)writer + 200);
                _exit(3);
            }
            check_filled(heap, changed, pages, (unsigned)writer);
            CHECK_EQUAL(ending_of(grandchild), 3);
        }
        check_filled(heap, 0, changed, (unsigned)writer + 100);
        check_filled(heap, changed, pages, (unsigned)writer);
        _exit(4);
    }
    fill(heap, changed, pages, (unsigned)writer + 50);
    CHECK_EQUAL(use_stack(below(30)) > 0, 1);
    if (one_in(4))
        kill_child(pid);
    unsigned kept = below(pages);
    CHECK(sbrk(-(long)(pages - kept) * PAGE) != (void *)-1);
    check_filled(heap, 0, kept < changed ? kept : changed, (unsigned)writer);
    CHECK(sbrk((long)(pages - kept) * PAGE) != (void *)-1);
    for (unsigned page = kept; page < pages; page++)
        CHECK_EQUAL(heap[page * PAGE + page % PAGE], 0); /* given back is gone */
    ended_or_killed(pid, 4);
    _exit(5);
}

static void faults_forks_and_growth(void)
{
    int pids[WORKERS];
    begin();
    while (time_left()) {
        for (int i = 0; i < WORKERS; i++)
            pids[i] = start(family, i);
        if (one_in(3)) {
            sleep_at_most(5);
            kill_child(pids[below(WORKERS)]);
        }
        for (int i = 0; i < WORKERS; i++)
            ended_or_killed(pids[i], 5);
    }
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "--chain") == 0)
        return chain(strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10));
    stress_start(argc, argv);
    RUN(exec_storm);
    RUN(faults_forks_and_growth);
    return check_end();
}
