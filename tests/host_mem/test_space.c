/*
 * Address spaces, one promise a case: what may be mapped where, faults, the break, copy-on-write, pins,
 * stacks, the copy functions, hostile arguments, and that all comes back.
 */
#include <errno.h>
#include "check.h"
#include "machine.h"
#include "mem/frame.h"
#include "mem/region.h"
#include "mem/table.h"
#include "mem/user_copy.h"
#include "riscv/machine.h"

#define MEMORY MIB(24)
#define TEXT 0x10000ul
#define RODATA 0x14000ul
#define DATA 0x16000ul
#define HEAP 0x1a000ul
#define TOP USER_STACK_TOP

static uint64_t word;

/* As the loader makes one: text, rodata, data, heap, stack, the first two filled. */
static struct space *program(void)
{
    static uint8_t text[0x6000];
    struct space *space = space_create();

    CHECK(space != NULL);
    memset(text, 0x13, sizeof(text));
    CHECK_EQUAL(space_add_private(space, TEXT, RODATA, REGION_READ | REGION_EXEC), 0);
    CHECK_EQUAL(space_add_private(space, RODATA, DATA, REGION_READ), 0);
    CHECK_EQUAL(space_add_private(space, DATA, HEAP, REGION_READ | REGION_WRITE), 0);
    CHECK_EQUAL(space_set_heap(space, HEAP), 0);
    CHECK_EQUAL(space_add_stack(space, TOP, USER_STACK_LIMIT, 8192), 0);
    for (unsigned at = 0; at < sizeof(text); at += 1000) {
        struct user_pin pin;
        unsigned n = sizeof(text) - at < 1000 ? sizeof(text) - at : 1000;
        for (unsigned done = 0; done < n; done += pin.n) {
            CHECK_EQUAL(user_pin(space, user_at(TEXT + at + done), n - done, REGION_WRITE | PIN_FORCE, &pin), 0);
            memcpy(pin.p, text + at + done, pin.n);
            user_unpin(&pin);
        }
    }
    return space;
}

static void end(struct space *space)
{
    space_activate_kernel();
    space_put(space);
}

CASE(a_new_space_knows_the_kernel_and_nothing_else)
{
    machine_on(MEMORY);
    struct held before = held_now();
    struct space *space = space_create();
    space_activate(space);
    for (unsigned i = SV39_ENTRIES / 2; i < SV39_ENTRIES; i++)
        CHECK_EQUAL(space->root[i], i);
    uint64_t addresses[] = {0, 8, 0xfff, USER_MIN, USER_MAP_BASE, TOP - 8, TOP, USER_END - 8, USER_END};
    for (unsigned i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
        for (int access = 1; access <= 4; access *= 2)
            CHECK_EQUAL(space_fault(space, addresses[i], access, 0), -EFAULT);
    CHECK_EQUAL(space_fault(space, ~0ul, REGION_READ, 0), -EFAULT);
    CHECK_EQUAL(space_fault(space, 0xffffffc080200000, REGION_READ, 0), -EFAULT);
    CHECK_EQUAL(space_sbrk(space, 0), -EINVAL);
    check_books(&space, 1, 0);
    CHECK_EQUAL(spaces_live(), 1);
    end(space);
    CHECK_EQUAL(spaces_live(), 0);
    space_put(NULL);
    check_held(before);
}

CASE(regions_allow_what_they_say)
{
    machine_on(MEMORY);
    struct held before = held_now();
    struct space *space = program();
    space_activate(space);
    CHECK_EQUAL(user_load(TEXT, TOP, &word), 0);
    CHECK_EQUAL(word, 0x1313131313131313);
    CHECK_EQUAL(user_fetch(TEXT + 8), 0);
    CHECK_EQUAL(user_store(TEXT, TOP, 1), -EFAULT);
    CHECK_EQUAL(user_load(RODATA, TOP, &word), 0);
    CHECK_EQUAL(user_fetch(RODATA), -EFAULT);
    CHECK_EQUAL(user_store(RODATA, TOP, 1), -EFAULT);
    CHECK_EQUAL(user_load(DATA, TOP, &word), 0);
    CHECK_EQUAL(word, 0);
    CHECK_EQUAL(user_store(DATA, TOP, 7), 0);
    CHECK_EQUAL(user_fetch(DATA), -EFAULT);
    CHECK_EQUAL(user_load(TOP - 8, TOP, &word), 0);
    CHECK_EQUAL(user_load(HEAP, TOP, &word), -EFAULT);
    CHECK_EQUAL(user_load(TEXT - 8, TOP, &word), -EFAULT);
    CHECK_EQUAL(user_load(0, TOP, &word), -EFAULT);
    check_books(&space, 1, 0);
    end(space);
    check_held(before);
}

CASE(bad_regions_are_refused)
{
    machine_on(MEMORY);
    struct space *space = program();
    struct held before = held_now();
    struct { uint64_t start, end; int prot, result; } t[] = {
        {0x20000, 0x21000, 0, -EINVAL},
        {0x20000, 0x21000, REGION_WRITE | REGION_EXEC, -EINVAL},
        {0x20000, 0x21000, REGION_READ | REGION_WRITE | REGION_EXEC, -EINVAL},
        {0x20000, 0x21000, 8, -EINVAL},
        {0x20000, 0x21000, -1, -EINVAL},
        {0x20000, 0x20000, 1, -EINVAL},
        {0x21000, 0x20000, 1, -EINVAL},
        {0x20001, 0x21000, 1, -EINVAL},
        {0x20000, 0x21001, 1, -EINVAL},
        {0, 0x1000, 1, -EINVAL},
        {0xf000, 0x10000, 1, -EINVAL},
        {DATA, HEAP, 1, -EINVAL},
        {HEAP - 0x1000, HEAP + 0x1000, 1, -EINVAL},
        {0x10000, USER_STACK_TOP, 1, -EINVAL},
        {USER_STACK_TOP - USER_STACK_LIMIT, USER_STACK_TOP - USER_STACK_LIMIT + 0x1000, 1, -EINVAL},
        {USER_STACK_TOP - USER_STACK_LIMIT - 0x1000, USER_STACK_TOP - USER_STACK_LIMIT, 1, -EINVAL}, /* guard */
        {USER_STACK_TOP, USER_STACK_TOP + 0x1000, 1, -EINVAL},
        {USER_END, USER_END + 0x1000, 1, -EINVAL},
        {0xfffffffffffff000, 0, 1, -EINVAL},
        {0xffffffc000000000, 0xffffffc000001000, 1, -EINVAL},
        {0x20000, 0x100000000, REGION_READ | REGION_WRITE, -ENOMEM},
        {0x20000, 0x3000000000, REGION_READ, -ENOMEM}, /* its tables */
    };
    for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        CHECK_EQUAL(space_add_private(space, t[i].start, t[i].end, t[i].prot), t[i].result);
        check_held(before);
    }
    CHECK_EQUAL(space_add_stack(space, TOP, 0x100000, 0x1000), -EINVAL); /* has one */
    CHECK_EQUAL(space_set_heap(space, HEAP), -EINVAL);
    struct space *other = space_create();
    before = held_now();
    struct { uint64_t top, limit, committed; int result; } s[] = {
        {TOP, 0, 0, -EINVAL},
        {TOP, 0x10000, 0x10001, -EINVAL},
        {TOP, 0x10000, ~0ul, -EINVAL},
        {TOP, 0x10001, 0x1000, -EINVAL},
        {TOP, ~0xffful, 0x1000, -EINVAL},
        {TOP, ~0xffful, ~0xffful, -EINVAL},
        {TOP, TOP, 0x1000, -EINVAL},
        {TOP + 0x1000, 0x10000, 0x1000, -EINVAL},
        {0x20000, 0x10000, 0x1000, -EINVAL}, /* no room for the guard */
        {TOP, 0x40000000, 0x40000000, -ENOMEM},
    };
    for (unsigned i = 0; i < sizeof(s) / sizeof(s[0]); i++) {
        CHECK_EQUAL(space_add_stack(other, s[i].top, s[i].limit, s[i].committed), s[i].result);
        check_held(before);
    }
    CHECK_EQUAL(space_set_heap(other, HEAP + 1), -EINVAL);
    CHECK_EQUAL(space_set_heap(other, 0), -EINVAL);
    CHECK_EQUAL(space_set_heap(other, USER_MAP_BASE + PAGE_SIZE), -EINVAL);
    struct space *both[] = {space, other};
    check_books(both, 2, 0);
}

CASE(the_break_moves)
{
    machine_on(MEMORY);
    struct held before = held_now();
    struct space *space = program();
    space_activate(space);
    struct held empty = held_now();
    CHECK_EQUAL(space_sbrk(space, 0), HEAP);
    CHECK_EQUAL(space_sbrk(space, 1), HEAP);
    CHECK_EQUAL(user_store(HEAP + 4088, TOP, 9), 0);
    CHECK_EQUAL(user_store(HEAP + 4096, TOP, 9), -EFAULT);
    CHECK_EQUAL(space_sbrk(space, 4095), HEAP + 1);
    CHECK_EQUAL(space_sbrk(space, 4096), HEAP + 4096);
    CHECK_EQUAL(user_load(HEAP + 4096, TOP, &word), 0);
    CHECK_EQUAL(word, 0);
    CHECK_EQUAL(space_sbrk(space, -8192), HEAP + 8192);
    CHECK_EQUAL(user_load(HEAP, TOP, &word), -EFAULT);
    check_held(empty);
    CHECK_EQUAL(space_sbrk(space, 100), HEAP);
    CHECK_EQUAL(user_load(HEAP + 4088, TOP, &word), 0);
    CHECK_EQUAL(word, 0); /* not what it was */
    CHECK_EQUAL(space_sbrk(space, -101), -EINVAL);
    CHECK_EQUAL(space_sbrk(space, INT64_MIN), -EINVAL);
    CHECK_EQUAL(space_sbrk(space, INT64_MIN + 1), -EINVAL);
    CHECK_EQUAL(space_sbrk(space, INT64_MAX), -ENOMEM);
    CHECK_EQUAL(space_sbrk(space, USER_MAP_BASE - HEAP - 100), -ENOMEM);
    CHECK_EQUAL(space_sbrk(space, USER_MAP_BASE - HEAP - 99), -ENOMEM);
    CHECK_EQUAL(space_sbrk(space, 0), HEAP + 100);
    CHECK_EQUAL(space_sbrk(space, -100), HEAP + 100);
    check_held(empty);
    check_books(&space, 1, 0);
    end(space);
    check_held(before);
}

CASE(the_break_crosses_table_borders)
{
    machine_on(MIB(40));
    struct held before = held_now();
    struct space *space = space_create();
    space_activate(space);
    /* just below 1 GiB, so that it crosses both kinds of border */
    uint64_t heap = (1ul << 30) - MIB(5) - 3 * PAGE_SIZE;
    CHECK_EQUAL(space_set_heap(space, heap), 0);
    for (int round = 0; round < 3; round++) {
        CHECK_EQUAL(space_sbrk(space, MIB(14) + 77), heap);
        CHECK_EQUAL(space->committed, 1 + (MIB(14) >> 12) + 1 + 8 + 2);
        for (uint64_t at = heap; at < heap + MIB(14); at += PAGE_SIZE * (1 + round * 13))
            CHECK_EQUAL(user_store(at, TOP, at), 0);
        for (uint64_t at = heap; at < heap + MIB(14); at += PAGE_SIZE * (1 + round * 13)) {
            CHECK_EQUAL(user_load(at, TOP, &word), 0);
            CHECK_EQUAL(word, at);
        }
        check_books(&space, 1, 0);
        for (uint64_t left = MIB(14) + 77; left > 0;) {
            uint64_t step = round == 0 ? left : random_below(MIB(3)) + 1;
            if (step > left)
                step = left;
            left -= step;
            CHECK(space_sbrk(space, -(int64_t)step) > 0);
            if (left >= PAGE_SIZE)
                CHECK_EQUAL(user_load((heap + left - 8) & ~7ul, TOP, &word), 0);
            CHECK_EQUAL(user_load((heap + left + 2 * PAGE_SIZE) & ~7ul, TOP, &word), -EFAULT);
            check_books(&space, 1, 0);
        }
        CHECK_EQUAL(space->committed, 1);
    }
    end(space);
    check_held(before);
}

CASE(charged_memory_is_there_when_touched)
{
    machine_on(MEMORY);
    struct held before = held_now();
    struct space *space = program();
    space_activate(space);
    uint64_t heap_bytes = (frames_available() - 100) * PAGE_SIZE;
    CHECK_EQUAL(space_sbrk(space, heap_bytes), HEAP);
    /* Somebody else takes all that is left. */
    uint64_t rest = frames_available();
    CHECK_EQUAL(commit_charge(rest), 0);
    CHECK_EQUAL(space_sbrk(space, PAGE_SIZE), -ENOMEM);
    for (uint64_t at = 0; at < heap_bytes; at += PAGE_SIZE)
        CHECK_EQUAL(user_store(HEAP + at, TOP, at), 0);
    CHECK_EQUAL(user_store(TOP - 8192, TOP - 8192, 1), 0);
    CHECK_EQUAL(user_store(TOP - 8200, TOP - 8200, 1), -ENOMEM); /* growth was not promised */
    commit_release(rest);
    CHECK_EQUAL(user_store(TOP - 8200, TOP - 8200, 1), 0);
    check_books(&space, 1, 0);
    end(space);
    check_held(before);
}

CASE(the_stack_grows_at_or_above_sp)
{
    machine_on(MEMORY);
    struct held before = held_now();
    struct space *space = program();
    space_activate(space);
    uint64_t low = TOP - 8192;
    CHECK_EQUAL(user_store(low, TOP, 1), 0); /* committed: whatever sp is */
    CHECK_EQUAL(user_store(low - 8, low, 1), -EFAULT);
    CHECK_EQUAL(user_store(low - 8, low - 7, 1), -EFAULT);
    CHECK_EQUAL(user_store(low - 8, low - 8, 1), 0);
    CHECK_EQUAL(user_load(low - 0x5000, low - 0x5000, &word), 0);
    CHECK_EQUAL(space->committed, 1 + 4 /* tables */ + 4 /* data */ + 7);
    CHECK_EQUAL(user_fetch(low - 8), -EFAULT);
    uint64_t floor = TOP - USER_STACK_LIMIT;
    CHECK_EQUAL(user_store(floor - 8, 0x10000, 1), -EFAULT);
    CHECK_EQUAL(user_store(floor - PAGE_SIZE, 0x10000, 1), -EFAULT);
    CHECK_EQUAL(user_store(floor, floor, 1), 0);
    CHECK_EQUAL(user_store(floor - 8, floor - 8, 1), -EFAULT);
    CHECK_EQUAL(space_add_private(space, floor - PAGE_SIZE, floor, 1), -EINVAL);
    CHECK_EQUAL(space_add_private(space, floor - 2 * PAGE_SIZE, floor - PAGE_SIZE, 3), 0);
    CHECK_EQUAL(user_store(TOP, TOP, 1), -EFAULT);
    check_books(&space, 1, 0);
    end(space);
    check_held(before);
}

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

CASE(a_pinned_page_outlives_everything)
{
    machine_on(MEMORY);
    struct held before = held_now();
    struct space *space = program();
    space_activate(space);
    CHECK_EQUAL(space_sbrk(space, 4 * PAGE_SIZE), HEAP);
    CHECK_EQUAL(user_store(HEAP, TOP, 5), 0);
    struct user_pin pins[3];
    CHECK_EQUAL(user_pin(space, user_at(HEAP + 16), 8, REGION_WRITE, &pins[0]), 0);
    CHECK_EQUAL(pins[0].n, 8);
    CHECK_EQUAL(user_pin(space, user_at(HEAP + 4000), 200, REGION_READ, &pins[1]), 0);
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

/* A writer through a pin (a server filling a client's buffer) while another thread forks: what it writes belongs to
 * the parent, before and after the parent itself writes, and never to the child. */
CASE(a_pinned_page_is_copied_at_fork)
{
    machine_on(MEMORY);
    struct held before = held_now();
    struct space *parent = program(), *child;
    space_activate(parent);
    CHECK_EQUAL(user_store(DATA, TOP, 1), 0);
    struct user_pin pin;
    CHECK_EQUAL(user_pin(parent, user_at(DATA + 8), 8, REGION_WRITE, &pin), 0);
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
    CHECK_EQUAL(user_pin(parent, user_at(DATA), 8, REGION_READ, &pin), 0);
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

/* --- map --- */

CASE(memory_objects_are_mapped_and_shared)
{
    machine_on(MEMORY);
    frame_adopt(machine.initrd_start, machine.initrd_end - machine.initrd_start);
    struct held before = held_now();
    struct space *space = program(), *child;
    space_activate(space);
    uint64_t at = space_map_physical(space, initrd_phys, INITRD_PAGES * PAGE_SIZE - 100, REGION_READ, false);
    CHECK_EQUAL(at, USER_MAP_BASE);
    for (unsigned i = 0; i < INITRD_PAGES; i++) {
        CHECK_EQUAL(user_load(at + i * PAGE_SIZE, TOP, &word), 0);
        CHECK_EQUAL(word & 255, i);
    }
    CHECK_EQUAL(user_store(at, TOP, 1), -EFAULT);
    CHECK_EQUAL(user_fetch(at), -EFAULT);
    CHECK_EQUAL(space_map_physical(space, initrd_phys, 2 * PAGE_SIZE, REGION_READ | REGION_WRITE, false),
                at + INITRD_PAGES * PAGE_SIZE);
    CHECK_EQUAL(space_fork(space, &child, TOP), 0);
    struct space *both[] = {space, child};
    check_books(both, 2, INITRD_PAGES);
    space_activate(child);
    CHECK_EQUAL(user_store(at + INITRD_PAGES * PAGE_SIZE, TOP, 0x1234), 0);
    space_activate(space);
    CHECK_EQUAL(user_load(at, TOP, &word), 0);
    CHECK_EQUAL(word, 0x1234);
    space_put(child);

    /* parts: the middle, then across the border of two regions */
    CHECK_EQUAL(space_unmap(space, at + 3 * PAGE_SIZE, 2 * PAGE_SIZE), 0);
    CHECK_EQUAL(user_load(at + 3 * PAGE_SIZE, TOP, &word), -EFAULT);
    CHECK_EQUAL(user_load(at + 4 * PAGE_SIZE, TOP, &word), -EFAULT);
    CHECK_EQUAL(user_load(at + 2 * PAGE_SIZE, TOP, &word), 0);
    CHECK_EQUAL(user_load(at + 5 * PAGE_SIZE, TOP, &word), 0);
    CHECK_EQUAL(word & 255, 5);
    CHECK_EQUAL(space_unmap(space, at + 2 * PAGE_SIZE, 2 * PAGE_SIZE), -EINVAL); /* a hole in it */
    CHECK_EQUAL(user_load(at + 2 * PAGE_SIZE, TOP, &word), 0);
    CHECK_EQUAL(space_unmap(space, at + 30 * PAGE_SIZE, 11 * PAGE_SIZE), 0);
    check_books(both, 1, INITRD_PAGES);
    /* the first fit is used again */
    CHECK_EQUAL(space_map_physical(space, initrd_phys, PAGE_SIZE, REGION_READ, false), at + 3 * PAGE_SIZE);
    end(space);
    check_held(before);
    for (unsigned i = 0; i < INITRD_PAGES; i++)
        CHECK_EQUAL(frame_refs(frame_at(initrd_phys + i * PAGE_SIZE)), 1);
}

CASE(device_pages_are_mapped)
{
    machine_on(MEMORY);
    struct held before = held_now();
    struct space *space = program(), *child;
    space_activate(space);
    uint64_t at = space_map_physical(space, 0x10000000, 0x100, REGION_READ | REGION_WRITE, true);
    CHECK_EQUAL(at, USER_MAP_BASE);
    CHECK_EQUAL(space_fault(space, at + 5, REGION_WRITE, TOP), 0);
    CHECK_EQUAL(pte_phys(*table_lookup(space, at)), 0x10000000);
    CHECK_EQUAL(space_fault(space, at + PAGE_SIZE, REGION_READ, TOP), -EFAULT);
    CHECK_EQUAL(space_fault(space, at, REGION_EXEC, TOP), -EFAULT);
    struct user_pin pin;
    CHECK_EQUAL(user_pin(space, user_at(at), 4, REGION_READ, &pin), -EFAULT);
    CHECK_EQUAL(copy_in(space, &word, user_at(at), 4), -EFAULT);
    CHECK_EQUAL(copy_out(space, user_at(at), &word, 4), -EFAULT);
    CHECK_EQUAL(space_fork(space, &child, TOP), 0);
    CHECK_EQUAL(space_fault(child, at, REGION_READ, TOP), 0);
    CHECK_EQUAL(pte_phys(*table_lookup(child, at)), 0x10000000);
    struct space *both[] = {space, child};
    check_books(both, 2, 0);
    uint64_t large = space_map_physical(space, 0x40000000, MIB(300), REGION_READ, true);
    CHECK_EQUAL(large, at + PAGE_SIZE);
    CHECK_EQUAL(space_fault(space, large + MIB(299), REGION_READ, TOP), 0);
    CHECK_EQUAL(pte_phys(*table_lookup(space, large + MIB(299))), 0x40000000 + MIB(299));
    CHECK_EQUAL(space_unmap(space, at, 0x100), 0);
    CHECK_EQUAL(space_unmap(space, large + MIB(100), MIB(100)), 0);
    CHECK_EQUAL(space_fault(space, large + MIB(200) - 1, REGION_READ, TOP), -EFAULT);
    CHECK_EQUAL(space_fault(space, large + MIB(299) + PAGE_SIZE, REGION_READ, TOP), 0);
    CHECK_EQUAL(pte_phys(*table_lookup(space, large + MIB(299) + PAGE_SIZE)), 0x40000000 + MIB(299) + PAGE_SIZE);
    check_books(both, 2, 0);
    space_put(child);
    end(space);
    check_held(before);
}

CASE(bad_maps_and_unmaps_are_refused)
{
    machine_on(MEMORY);
    frame_adopt(machine.initrd_start, machine.initrd_end - machine.initrd_start);
    struct space *space = program();
    uint64_t at = space_map_physical(space, initrd_phys, 8 * PAGE_SIZE, REGION_READ, false);
    struct held before = held_now();
    struct { uint64_t phys, bytes; int prot; bool device; int64_t result; } m[] = {
        {initrd_phys + 1, PAGE_SIZE, 1, false, -EINVAL},
        {initrd_phys, 0, 1, false, -EINVAL},
        {initrd_phys, PAGE_SIZE, 0, false, -EINVAL},
        {initrd_phys, PAGE_SIZE, REGION_WRITE | REGION_EXEC, false, -EINVAL},
        {initrd_phys, PAGE_SIZE, 16, false, -EINVAL},
        {initrd_phys, ~0ul, 1, false, -EINVAL},
        {initrd_phys, ~0xffful - initrd_phys + 1, 1, false, -EINVAL},
        {~0xffful, PAGE_SIZE, 1, true, -EINVAL},
        {~0xffful, 2 * PAGE_SIZE, 1, true, -EINVAL},
        {0x10000000, 1ul << 55, 1, true, -ENOMEM},
        {0x10000000, 1ul << 36, 1, true, -ENOMEM},
        {0x10000000, 1ul << 35, 1, true, -ENOMEM}, /* its tables */
        {0x10000000, PAGE_SIZE, 1, false, -EINVAL}, /* no RAM */
        {initrd_phys - PAGE_SIZE, PAGE_SIZE, 1, false, -EINVAL},
        {initrd_phys, (INITRD_PAGES + 1) * PAGE_SIZE, 1, false, -EINVAL}, /* the last is nobody's */
        {ARENA_PHYS + MIB(2), PAGE_SIZE, 1, false, -EINVAL}, /* the kernel */
    };
    for (unsigned i = 0; i < sizeof(m) / sizeof(m[0]); i++) {
        CHECK_EQUAL(space_map_physical(space, m[i].phys, m[i].bytes, m[i].prot, m[i].device), m[i].result);
        check_held(before);
    }
    struct { uint64_t address, bytes; } u[] = {
        {at, 0}, {at + 1, 8}, {at, 9 * PAGE_SIZE}, {at - PAGE_SIZE, PAGE_SIZE}, {at - PAGE_SIZE, 2 * PAGE_SIZE},
        {at, ~0ul}, {at, 0ul - at}, {at, 0ul - at + PAGE_SIZE}, {at, ~0xffful}, {0, PAGE_SIZE}, {0, ~0ul},
        {DATA, PAGE_SIZE}, {TOP - PAGE_SIZE, PAGE_SIZE}, {~0xffful, PAGE_SIZE}, {~0xffful, 2 * PAGE_SIZE},
        {at + 8 * PAGE_SIZE, PAGE_SIZE}, {USER_MAP_END, PAGE_SIZE}, {USER_MAP_END - PAGE_SIZE, PAGE_SIZE},
    };
    for (unsigned i = 0; i < sizeof(u) / sizeof(u[0]); i++) {
        CHECK_EQUAL(space_unmap(space, u[i].address, u[i].bytes), -EINVAL);
        check_held(before);
    }
    check_books(&space, 1, INITRD_PAGES);
    CHECK_EQUAL(space_unmap(space, at, 8 * PAGE_SIZE - 1), 0);
    CHECK_EQUAL(space_unmap(space, at, PAGE_SIZE), -EINVAL);
}

CASE(a_space_has_so_many_regions_and_no_more)
{
    machine_on(MEMORY);
    struct held before = held_now();
    struct space *space = program(), *child;
    unsigned n = 0;
    while (space_map_physical(space, 0x10000000, PAGE_SIZE, REGION_READ, true) >= 0)
        n++;
    CHECK_EQUAL(n, SPACE_MAX_REGIONS - 4);
    CHECK_EQUAL(space_unmap(space, USER_MAP_BASE + 5 * PAGE_SIZE, 7 * PAGE_SIZE), 0);
    CHECK_EQUAL(space_map_physical(space, 0x10000000, PAGE_SIZE, REGION_READ, true), USER_MAP_BASE + 5 * PAGE_SIZE);
    CHECK_EQUAL(space_fork(space, &child, TOP), 0);
    space_put(child);
    end(space);
    check_held(before);
}

/* --- copies --- */

CASE(copies_go_where_the_user_could)
{
    machine_on(MEMORY);
    struct held before = held_now();
    struct space *space = program();
    static char in[20000], out[20000];
    uint64_t sp = TOP - 100;
    space->user_sp = &sp;
    for (int outside = 0; outside < 2; outside++) { /* as the process itself, and from outside */
        if (outside == 0)
            space_activate(space);
        else
            space_activate_kernel();
        CHECK(space_sbrk(space, 10 * PAGE_SIZE) > 0);
        for (int i = 0; i < 200; i++) {
            unsigned n = random_below(19000), offset = random_below(10 * PAGE_SIZE - n);
            for (unsigned j = 0; j < n; j++)
                out[j] = random_u64();
            CHECK_EQUAL(copy_out(space, user_at(HEAP + offset), out, n), 0);
            CHECK_EQUAL(copy_in(space, in, user_at(HEAP + offset), n), 0);
            CHECK(memcmp(in, out, n) == 0);
        }
        CHECK_EQUAL(copy_out(space, user_at(TEXT), out, 8), -EFAULT);
        CHECK_EQUAL(copy_out(space, user_at(DATA - 4), out, 8), -EFAULT);
        CHECK_EQUAL(copy_in(space, in, user_at(TEXT), 8), 0);
        CHECK_EQUAL(in[3], 0x13);
        uint64_t brk = space_sbrk(space, 0);
        CHECK_EQUAL(copy_in(space, in, user_at(brk - 5), 8), -EFAULT);
        uint64_t bad[] = {0, 8, TEXT - 1, brk, USER_MAP_BASE, USER_END - 4, USER_END, 0x8000000000, ~0ul, ~0xffful,
                          0xffffffc080200000, 1ul << 39, 1ul << 63};
        for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
            CHECK_EQUAL(copy_in(space, in, user_at(bad[i]), 16), -EFAULT);
            CHECK_EQUAL(copy_out(space, user_at(bad[i]), in, 16), -EFAULT);
            CHECK_EQUAL(copy_string_in(space, in, user_at(bad[i]), 16), -EFAULT);
            CHECK_EQUAL(copy_between(space, user_at(bad[i]), space, user_at(HEAP), 16, 0), -EFAULT);
            CHECK_EQUAL(copy_between(space, user_at(HEAP), space, user_at(bad[i]), 16, 0), -EFAULT);
            struct user_pin pin;
            CHECK_EQUAL(user_pin(space, user_at(bad[i]), 16, REGION_READ, &pin), -EFAULT);
            CHECK_EQUAL(copy_in(space, in, user_at(bad[i]), 0), 0);
        }
        CHECK_EQUAL(copy_in(space, in, user_at(HEAP), ~0ul), -EFAULT);
        CHECK_EQUAL(copy_in(space, in, user_at(HEAP), ~0ul - HEAP + 1), -EFAULT);
        CHECK_EQUAL(copy_in(space, in, user_at(HEAP), USER_END), -EFAULT);
        CHECK_EQUAL(copy_out(space, user_at(USER_END - 8), in, 16), -EFAULT);
        check_books(&space, 1, 0);
        CHECK(space_sbrk(space, -10 * PAGE_SIZE) > 0);
    }
    end(space);
    check_held(before);
}

CASE(strings_are_copied_up_to_their_end)
{
    machine_on(MEMORY);
    struct space *space = program();
    static char text[9000], found[9000];
    for (int outside = 0; outside < 2; outside++) {
        if (outside == 0)
            space_activate(space);
        else
            space_activate_kernel();
        for (unsigned length = 0; length < 9000; length += length / 3 + 1) {
            memset(text, 'x', length);
            text[length] = '\0';
            uint64_t at = HEAP - length - 1; /* the NUL is the last byte that can be read */
            CHECK_EQUAL(copy_out(space, user_at(at), text, length + 1), 0);
            CHECK_EQUAL(copy_string_in(space, found, user_at(at), sizeof(found)), length);
            CHECK_TEXT(found, text);
            CHECK_EQUAL(copy_string_in(space, found, user_at(at), length + 1), length);
            CHECK_EQUAL(copy_string_in(space, found, user_at(at), length), -ENAMETOOLONG);
            CHECK_EQUAL(copy_out(space, user_at(HEAP - 1), "x", 1), 0);
            CHECK_EQUAL(copy_string_in(space, found, user_at(at), sizeof(found)), -EFAULT);
        }
        CHECK_EQUAL(copy_string_in(space, found, user_at(HEAP), 0), -ENAMETOOLONG);
    }
}

CASE(copies_grow_the_stack_as_its_user_would)
{
    machine_on(MEMORY);
    struct held before = held_now();
    struct space *space = program();
    static char buffer[3 * PAGE_SIZE];
    uint64_t sp = TOP - 0x10000;
    CHECK_EQUAL(copy_out(space, user_at(sp), buffer, sizeof(buffer)), -EFAULT); /* nobody runs on it yet */
    space->user_sp = &sp;
    CHECK_EQUAL(copy_out(space, user_at(sp - 1), buffer, sizeof(buffer)), -EFAULT);
    CHECK_EQUAL(copy_out(space, user_at(sp), buffer, sizeof(buffer)), 0);
    CHECK_EQUAL(copy_in(space, buffer, user_at(TOP - 8193), 1), 0);
    uint64_t rest = frames_available();
    CHECK_EQUAL(commit_charge(rest), 0);
    sp = TOP - 0x20000;
    CHECK_EQUAL(copy_out(space, user_at(sp), buffer, sizeof(buffer)), -ENOMEM);
    commit_release(rest);
    check_books(&space, 1, 0);
    end(space);
    check_held(before);
}

CASE(the_loader_fills_what_the_user_may_only_read)
{
    machine_on(MEMORY);
    struct held before = held_now();
    struct space *source = program(), *target = space_create();
    space_activate(source);
    CHECK_EQUAL(space_sbrk(source, 6 * PAGE_SIZE), HEAP);
    static char bytes[6 * PAGE_SIZE];
    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = random_u64();
    CHECK_EQUAL(copy_out(source, user_at(HEAP), bytes, sizeof(bytes)), 0);
    CHECK_EQUAL(space_add_private(target, 0x40000, 0x48000, REGION_READ | REGION_EXEC), 0);
    CHECK_EQUAL(copy_between(target, user_at(0x40000), source, user_at(HEAP), 100, 0), -EFAULT);
    CHECK_EQUAL(copy_between(target, user_at(0x40000), source, user_at(HEAP), 100, COPY_FORCE), 0);
    CHECK_EQUAL(copy_between(target, user_at(0x40000), source, user_at(HEAP), sizeof(bytes), COPY_FORCE), 0);
    CHECK_EQUAL(copy_between(target, user_at(0x47000), source, user_at(HEAP + 10), 4096, COPY_FORCE), 0);
    static char found[4 * PAGE_SIZE];
    CHECK_EQUAL(copy_in(target, found, user_at(0x41000), sizeof(found)), 0);
    CHECK(memcmp(found, bytes + PAGE_SIZE, sizeof(found)) == 0);
    CHECK_EQUAL(copy_in(target, found, user_at(0x47000), 4096), 0);
    CHECK(memcmp(found, bytes + 10, 4096) == 0);
    /* a page that was not filled reads as zeroes, at no charge, and can be filled later */
    uint64_t available = frames_available();
    CHECK_EQUAL(copy_in(target, found, user_at(0x46000), 4096), 0);
    for (unsigned i = 0; i < 4096; i++)
        CHECK_EQUAL(found[i], 0);
    CHECK_EQUAL(frames_available(), available);
    CHECK_EQUAL(copy_between(target, user_at(0x46008), source, user_at(HEAP), 1, COPY_FORCE), 0);
    CHECK_EQUAL(frames_available(), available - 1);
    /* outside its regions force helps nothing */
    CHECK_EQUAL(copy_between(target, user_at(0x48000), source, user_at(HEAP), 1, COPY_FORCE), -EFAULT);
    /* text is shared by forks without a charge of its own */
    struct space *child;
    CHECK_EQUAL(space_fork(target, &child, 0), 0);
    CHECK_EQUAL(target->resident, 8);
    struct space *all[] = {source, target, child};
    check_books(all, 3, 0);
    /* memory runs out while filling */
    struct space *late = space_create();
    CHECK_EQUAL(space_add_private(late, 0x40000, 0x48000, REGION_READ), 0);
    CHECK_EQUAL(commit_charge(frames_available() - 2), 0);
    CHECK_EQUAL(copy_between(late, user_at(0x40000), source, user_at(HEAP), sizeof(bytes), COPY_FORCE), -ENOMEM);
    space_put(late);
    space_put(target);
    end(source);
    space_activate(child);
    CHECK_EQUAL(user_fetch(0x41000), 0);
    end(child);
    commit_release(before.available - frames_available());
    check_held(before);
}

/* Source and target in one page that is shared with another space: the copy replaces the page it reads from. */
CASE(copies_inside_one_shared_page)
{
    machine_on(MEMORY);
    struct space *parent = program(), *child;
    space_activate(parent);
    CHECK_EQUAL(copy_out(parent, user_at(DATA), "some text", 10), 0);
    CHECK_EQUAL(space_fork(parent, &child, 0), 0);
    CHECK_EQUAL(copy_between(parent, user_at(DATA + 100), parent, user_at(DATA), 10, 0), 0);
    char found[10];
    CHECK_EQUAL(copy_in(parent, found, user_at(DATA + 100), 10), 0);
    CHECK_TEXT(found, "some text");
    CHECK_EQUAL(copy_in(child, found, user_at(DATA + 100), 10), 0);
    CHECK_TEXT(found, "");
}

/* --- ASIDs --- */

CASE(asids_run_out_and_start_again)
{
    stub_asid_bits = 3;
    machine_on(MEMORY);
    struct held before = held_now();
    struct space *spaces[30];
    for (unsigned i = 0; i < 30; i++)
        spaces[i] = program();
    for (int step = 0; step < 5000; step++) {
        unsigned i = random_below(30);
        stub_hart = random_below(3);
        space_activate(spaces[i]);
        if (step < 200)
            CHECK_EQUAL(user_store(DATA, TOP, i), 0);
        else if (user_load(DATA, TOP, &word) == 0 && word != i)
            CHECK_EQUAL(word, 0);
    }
    for (stub_hart = 0; stub_hart < 3; stub_hart++)
        space_activate_kernel();
    for (unsigned i = 0; i < 30; i++)
        space_put(spaces[i]);
    check_held(before);
}

CASE(a_machine_without_asids)
{
    stub_asid_bits = 0;
    machine_on(MEMORY);
    struct space *a = program(), *b = program();
    for (int step = 0; step < 100; step++) {
        space_activate(step % 2 ? a : b);
        if (step >= 2) {
            CHECK_EQUAL(user_load(DATA, TOP, &word), 0);
            CHECK_EQUAL(word, step - 2);
        }
        CHECK_EQUAL(user_store(DATA, TOP, step), 0);
    }
}
