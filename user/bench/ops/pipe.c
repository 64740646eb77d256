/*
 * Operations on pipes: through one in one process, and messages of one byte that go round.
 */
#include "ops.h"

#include <poll.h>
#include <unistd.h>

#define LONGEST_RING 60
#define CHUNK 4096

static char chunk[CHUNK];
static int ends[2];

static void pass(int from, int to)
{
    char byte;
    MUST(read(from, &byte, 1) == 1);
    MUST(write(to, &byte, 1) == 1);
}

/* ---- one process ---- */

static void pipe_start(void)
{
    MUST(pipe(ends) == 0);
}

static void pipe_round(void)
{
    MUST(write(ends[1], chunk, 1) == 1);
    MUST(read(ends[0], chunk, 1) == 1);
}

static void pipe_4k_round(void)
{
    MUST(write(ends[1], chunk, CHUNK) == CHUNK);
    MUST(read(ends[0], chunk, CHUNK) == CHUNK);
}

static void poll_start(void)
{
    pipe_start();
    MUST(write(ends[1], chunk, 1) == 1);
}

static void poll_round(void)
{
    struct pollfd handle = {.fd = ends[0], .events = POLLIN};
    MUST(poll(&handle, 1, -1) == 1 && handle.revents == POLLIN);
}

/* ---- a ring: each process waits for the byte and passes it on; this one is the first and the last ---- */

static int ring_in, ring_out; /* of this process */
static int previous;          /* read end of the pipe that the next helper reads */

static void ring_member(void)
{
    close(ring_in);
    for (;;)
        pass(previous, ring_out);
}

static void ring_start(int processes)
{
    int first[2], next[2];
    MUST(pipe(first) == 0);
    previous = first[0];
    for (int i = 1; i < processes; i++) {
        MUST(pipe(next) == 0);
        ring_in = next[0];
        ring_out = next[1];
        helper(ring_member);
        close(previous);
        close(ring_out);
        previous = ring_in;
    }
    ring_out = first[1];
}

static void ring_round(void)
{
    char byte = 1;
    MUST(write(ring_out, &byte, 1) == 1);
    MUST(read(ring_in, &byte, 1) == 1);
}

static void ring_2_start(void)
{
    ring_start(2);
}

static void ring_60_start(void)
{
    ring_start(LONGEST_RING);
}

static void pipe_trip_crowd_start(void)
{
    start_crowd();
    ring_start(2);
}

const struct op pipe_ops[] = {
    {"pipe", pipe_round, pipe_start, 200, 1},
    {"pipe_4k", pipe_4k_round, pipe_start, 100, CHUNK / 1024},
    {"pipe_trip", ring_round, ring_2_start, 50, 1},
    {"pipe_trip_crowd", ring_round, pipe_trip_crowd_start, 50, 1},
    {"ring_2", ring_round, ring_2_start, 50, 2},
    {"ring_60", ring_round, ring_60_start, 2, LONGEST_RING},
    {"poll", poll_round, poll_start, 200, 1},
    OPS_END,
};
