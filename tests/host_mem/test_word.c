/*
 * Words that processes agree by: who gets the same key, which page is held, and what is refused.
 */
#include <errno.h>
#include "check.h"
#include "program.h"
#include "mem/segment.h"
#include "mem/word.h"

#define RW (REGION_READ | REGION_WRITE)

static struct word_key key_at(struct space *space, uint64_t va)
{
    struct word_key key = {0};
    CHECK_EQUAL(word_find(space, user_at(va), &key), 0);
    return key;
}

/* Holds the word for a moment: where it is, and its key. NULL: *error says why. */
static uint32_t *hold(struct space *space, uint64_t va, int access, struct word_key *key, int *error)
{
    uint32_t *word = NULL;
    *error = word_hold(space, user_at(va), access, &word, key);
    if (*error == 0)
        word_let_go(space);
    return *error == 0 ? word : NULL;
}

static int error_of(struct space *space, uint64_t va, int access)
{
    struct word_key key;
    int error;
    hold(space, va, access, &key, &error);
    return error;
}

/* The same, and its key is this one. */
static uint32_t *word_at(struct space *space, uint64_t va, int access, const struct word_key *wanted)
{
    struct word_key key;
    int error;
    uint32_t *word = hold(space, va, access, &key, &error);
    CHECK_EQUAL(error, 0);
    CHECK(word_same(&key, wanted));
    return word;
}

CASE(what_has_no_key)
{
    machine_on(MEMORY);
    struct held before = held_now();
    struct space *space = program();
    struct word_key key;
    uint64_t device = space_map_physical(space, 0x10000000, 0x100, RW, true);
    CHECK_EQUAL(word_find(space, user_at(device), &key), -EFAULT);
    CHECK_EQUAL(error_of(space, device, REGION_READ), -EFAULT);
    uint64_t bad[] = {0, 16, HEAP, USER_MAP_BASE + 0x100000, USER_END - 4, USER_END, 1ul << 63, ~3ul};
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK_EQUAL(word_find(space, user_at(bad[i]), &key), -EFAULT);
        CHECK_EQUAL(error_of(space, bad[i], REGION_READ), -EFAULT);
        for (unsigned off = 1; off < 4; off++) {
            CHECK_EQUAL(word_find(space, user_at(bad[i] + off), &key), -EINVAL);
            CHECK_EQUAL(error_of(space, bad[i] + off, REGION_READ), -EINVAL);
        }
    }
    end(space);
    check_held(before);
}

CASE(a_private_word_stays_the_same_when_its_page_moves)
{
    machine_on(MEMORY);
    struct held before = held_now();
    struct space *space = program(), *child;
    struct word_key key = key_at(space, DATA + 8);
    uint32_t *word = word_at(space, DATA + 8, REGION_WRITE, &key); /* its page was not there */
    *word = 7;

    CHECK_EQUAL(space_fork(space, &child, 0), 0);
    struct word_key childs = key_at(child, DATA + 8);
    CHECK(!word_same(&key, &childs));
    CHECK(word_at(space, DATA + 8, REGION_READ, &key) == word); /* shared with the child until written */
    CHECK(word_at(child, DATA + 8, REGION_READ, &childs) == word);
    uint32_t *moved = word_at(space, DATA + 8, REGION_WRITE, &key);
    CHECK(moved != word);
    CHECK_EQUAL(*moved, 7);
    *moved = 8;
    CHECK(word_at(space, DATA + 8, REGION_READ, &key) == moved); /* what a waiter compares is what was written */
    CHECK_EQUAL(*word_at(child, DATA + 8, REGION_READ, &childs), 7);
    end(child);
    end(space);
    check_held(before);
}

CASE(a_segments_word_is_the_same_wherever_it_is_mapped)
{
    machine_on(MEMORY);
    struct held before = held_now();
    struct space *one = program(), *two = program();
    struct segment *segment = segment_create(4 * PAGE_SIZE, &stub_paid), *another = segment_create(PAGE_SIZE, &stub_paid);
    CHECK(segment && another && segment->number != another->number);
    uint64_t first = (uint64_t)space_map_segment(one, segment, 0, 4 * PAGE_SIZE, RW, 0);
    uint64_t other = (uint64_t)space_map_segment(two, another, 0, PAGE_SIZE, RW, 0);
    uint64_t second = (uint64_t)space_map_segment(two, segment, 2 * PAGE_SIZE, 2 * PAGE_SIZE, REGION_READ, 0);
    struct word_key a = key_at(one, first + 2 * PAGE_SIZE + 12), b = key_at(two, second + 12), c = key_at(two, other + 12);
    CHECK(word_same(&a, &b) && !word_same(&a, &c));

    CHECK_EQUAL(error_of(one, first + 2 * PAGE_SIZE + 12, REGION_READ), -EFAULT); /* not committed */
    CHECK_EQUAL(segment_commit(segment, 2 * PAGE_SIZE, PAGE_SIZE), 0);
    CHECK_EQUAL(error_of(two, second + 12, REGION_WRITE), -EFAULT); /* mapped for reading only */
    uint32_t *word = word_at(one, first + 2 * PAGE_SIZE + 12, REGION_WRITE, &a);
    CHECK(word_at(two, second + 12, REGION_READ, &a) == word);

    CHECK_EQUAL(segment_decommit(segment, 2 * PAGE_SIZE, PAGE_SIZE), 0);
    CHECK_EQUAL(error_of(two, second + 12, REGION_READ), -EFAULT);
    struct word_key again = key_at(two, second + 12);
    CHECK(word_same(&again, &b));
    end(one);
    end(two);
    segment_put(segment);
    segment_put(another);
    check_held(before);
}
