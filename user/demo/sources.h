/*
 * For the four io_ demos, which do the same job in the four ways there are: read a word from each of three sources, and
 * count prime numbers. A source is a child that takes its time and then writes a word to a pipe.
 */
#ifndef DEMO_SOURCES_H
#define DEMO_SOURCES_H

#include <kinglet/system.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define SOURCES 3
#define WORD 16 /* bytes, with room for the end */
#define MS 1000000

static const struct {
    const char *word;
    int pause_ms;
} sources[SOURCES] = {{"slow", 150}, {"quick", 50}, {"middle", 100}};

/* Starts them; handle[i] is where to read what sources[i] says. */
static inline void start_sources(int handle[SOURCES])
{
    for (int i = 0; i < SOURCES; i++) {
        int ends[2];
        if (pipe(ends) < 0) {
            perror("pipe");
            exit(1);
        }
        int pid = fork();
        if (pid < 0) {
            perror("fork");
            exit(1);
        }
        if (pid == 0) {
            setname(sources[i].word);
            sleep_ns(sources[i].pause_ms * (uint64_t)MS);
            dprintf(ends[1], "%s", sources[i].word);
            _exit(0);
        }
        close(ends[1]);
        handle[i] = ends[0];
    }
}

/* Other work, in pieces of about a millisecond: counts prime numbers, up to LAST in all. */
#define LAST 50000
#define PIECE 100
static int primes, tried = 1;

static inline bool work_left(void)
{
    return tried < LAST;
}

static inline void work_a_little(void)
{
    for (int n = 0; n < PIECE && work_left(); n++) {
        int divisor = 2;
        tried++;
        while (divisor * divisor <= tried && tried % divisor != 0) {
            divisor++;
        }
        primes += divisor * divisor > tried;
    }
}

static inline void finish(void)
{
    while (work_left()) {
        work_a_little();
    }
    printf("and %d prime numbers up to %d\n", primes, LAST);
    while (wait(NULL) > 0) {
    }
}

#endif
