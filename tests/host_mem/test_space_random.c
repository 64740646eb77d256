/*
 * Random histories of several address spaces on several harts, against a model of what each program must see:
 * fork, break, stack, map, unmap, copies, and accesses through TLBs that are out of date whenever the
 * kernel lets them be. Memory is short, so everything fails now and then.
 */
#include <errno.h>
#include "check.h"
#include "machine.h"
#include "mem/frame.h"
#include "mem/user_copy.h"
#include "riscv/machine.h"

#define SPACES      8
#define HARTS       3
#define DATA        0x10000ul
#define DATA_PAGES  6
#define HEAP        (DATA + DATA_PAGES * PAGE_SIZE)
#define HEAP_PAGES  3000 /* the model's, at most: beyond two tables' borders */
#define STACK_PAGES 40
#define TOP         USER_STACK_TOP
#define LIMIT       (STACK_PAGES * PAGE_SIZE)
#define PAGES       (DATA_PAGES + HEAP_PAGES + STACK_PAGES)

/* The model: one word a page, at an offset of its own, and the bounds. */
static struct program {
    struct space *space;
    uint64_t word[PAGES];
    uint64_t brk, stack_low, sp;
    uint64_t mapped[INITRD_PAGES]; /* where a page of the initrd is mapped; 0: not */
} programs[SPACES];
static unsigned n_programs;
static uint64_t failures; /* -ENOMEM so far: that they happen is checked, too */

static uint64_t address(unsigned page)
{
    uint64_t base = page < DATA_PAGES + HEAP_PAGES
                        ? DATA + page * PAGE_SIZE
                        : TOP - (uint64_t)(page - DATA_PAGES - HEAP_PAGES + 1) * PAGE_SIZE;
    return base + page * 56 % PAGE_SIZE;
}

static bool exists(const struct program *p, unsigned page)
{
    uint64_t at = address(page) & ~(uint64_t)PAGE_MASK;
    return at < HEAP || at >= p->stack_low || at < p->brk;
}

static void run_on(struct program *p)
{
    stub_hart = random_below(HARTS);
    space_activate(p->space);
}

/* A page; more often one where something is. */
static unsigned any_page(const struct program *p)
{
    unsigned dice = random_below(4), heap = (p->brk - HEAP) / PAGE_SIZE;
    if (dice == 0)
        return random_below(DATA_PAGES);
    if (dice == 1)
        return DATA_PAGES + HEAP_PAGES + random_below(STACK_PAGES);
    return DATA_PAGES + (dice == 2 && heap > 0 ? random_below(heap) : random_below(HEAP_PAGES));
}

static void access_page(struct program *p)
{
    unsigned page = any_page(p);
    uint64_t at = address(page), found = 0, new = random_u64();
    unsigned how = random_below(4);
    bool pin_held = how == 3 && random_below(2);
    struct user_pin pin;
    int result;

    p->sp = TOP - random_below(LIMIT);
    if (how == 0)
        result = user_load(at, p->sp, &found);
    else if (how == 1)
        result = user_store(at, p->sp, new);
    else if (how == 2)
        result = copy_in(p->space, &found, user_at(at), 8);
    else if (!pin_held)
        result = copy_out(p->space, user_at(at), &new, 8);
    else
        result = user_pin(p->space, user_at(at), 8, REGION_WRITE, &pin);

    if (result == 0 && page >= DATA_PAGES + HEAP_PAGES && !exists(p, page)) {
        CHECK(at >= p->sp);
        p->stack_low = at & ~(uint64_t)PAGE_MASK;
    } else if (result == -ENOMEM) {
        CHECK(!exists(p, page));
        failures++;
    }
    CHECK_EQUAL(result == 0, exists(p, page));
    if (result < 0)
        return;
    if (pin_held) {
        *(uint64_t *)pin.p = new;
        user_unpin(&pin);
    }
    if (how == 0 || how == 2)
        CHECK_EQUAL(found, p->word[page]);
    else
        p->word[page] = new;
}

static void move_break(struct program *p)
{
    int64_t delta =
        (int64_t)random_below(random_below(8) ? 20 * PAGE_SIZE : 900 * PAGE_SIZE) - 10 * PAGE_SIZE;
    if (random_below(30) == 0)
        delta = -(int64_t)(p->brk - HEAP);
    if ((int64_t)(p->brk - HEAP) + delta > (int64_t)HEAP_PAGES * PAGE_SIZE)
        return;
    int64_t result = space_sbrk(p->space, delta);
    if ((int64_t)(p->brk - HEAP) + delta < 0) {
        CHECK_EQUAL(result, -EINVAL);
    } else if (result == -ENOMEM) {
        CHECK(delta > 0);
        failures++;
    } else {
        CHECK_EQUAL(result, p->brk);
        p->brk += delta;
        for (unsigned page = DATA_PAGES; page < DATA_PAGES + HEAP_PAGES; page++)
            if (!exists(p, page))
                p->word[page] = 0;
    }
}

static void map_or_unmap(struct program *p)
{
    unsigned first = random_below(INITRD_PAGES), n = 1 + random_below(INITRD_PAGES - first);
    if (p->mapped[first] == 0) {
        int64_t at =
            space_map_physical(p->space, initrd_phys + first * PAGE_SIZE, n * PAGE_SIZE, REGION_READ, false);
        if (at == -ENOMEM) {
            failures++;
            return;
        }
        CHECK(at >= (int64_t)USER_MAP_BASE);
        for (unsigned i = first; i < first + n; i++) {
            if (p->mapped[i] != 0) /* twice now: let go of the older one */
                CHECK_EQUAL(space_unmap(p->space, p->mapped[i], PAGE_SIZE), 0);
            p->mapped[i] = at + (i - first) * PAGE_SIZE;
        }
        return;
    }
    uint64_t word;
    uint64_t at = p->mapped[first];
    CHECK_EQUAL(user_load(at, TOP, &word), 0);
    CHECK_EQUAL(word & 255, first);
    int result = space_unmap(p->space, at, PAGE_SIZE);
    if (result == -ENOMEM) { /* for splitting a region: it is still there */
        failures++;
        CHECK_EQUAL(user_load(at, TOP, &word), 0);
        return;
    }
    CHECK_EQUAL(result, 0);
    p->mapped[first] = 0;
    CHECK_EQUAL(user_load(at, TOP, &word), -EFAULT);
}

/* What a thread of `forking` does on another hart while it is being forked: the child may see either. */
static struct program *forking;
static struct {
    unsigned page;
    uint64_t old;
} written[4000];
static unsigned n_written;

static void sibling(void)
{
    unsigned hart = stub_hart;
    for (unsigned i = 0; forking != NULL && i < 40 && n_written < 4000; i++) {
        unsigned page = any_page(forking);
        if (!exists(forking, page))
            continue;
        stub_hart = random_below(HARTS);
        space_activate(forking->space);
        written[n_written].page = page;
        written[n_written++].old = forking->word[page];
        forking->word[page] = random_u64();
        CHECK_EQUAL(user_store(address(page), TOP, forking->word[page]), 0);
    }
    stub_hart = hart;
}

static bool was_written(unsigned page, uint64_t value)
{
    for (unsigned i = 0; i < n_written; i++)
        if (written[i].page == page && written[i].old == value)
            return true;
    return false;
}

static void fork_program(struct program *p)
{
    struct program *child = &programs[n_programs];

    if (n_programs == SPACES)
        return;
    n_written = 0;
    forking = p;
    int result = space_fork(p->space, &child->space, random_below(2) ? TOP - random_below(LIMIT) : 0);
    forking = NULL;
    if (result == -ENOMEM) {
        failures++;
        return;
    }
    CHECK_EQUAL(result, 0);
    struct space *space = child->space;
    *child = *p;
    child->space = space;
    child->space->user_sp = &child->sp;
    n_programs++;
    space_activate(child->space);
    for (unsigned i = 0; i < n_written; i++) {
        unsigned page = written[i].page;
        CHECK_EQUAL(user_load(address(page), TOP, &child->word[page]), 0);
        CHECK(child->word[page] == p->word[page] || was_written(page, child->word[page]));
    }
}

static void make_program(void)
{
    struct program *p = &programs[n_programs];
    struct space *space = space_create();

    *p = (struct program){.space = space, .brk = HEAP, .stack_low = TOP - 2 * PAGE_SIZE};
    if (space == NULL || space_add_private(space, DATA, HEAP, REGION_READ | REGION_WRITE) < 0 ||
        space_add_stack(space, TOP, LIMIT, 5000) < 0) {
        failures++;
        space_put(space);
        return;
    }
    CHECK_EQUAL(space_set_heap(space, HEAP), 0);
    space->user_sp = &p->sp;
    n_programs++;
}

static void end_program(struct program *p)
{
    for (unsigned i = 0; i < HARTS; i++)
        if (harts[i].active_space == p->space) {
            stub_hart = i;
            if (i != 0 || random_below(2))
                space_activate_kernel();
        }
    stub_hart = 0;
    space_put(p->space);
    if (p != &programs[--n_programs]) {
        *p = programs[n_programs];
        p->space->user_sp = &p->sp;
    }
}

static void audit(void)
{
    struct space *spaces[SPACES];
    for (unsigned i = 0; i < n_programs; i++)
        spaces[i] = programs[i].space;
    check_books(spaces, n_programs, INITRD_PAGES);
}

static void history(uint64_t seed, uint64_t memory, unsigned asid_bits, int steps)
{
    random_state = seed;
    stub_asid_bits = asid_bits;
    machine_on(memory);
    mem_upcalls.breathe = sibling;
    frame_adopt(machine.initrd_start, machine.initrd_end - machine.initrd_start);
    struct held before = held_now();

    for (int step = 0; step < steps; step++) {
        unsigned dice = random_below(1000);
        if (n_programs == 0 || (dice < 5 && n_programs < SPACES)) {
            make_program();
            continue;
        }
        struct program *p = &programs[random_below(n_programs)];
        run_on(p);
        if (dice < 30)
            fork_program(p);
        else if (dice < 50)
            end_program(p);
        else if (dice < 100)
            move_break(p);
        else if (dice < 130)
            map_or_unmap(p);
        else
            access_page(p);
        if (step % 200 == 0)
            audit();
    }
    audit();
    while (n_programs > 0)
        end_program(&programs[0]);
    check_held(before);
    CHECK(failures > 0);
}

CASE(short_of_memory)
{
    history(1, MIB(7), 16, 60000);
}

CASE(very_short_of_memory)
{
    history(2, MIB(4), 16, 60000);
}

CASE(short_of_asids)
{
    history(3, MIB(20), 2, 60000);
}

CASE(no_asids)
{
    history(4, MIB(12), 0, 60000);
}
