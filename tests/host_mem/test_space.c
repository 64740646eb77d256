/*
 * Address spaces, one promise a case: what may be mapped where, faults, the break, stacks, ASIDs, and that
 * all comes back.
 */
#include <errno.h>
#include "check.h"
#include "program.h"

static uint64_t word;

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
    struct {
        uint64_t start, end;
        int prot, result;
    } t[] = {
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
        {USER_STACK_TOP - USER_STACK_LIMIT - 0x1000, USER_STACK_TOP - USER_STACK_LIMIT, 1,
         -EINVAL}, /* guard */
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
    struct {
        uint64_t top, limit, committed;
        int result;
    } s[] = {
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
    CHECK_EQUAL(space_set_heap(other, USER_HEAP_END + PAGE_SIZE), -EINVAL);
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
    CHECK_EQUAL(space_sbrk(space, USER_HEAP_END - HEAP - 100), -ENOMEM);
    CHECK_EQUAL(space_sbrk(space, USER_HEAP_END - HEAP - 99), -ENOMEM);
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

/* As many frames of promises as touched pages, and tables for all; back to nothing at the end. */
CASE(lazy_heap_is_charged_as_it_is_touched)
{
    machine_on(MEMORY);
    struct held before = held_now();
    struct space *space = program();
    space_activate(space);
    struct held empty = held_now();

    CHECK_EQUAL(space_sbrk_lazy(space, MIB(4000)), HEAP); /* more than there is */
    CHECK_EQUAL(frames_available(), empty.available);
    for (unsigned i = 0; i < 100; i++)
        CHECK_EQUAL(user_store(HEAP + i * MIB(10), TOP, i), 0);
    uint64_t tables = empty.available - frames_available() - 100;
    CHECK(tables >= 98 && tables <= 101); /* the first of them lie beside the program's */
    CHECK_EQUAL(user_load(HEAP + MIB(500), TOP, &word), 0);
    CHECK_EQUAL(word, 50);
    CHECK_EQUAL(user_load(HEAP + MIB(500) + PAGE_SIZE, TOP, &word), 0);
    CHECK_EQUAL(word, 0);
    check_books(&space, 1, 0);

    struct space *both[2] = {space};
    CHECK_EQUAL(space_fork(space, &both[1], 0), 0);
    CHECK_EQUAL(both[1]->committed, space->committed);
    check_books(both, 2, 0);
    CHECK_EQUAL(space_sbrk(both[1], -(int64_t)MIB(2000)), HEAP + MIB(4000));
    space_activate(both[1]);
    CHECK_EQUAL(user_store(HEAP, TOP, 99), 0);
    CHECK_EQUAL(user_store(HEAP + 8 * PAGE_SIZE, TOP, 99), 0);
    CHECK_EQUAL(user_store(HEAP + MIB(2000), TOP, 99), -EFAULT);
    space_activate(space);
    CHECK_EQUAL(user_load(HEAP, TOP, &word), 0);
    CHECK_EQUAL(word, 0);
    check_books(both, 2, 0);
    space_put(both[1]);

    CHECK_EQUAL(space_sbrk(space, 100), HEAP + MIB(4000));
    CHECK_EQUAL(space_sbrk_lazy(space, 3 * PAGE_SIZE), HEAP + MIB(4000) + 100);
    CHECK_EQUAL(user_store(HEAP + MIB(4000) + 2 * PAGE_SIZE, TOP, 3), 0);
    CHECK_EQUAL(user_store(HEAP + MIB(4000) + 4 * PAGE_SIZE, TOP, 3), -EFAULT);
    check_books(&space, 1, 0);
    CHECK_EQUAL(space_sbrk(space, -(int64_t)MIB(4000) - 100 - 3 * PAGE_SIZE),
                HEAP + MIB(4000) + 100 + 3 * PAGE_SIZE);
    check_held(empty);
    CHECK_EQUAL(space_sbrk_lazy(space, USER_HEAP_END - HEAP + 1), -ENOMEM);
    check_books(&space, 1, 0);
    end(space);
    check_held(before);
}

/* xv6's lazy_sbrk: up to the last page that there is, far more than memory, and then an eager one. */
CASE(lazy_heap_reaches_to_the_end_of_the_heap)
{
    machine_on(MEMORY);
    struct held before = held_now();
    struct space *space = program();
    space_activate(space);
    struct held empty = held_now();

    uint64_t at = HEAP;
    while (at < USER_HEAP_END - MIB(1024)) {
        CHECK_EQUAL(space_sbrk_lazy(space, MIB(1024)), at);
        at += MIB(1024);
    }
    CHECK_EQUAL(space_sbrk_lazy(space, USER_HEAP_END - PAGE_SIZE - at), at);
    CHECK_EQUAL(frames_available(), empty.available);
    CHECK_EQUAL(space_sbrk(space, PAGE_SIZE), USER_HEAP_END - PAGE_SIZE);
    CHECK_EQUAL(user_store(USER_HEAP_END - PAGE_SIZE, TOP, 1), 0);
    check_books(&space, 1, 0);
    CHECK_EQUAL(space_sbrk(space, 1), -ENOMEM);
    CHECK_EQUAL(space_sbrk_lazy(space, 1), -ENOMEM);
    CHECK_EQUAL(user_store(USER_HEAP_END - 2 * PAGE_SIZE, TOP, 1), 0); /* in the eager page's table */
    for (unsigned i = 1; i < 60; i++)
        CHECK_EQUAL(user_store(HEAP + i * MIB(1024) + i * MIB(2), TOP, i), 0);
    check_books(&space, 1, 0);

    struct space *both[2] = {space};
    CHECK_EQUAL(space_fork(space, &both[1], 0), 0);
    CHECK_EQUAL(both[1]->committed, space->committed);
    check_books(both, 2, 0);
    space_put(both[1]);

    /* The eager page goes: its tables are the lazy region's from now on, which has a page there. Then that goes. */
    CHECK_EQUAL(space_sbrk(space, -PAGE_SIZE), USER_HEAP_END);
    check_books(&space, 1, 0);
    CHECK_EQUAL(space_sbrk(space, PAGE_SIZE), USER_HEAP_END - PAGE_SIZE);
    check_books(&space, 1, 0);
    CHECK_EQUAL(space_sbrk(space, -3 * PAGE_SIZE), USER_HEAP_END);
    check_books(&space, 1, 0);
    CHECK_EQUAL(space_sbrk(space, -(int64_t)(USER_HEAP_END - 3 * PAGE_SIZE - HEAP)), USER_HEAP_END - 3 * PAGE_SIZE);
    check_held(empty);
    end(space);
    check_held(before);
}

/* A lazy region's tables, beside what others are promised: who comes and goes is charged what it alone needs. */
CASE(tables_of_lazy_and_other_regions_are_charged_once)
{
    machine_on(MEMORY);
    struct held before = held_now();
    struct space *space = program();
    space_activate(space);
    struct held empty = held_now();
    for (unsigned round = 0; round < 40; round++) {
        uint64_t lazy = MIB(round % 7) + round * PAGE_SIZE, eager = (round % 5 * 70 + 1) * PAGE_SIZE;
        CHECK(space_sbrk_lazy(space, lazy) > 0);
        check_books(&space, 1, 0);
        if (round % 3)
            CHECK_EQUAL(user_store((space->heap_break - (round % 4 ? 8 : lazy / 2 + 8)) & ~7ul, TOP, 1), 0);
        check_books(&space, 1, 0);
        CHECK(space_sbrk(space, (int64_t)eager) > 0);
        check_books(&space, 1, 0);
        if (round % 2) {
            CHECK(space_sbrk(space, -(int64_t)eager - (int64_t)(lazy / 3)) > 0);
            check_books(&space, 1, 0);
        }
    }
    while (space->heap_break > space->heap_start) {
        uint64_t some = space->heap_break - space->heap_start;
        CHECK(space_sbrk(space, -(int64_t)(some < MIB(3) + 1 ? some : MIB(3) + 1)) > 0);
        check_books(&space, 1, 0);
    }
    check_held(empty);
    end(space);
    check_held(before);
}

CASE(a_lazy_page_that_cannot_be_had_is_refused)
{
    machine_on(MIB(8));
    struct held before = held_now();
    struct space *space = program();
    space_activate(space);
    CHECK_EQUAL(space_sbrk_lazy(space, MIB(100)), HEAP);
    uint64_t at = HEAP;
    while (user_store(at, TOP, 1) == 0)
        at += PAGE_SIZE;
    CHECK_EQUAL(user_store(at, TOP, 1), -ENOMEM);
    CHECK_EQUAL(frames_available(), 0);
    CHECK(at - HEAP > MIB(4) && at - HEAP < MIB(8));
    check_books(&space, 1, 0);
    CHECK_EQUAL(space_sbrk(space, -(int64_t)MIB(99)), HEAP + MIB(100));
    CHECK_EQUAL(user_store(HEAP + MIB(1) - 8, TOP, 1), 0);
    check_books(&space, 1, 0);
    end(space);
    check_held(before);
}
