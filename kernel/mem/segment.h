/*
 * Segments: sparse memory that address spaces share. Behind ipc/memory.c (memory objects) and regions of kind
 * REGION_SEGMENT. A page of a segment has a frame or has none; only whoever commits or decommits changes that,
 * never a fault. Each frame pays for itself (frame_alloc), so what was committed can be touched without fail.
 *
 * Mapped pages are entered when they are touched, and each entry holds a reference on its frame. Taking pages
 * away goes: out of the segment's table first (from here on a fault finds nothing), then out of all spaces, then
 * out of all TLBs, then the frames are freed.
 *
 * Locks: LOCK_SEGMENT, inside LOCK_SPACE. The functions take it; but for those that say otherwise, callers
 * hold no lock, and long work is done in pieces with mem_upcalls.breathe() between them.
 */
#ifndef KERNEL_MEM_SEGMENT_H
#define KERNEL_MEM_SEGMENT_H

#include "mem/frame.h"
#include "mem/space.h"

#define SEGMENT_MAX (USER_MAP_END - USER_MAP_BASE) /* bytes */

struct segment {
    uint32_t refs;   /* atomic: the creator's, and one for each region that maps it */
    uint64_t number; /* constant: no other ever has it (word.h) */
    uint64_t bytes;  /* constant, page-aligned */
    unsigned levels; /* constant: of the table; 1 maps 2 MiB, 2 1 GiB, 3 the rest */
    void *payer;     /* constant: for the upward calls, segment_charge and segment_freed */

    struct spinlock lock; /* LOCK_SEGMENT; protects all below */
    pte_t *root;          /* tables as Sv39 has them; an entry is PTE_V and where the table or frame is */
    uint64_t pages;       /* that have a frame; the tests hold it against the table */
    struct list mappings; /* struct mapping */
};

/* A segment of so many bytes (page-aligned, 1..SEGMENT_MAX) without any frame, with one reference. Its payer is
 * charged for each page that gets a frame; segment_freed tells when the segment is gone. NULL: no memory. */
struct segment *segment_create(uint64_t bytes, void *payer);
void segment_get(struct segment *segment);
/* Drop a reference; NULL is ignored. When it is the last one, no lock may be held. */
void segment_put(struct segment *segment);

/* Give frames full of zeroes to the pages of [offset, offset + bytes) that have none. 0; -EINVAL: not
 * page-aligned, or beyond the end; -ENOMEM: the machine or the payer cannot have so many, and nothing has
 * changed. Who takes pages of this range away at the same time may find some of them without a frame after a 0. */
int segment_commit(struct segment *segment, uint64_t offset, uint64_t bytes);
/* Take the frames of [offset, offset + bytes) away, from everybody. 0 or -EINVAL. */
int segment_decommit(struct segment *segment, uint64_t offset, uint64_t bytes);
/* The first stretch of pages with frames that lies, or ends, above *offset (page-aligned): sets *offset and
 * *end. 0, or -ENXIO: there is none. */
int segment_next(struct segment *segment, uint64_t *offset, uint64_t *end);

/* The frame of the page at `offset`, with a reference, or NULL. Any lock below LOCK_SEGMENT may be held. */
struct frame *segment_frame(struct segment *segment, uint64_t offset);
/* The region (of its space, whose lock is held) begins or ends to map the segment. It keeps its reference. */
void segment_attach(struct segment *segment, struct mapping *mapping, struct space *space);
void segment_detach(struct segment *segment, struct mapping *mapping);

uint64_t segments_live(void);

#endif
