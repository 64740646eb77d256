/*
 * For test programs that look what happens when the machine has no memory left: others eat it up, and then f runs in a
 * child that was made when there was plenty.
 */
#ifndef TEST_PRESSURE_H
#define TEST_PRESSURE_H

#include "check.h"

#define PAGE 4096l
#define NOTHING_LEFT 3 /* frames */

static int go[2];

/* Blocks until go's writers are gone: that takes no memory. */
static inline void wait_for_go(void)
{
    char c;
    close(go[1]);
    CHECK_EQUAL(read(go[0], &c, 1), 0);
}

static inline uint64_t available(void)
{
    struct system_info info;
    CHECK_EQUAL(system_info(&info), 0);
    return info.frames_available;
}

/* A system call with sp, and its first or second argument, `depth` bytes further down, where the stack may not
 * have grown yet. */
__attribute__((noinline)) static long call_far_down(long depth, long number, long a, long b, long c, bool second)
{
    register long a0 __asm__("a0") = a;
    register long a1 __asm__("a1") = b;
    register long a2 __asm__("a2") = c;
    register long a7 __asm__("a7") = number;
    __asm__ volatile("mv s1, sp; sub sp, sp, %5; bnez %4, 1f; mv a0, sp; 1: beqz %4, 2f; mv a1, sp; 2:"
                     "ecall; mv sp, s1"
                     : "+r"(a0), "+r"(a1), "+r"(a2)
                     : "r"(a7), "r"((long)second), "r"(depth)
                     : "s1", "memory");
    return a0;
}

/* Takes what it can get. Its job pays for the heap, but not for the stack, which a system call makes grow: that
 * fails by name where an access would end the process. */
static inline void take_all(void)
{
    long depth = 65536, growth;
    while ((growth = call_far_down(depth, SYS_system_info, 0, 0, 0, false)) == 0)
        depth += PAGE;
    CHECK(growth == -ENOMEM || depth > (7 << 20));
    for (long step = 1 << 22; step >= PAGE; step /= 2) {
        char *got;
        while ((got = sbrk(step)) != (char *)-1)
            for (long i = 0; i < step; i += PAGE)
                got[i] = 1;
        CHECK_EQUAL(errno, ENOMEM);
    }
}

enum { EATERS = 8, PATIENT = 2 };
static int eaters[EATERS];
static int again[2]; /* who is hungry reads a byte here before it eats again */

static inline void eat(bool patient)
{
    char c;
    close(go[1]);
    if (!patient)
        take_all();
    while (read(again[0], &c, 1) == 1)
        take_all();
}

/* On several harts all may grow their stacks first, and then their job gives no more although there is memory; or
 * one is refused for what another was promised for a moment only (the most tables that a region may need). So
 * two do not eat before the others have, and then they get their turns alone, as long as something is left. */
static inline void eat_all(void)
{
    CHECK_EQUAL(pipe(again), 0);
    for (int i = 0; i < EATERS; i++) {
        eaters[i] = fork();
        CHECK(eaters[i] >= 0 || i > 0);
        if (eaters[i] == 0)
            eat(i < PATIENT);
    }
    for (int turn = 0; turn <= EATERS; turn++) {
        for (int i = 0; i < EATERS; i++)
            if (eaters[i] > 0)
                wait_until_blocked(eaters[i], "pipe read");
        if (available() <= NOTHING_LEFT)
            return;
        CHECK_EQUAL(write(again[1], "", 1), 1);
    }
    CHECK(!"all memory is taken");
}

static inline void end_eaters(void)
{
    for (int i = 0; i < EATERS; i++)
        if (eaters[i] > 0) {
            kill(eaters[i], SIGKILL);
            CHECK_EQUAL(ending_of(eaters[i]), -SIGKILL);
        }
    close(again[0]);
    close(again[1]);
}

/* f runs in a child that was made, and promised all it has, while there was plenty. */
static inline int under_pressure(void (*before)(void), void (*after)(void))
{
    CHECK_EQUAL(pipe(go), 0);
    int pid = fork();
    if (pid == 0) {
        if (before)
            before();
        wait_for_go();
        after();
        _exit(0);
    }
    wait_until_blocked(pid, "pipe read");
    eat_all();
    close(go[1]);
    int status = ending_of(pid);
    end_eaters();
    close(go[0]);
    return status;
}

#endif
