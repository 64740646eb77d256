/*
 * Physical memory in frames of 4 KiB: who owns one, who has been promised one.
 * Used by everything in the kernel that needs memory; knows nothing of address spaces.
 * Never blocks, never hands out a frame that was promised to somebody else.
 *
 * Two books are kept: which frames are free (buddy lists and a stash per hart), and one number, how
 * many frames are promised to nobody (the commitments). Invariant:
 *     frames free >= frames available + promised but not yet used + FRAME_RESERVE - held by pins alone
 * so taking a frame that was charged before cannot fail. A frame's charge either goes with the
 * frame (frame_alloc: released when the last reference goes) or stays with whoever charged it
 * (frame_take: a slot of an address space; the frame comes and goes, the charge stays).
 */
#ifndef KERNEL_MEM_FRAME_H
#define KERNEL_MEM_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "riscv/sv39.h"

#define FRAME_MAX_ORDER 10  /* largest block: 4 MiB */
#define FRAME_STASH 64      /* single frames kept by each hart at most */
#define FRAME_RESERVE 64    /* never promised: pays for pins (user_copy.h), at most 8 per hart */
#define FRAME_NONE 0xffffffffu

/* STASHED: in a hart's stash, or on its way to or from the free lists */
enum frame_state { FRAME_RESERVED, FRAME_FREE, FRAME_STASHED, FRAME_USED };

/* One per frame of RAM. Inside a free block only the first frame's is kept up to date. */
struct frame {
    uint32_t refs;   /* atomic; bounded by memory: each stands for a table entry or a pin */
    uint8_t order;   /* of the block that starts here */
    uint8_t state;   /* enum frame_state */
    uint8_t charged; /* used: the charge goes with the frame */
    uint8_t spare;
    uint32_t next, prev; /* free: neighbours in the free list, frame indices (LOCK_FRAMES).
                            used: `next` is its owner's, for what he likes */
};
_Static_assert(sizeof(struct frame) == 16, "a few bytes per frame");

extern struct frame *frame_array; /* all frames from the lowest RAM to the highest */
extern uint64_t frame_first;      /* page number of frame_array[0] */

/* Take over the machine's RAM but for the kernel image, the device tree and the initrd.
 * Called once at boot; panics when there is no room for the array. */
void frame_init(void);

/* Promise frames: 0 or -ENOMEM, all or nothing. Any lock may be held. */
int commit_charge(uint64_t frames);
/* Take a promise back (the frames must not be in use any more, or be about to be put). */
void commit_release(uint64_t frames);

/* A frame with one reference and its own charge; contents undefined. NULL: out of memory. */
struct frame *frame_alloc(void);
/* The same for 1 << order frames in a row, aligned to their size. NULL too when memory is fragmented. */
struct frame *frame_alloc_order(unsigned order);
/* A frame for a slot charged before: never NULL (running out is a bug and panics). */
struct frame *frame_take(void);
/* The same, and the charge goes with the frame from now on. */
struct frame *frame_take_charged(void);

/* Drop a reference. The last one frees the block, and releases the charge if it goes with the block.
 * frame_put: true when that was the last one. frame_free is the same for those who do not care. */
bool frame_put(struct frame *frame);
static inline void frame_free(struct frame *frame)
{
    frame_put(frame);
}

static inline void frame_get(struct frame *frame)
{
    __atomic_fetch_add(&frame->refs, 1, __ATOMIC_RELAXED);
}

/* How many references there are. 1 stays 1 while the asker keeps others from going through its own. */
static inline uint32_t frame_refs(const struct frame *frame)
{
    return __atomic_load_n(&frame->refs, __ATOMIC_ACQUIRE);
}

static inline uint64_t frame_phys(const struct frame *frame)
{
    return (frame_first + (uint64_t)(frame - frame_array)) << PAGE_SHIFT;
}

static inline void *frame_pointer(const struct frame *frame)
{
    return phys_to_virt(frame_phys(frame));
}

/* The frame at a physical address that is known to be RAM of the allocator's (a table entry's). */
static inline struct frame *frame_at(uint64_t phys)
{
    return frame_array + ((phys >> PAGE_SHIFT) - frame_first);
}

/* The frame at any physical address; NULL when that is not RAM in use through this allocator. */
struct frame *frame_of_phys(uint64_t phys);

/* Make RAM that frame_init left out (the initrd) ordinary frames with one reference each, and a charge
 * that goes with them. Whole pages around [phys, phys + bytes); boot only. */
void frame_adopt(uint64_t phys, uint64_t bytes);

/* Fill a frame with zeroes. */
void frame_zero(struct frame *frame);

/* One frame that always reads as zeroes. Never written to; mapped read-only, with a reference each time. */
extern struct frame *frame_of_zeroes;

uint64_t frames_total(void);     /* frames the allocator was ever given */
uint64_t frames_free(void);      /* in nobody's use (exact when no other hart is at work) */
uint64_t frames_available(void); /* promised to nobody */

#endif
