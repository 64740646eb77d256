/*
 * Fork, copy-on-write and pins: what is shared, what is copied and when, and that a promise once made is
 * kept.
 */
#include <errno.h>
#include "check.h"
#include "program.h"
#include "riscv/hart.h"

static uint64_t word;

CASE(fork_shares_until_written)
{
    machine_on(MEMORY);
    struct held before = held_now();
    struct space *parent = program(), *child;
    space_activate(parent);
    CHECK_EQUAL(space_sbrk(parent, 10 * PAGE_SIZE), HEAP);
    for (unsigned i = 0; i < 8; i++)
        CHECK_EQUAL(user_store(HEAP + i * PAGE_SIZE, TOP, i), 0);
    CHECK_EQUAL(user_store(TOP - 64, TOP, 64), 0);
    uint64_t available = frames_available(), free = frames_free();
    CHECK_EQUAL(space_fork(parent, &child, TOP - 64), 0);
    CHECK_EQUAL(child->committed, parent->committed);
    CHECK_EQUAL(child->resident, parent->resident);
    CHECK_EQUAL(available - frames_available(), parent->committed + 1 /* a slab of regions or none */ - 1);
    CHECK(free - frames_free() <= 1 + 4 + 1 + 1); /* root, tables, the stack's page */
    struct space *both[] = {parent, child};
    check_books(both, 2, 0);

    unsigned long faults = user_faults;
    CHECK_EQUAL(user_store(TOP - 64, TOP, 65), 0); /* the page around sp was not shared */
    CHECK_EQUAL(user_faults, faults);
    CHECK_EQUAL(user_store(HEAP, TOP, 100), 0);
    space_activate(child);
    CHECK_EQUAL(user_load(TOP - 64, TOP, &word), 0);
    CHECK_EQUAL(word, 64);
    faults = user_faults;
    CHECK_EQUAL(user_store(TOP - 64, TOP, 66), 0);
    CHECK_EQUAL(user_faults, faults);
    CHECK_EQUAL(user_load(HEAP, TOP, &word), 0);
    CHECK_EQUAL(word, 0);
    CHECK_EQUAL(user_store(HEAP + PAGE_SIZE, TOP, 200), 0);
    CHECK_EQUAL(user_load(HEAP + 9 * PAGE_SIZE, TOP, &word), 0); /* untouched before the fork */
    CHECK_EQUAL(space_sbrk(child, -2 * PAGE_SIZE), HEAP + 10 * PAGE_SIZE);
    CHECK_EQUAL(space_sbrk(child, PAGE_SIZE), HEAP + 8 * PAGE_SIZE);
    space_activate(parent);
    CHECK_EQUAL(user_load(HEAP, TOP, &word), 0);
    CHECK_EQUAL(word, 100);
    CHECK_EQUAL(user_load(HEAP + PAGE_SIZE, TOP, &word), 0);
    CHECK_EQUAL(word, 1);
    check_books(both, 2, 0);
    space_put(child);
    /* Last reference: made writable again, not copied. */
    free = frames_free();
    for (unsigned i = 2; i < 8; i++)
        CHECK_EQUAL(user_store(HEAP + i * PAGE_SIZE, TOP, i + 10), 0);
    CHECK_EQUAL(frames_free(), free);
    check_books(both, 1, 0);
    end(parent);
    check_held(before);
}

/* Both promises are kept when every byte that could be shared no longer can, and memory is out. */
CASE(copies_on_write_cannot_fail)
{
    machine_on(MEMORY);
    struct held before = held_now();
    struct space *parent = program(), *child;
    space_activate(parent);
    uint64_t pages = frames_available() / 2 - 40;
    CHECK_EQUAL(space_sbrk(parent, pages * PAGE_SIZE), HEAP);
    for (uint64_t i = 0; i < pages; i++)
        CHECK_EQUAL(user_store(HEAP + i * PAGE_SIZE, TOP, i), 0);
    CHECK_EQUAL(space_fork(parent, &child, TOP), 0);
    struct space *third;
    CHECK_EQUAL(space_fork(parent, &third, TOP), -ENOMEM);
    struct space *both[] = {parent, child};
    check_books(both, 2, 0);
    CHECK_EQUAL(commit_charge(frames_available()), 0);
    for (uint64_t i = 0; i < pages; i++) {
        space_activate(i % 2 ? parent : child);
        CHECK_EQUAL(user_store(HEAP + i * PAGE_SIZE, TOP, ~i), 0);
        space_activate(i % 2 ? child : parent);
        CHECK_EQUAL(user_load(HEAP + i * PAGE_SIZE, TOP, &word), 0);
        CHECK_EQUAL(word, i);
        CHECK_EQUAL(user_store(HEAP + i * PAGE_SIZE, TOP, i + 5), 0);
    }
    CHECK_EQUAL(parent->resident, child->resident);
    uint64_t taken = before.available - frames_available();
    end(child);
    end(parent);
    taken -= before.available - frames_available();
    CHECK(taken > 2 * pages);
    commit_release(before.available - frames_available());
    check_held(before);
}

/* As a server's grant does: with a reference on the space, so that the page is held by one of its own. */
static int pin_from_outside(struct space *space, user_addr at, size_t n, int access, struct user_pin *pin)
{
    space_get(space);
    int result = user_pin(space, at, n, access, pin);
    space_put(space);
    return result;
}

CASE(a_pinned_page_outlives_everything)
{
    machine_on(MEMORY);
    struct held before = held_now();
    struct space *space = program();
    space_activate(space);
    CHECK_EQUAL(space_sbrk(space, 4 * PAGE_SIZE), HEAP);
    CHECK_EQUAL(user_store(HEAP, TOP, 5), 0);
    struct user_pin pins[3];
    CHECK_EQUAL(pin_from_outside(space, user_at(HEAP + 16), 8, REGION_WRITE, &pins[0]), 0);
    CHECK_EQUAL(pins[0].n, 8);
    CHECK_EQUAL(pin_from_outside(space, user_at(HEAP + 4000), 200, REGION_READ, &pins[1]), 0);
    CHECK_EQUAL(pins[1].n, 96);
    CHECK_EQUAL(user_pin(space, user_at(TEXT), 0, REGION_WRITE, &pins[2]), 0);
    CHECK(pins[2].p == NULL && pins[2].n == 0);
    user_unpin(&pins[2]);
    check_books(&space, 1, 2);
    CHECK_EQUAL(space_sbrk(space, -4 * PAGE_SIZE), HEAP + 4 * PAGE_SIZE);
    CHECK_EQUAL(*((uint64_t *)pins[0].p - 2), 5);
    CHECK_EQUAL(space_sbrk(space, 4 * PAGE_SIZE), HEAP);
    CHECK_EQUAL(user_store(HEAP, TOP, 6), 0);
    CHECK_EQUAL(*((uint64_t *)pins[0].p - 2), 5);
    *(uint64_t *)pins[0].p = 7;
    CHECK_EQUAL(user_load(HEAP + 16, TOP, &word), 0);
    CHECK_EQUAL(word, 0);
    user_unpin(&pins[0]);
    end(space);
    user_unpin(&pins[1]);
    user_unpin(&pins[1]);
    check_held(before);
}

/* A writer through a pin (a server filling a client's buffer) while another thread forks: what it writes
 * belongs to the parent, before and after the parent itself writes, and never to the child. */
CASE(a_pinned_page_is_copied_at_fork)
{
    machine_on(MEMORY);
    struct held before = held_now();
    struct space *parent = program(), *child;
    space_activate(parent);
    CHECK_EQUAL(user_store(DATA, TOP, 1), 0);
    struct user_pin pin;
    CHECK_EQUAL(pin_from_outside(parent, user_at(DATA + 8), 8, REGION_WRITE, &pin), 0);
    CHECK_EQUAL(space_fork(parent, &child, 0), 0);
    CHECK_EQUAL(user_store(DATA, TOP, 2), 0);
    *(uint64_t *)pin.p = 42;
    CHECK_EQUAL(user_load(DATA + 8, TOP, &word), 0);
    CHECK_EQUAL(word, 42);
    user_unpin(&pin);
    space_activate(child);
    CHECK_EQUAL(user_load(DATA, TOP, &word), 0);
    CHECK_EQUAL(word, 1);
    CHECK_EQUAL(user_load(DATA + 8, TOP, &word), 0);
    CHECK_EQUAL(word, 0);
    space_put(child);
    CHECK(this_hart()->active_space == NULL);
    end(parent);
    check_held(before);
}

CASE(shared_and_pinned_pages_are_copied_on_write)
{
    machine_on(MEMORY);
    struct held before = held_now();
    struct space *parent = program(), *child;
    space_activate(parent);
    CHECK_EQUAL(user_store(DATA, TOP, 1), 0);
    CHECK_EQUAL(space_fork(parent, &child, 0), 0);
    struct user_pin pin;
    CHECK_EQUAL(pin_from_outside(parent, user_at(DATA), 8, REGION_READ, &pin), 0);
    space_put(child); /* now the pin is the only other reference */
    CHECK_EQUAL(user_store(DATA, TOP, 2), 0);
    CHECK_EQUAL(*(uint64_t *)pin.p, 1);
    check_books(&parent, 1, 1);
    user_unpin(&pin);
    CHECK_EQUAL(user_load(DATA, TOP, &word), 0);
    CHECK_EQUAL(word, 2);
    check_books(&parent, 1, 0);
    end(parent);
    check_held(before);
}
