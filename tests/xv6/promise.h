/*
 * How the xv6 programs here say what went well. Each case runs in a process of its own and prints
 * "name: ok" or "name: FAILED"; tests/test_xv6.py makes a test of each RUN.
 */
#ifndef PROMISE_H
#define PROMISE_H

#include "kernel/stat.h"
#include "kernel/fcntl.h"
#include "kernel/fs.h"
#include "kernel/param.h"
#include "kernel/riscv.h"
#include "kernel/memlayout.h"
#include "user/user.h"

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            printf("line %d: not so: %s\n", __LINE__, #condition); \
            exit(1); \
        } \
    } while (0)

#define CHECK_EQUAL(value, expected) \
    do { \
        long is_ = (long)(value), should_ = (long)(expected); \
        if (is_ != should_) { \
            printf("line %d: %s is %ld, not %ld\n", __LINE__, #value, is_, should_); \
            exit(1); \
        } \
    } while (0)

/* The status of a child that does `f`. */
static inline int in_child(void (*f)(void))
{
    int status = 12345, pid = fork();

    if (pid == 0) {
        f();
        exit(0);
    }
    CHECK(pid > 0);
    CHECK_EQUAL(wait(&status), pid);
    return status;
}

static inline void run_case(void (*f)(void), const char *name)
{
    printf("%s: %s\n", name, in_child(f) == 0 ? "ok" : "FAILED");
}

#define RUN(name) run_case(name, #name)

#endif
