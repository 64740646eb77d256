/*
 * Mapping memory objects and device registers, and unmapping them in parts; hostile arguments.
 */
#include <errno.h>
#include "check.h"
#include "program.h"
#include "mem/table.h"
#include "riscv/machine.h"

static uint64_t word;

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
    CHECK_EQUAL(pte_phys(*table_lookup(space, large + MIB(299) + PAGE_SIZE)),
                0x40000000 + MIB(299) + PAGE_SIZE);
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
    struct {
        uint64_t phys, bytes;
        int prot;
        bool device;
        int64_t result;
    } m[] = {
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
        {0x10000000, 1ul << 35, 1, true, -ENOMEM},  /* its tables */
        {0x10000000, PAGE_SIZE, 1, false, -EINVAL}, /* no RAM */
        {initrd_phys - PAGE_SIZE, PAGE_SIZE, 1, false, -EINVAL},
        {initrd_phys, (INITRD_PAGES + 1) * PAGE_SIZE, 1, false, -EINVAL}, /* the last is nobody's */
        {ARENA_PHYS + MIB(2), PAGE_SIZE, 1, false, -EINVAL},              /* the kernel */
    };
    for (unsigned i = 0; i < sizeof(m) / sizeof(m[0]); i++) {
        CHECK_EQUAL(space_map_physical(space, m[i].phys, m[i].bytes, m[i].prot, m[i].device), m[i].result);
        check_held(before);
    }
    struct {
        uint64_t address, bytes;
    } u[] = {
        {at, 0},
        {at + 1, 8},
        {at, 9 * PAGE_SIZE},
        {at - PAGE_SIZE, PAGE_SIZE},
        {at - PAGE_SIZE, 2 * PAGE_SIZE},
        {at, ~0ul},
        {at, 0ul - at},
        {at, 0ul - at + PAGE_SIZE},
        {at, ~0xffful},
        {0, PAGE_SIZE},
        {0, ~0ul},
        {DATA, PAGE_SIZE},
        {TOP - PAGE_SIZE, PAGE_SIZE},
        {~0xffful, PAGE_SIZE},
        {~0xffful, 2 * PAGE_SIZE},
        {at + 8 * PAGE_SIZE, PAGE_SIZE},
        {USER_MAP_END, PAGE_SIZE},
        {USER_MAP_END - PAGE_SIZE, PAGE_SIZE},
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
    CHECK_EQUAL(space_map_physical(space, 0x10000000, PAGE_SIZE, REGION_READ, true),
                USER_MAP_BASE + 5 * PAGE_SIZE);
    CHECK_EQUAL(space_fork(space, &child, TOP), 0);
    space_put(child);
    end(space);
    check_held(before);
}

CASE(private_maps_are_ones_own_and_have_a_guard_below)
{
    machine_on(MEMORY);
    frame_adopt(machine.initrd_start, machine.initrd_end - machine.initrd_start);
    struct held before = held_now();
    struct space *space = program(), *child;
    space_activate(space);
    uint64_t available = frames_available();
    uint64_t at = space_map_private(space, 3 * PAGE_SIZE - 5, REGION_READ | REGION_WRITE);
    CHECK_EQUAL(at, USER_MAP_BASE + PAGE_SIZE);
    CHECK(frames_available() <= available - 3); /* promised */
    uint64_t next = space_map_private(space, PAGE_SIZE, REGION_READ | REGION_WRITE);
    CHECK_EQUAL(next, at + 4 * PAGE_SIZE);
    /* a guard is no place for anything else */
    CHECK_EQUAL(space_map_physical(space, initrd_phys, PAGE_SIZE, REGION_READ, false), next + PAGE_SIZE);
    CHECK_EQUAL(user_store(at - 8, TOP, 1), -EFAULT);
    CHECK_EQUAL(user_store(next - 8, TOP, 1), -EFAULT);
    CHECK_EQUAL(user_load(at + 2 * PAGE_SIZE, TOP, &word), 0);
    CHECK_EQUAL(word, 0);
    CHECK_EQUAL(user_store(at, TOP, 7), 0);
    CHECK_EQUAL(space_fork(space, &child, TOP), 0);
    CHECK_EQUAL(user_store(at, TOP, 8), 0);
    space_activate(child);
    CHECK_EQUAL(user_load(at, TOP, &word), 0);
    CHECK_EQUAL(word, 7);
    CHECK_EQUAL(user_store(next - 8, TOP, 1), -EFAULT);
    space_activate(space);
    space_put(child);
    /* in parts, and the guard with the last */
    CHECK_EQUAL(space_unmap(space, at + PAGE_SIZE, PAGE_SIZE), 0);
    CHECK_EQUAL(user_load(at + PAGE_SIZE, TOP, &word), -EFAULT);
    CHECK_EQUAL(space_unmap(space, at, PAGE_SIZE), 0);
    CHECK_EQUAL(space_unmap(space, at + 2 * PAGE_SIZE, PAGE_SIZE), 0);
    CHECK_EQUAL(space_unmap(space, next, PAGE_SIZE), 0);
    CHECK_EQUAL(space_map_private(space, PAGE_SIZE, REGION_READ | REGION_WRITE), at);
    CHECK_EQUAL(space_map_private(space, 0, REGION_READ), -EINVAL);
    CHECK_EQUAL(space_map_private(space, PAGE_SIZE, REGION_WRITE | REGION_EXEC), -EINVAL);
    CHECK_EQUAL(space_map_private(space, UINT64_MAX - 5, REGION_READ), -ENOMEM);
    CHECK_EQUAL(space_map_private(space, MIB(100), REGION_READ | REGION_WRITE), -ENOMEM);
    end(space);
    check_held(before);
}
