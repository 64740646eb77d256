/*
 * Copies to, from and between address spaces: only where the user could go, up to the last byte.
 */
#include <errno.h>
#include "check.h"
#include "program.h"

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
        uint64_t bad[] = {0,
                          8,
                          TEXT - 1,
                          brk,
                          USER_MAP_BASE,
                          USER_END - 4,
                          USER_END,
                          0x8000000000,
                          ~0ul,
                          ~0xffful,
                          0xffffffc080200000,
                          1ul << 39,
                          1ul << 63};
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
    CHECK_EQUAL(copy_between(late, user_at(0x40000), source, user_at(HEAP), sizeof(bytes), COPY_FORCE),
                -ENOMEM);
    space_put(late);
    space_put(target);
    end(source);
    space_activate(child);
    CHECK_EQUAL(user_fetch(0x41000), 0);
    end(child);
    commit_release(before.available - frames_available());
    check_held(before);
}

/* Source and target in one page that is shared with another space: the copy replaces the page it reads from.
 */
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
