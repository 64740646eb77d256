/*
 * Frames, commitments and object caches: random operations against a model, running out of everything,
 * several harts at once.
 */
#include <pthread.h>
#include "check.h"
#include "machine.h"
#include "mem/cache.h"
#include "mem/frame.h"
#include "riscv/machine.h"

#define MEMORY   MIB(24)
#define HELD_MAX 20000

static struct frame *held[HELD_MAX];
static unsigned held_order[HELD_MAX];

/* Marks every page of a block, and finds whether a block handed out overlaps another. */
static void mark(struct frame *frame, unsigned order, uint64_t value)
{
    for (uint64_t i = 0; i < 1ul << order; i++)
        *((uint64_t *)frame_pointer(frame) + i * (PAGE_SIZE / 8)) = value + i;
}

static void check_mark(struct frame *frame, unsigned order, uint64_t value)
{
    for (uint64_t i = 0; i < 1ul << order; i++)
        CHECK_EQUAL(*((uint64_t *)frame_pointer(frame) + i * (PAGE_SIZE / 8)), value + i);
}

CASE(all_memory_but_what_is_in_use_is_found)
{
    machine_on(MEMORY);
    uint64_t pages = machine.memory[0].size >> PAGE_SHIFT;
    uint64_t array = (pages * sizeof(struct frame) + PAGE_MASK) >> PAGE_SHIFT;
    CHECK_EQUAL(frames_total(), pages - array - KIB(300) / PAGE_SIZE - INITRD_PAGES - 3 /* the tree's */);
    CHECK_EQUAL(frames_free(), frames_total() - 1); /* the one of zeroes */
    CHECK_EQUAL(frames_available(), frames_total() - FRAME_RESERVE - 1);
    CHECK(frame_of_phys(ARENA_PHYS) == NULL);
    CHECK(frame_of_phys(ARENA_PHYS + MEMORY) == NULL);
    CHECK(frame_of_phys(~0ul) == NULL);
    CHECK(frame_of_phys(initrd_phys) == NULL);
    check_books(NULL, 0, 0);
}

CASE(every_promised_frame_can_be_had)
{
    machine_on(MEMORY);
    struct held before = held_now();
    uint64_t n = frames_available();
    CHECK_EQUAL(commit_charge(n + 1), -12);
    CHECK_EQUAL(commit_charge(n), 0);
    CHECK_EQUAL(commit_charge(1), -12);
    CHECK_EQUAL(commit_charge(0), 0);
    CHECK(frame_alloc() == NULL);
    CHECK(frame_alloc_order(3) == NULL);
    for (uint64_t i = 0; i < n; i++) {
        stub_hart = i % 3;
        held[i] = frame_take();
        mark(held[i], 0, i);
    }
    CHECK_EQUAL(frames_free(), FRAME_RESERVE);
    for (uint64_t i = 0; i < n; i++) {
        stub_hart = i % 5;
        check_mark(held[i], 0, i);
        CHECK(frame_put(held[i]));
    }
    commit_release(n);
    check_held(before);
    /* All merge again: as many of the largest blocks as at first. */
    unsigned blocks = 0;
    while ((held[blocks] = frame_alloc_order(FRAME_MAX_ORDER)) != NULL)
        blocks++;
    CHECK(blocks >= 3);
    while (blocks > 0)
        frame_free(held[--blocks]);
    check_held(before);
}

/* The last free frames lie in the stash of another hart. */
CASE(a_frame_is_stolen_from_another_harts_stash)
{
    machine_on(MEMORY);
    uint64_t n = 0;
    while ((held[n] = frame_alloc()) != NULL)
        n++;
    for (unsigned i = 0; i < FRAME_RESERVE; i++)
        frame_take(); /* as many pins would */
    CHECK_EQUAL(frames_free(), 0);
    stub_hart = 4;
    for (unsigned i = 0; i < 20; i++)
        frame_free(held[--n]);
    stub_hart = 2;
    for (unsigned i = 0; i < 20; i++)
        CHECK((held[n++] = frame_alloc()) != NULL);
    CHECK(frame_alloc() == NULL);
}

CASE(references_are_counted)
{
    machine_on(MEMORY);
    struct held before = held_now();
    struct frame *frame = frame_alloc();
    CHECK_EQUAL(frames_available(), before.available - 1);
    frame_get(frame);
    CHECK_EQUAL(frame_refs(frame), 2);
    CHECK(!frame_put(frame));
    CHECK(frame_of_phys(frame_phys(frame)) == frame);
    CHECK(frame_at(virt_to_phys(frame_pointer(frame))) == frame);
    CHECK(frame_put(frame));
    check_held(before);
    CHECK(frame_of_phys(frame_phys(frame)) == NULL);
}

CASE(adopted_frames_become_ordinary)
{
    machine_on(MEMORY);
    struct held before = held_now();
    uint64_t total = frames_total();
    frame_adopt(machine.initrd_start, machine.initrd_end - machine.initrd_start);
    CHECK_EQUAL(frames_total(), total + INITRD_PAGES);
    check_held(before);
    check_books(NULL, 0, INITRD_PAGES);
    for (unsigned i = 0; i < INITRD_PAGES; i++) {
        struct frame *frame = frame_of_phys(initrd_phys + i * PAGE_SIZE);
        CHECK(frame != NULL);
        CHECK_EQUAL(*(uint8_t *)frame_pointer(frame), i);
        CHECK(frame_put(frame));
    }
    CHECK_EQUAL(frames_free(), before.free + INITRD_PAGES);
    CHECK_EQUAL(frames_available(), before.available + INITRD_PAGES);
    check_books(NULL, 0, 0);
}

CASE(random_blocks)
{
    machine_on(MEMORY);
    struct held before = held_now();
    unsigned n = 0;
    uint64_t used = 0;
    static uint64_t value[HELD_MAX];

    for (int step = 0; step < 60000; step++) {
        stub_hart = random_below(4);
        bool grow = step / 5000 % 2 == 0;
        if (random_below(10) < (grow ? 7 : 3) && n < HELD_MAX) {
            unsigned order = random_below(4) ? 0 : random_below(FRAME_MAX_ORDER + 1);
            struct frame *frame = frame_alloc_order(order);
            if (frame == NULL) {
                CHECK(order > 0 || frames_available() == 0);
                continue;
            }
            CHECK(frame_phys(frame) % ((uint64_t)PAGE_SIZE << order) == 0);
            used += 1ul << order;
            value[n] = random_u64();
            mark(frame, order, value[n]);
            held_order[n] = order;
            held[n++] = frame;
        } else if (n > 0) {
            unsigned i = random_below(n--);
            check_mark(held[i], held_order[i], value[i]);
            used -= 1ul << held_order[i];
            CHECK(frame_put(held[i]));
            held[i] = held[n];
            held_order[i] = held_order[n];
            value[i] = value[n];
        }
        CHECK_EQUAL(frames_free(), before.free - used);
        CHECK_EQUAL(frames_available(), before.available - used);
        if (step % 1000 == 0)
            check_books(NULL, 0, 0);
    }
    while (n > 0)
        frame_free(held[--n]);
    check_held(before);
}

/* --- caches --- */

struct thing {
    uint64_t first, words[9];
};
static struct cache things = CACHE("thing", struct thing);
static struct cache halves = CACHE_OF_SIZE("half", CACHE_MAX_OBJECT / 2);
static struct cache wholes = CACHE_OF_SIZE("whole", CACHE_MAX_OBJECT);

CASE(objects_are_zeroed_and_apart)
{
    machine_on(MEMORY);
    struct held before = held_now();
    struct cache *caches[] = {&things, &halves, &wholes};
    static struct {
        struct cache *cache;
        uint8_t *object, fill;
    } live[2000];
    unsigned n = 0;

    for (int step = 0; step < 40000; step++) {
        stub_hart = random_below(3);
        if (random_below(10) < (step / 4000 % 2 ? 3 : 7) && n < 2000) {
            struct cache *cache = caches[random_below(20) ? 0 : random_below(3)];
            uint8_t *object = cache_alloc(cache);
            CHECK(object != NULL && (uint64_t)object % CACHE_ALIGN == 0);
            for (unsigned i = 0; i < cache->size; i++)
                CHECK(object[i] == 0);
            live[n].cache = cache;
            live[n].object = object;
            live[n].fill = step;
            memset(object, live[n++].fill, cache->size);
        } else if (n > 0) {
            unsigned i = random_below(n--);
            for (unsigned j = 0; j < live[i].cache->size; j++)
                CHECK(live[i].object[j] == live[i].fill);
            cache_free(live[i].cache, live[i].object);
            live[i] = live[n];
        }
        CHECK_EQUAL(cache_live(&things) + cache_live(&halves) + cache_live(&wholes), n);
    }
    while (n > 0) {
        n--;
        cache_free(live[n].cache, live[n].object);
    }
    cache_free(&things, NULL);
    check_held(before); /* no slab is kept */
}

CASE(caches_run_out_and_recover)
{
    machine_on(MEMORY);
    struct held before = held_now();
    uint64_t keep = frames_available() - 3;
    CHECK_EQUAL(commit_charge(keep), 0);
    struct thing *list = NULL, *thing;
    unsigned n = 0;
    while ((thing = cache_alloc(&things)) != NULL) {
        thing->first = (uint64_t)list;
        list = thing;
        n++;
    }
    CHECK_EQUAL(n, 3 * (CACHE_MAX_OBJECT / sizeof(struct thing)));
    CHECK(kmalloc(40) == NULL);
    CHECK(kmalloc(KIB(20)) == NULL);
    while ((thing = list) != NULL) {
        list = (struct thing *)thing->first;
        cache_free(&things, thing);
    }
    commit_release(keep);
    check_held(before);
}

CASE(kmalloc_serves_all_sizes)
{
    machine_on(MEMORY);
    struct held before = held_now();
    static struct {
        uint8_t *memory;
        size_t size;
    } piece[3000];
    unsigned n = 0;
    for (size_t size = 0; size <= MIB(1); size += size / 16 + 1, n++) {
        piece[n].memory = kmalloc(size);
        piece[n].size = size;
        if (piece[n].memory == NULL)
            break;
        for (size_t i = 0; i < size; i++)
            CHECK(piece[n].memory[i] == 0);
        memset(piece[n].memory, n, size);
    }
    CHECK_EQUAL(kmalloc_live(), n);
    while (n-- > 0) {
        for (size_t i = 0; i < piece[n].size; i++)
            CHECK(piece[n].memory[i] == (uint8_t)n);
        kfree(piece[n].memory);
    }
    CHECK_EQUAL(kmalloc_live(), 0);
    CHECK(kmalloc(MIB(4) + 1) == NULL);
    CHECK(kmalloc(~0ul) == NULL);
    void *largest = kmalloc(MIB(4));
    CHECK(largest != NULL);
    kfree(largest);
    kfree(NULL);
    check_held(before);
}

/* --- several harts --- */

static void *work(void *argument)
{
    struct frame *mine[200];
    uint64_t value[200];
    unsigned n = 0;
    uint64_t seed = (uint64_t)argument * 0x9e3779b97f4a7c15ULL + 1;

    stub_hart = (uint64_t)argument;
    for (int step = 0; step < 60000; step++) {
        seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
        unsigned dice = seed >> 40;
        if (dice % 16 == 0) {
            struct thing *thing = cache_alloc(&things);
            if (thing != NULL)
                CHECK_EQUAL(thing->words[8], 0);
            cache_free(&things, thing);
        } else if (dice % 2 && n < 200) {
            mine[n] = dice % 64 == 1 ? frame_alloc_order(2) : frame_alloc();
            if (mine[n] == NULL)
                continue;
            value[n] = seed;
            mark(mine[n], mine[n]->order, seed);
            n++;
        } else if (n > 0) {
            unsigned i = dice / 16 % n--;
            check_mark(mine[i], mine[i]->order, value[i]);
            frame_free(mine[i]);
            mine[i] = mine[n];
            value[i] = value[n];
        }
    }
    while (n > 0)
        frame_free(mine[--n]);
    return NULL;
}

/* With so little left that promised frames are often in another hart's stash. */
CASE(harts_share_memory_that_is_nearly_out)
{
    machine_on(MEMORY);
    struct held before = held_now();
    uint64_t n = frames_available() - 300;
    for (uint64_t i = 0; i < n; i++)
        CHECK((held[i] = frame_alloc()) != NULL);
    pthread_t threads[4];
    for (uint64_t i = 0; i < 4; i++)
        CHECK(pthread_create(&threads[i], NULL, work, (void *)i) == 0);
    for (unsigned i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    while (n > 0)
        frame_free(held[--n]);
    check_held(before);
    check_books(NULL, 0, 0);
}
