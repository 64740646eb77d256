/*
 * Long work: it is done in pieces with breaths between, each piece short, and what other threads of the
 * program do in a breath does no harm.
 */
#include <errno.h>
#include "check.h"
#include "machine.h"
#include "mem/frame.h"
#include "mem/segment.h"
#include "mem/table.h"
#include "mem/user_copy.h"
#include "riscv/machine.h"

#define HEAP         0x10000ul
#define TOP          USER_STACK_TOP
#define PAGES        4000
#define OBJECT_PAGES 3000

static struct space *space;
static unsigned breaths;
static uint64_t word, mapped;
static void (*in_a_breath)(void);

static void breathe(void)
{
    CHECK_EQUAL(this_hart()->lock_count, 0);
    breaths++;
    if (in_a_breath != NULL)
        in_a_breath();
}

static struct held set_up(void)
{
    stub_initrd_pages = OBJECT_PAGES;
    machine_on(MIB(64));
    mem_upcalls.breathe = breathe;
    frame_adopt(machine.initrd_start, machine.initrd_end - machine.initrd_start);
    struct held before = held_now();
    space = space_create();
    CHECK_EQUAL(space_set_heap(space, HEAP), 0);
    CHECK_EQUAL(space_sbrk(space, PAGES * PAGE_SIZE), HEAP);
    space_activate(space);
    for (unsigned i = 0; i < PAGES; i++)
        CHECK_EQUAL(user_store(HEAP + i * PAGE_SIZE, TOP, i), 0);
    return before;
}

static void tear_down(struct held before)
{
    in_a_breath = NULL;
    space_put(space);
    check_held(before);
}

/* One breath for each WORK_BUDGET, give or take a table. */
static void check_breaths(unsigned pages)
{
    CHECK(breaths >= pages / (WORK_BUDGET + SV39_ENTRIES));
    CHECK(breaths <= 2 * pages / WORK_BUDGET + 2);
    breaths = 0;
}

CASE(long_work_breathes)
{
    struct held before = set_up();
    struct space *child;
    breaths = 0;
    CHECK_EQUAL(space_fork(space, &child, 0), 0);
    check_breaths(PAGES);
    space_put(child);
    check_breaths(PAGES);
    CHECK(space_sbrk(space, -(PAGES - 1) * PAGE_SIZE) > 0);
    check_breaths(PAGES);
    mapped = space_map_physical(space, initrd_phys, OBJECT_PAGES * PAGE_SIZE, REGION_READ, false);
    check_breaths(OBJECT_PAGES);
    CHECK_EQUAL(space_fork(space, &child, 0), 0);
    check_breaths(OBJECT_PAGES);
    CHECK_EQUAL(space_unmap(space, mapped, OBJECT_PAGES * PAGE_SIZE), 0);
    check_breaths(OBJECT_PAGES);
    space_put(child);
    tear_down(before);
}

static uint64_t resident, most_at_once;

static void see_what_went(void)
{
    uint64_t gone = resident - space->resident;
    most_at_once = gone > most_at_once ? gone : most_at_once;
    resident = space->resident;
}

/* However often one space maps what is taken away. */
CASE(many_mappings_lose_their_pages_in_pieces)
{
    enum { MAPPINGS = 200, EACH = 64 };
    struct held before = set_up();
    struct segment *segment = segment_create(EACH * PAGE_SIZE, &stub_paid);
    CHECK(segment != NULL);
    CHECK_EQUAL(segment_commit(segment, 0, EACH * PAGE_SIZE), 0);
    for (unsigned i = 0; i < MAPPINGS; i++) {
        uint64_t at = space_map_segment(space, segment, 0, EACH * PAGE_SIZE, REGION_READ, 0);
        for (unsigned page = 0; page < EACH; page++)
            CHECK_EQUAL(user_load(at + page * PAGE_SIZE, TOP, &word), 0);
    }
    resident = space->resident;
    most_at_once = 0;
    in_a_breath = see_what_went;
    CHECK_EQUAL(segment_decommit(segment, 0, EACH * PAGE_SIZE), 0);
    in_a_breath = NULL;
    CHECK_EQUAL(space->resident, PAGES);
    CHECK(most_at_once > 0 && most_at_once <= WORK_BUDGET + EACH);
    CHECK_EQUAL(user_load(USER_MAP_BASE, TOP, &word), -EFAULT);
    segment_put(segment);
    tear_down(before);
}

CASE(an_empty_giant_goes_quickly)
{
    struct held before = set_up();
    CHECK(space_sbrk(space, -PAGES * PAGE_SIZE) > 0);
    CHECK_EQUAL(space_map_physical(space, 0, 10ul << 30, REGION_READ, true), USER_MAP_BASE);
    CHECK_EQUAL(space_fault(space, USER_MAP_BASE + (7ul << 30), REGION_READ, TOP), 0);
    breaths = 0;
    CHECK_EQUAL(space_unmap(space, USER_MAP_BASE, 10ul << 30), 0);
    CHECK(breaths < 25);
    tear_down(before);
}

/* Another thread takes the region away and puts something else there, while a copy of it is being made. */
static void replace_mapping(void)
{
    if (breaths != 1)
        return;
    CHECK_EQUAL(space_unmap(space, mapped, OBJECT_PAGES * PAGE_SIZE), 0);
    CHECK_EQUAL(space_map_physical(space, initrd_phys + PAGE_SIZE, (OBJECT_PAGES - 1) * PAGE_SIZE,
                                   REGION_READ, false),
                mapped);
}

CASE(a_mapping_is_replaced_during_fork)
{
    struct held before = set_up();
    CHECK(space_sbrk(space, -PAGES * PAGE_SIZE) > 0);
    mapped = space_map_physical(space, initrd_phys, OBJECT_PAGES * PAGE_SIZE, REGION_READ, false);
    struct space *child;
    breaths = 0;
    in_a_breath = replace_mapping;
    CHECK_EQUAL(space_fork(space, &child, 0), 0);
    in_a_breath = NULL;
    CHECK(breaths > 1);
    struct space *both[] = {space, child};
    check_books(both, 2, OBJECT_PAGES);
    space_activate(child);
    unsigned found = 0;
    for (unsigned i = 0; i < OBJECT_PAGES; i++) { /* what the child has is what was there before */
        if (user_load(mapped + i * PAGE_SIZE, TOP, &word) < 0)
            continue;
        CHECK_EQUAL(word & 255, i & 255);
        found++;
    }
    CHECK(found >= 500 && found < OBJECT_PAGES);
    space_activate(space);
    for (unsigned i = 0; i < OBJECT_PAGES - 1; i++) {
        CHECK_EQUAL(user_load(mapped + i * PAGE_SIZE, TOP, &word), 0);
        CHECK_EQUAL(word & 255, (i + 1) & 255);
    }
    space_put(child);
    tear_down(before);
}

/* The same while the mapping is still being made. */
static void take_away_early(void)
{
    if (breaths != 1)
        return;
    CHECK_EQUAL(space_unmap(space, USER_MAP_BASE, OBJECT_PAGES * PAGE_SIZE), 0);
    CHECK_EQUAL(space_map_physical(space, initrd_phys, OBJECT_PAGES * PAGE_SIZE, REGION_READ, false),
                USER_MAP_BASE);
}

CASE(a_mapping_is_replaced_while_it_is_made)
{
    struct held before = set_up();
    breaths = 0;
    in_a_breath = take_away_early;
    space_map_physical(space, initrd_phys, OBJECT_PAGES * PAGE_SIZE, REGION_READ, false);
    in_a_breath = NULL;
    CHECK(breaths > 1);
    check_books(&space, 1, OBJECT_PAGES);
    tear_down(before);
}

/* Another thread moves the break while a large shrink is under way. */
static void grow_meanwhile(void)
{
    CHECK(space_sbrk(space, 3 * PAGE_SIZE) > 0);
}

static void shrink_meanwhile(void)
{
    CHECK(space_sbrk(space, 0) > 0);
    if (breaths == 2)
        CHECK(space_sbrk(space, -(space_sbrk(space, 0) - (int64_t)HEAP - 100)) > 0);
}

/* And while a growth is taken back that the job would not pay for. */
static void grow_in_the_first_breath(void)
{
    if (breaths == 1)
        CHECK(space_sbrk(space, PAGE_SIZE) > 0);
}

CASE(what_is_taken_back_is_nobody_elses)
{
    struct held before = set_up();
    breaths = 0;
    CHECK(space_sbrk_undo(space, HEAP + 100, PAGES * PAGE_SIZE - 100));
    CHECK_EQUAL(space_sbrk(space, 0), HEAP + 100);
    check_breaths(PAGES);
    CHECK_EQUAL(space_sbrk(space, PAGES * PAGE_SIZE), HEAP + 100);
    for (unsigned i = 0; i <= PAGES; i++)
        CHECK_EQUAL(user_store(HEAP + i * PAGE_SIZE, TOP, i), 0);
    CHECK(!space_sbrk_undo(space, HEAP + 100, PAGES * PAGE_SIZE - 1)); /* moved already */
    CHECK_EQUAL(space_sbrk(space, 0), HEAP + 100 + PAGES * PAGE_SIZE);
    in_a_breath = grow_in_the_first_breath;
    CHECK(!space_sbrk_undo(space, HEAP + 100, PAGES * PAGE_SIZE));
    CHECK_EQUAL(breaths, 1);
    check_books(&space, 1, OBJECT_PAGES);
    tear_down(before);
}

CASE(the_break_is_moved_by_two)
{
    struct held before = set_up();
    breaths = 0;
    in_a_breath = grow_meanwhile;
    CHECK_EQUAL(space_sbrk(space, -PAGES * PAGE_SIZE), HEAP + PAGES * PAGE_SIZE);
    CHECK_EQUAL(space_sbrk(space, 0), HEAP + breaths * 3 * PAGE_SIZE);
    check_books(&space, 1, OBJECT_PAGES);
    in_a_breath = NULL;
    CHECK(space_sbrk(space, PAGES * PAGE_SIZE) > 0);
    for (unsigned i = 0; i < PAGES; i++)
        CHECK_EQUAL(user_store(HEAP + i * PAGE_SIZE, TOP, i), 0);
    breaths = 0;
    in_a_breath = shrink_meanwhile;
    CHECK(space_sbrk(space, -PAGES * PAGE_SIZE) > 0);
    check_books(&space, 1, OBJECT_PAGES);
    tear_down(before);
}

/* A thread writes to pages that were shared a moment ago: only its own program may see it. */
static void write_everywhere(void)
{
    for (unsigned i = 0; i < PAGES; i += 7) {
        CHECK_EQUAL(user_store(HEAP + i * PAGE_SIZE + 8, TOP, i + breaths), 0);
        CHECK_EQUAL(copy_out(space, user_at(HEAP + i * PAGE_SIZE + 16), &breaths, sizeof(breaths)), 0);
    }
}

CASE(pages_are_written_during_fork)
{
    struct held before = set_up();
    struct space *child;
    breaths = 0;
    in_a_breath = write_everywhere;
    CHECK_EQUAL(space_fork(space, &child, 0), 0);
    in_a_breath = NULL;
    unsigned last = breaths;
    for (unsigned i = 0; i < PAGES; i++) {
        space_activate(child);
        CHECK_EQUAL(user_load(HEAP + i * PAGE_SIZE, TOP, &word), 0);
        CHECK_EQUAL(word, i);
        CHECK_EQUAL(user_load(HEAP + i * PAGE_SIZE + 8, TOP, &word), 0);
        CHECK(word == 0 || (i % 7 == 0 && word >= i && word <= i + last));
        space_activate(space);
        CHECK_EQUAL(user_load(HEAP + i * PAGE_SIZE + 8, TOP, &word), 0);
        CHECK_EQUAL(word, i % 7 == 0 ? i + last : 0);
    }
    struct space *both[] = {space, child};
    check_books(both, 2, OBJECT_PAGES);
    space_put(child);
    tear_down(before);
}
