/*
 * Several harts at work in one address space at once, and each in one of its own: copies, pins, faults,
 * forks, the break. Each writes words of its own only, and must find them as it left them. (Worth running
 * under the thread sanitizer, too.)
 */
#include <pthread.h>
#include "check.h"
#include "machine.h"
#include "mem/frame.h"
#include "mem/user_copy.h"

#define HARTS 4
#define DATA  0x10000ul
#define PAGES 24
#define HEAP  (DATA + PAGES * PAGE_SIZE)
#define STEPS 4000

static struct space *shared;

static uint64_t address(unsigned page, unsigned hart)
{
    return DATA + page * PAGE_SIZE + 8 * (hart + 7 * page);
}

static void check_child(const uint64_t *word, unsigned hart)
{
    struct space *child;

    if (space_fork(shared, &child, word[0] % 2 ? DATA : 0) < 0)
        return;
    for (unsigned page = 0; page < PAGES; page++) {
        uint64_t found;
        CHECK_EQUAL(copy_in(child, &found, user_at(address(page, hart)), 8), 0);
        CHECK_EQUAL(found, word[page]);
        CHECK_EQUAL(copy_out(child, user_at(address(page, hart)), &hart, 4), 0);
    }
    space_put(child);
}

static void *work(void *argument)
{
    unsigned hart = (uint64_t)argument;
    uint64_t word[PAGES] = {0}, seed = hart + 1, found;
    struct space *own;

    stub_hart = hart;
    own = space_create();
    CHECK(own != NULL);
    CHECK_EQUAL(space_set_heap(own, HEAP), 0);
    CHECK_EQUAL(space_sbrk(own, 8 * PAGE_SIZE), HEAP);
    space_activate(own);
    for (unsigned step = 0; step < STEPS; step++) {
        seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
        unsigned dice = seed >> 40, page = dice / 64 % PAGES;
        user_addr at = user_at(address(page, hart));
        struct user_pin pin;
        if (dice % 64 == 0) {
            check_child(word, hart);
        } else if (dice % 64 == 1) {
            CHECK(space_sbrk(shared, 3 * PAGE_SIZE) > 0);
            CHECK_EQUAL(copy_out(shared, user_at(HEAP + hart * 8), &seed, 8), 0);
            CHECK(space_sbrk(shared, -3 * PAGE_SIZE) > 0);
        } else if (dice % 4 == 0) {
            CHECK_EQUAL(copy_in(shared, &found, at, 8), 0);
            CHECK_EQUAL(found, word[page]);
        } else if (dice % 4 == 1) {
            word[page] = seed;
            CHECK_EQUAL(copy_out(shared, at, &seed, 8), 0);
        } else if (dice % 4 == 2) {
            word[page] = seed;
            CHECK_EQUAL(user_pin(shared, at, 8, REGION_WRITE, &pin), 0);
            *(uint64_t *)pin.p = seed;
            user_unpin(&pin);
        } else {
            CHECK_EQUAL(space_fault(shared, at.v, REGION_WRITE, 0), 0);
            CHECK_EQUAL(copy_between(own, user_at(HEAP), shared, at, 8, 0), 0);
            CHECK_EQUAL(copy_in(own, &found, user_at(HEAP), 8), 0);
            CHECK_EQUAL(found, word[page]);
        }
    }
    space_activate_kernel();
    space_put(own);
    return NULL;
}

CASE(harts_share_a_space)
{
    pthread_t threads[HARTS];

    machine_on(MIB(16));
    struct held before = held_now();
    shared = space_create();
    CHECK_EQUAL(space_add_private(shared, DATA, HEAP, REGION_READ | REGION_WRITE), 0);
    CHECK_EQUAL(space_set_heap(shared, HEAP), 0);
    CHECK_EQUAL(space_sbrk(shared, PAGE_SIZE), HEAP);
    for (uint64_t i = 0; i < HARTS; i++) {
        space_get(shared);
        CHECK(pthread_create(&threads[i], NULL, work, (void *)i) == 0);
    }
    for (unsigned i = 0; i < HARTS; i++) {
        pthread_join(threads[i], NULL);
        space_put(shared);
    }
    check_books(&shared, 1, 0);
    space_put(shared);
    check_held(before);
}
