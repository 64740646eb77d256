/*
 * Every operation with room for none, one, two, … of the frames it wants: it fails with -ENOMEM until there
 * are enough, and a failure changes nothing and leaks nothing.
 */
#include <errno.h>
#include "check.h"
#include "machine.h"
#include "mem/cache.h"
#include "mem/frame.h"
#include "mem/user_copy.h"
#include "riscv/machine.h"

#define TEXT     0x10000ul
#define DATA     0x20000ul
#define HEAP     0x28000ul
#define TOP      USER_STACK_TOP
#define FILL_MAX 70 /* more than a slab of regions holds, so that one of them fills the last slab */

static struct space *space, *made;

static void set_up(void)
{
    space = space_create();
    CHECK(space != NULL);
    made = NULL;
    CHECK_EQUAL(space_add_private(space, DATA, HEAP, REGION_READ | REGION_WRITE), 0);
    CHECK_EQUAL(space_add_private(space, TEXT, DATA, REGION_READ), 0);
    CHECK_EQUAL(space_set_heap(space, HEAP), 0);
    CHECK_EQUAL(space_add_stack(space, TOP, USER_STACK_LIMIT, PAGE_SIZE), 0);
    CHECK_EQUAL(space_sbrk(space, MIB(1) - 5), HEAP);
    CHECK_EQUAL(copy_out(space, user_at(HEAP + MIB(1) / 2), "x", 1), 0);
    CHECK_EQUAL(space_map_physical(space, initrd_phys, 5 * PAGE_SIZE, REGION_READ, false), USER_MAP_BASE);
}

static int create(void)
{
    made = space_create();
    return made != NULL ? 0 : -ENOMEM;
}

static int add_private(void)
{
    return space_add_private(space, (1ul << 30) - MIB(3), (1ul << 30) + MIB(3), REGION_READ | REGION_WRITE);
}

static int add_read_only(void)
{
    return space_add_private(space, (3ul << 30) - MIB(3), (3ul << 30) + MIB(9), REGION_READ | REGION_EXEC);
}

static int grow_heap(void)
{
    return space_sbrk(space, MIB(5)) >= 0 ? 0 : -ENOMEM;
}

static int grow_stack(void)
{
    return space_fault(space, TOP - MIB(5), REGION_WRITE, TOP - MIB(5));
}

static int map_frames(void)
{
    int64_t at = space_map_physical(space, initrd_phys, INITRD_PAGES * PAGE_SIZE, REGION_READ, false);
    CHECK(at == -ENOMEM || at > 0);
    return at < 0 ? at : 0;
}

static int map_device(void)
{
    int64_t at = space_map_physical(space, 0x10000000, MIB(30), REGION_READ | REGION_WRITE, true);
    CHECK(at == -ENOMEM || at > 0);
    return at < 0 ? at : 0;
}

static int unmap_middle(void)
{
    return space_unmap(space, USER_MAP_BASE + PAGE_SIZE, PAGE_SIZE);
}

static int fork_it(void)
{
    return space_fork(space, &made, TOP - 8);
}

static int fill_read_only(void)
{
    return copy_between(space, user_at(TEXT + 5000), space, user_at(HEAP + MIB(1) / 2), 10, COPY_FORCE);
}

/* Gives how many frames it wanted at most. */
static unsigned squeeze(int (*operation)(void))
{
    unsigned most = 0;

    machine_on(MIB(24));
    frame_adopt(machine.initrd_start, machine.initrd_end - machine.initrd_start);
    struct held at_first = held_now();
    for (unsigned fill = 0; fill < FILL_MAX; fill++) {
        int result = -ENOMEM;
        for (unsigned room = 0; result < 0; room++) {
            set_up();
            for (unsigned i = 0; i < fill; i++)
                CHECK(space_map_physical(space, 0x10000000, PAGE_SIZE, REGION_READ, true) > 0);
            uint64_t kept = frames_available() - room;
            CHECK_EQUAL(commit_charge(kept), 0);
            struct held before = held_now();
            result = operation();
            struct space *spaces[] = {space, made};
            if (result < 0) {
                CHECK_EQUAL(result, -ENOMEM);
                CHECK(made == NULL);
                check_held(before);
            } else if (room > most) {
                most = room;
            }
            commit_release(kept);
            check_books(spaces, made != NULL ? 2 : 1, INITRD_PAGES);
            space_put(made);
            space_put(space);
            check_held(at_first);
        }
    }
    return most;
}

CASE(creating)
{
    CHECK(squeeze(create) >= 1);
}

CASE(adding_private_regions)
{
    CHECK(squeeze(add_private) >= MIB(6) / PAGE_SIZE + 4 + 2);
}

CASE(adding_read_only_regions)
{
    CHECK(squeeze(add_read_only) >= 7 + 2);
}

CASE(growing_the_heap)
{
    CHECK_EQUAL(squeeze(grow_heap), MIB(5) / PAGE_SIZE + 3);
}

CASE(growing_the_stack)
{
    CHECK_EQUAL(squeeze(grow_stack), MIB(5) / PAGE_SIZE - 1 + 2);
}

CASE(mapping_frames)
{
    CHECK_EQUAL(squeeze(map_frames), 1); /* tables are there already: the region's slab at most */
}

CASE(mapping_devices)
{
    CHECK(squeeze(map_device) >= 15);
}

CASE(splitting_a_region)
{
    CHECK_EQUAL(squeeze(unmap_middle), 1);
}

CASE(forking)
{
    CHECK(squeeze(fork_it) >= 8 + 257 + 1 + 7);
}

CASE(filling_read_only_pages)
{
    CHECK_EQUAL(squeeze(fill_read_only), 1);
}
