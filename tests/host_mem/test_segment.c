/*
 * Segments: committing and decommitting pages against a model, mapped into several spaces that fork, unmap and
 * end meanwhile; memory that runs out; several harts at once; hostile arguments.
 */
#include <errno.h>
#include <pthread.h>
#include "check.h"
#include "program.h"
#include "mem/segment.h"
#include "mem/table.h"

#define PAGE(n) ((uint64_t)(n) * PAGE_SIZE)
#define RW      (REGION_READ | REGION_WRITE)

static uint64_t word;

static struct segment *new_segment(uint64_t bytes)
{
    struct segment *segment = segment_create(bytes, &stub_paid);

    CHECK(segment != NULL);
    return segment;
}

/* ---- alone ---- */

/* A segment of `pages` pages of which every `stride`th may be used, against an array of flags. */
static void against_a_model(uint64_t pages, uint64_t stride)
{
    enum { SLOTS = 200 };
    bool there[SLOTS] = {false};
    struct held before = held_now();
    struct segment *segment = new_segment(PAGE(pages));
    int64_t count = 0;

    for (unsigned step = 0; step < 1500; step++) {
        unsigned from = random_below(SLOTS), n = stride == 1 ? random_below(SLOTS - from) : 1;
        bool commit = random_below(2);
        CHECK_EQUAL(commit ? segment_commit(segment, PAGE(from * stride), PAGE(n))
                           : segment_decommit(segment, PAGE(from * stride), PAGE(n)), 0);
        for (unsigned i = from; i < from + n; i++) {
            count += commit - there[i];
            there[i] = commit;
        }
        CHECK_EQUAL(stub_paid, count);
        CHECK_EQUAL(segment->pages, count);
        unsigned look = random_below(SLOTS), first = look, last;
        while (first < SLOTS && !there[first])
            first++;
        for (last = first; last < SLOTS && there[last] && (stride == 1 || last == first); last++)
            continue;
        uint64_t offset = PAGE(look * stride), end;
        CHECK_EQUAL(segment_next(segment, &offset, &end), first < SLOTS ? 0 : -ENXIO);
        if (first < SLOTS) {
            CHECK_EQUAL(offset, PAGE(first * stride));
            CHECK_EQUAL(end, stride == 1 ? PAGE(last) : offset + PAGE_SIZE);
        }
        struct frame *frame = segment_frame(segment, PAGE(look * stride));
        CHECK_EQUAL(frame != NULL, there[look]);
        if (frame != NULL)
            frame_put(frame);
        check_books(NULL, 0, 0);
    }
    for (unsigned i = 0; i < SLOTS; i += 7) /* the rest goes with the segment */
        CHECK_EQUAL(segment_decommit(segment, PAGE(i * stride), PAGE_SIZE), 0);
    unsigned freed = stub_payers_free;
    segment_put(segment);
    CHECK_EQUAL(stub_payers_free, freed + 1);
    CHECK_EQUAL(stub_paid, 0);
    check_held(before);
}

CASE(pages_come_and_go_as_in_the_model)
{
    machine_on(MEMORY);
    against_a_model(200, 1);           /* one table */
    against_a_model(201 * 777, 777);   /* two levels, each page in another table */
    against_a_model(MIB(8), 41003);    /* three */
    struct segment *segment = new_segment(SEGMENT_MAX);
    CHECK_EQUAL(segment_commit(segment, SEGMENT_MAX - PAGE_SIZE, PAGE_SIZE), 0);
    uint64_t offset = 0, end;
    CHECK_EQUAL(segment_next(segment, &offset, &end), 0);
    CHECK_EQUAL(offset, SEGMENT_MAX - PAGE_SIZE);
    CHECK_EQUAL(end, SEGMENT_MAX);
    segment_put(segment);
}

CASE(ranges_across_tables)
{
    machine_on(MEMORY);
    struct held before = held_now();
    struct segment *segment = new_segment(PAGE(4000));
    uint64_t offset, end;
    CHECK_EQUAL(segment_commit(segment, PAGE(500), PAGE(1100)), 0);
    CHECK_EQUAL(segment_commit(segment, PAGE(400), PAGE(1300)), 0); /* the most of it is there */
    CHECK_EQUAL(stub_paid, 1300);
    CHECK_EQUAL(segment_decommit(segment, PAGE(600), PAGE(900)), 0);
    offset = 0;
    CHECK_EQUAL(segment_next(segment, &offset, &end), 0);
    CHECK(offset == PAGE(400) && end == PAGE(600));
    offset = end;
    CHECK_EQUAL(segment_next(segment, &offset, &end), 0);
    CHECK(offset == PAGE(1500) && end == PAGE(1700));
    CHECK_EQUAL(segment_decommit(segment, 0, PAGE(4000)), 0);
    CHECK_EQUAL(segment_next(segment, &(uint64_t){0}, &end), -ENXIO);
    check_books(NULL, 0, 0);
    segment_put(segment);
    check_held(before);
}

CASE(bad_ranges_are_refused)
{
    machine_on(MEMORY);
    struct segment *segment = new_segment(PAGE(10));
    static const uint64_t bad[][2] = {
        {1, PAGE_SIZE}, {0, 1}, {PAGE(10), PAGE_SIZE}, {PAGE(11), 0}, {PAGE_SIZE, PAGE(10)},
        {PAGE_SIZE, -(uint64_t)PAGE_SIZE}, {-(uint64_t)PAGE_SIZE, PAGE_SIZE}, {0, 1ul << 63},
    };
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK_EQUAL(segment_commit(segment, bad[i][0], bad[i][1]), -EINVAL);
        CHECK_EQUAL(segment_decommit(segment, bad[i][0], bad[i][1]), -EINVAL);
    }
    CHECK_EQUAL(segment_commit(segment, PAGE(10), 0), 0);
    struct space *space = program();
    CHECK_EQUAL(space_map_segment(space, segment, 100, PAGE_SIZE, RW, 0), -EINVAL);
    CHECK_EQUAL(space_map_segment(space, segment, 0, PAGE(11), RW, 0), -EINVAL);
    CHECK_EQUAL(space_map_segment(space, segment, PAGE_SIZE, PAGE(10), RW, 0), -EINVAL);
    CHECK_EQUAL(space_map_segment(space, segment, PAGE(10), 0, RW, 0), -EINVAL);
    CHECK_EQUAL(space_map_segment(space, segment, 0, PAGE(10), RW | REGION_EXEC, 0), -EINVAL);
    CHECK_EQUAL(space_map_segment(space, segment, 0, PAGE(10), 0, 0), -EINVAL);
    CHECK_EQUAL(space_map_segment(space, segment, 0, PAGE(10), RW, USER_MAP_BASE + 1), -EINVAL);
    CHECK_EQUAL(space_map_segment(space, segment, 0, PAGE(10), RW, TEXT), -EINVAL);
    CHECK_EQUAL(space_map_segment(space, segment, 0, PAGE(10), RW, USER_MAP_END - PAGE(9)), -EINVAL);
    CHECK_EQUAL(space_map_segment(space, segment, 0, PAGE(10), RW, -(uint64_t)PAGE_SIZE), -EINVAL);
    CHECK_EQUAL(space_map_segment(space, segment, 0, PAGE(10), RW, USER_MAP_END - PAGE(10)),
                USER_MAP_END - PAGE(10));
    CHECK_EQUAL(space_map_segment(space, segment, 0, PAGE(2), RW, USER_MAP_END - PAGE(11)), -EEXIST);
    CHECK_EQUAL(space_map_segment(space, segment, 0, PAGE(2), RW, USER_MAP_END - PAGE_SIZE), -EINVAL);
    CHECK_EQUAL(space_unmap(space, USER_MAP_END - PAGE(10), PAGE(10)), 0);
    end(space);
    segment_put(segment);
}

/* ---- mapped ---- */

CASE(what_is_committed_is_shared_and_the_rest_faults)
{
    machine_on(MEMORY);
    struct held before = held_now();
    struct segment *segment = new_segment(PAGE(100));
    struct space *space = program(), *child;
    space_activate(space);
    uint64_t at = space_map_segment(space, segment, PAGE(10), PAGE(80), RW, 0);
    CHECK_EQUAL(at, USER_MAP_BASE);
    CHECK_EQUAL(user_load(at, TOP, &word), -EFAULT);
    CHECK_EQUAL(segment_commit(segment, PAGE(10), PAGE(3)), 0);
    CHECK_EQUAL(user_load(at, TOP, &word), 0);
    CHECK_EQUAL(word, 0);
    CHECK_EQUAL(user_store(at, TOP, 77), 0);
    CHECK_EQUAL(user_fetch(at), -EFAULT);
    CHECK_EQUAL(user_load(at + PAGE(3), TOP, &word), -EFAULT);
    CHECK_EQUAL(copy_in(space, &word, user_at(at + PAGE(3)), 8), -EFAULT);
    uint64_t again = space_map_segment(space, segment, PAGE(10), PAGE_SIZE, REGION_READ, 0x1234567000);
    CHECK_EQUAL(again, 0x1234567000);
    CHECK_EQUAL(user_load(again, TOP, &word), 0);
    CHECK_EQUAL(word, 77);
    CHECK_EQUAL(user_store(again, TOP, 1), -EFAULT);
    CHECK_EQUAL(copy_out(space, user_at(again), &word, 8), -EFAULT);

    CHECK_EQUAL(space_fork(space, &child, TOP), 0);
    space_activate(child);
    CHECK_EQUAL(user_load(at, TOP, &word), 0);
    CHECK_EQUAL(word, 77);
    CHECK_EQUAL(user_store(at + PAGE(2), TOP, 99), 0);
    word = 88;
    CHECK_EQUAL(copy_out(child, user_at(at + PAGE(1)), &word, 8), 0);
    space_activate(space);
    CHECK_EQUAL(user_load(at + PAGE(2), TOP, &word), 0);
    CHECK_EQUAL(word, 99);
    CHECK_EQUAL(copy_in(space, &word, user_at(at + PAGE(1)), 8), 0);
    CHECK_EQUAL(word, 88);
    struct space *both[] = {space, child};
    check_books(both, 2, 3);

    /* taken away from both, at once, and new ones are empty */
    CHECK_EQUAL(segment_decommit(segment, PAGE(11), PAGE(2)), 0);
    check_books(both, 2, 1);
    CHECK_EQUAL(user_load(at + PAGE(2), TOP, &word), -EFAULT);
    CHECK_EQUAL(copy_in(child, &word, user_at(at + PAGE(1)), 8), -EFAULT);
    CHECK_EQUAL(user_load(at, TOP, &word), 0);
    CHECK_EQUAL(word, 77);
    CHECK_EQUAL(segment_commit(segment, 0, PAGE(100)), 0);
    CHECK_EQUAL(user_load(at + PAGE(2), TOP, &word), 0);
    CHECK_EQUAL(word, 0);

    /* parts are unmapped; the handle goes first, then the mappings one by one */
    CHECK_EQUAL(space_unmap(space, at + PAGE(20), PAGE(20)), 0);
    CHECK_EQUAL(user_load(at + PAGE(19), TOP, &word), 0);
    CHECK_EQUAL(user_load(at + PAGE(20), TOP, &word), -EFAULT);
    CHECK_EQUAL(user_load(at + PAGE(39), TOP, &word), -EFAULT);
    CHECK_EQUAL(user_store(at + PAGE(79), TOP, 5), 0);
    unsigned freed = stub_payers_free;
    segment_put(segment);
    end(space);
    CHECK_EQUAL(stub_payers_free, freed);
    space_activate(child);
    CHECK_EQUAL(user_load(at + PAGE(79), TOP, &word), 0);
    CHECK_EQUAL(word, 5);
    end(child);
    CHECK_EQUAL(stub_payers_free, freed + 1);
    CHECK_EQUAL(stub_paid, 0);
    check_held(before);
}

CASE(a_pinned_page_outlives_its_decommit)
{
    machine_on(MEMORY);
    struct held before = held_now();
    struct segment *segment = new_segment(PAGE(2));
    struct space *space = program();
    struct user_pin pin;
    space_activate(space);
    uint64_t at = space_map_segment(space, segment, 0, PAGE(2), RW, 0);
    CHECK_EQUAL(segment_commit(segment, 0, PAGE(2)), 0);
    CHECK_EQUAL(user_store(at, TOP, 1), 0);
    CHECK_EQUAL(user_pin(space, user_at(at), 8, REGION_WRITE, &pin), 0);
    CHECK(pin.frame != NULL); /* though the space is ours alone: the page is not */
    CHECK_EQUAL(segment_decommit(segment, 0, PAGE(2)), 0);
    *(uint64_t *)pin.p = 42; /* nobody else has it yet */
    CHECK_EQUAL(frame_refs(pin.frame), 1);
    user_unpin(&pin);
    segment_put(segment);
    end(space);
    check_held(before);
}

/* ---- out of memory ---- */

CASE(when_memory_runs_out_nothing_has_changed)
{
    machine_on(MEMORY);
    struct held at_first = held_now();
    for (unsigned pages = 1; pages <= 40; pages += 13)
        for (unsigned room = 0;; room++) {
            struct segment *segment = new_segment(PAGE(4000));
            CHECK_EQUAL(segment_commit(segment, PAGE(505), PAGE(3)), 0);
            uint64_t kept = frames_available() - room;
            CHECK_EQUAL(commit_charge(kept), 0);
            struct held before = held_now();
            int result = segment_commit(segment, PAGE(500), PAGE(pages));
            if (result < 0) {
                CHECK_EQUAL(result, -ENOMEM);
                CHECK_EQUAL(stub_paid, 3);
                check_held(before);
            }
            commit_release(kept);
            check_books(NULL, 0, 0);
            segment_put(segment);
            check_held(at_first);
            if (result == 0)
                break;
            CHECK(room < pages + 2);
        }
}

CASE(nor_when_the_payer_may_not_have_more)
{
    machine_on(MEMORY);
    struct segment *segment = new_segment(PAGE(1000));
    CHECK_EQUAL(segment_commit(segment, 0, PAGE(10)), 0);
    stub_pay_limit = 20;
    struct held before = held_now();
    CHECK_EQUAL(segment_commit(segment, 0, PAGE(21)), -ENOMEM);
    check_held(before);
    CHECK_EQUAL(stub_paid, 10);
    CHECK_EQUAL(segment_commit(segment, 0, PAGE(20)), 0);
    CHECK_EQUAL(segment_commit(segment, 0, PAGE(20)), 0); /* all there: costs nothing */
    CHECK_EQUAL(segment_decommit(segment, 0, PAGE_SIZE), 0);
    CHECK_EQUAL(segment_commit(segment, PAGE(999), PAGE_SIZE), 0);
    segment_put(segment);
    stub_pay_limit = INT64_MAX;
}

static int made_by_fork(struct space *space, struct space **child)
{
    return space_fork(space, child, TOP);
}

CASE(mapping_and_forking_fail_cleanly)
{
    machine_on(MEMORY);
    struct held at_first = held_now();
    for (unsigned fill = 0; fill < 40; fill++) /* so that each of the slabs is full now and then */
        for (unsigned room = 0, good = 0; !good; room++) {
            struct segment *segment = new_segment(PAGE(2000));
            struct space *space = program(), *child = NULL;
            CHECK_EQUAL(segment_commit(segment, 0, PAGE(2)), 0);
            for (unsigned i = 0; i < fill; i++)
                CHECK(space_map_segment(space, segment, 0, PAGE_SIZE, REGION_READ, 0) > 0);
            CHECK(space_map_segment(space, segment, 0, PAGE(3), RW, 0) > 0);
            uint64_t kept = frames_available() - room;
            CHECK_EQUAL(commit_charge(kept), 0);
            struct held before = held_now();
            int64_t at = space_map_segment(space, segment, 0, PAGE(2000), RW, 0);
            CHECK(at > 0 || at == -ENOMEM);
            if (at < 0)
                check_held(before);
            else
                CHECK_EQUAL(space_unmap(space, at, PAGE(2000)), 0);
            CHECK(space_unmap(space, USER_MAP_BASE, PAGE(fill + 2)) == 0 || fill == 0 || room == 0);
            before = held_now();
            int result = made_by_fork(space, &child);
            CHECK(result == 0 || result == -ENOMEM);
            if (result < 0)
                check_held(before);
            good = result == 0 && at > 0;
            commit_release(kept);
            struct space *spaces[] = {space, child};
            check_books(spaces, child != NULL ? 2 : 1, 2);
            space_put(child);
            space_put(space);
            segment_put(segment);
            check_held(at_first);
        }
}

/* ---- several harts ---- */

#define HARTS  4
#define SHARED 64
#define STEPS  3000

static struct segment *common;
static uint64_t common_at;
static struct space *common_space;

/* Pages 0..HARTS-1 stay: each hart has its own word there. The others come and go: a word read there is 0 or one
 * that somebody wrote there, never anything else; what a hart takes from the allocator stays as it left it. */
static void *work(void *argument)
{
    unsigned hart = (uint64_t)argument;
    uint64_t seed = hart + 1, mine = 0, found;
    struct space *space = common_space;

    stub_hart = hart;
    if (hart % 2) { /* half of them in a space of their own */
        CHECK_EQUAL(space_fork(common_space, &space, 0), 0);
    }
    space_activate(space);
    for (unsigned step = 0; step < STEPS; step++) {
        seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
        unsigned page = HARTS + (seed >> 40) % (SHARED - HARTS), dice = (seed >> 33) % 16;
        user_addr at = user_at(common_at + PAGE(page) + 8 * hart);
        uint64_t tag = 0xabcd0000 + page;
        if (dice == 0) {
            CHECK_EQUAL(segment_commit(common, PAGE(page), PAGE(1 + seed % (SHARED - page))), 0);
        } else if (dice == 1) {
            CHECK_EQUAL(segment_decommit(common, PAGE(page), PAGE(1 + seed % (SHARED - page))), 0);
        } else if (dice == 2) {
            struct space *child;
            CHECK_EQUAL(space_fork(space, &child, 0), 0);
            int result = copy_out(child, at, &tag, 8);
            CHECK(result == 0 || result == -EFAULT);
            space_put(child);
        } else if (dice == 3) {
            struct frame *frame = frame_alloc();
            CHECK(frame != NULL);
            uint64_t *words = frame_pointer(frame);
            for (unsigned i = 0; i < 16; i++)
                words[i] = seed + i;
            for (unsigned round = 0; round < 50; round++)
                for (unsigned i = 0; i < 16; i++)
                    CHECK_EQUAL(words[i], seed + i);
            frame_put(frame);
        } else if (dice < 10) {
            int result = copy_out(space, at, &tag, 8);
            CHECK(result == 0 || result == -EFAULT);
        } else if (dice < 13) {
            int result = copy_in(space, &found, at, 8);
            CHECK(result == -EFAULT || found == 0 || found == tag);
        } else {
            user_addr own = user_at(common_at + PAGE(hart) + 8);
            CHECK_EQUAL(copy_in(space, &found, own, 8), 0);
            CHECK_EQUAL(found, mine);
            mine = seed;
            CHECK_EQUAL(copy_out(space, own, &mine, 8), 0);
        }
    }
    space_activate_kernel();
    if (space != common_space)
        space_put(space);
    return NULL;
}

CASE(harts_commit_and_touch_and_decommit_at_once)
{
    pthread_t threads[HARTS];

    machine_on(MIB(16));
    struct held before = held_now();
    common = new_segment(PAGE(SHARED));
    common_space = space_create();
    common_at = space_map_segment(common_space, common, 0, PAGE(SHARED), RW, 0);
    CHECK_EQUAL(common_at, USER_MAP_BASE);
    CHECK_EQUAL(segment_commit(common, 0, PAGE(HARTS)), 0);
    for (uint64_t i = 0; i < HARTS; i++) {
        space_get(common_space);
        CHECK(pthread_create(&threads[i], NULL, work, (void *)i) == 0);
    }
    for (unsigned i = 0; i < HARTS; i++) {
        pthread_join(threads[i], NULL);
        space_put(common_space);
    }
    CHECK_EQUAL(stub_paid, (int64_t)common->pages);
    check_books(&common_space, 1, SHARED);
    segment_put(common);
    space_put(common_space);
    CHECK_EQUAL(stub_paid, 0);
    check_held(before);
}
