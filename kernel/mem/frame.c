/*
 * The frame allocator (frame.h). A buddy allocator (Knuth, TAOCP 1, 2.5) keeps blocks
 * of 2^order frames under one lock; each hart keeps a stash of single frames in front of it.
 * Frame entries inside a free block are not touched: start-up does work per block, not per frame.
 */
#include <common/string.h>
#include "mem/frame.h"
#include "riscv/hart.h"
#include "riscv/machine.h"
#include "riscv/panic.h"
#include "riscv/spinlock.h"
#include "riscv/start.h"

#define STASH_BATCH_ORDER 4 /* a stash is filled with 16 frames at a time */
#define STEAL_ROUNDS 1000   /* looks at every stash before a missing frame is called a bug */

struct frame *frame_array;
uint64_t frame_first;
struct frame *frame_of_zeroes;
static uint64_t frame_count; /* entries of frame_array */
static uint64_t total;       /* frames ever given to the allocator; boot only */

static struct spinlock buddy_lock = SPINLOCK_INIT("frames", LOCK_FRAMES);
/* buddy_lock: */
static uint32_t free_list[FRAME_MAX_ORDER + 1]; /* first block of each order, or FRAME_NONE */
static uint64_t buddy_frames;                   /* free frames in all lists */

static struct stash {
    struct spinlock lock;
    /* lock: */
    uint32_t count;
    uint32_t index[FRAME_STASH];
} __attribute__((aligned(64))) stashes[MAX_HARTS];

/* A frame's state becomes FRAME_FREE, and stops being that, with buddy_lock held only. Whoever merges blocks
 * may look at the state of any frame, while its owner changes it between the other values. */
static void set_state(struct frame *frame, enum frame_state state)
{
    __atomic_store_n(&frame->state, state, __ATOMIC_RELAXED);
}

static bool is_free(const struct frame *frame)
{
    return __atomic_load_n(&frame->state, __ATOMIC_RELAXED) == FRAME_FREE;
}

/* --- buddy lists; all with buddy_lock held --- */

static void list_push(uint32_t index, unsigned order)
{
    struct frame *frame = &frame_array[index];

    set_state(frame, FRAME_FREE);
    frame->order = order;
    frame->prev = FRAME_NONE;
    frame->next = free_list[order];
    if (frame->next != FRAME_NONE)
        frame_array[frame->next].prev = index;
    free_list[order] = index;
}

static void list_unlink(uint32_t index, unsigned order)
{
    struct frame *frame = &frame_array[index];

    if (frame->prev != FRAME_NONE)
        frame_array[frame->prev].next = frame->next;
    else
        free_list[order] = frame->next;
    if (frame->next != FRAME_NONE)
        frame_array[frame->next].prev = frame->prev;
}

/* Give a block back, merging it with its free neighbours. A block's neighbour of the same size is either
 * reserved memory or made of blocks no larger, so its first frame's entry is up to date. */
static void buddy_give(uint32_t index, unsigned order)
{
    uint64_t page = frame_first + index;

    buddy_frames += 1ul << order;
    for (; order < FRAME_MAX_ORDER; order++) {
        uint64_t neighbour = page ^ (1ul << order);
        if (neighbour < frame_first || neighbour - frame_first >= frame_count)
            break;
        struct frame *frame = &frame_array[neighbour - frame_first];
        if (!is_free(frame) || frame->order != order)
            break;
        list_unlink(neighbour - frame_first, order);
        page &= ~(1ul << order);
    }
    list_push(page - frame_first, order);
}

/* Take a block out of the lists, splitting a larger one if need be; FRAME_NONE when there is none. */
static uint32_t buddy_take(unsigned order)
{
    unsigned from = order;

    while (free_list[from] == FRAME_NONE)
        if (++from > FRAME_MAX_ORDER)
            return FRAME_NONE;
    uint32_t index = free_list[from];
    list_unlink(index, from);
    while (from > order) {
        from--;
        list_push(index + (1u << from), from);
    }
    buddy_frames -= 1ul << order;
    set_state(&frame_array[index], FRAME_STASHED);
    return index;
}

/* --- stashes --- */

/* Fill an empty stash from the buddy lists; stash->lock held. */
static void stash_fill(struct stash *stash)
{
    spin_lock(&buddy_lock);
    for (int order = STASH_BATCH_ORDER; order >= 0 && stash->count == 0; order--) {
        uint32_t index = buddy_take(order);
        if (index == FRAME_NONE)
            continue;
        for (uint32_t i = 1u << order; i-- > 0;) { /* the lowest comes out first */
            set_state(&frame_array[index + i], FRAME_STASHED);
            stash->index[stash->count++] = index + i;
        }
    }
    spin_unlock(&buddy_lock);
}

/* Give the `n` frames that have lain longest in a stash to the buddy lists; stash->lock held. */
static void stash_drain(struct stash *stash, uint32_t n)
{
    spin_lock(&buddy_lock);
    for (uint32_t i = 0; i < n; i++)
        buddy_give(stash->index[i], 0);
    spin_unlock(&buddy_lock);
    stash->count -= n;
    memmove(stash->index, stash->index + n, stash->count * sizeof(stash->index[0]));
}

static uint32_t stash_pop(struct stash *stash, bool fill)
{
    uint32_t index = FRAME_NONE;

    spin_lock(&stash->lock);
    if (stash->count == 0 && fill)
        stash_fill(stash);
    if (stash->count > 0)
        index = stash->index[--stash->count];
    spin_unlock(&stash->lock);
    return index;
}

/* The caller has been promised a frame, so one is free somewhere; it may be on the move between two places
 * while we look, hence the rounds. */
static uint32_t take_single(void)
{
    struct stash *own = &stashes[this_hart()->index];

    for (int round = 0; round < STEAL_ROUNDS; round++) {
        uint32_t index = stash_pop(own, true);
        for (unsigned i = 0; i < MAX_HARTS && index == FRAME_NONE; i++)
            index = stash_pop(&stashes[i], false);
        if (index != FRAME_NONE)
            return index;
    }
    panic("no free frame, though one was promised (%lu available)", (unsigned long)frames_available());
}

/* --- frames --- */

static struct frame *frame_start(uint32_t index, unsigned order, bool charged)
{
    struct frame *frame = &frame_array[index];

    frame->refs = 1;
    frame->order = order;
    frame->charged = charged;
    set_state(frame, FRAME_USED);
    return frame;
}

struct frame *frame_take(void)
{
    return frame_start(take_single(), 0, false);
}

struct frame *frame_take_charged(void)
{
    return frame_start(take_single(), 0, true);
}

struct frame *frame_alloc(void)
{
    if (commit_charge(1) < 0)
        return NULL;
    return frame_start(take_single(), 0, true);
}

struct frame *frame_alloc_order(unsigned order)
{
    if (order == 0)
        return frame_alloc();
    if (order > FRAME_MAX_ORDER || commit_charge(1ul << order) < 0)
        return NULL;

    spin_lock(&buddy_lock);
    uint32_t index = buddy_take(order);
    spin_unlock(&buddy_lock);
    if (index == FRAME_NONE) { /* perhaps the stashes hold the missing pieces */
        for (unsigned i = 0; i < MAX_HARTS; i++) {
            spin_lock(&stashes[i].lock);
            stash_drain(&stashes[i], stashes[i].count);
            spin_unlock(&stashes[i].lock);
        }
        spin_lock(&buddy_lock);
        index = buddy_take(order);
        spin_unlock(&buddy_lock);
    }
    if (index == FRAME_NONE) {
        commit_release(1ul << order);
        return NULL;
    }
    return frame_start(index, order, true);
}

/* Apart, so that frame_put saves no registers when others have the frame still. */
static __attribute__((noinline)) void frame_release(struct frame *frame)
{
    uint32_t index = frame - frame_array;
    unsigned order = frame->order;
    bool charged = frame->charged;

    ASSERT(frame->state == FRAME_USED);
    if (order > 0) {
        spin_lock(&buddy_lock);
        buddy_give(index, order);
        spin_unlock(&buddy_lock);
    } else {
        struct stash *stash = &stashes[this_hart()->index];
        spin_lock(&stash->lock);
        if (stash->count == FRAME_STASH)
            stash_drain(stash, FRAME_STASH / 2);
        set_state(frame, FRAME_STASHED);
        stash->index[stash->count++] = index;
        spin_unlock(&stash->lock);
    }
    if (charged)
        commit_release(1ul << order);
}

bool frame_put(struct frame *frame)
{
    /* A sole owner need not be atomic: nobody else can add a reference. */
    uint32_t refs = frame_refs(frame);
    if (refs != 1) {
        refs = __atomic_fetch_sub(&frame->refs, 1, __ATOMIC_ACQ_REL);
        ASSERT(refs != 0);
    }
    if (refs != 1)
        return false;
    frame->refs = 0;
    frame_release(frame);
    return true;
}

struct frame *frame_of_phys(uint64_t phys)
{
    uint64_t page = phys >> PAGE_SHIFT;

    if (page < frame_first || page - frame_first >= frame_count)
        return NULL;
    struct frame *frame = &frame_array[page - frame_first];
    return frame->state == FRAME_USED && frame->order == 0 ? frame : NULL;
}

void frame_zero(struct frame *frame)
{
    memset(frame_pointer(frame), 0, PAGE_SIZE);
}

void frame_adopt(uint64_t phys, uint64_t bytes)
{
    uint64_t end = (phys + bytes + PAGE_MASK) >> PAGE_SHIFT;

    for (uint64_t page = phys >> PAGE_SHIFT; page < end; page++) {
        ASSERT(page >= frame_first && page - frame_first < frame_count);
        ASSERT(frame_array[page - frame_first].state == FRAME_RESERVED);
        frame_start(page - frame_first, 0, true);
        total++;
    }
}

uint64_t frames_total(void)
{
    return total;
}

uint64_t frames_free(void)
{
    uint64_t sum = __atomic_load_n(&buddy_frames, __ATOMIC_RELAXED);

    for (unsigned i = 0; i < MAX_HARTS; i++)
        sum += __atomic_load_n(&stashes[i].count, __ATOMIC_RELAXED);
    return sum;
}

/* --- start-up --- */

#define HOLES_MAX 4
static struct { uint64_t start, end; } holes[HOLES_MAX]; /* page numbers */
static unsigned hole_count;

static void add_hole(uint64_t start, uint64_t end)
{
    ASSERT(hole_count < HOLES_MAX);
    holes[hole_count].start = start >> PAGE_SHIFT;
    holes[hole_count++].end = (end + PAGE_MASK) >> PAGE_SHIFT;
}

/* The first stretch of free RAM at or after page *start: sets *start and *end. False: no more. */
static bool next_stretch(uint64_t *start, uint64_t *end)
{
    for (unsigned r = 0; r < machine.memory_count; r++) {
        uint64_t base = machine.memory[r].base >> PAGE_SHIFT;
        uint64_t limit = base + (machine.memory[r].size >> PAGE_SHIFT);
        uint64_t at = *start > base ? *start : base;
        for (unsigned h = 0; h < hole_count; h++)
            if (holes[h].start <= at && at < holes[h].end) {
                at = holes[h].end;
                h = -1u; /* the hole's end may lie in another hole */
            }
        if (at >= limit)
            continue;
        for (unsigned h = 0; h < hole_count; h++)
            if (holes[h].start > at && holes[h].start < limit)
                limit = holes[h].start;
        *start = at;
        *end = limit;
        return true;
    }
    return false;
}

static void reserve(uint64_t from, uint64_t to)
{
    for (; from < to; from++)
        frame_array[from - frame_first] = (struct frame){.state = FRAME_RESERVED};
}

static void place_array(void)
{
    const struct memory_range *last = &machine.memory[machine.memory_count - 1];
    uint64_t start = 0, end;

    frame_first = machine.memory[0].base >> PAGE_SHIFT;
    frame_count = ((last->base + last->size) >> PAGE_SHIFT) - frame_first;
    uint64_t pages = (frame_count * sizeof(struct frame) + PAGE_MASK) >> PAGE_SHIFT;
    for (; next_stretch(&start, &end); start = end)
        if (end - start >= pages) {
            frame_array = phys_to_virt(start << PAGE_SHIFT);
            add_hole(start << PAGE_SHIFT, (start + pages) << PAGE_SHIFT);
            return;
        }
    panic("no room for %lu frame entries", (unsigned long)frame_count);
}

void frame_init(void)
{
    for (unsigned i = 0; i < MAX_HARTS; i++)
        spin_init(&stashes[i].lock, "frame stash", LOCK_FRAMES_HART);
    for (unsigned order = 0; order <= FRAME_MAX_ORDER; order++)
        free_list[order] = FRAME_NONE;

    add_hole(virt_to_phys(_text), virt_to_phys(_kernel_end));
    add_hole(machine.fdt_phys, machine.fdt_phys + machine.fdt_size);
    add_hole(machine.initrd_start, machine.initrd_end);
    place_array();

    /* All that is not free is marked before the first block is, so that merging sees true entries. */
    uint64_t start = 0, end, reserved_from = frame_first;
    for (; next_stretch(&start, &end); start = end) {
        reserve(reserved_from, start);
        reserved_from = end;
    }
    reserve(reserved_from, frame_first + frame_count);

    for (start = 0; next_stretch(&start, &end); start = end) {
        total += end - start;
        while (start < end) {
            unsigned order = 0;
            while (order < FRAME_MAX_ORDER && !(start & (1ul << order)) && start + (2ul << order) <= end)
                order++;
            buddy_give(start - frame_first, order);
            start += 1ul << order;
        }
    }
    if (total <= FRAME_RESERVE)
        panic("%lu frames of memory are not enough", (unsigned long)total);
    commit_release(total - FRAME_RESERVE);

    frame_of_zeroes = frame_alloc();
    ASSERT(frame_of_zeroes != NULL);
    frame_zero(frame_of_zeroes);
}
