/*
 * What every host unit test is made of: named cases, checks that say what they found, a random
 * number generator that gives the same numbers in every run. Include it in the one C file of a test
 * program; "program --list" prints the cases, "program NAME" runs one (tests/hostprograms.py does both).
 */
#ifndef HOST_CHECK_H
#define HOST_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct check_case {
    const char *name;
    void (*run)(void);
    struct check_case *next;
};

static struct check_case *check_cases, **check_last = &check_cases;

/* A case, named after the promise that it checks. */
#define CASE(case_name) \
    static void case_name(void); \
    __attribute__((constructor)) static void register_##case_name(void) \
    { \
        static struct check_case c = { #case_name, case_name, NULL }; \
        *check_last = &c; \
        check_last = &c.next; \
    } \
    static void case_name(void)

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
            exit(1); \
        } \
    } while (0)

#define CHECK_EQUAL(found, wanted) \
    do { \
        long long check_found = (long long)(found), check_wanted = (long long)(wanted); \
        if (check_found != check_wanted) { \
            fprintf(stderr, "%s:%d: %s is %lld (0x%llx), not %lld (0x%llx)\n", __FILE__, __LINE__, #found, \
                    check_found, (unsigned long long)check_found, check_wanted, \
                    (unsigned long long)check_wanted); \
            exit(1); \
        } \
    } while (0)

#define CHECK_TEXT(found, wanted) \
    do { \
        const char *check_found = (found), *check_wanted = (wanted); \
        if (check_found == NULL || strcmp(check_found, check_wanted) != 0) { \
            fprintf(stderr, "%s:%d: %s is \"%s\", not \"%s\"\n", __FILE__, __LINE__, #found, \
                    check_found != NULL ? check_found : "(NULL)", check_wanted); \
            exit(1); \
        } \
    } while (0)

/* xorshift64* (Vigna 2016) */
static uint64_t random_state = 0x9e3779b97f4a7c15ULL;

static inline uint64_t random_u64(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * 0x2545f4914f6cdd1dULL;
}

static inline unsigned random_below(unsigned n)
{
    return (unsigned)((random_u64() >> 32) % n);
}

/* A copy in a block of exactly `n` bytes, so that the address sanitizer sees any step outside. */
static inline void *exact_copy(const void *bytes, size_t n)
{
    void *copy = malloc(n);

    CHECK(copy != NULL || n == 0);
    if (n > 0)
        memcpy(copy, bytes, n);
    return copy;
}

int main(int argc, char **argv)
{
    bool list = argc == 2 && strcmp(argv[1], "--list") == 0;

    for (struct check_case *c = check_cases; c != NULL; c = c->next) {
        if (list) {
            puts(c->name);
        } else if (argc == 2 && strcmp(argv[1], c->name) == 0) {
            c->run();
            return 0;
        }
    }
    if (!list)
        fprintf(stderr, "usage: %s --list | CASE\n", argv[0]);
    return list ? 0 : 2;
}

#endif
