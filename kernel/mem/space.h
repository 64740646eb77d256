/*
 * Address spaces: regions, page tables, faults, copy-on-write. Used by proc/ (create, fork, exec,
 * exit), by sys/ (sbrk, map, unmap), by the trap path (space_fault), by user_copy.c.
 * Never reads or writes user memory by its user address.
 *
 * Promises (frame.h): every page of a writable private region, and every page table that the
 * regions can need, is charged when the region is made and paid back when it goes, whatever has been
 * touched meanwhile. So a fault inside a region cannot fail; only a stack that grows past what was
 * committed can, and a page of lazy heap (sbrk_lazy), which is charged, with its tables, when it is touched. Pages of
 * private regions that are not writable are charged one by one as the loader fills them (PIN_FORCE) and shared by forks.
 *
 * Concurrency: space->lock protects all but refs. The functions here take it; callers hold no lock.
 * Long work is done in pieces with mem_upcalls.breathe() between them and no lock held.
 */
#ifndef KERNEL_MEM_SPACE_H
#define KERNEL_MEM_SPACE_H

#include <stdbool.h>
#include <stdint.h>
#include <common/list.h>
#include "riscv/spinlock.h"
#include "riscv/sv39.h"

#define REGION_READ 1
#define REGION_WRITE 2
#define REGION_EXEC 4

#define USER_MAP_END 0x2000000000ul /* map() regions end here; up to the stack nothing is mapped */
#define SPACE_MAX_REGIONS 1024      /* so that a walk of the list stays well below 1 ms */

enum region_kind {
    REGION_PRIVATE, /* zero-filled on demand, copied on write */
    REGION_LAZY,    /* the same, but each page, and each table, is charged only when it is first needed */
    REGION_STACK,   /* as PRIVATE; `start` moves down as it grows */
    REGION_FRAMES,  /* physical memory that belongs to a memory object; shared by forks */
    REGION_DEVICE,  /* device registers; shared by forks */
    REGION_SEGMENT, /* pages of a segment (segment.h), entered as they are touched; shared by forks */
};

/* A region on its segment's list. */
struct segment;
struct mapping {
    struct list_node node; /* the segment's lock */
    struct space *space;   /* NULL: none, this only keeps a place in the list */
};

struct region {
    struct list_node node;
    uint64_t start, end; /* page-aligned; never empty while on the list */
    uint64_t floor;      /* a stack's lowest possible start, or where a thread's begins; below it lies a guard page. Or 0 */
    uint64_t phys;       /* FRAMES, DEVICE: what `start` maps; SEGMENT: the offset in it */
    struct segment *segment; /* with a reference, or NULL */
    struct mapping mapping;
    uint8_t prot;        /* REGION_ bits */
    uint8_t kind;        /* enum region_kind */
};

struct space {
    uint32_t refs; /* atomic */

    struct spinlock lock; /* protects all below */
    pte_t *root;
    uint64_t asid;          /* asid.c: generation and number; 0: none yet */
    uint32_t harts;         /* bit i: harts[i] may hold TLB entries of this space (atomic) */
    uint32_t stale;         /* bit i: ... some of which are wrong: flush before the next use (atomic) */
    unsigned region_count;
    struct list regions;    /* ascending, disjoint */
    struct region *recent;  /* where the last lookup hit, or NULL */
    struct region *stack;   /* the region that grows, or NULL */
    struct region heap;     /* the heap's first region, on the list while it is not empty. Where eager and lazy
                               growth follow each other, more regions lie above it without a gap. */
    uint64_t heap_start;    /* 0: no heap */
    uint64_t heap_break;    /* first byte past the heap, as sbrk counts */

    /* read without the lock by ps and the job limits */
    uint64_t resident;  /* pages mapped */
    uint64_t committed; /* frames charged: writable private pages, tables, the root */

    uint64_t lazy_pages;  /* of these, pages of lazy regions: those that were touched... */
    uint64_t lazy_tables; /* ...and tables that are there for lazy regions alone */

    /* Where the user's sp is saved of the process that runs on the stack region (its trap frame's sp),
     * or NULL. Set by proc/ before the space is first used and reset when that process goes: the
     * copy functions let the stack grow for it as they would for the user, at or above its sp. With several
     * threads, at a word that is 0: nobody knows the sp of one that runs on another hart. */
    const uint64_t *user_sp;
};

/* Upward calls, filled in by main. breathe: take pending interrupts, in the middle of long work. */
struct mem_upcalls {
    void (*breathe)(void);
    /* Somebody pays for a segment: pages more or fewer (-ENOMEM: more than he may); nothing any more. */
    int (*segment_charge)(void *payer, int64_t pages);
    void (*segment_freed)(void *payer);
};
extern struct mem_upcalls mem_upcalls;

/* An empty space with one reference, or NULL: out of memory. */
struct space *space_create(void);
void space_get(struct space *space);
/* The same for one that may be on its way out: false, and no reference. */
bool space_get_alive(struct space *space);
/* Drop a reference (NULL is ignored). The last one frees everything, in pieces; when the space is
 * this hart's active one, the kernel's is activated first. */
void space_put(struct space *space);

/* Regions. Addresses page-aligned, inside USER_MIN..USER_STACK_TOP, free of other regions; prot not
 * WRITE|EXEC together. 0, -EINVAL (any of that violated) or -ENOMEM; on error nothing has changed. */
int space_add_private(struct space *space, uint64_t start, uint64_t end, int prot);
/* Stack of [top - limit, top) with a guard page below it; the uppermost `committed` bytes (rounded
 * up to pages, at least one) are promised now, the rest is charged as it grows. */
int space_add_stack(struct space *space, uint64_t top, uint64_t limit, uint64_t committed);
/* Where the heap starts (empty at first); once per space. 0 or -EINVAL. */
int space_set_heap(struct space *space, uint64_t start);

/* Move the break by `delta` bytes. The old break; -EINVAL: below the heap's start, or no heap;
 * -ENOMEM: no room or no memory. A large shrink acts as a series of small ones. */
int64_t space_sbrk(struct space *space, int64_t delta);
/* Grow the heap by `bytes` that nothing is charged for until it is touched. As above. */
int64_t space_sbrk_lazy(struct space *space, uint64_t bytes);
/* Take back what one of these two has grown the break by, from `old` on; but nothing that another thread got above it
 * meanwhile: then false, and some of it is left. */
bool space_sbrk_undo(struct space *space, uint64_t old, uint64_t bytes);

/* Map [phys, phys + bytes) (phys page-aligned) at a free address from USER_MAP_BASE up, and give that.
 * `device`: registers; otherwise frames in use (each gets a reference per page mapped).
 * -EINVAL: bad alignment, size, or prot, or no such frames; -ENOMEM. */
int64_t space_map_physical(struct space *space, uint64_t phys, uint64_t bytes, int prot, bool device);
/* Map [offset, offset + bytes) of a segment (offset page-aligned, inside it), whether there are frames yet or
 * not: at a free address, or with `at` (page-aligned) there. -EINVAL: bad alignment, size, prot or place;
 * -EEXIST: something is mapped there; -ENOMEM. */
int64_t space_map_segment(struct space *space, struct segment *segment, uint64_t offset, uint64_t bytes, int prot,
                          uint64_t at);
/* Memory of the space's own at a free address, as the heap is, with a page below it that stays unmapped. As above. */
int64_t space_map_private(struct space *space, uint64_t bytes, int prot);
/* Unmap the pages of [address, address + bytes), all of which must lie in regions that the three above made.
 * -EINVAL: not so, or not aligned, empty or wrapping. -ENOMEM: no memory
 * for splitting a region; then nothing is unmapped. */
int space_unmap(struct space *space, uint64_t address, uint64_t bytes);

/* A copy of `parent` in *child, with one reference; writable private pages are shared until
 * written. `user_sp`: the page it points into is copied at once, since both will write to it
 * first thing (0: none). 0 or -ENOMEM. The parent may be in use by other threads meanwhile. */
int space_fork(struct space *parent, struct space **child, uint64_t user_sp);

/* If the region at `at` maps the segment: take the pages [start, end) of that, at most 512, out of the region's tables
 * and out of all TLBs. Their frames must be kept alive by the caller. Gives the work done, in units of 100 instructions. */
unsigned space_forget(struct space *space, uint64_t at, const struct segment *segment, uint64_t start, uint64_t end);

/* A page fault of user code at `va`, access one of REGION_READ/WRITE/EXEC. 0: go on (also when another
 * thread was faster); -EFAULT: not allowed; -ENOMEM: no memory for the stack to grow or for a lazy page. */
int space_fault(struct space *space, uint64_t va, int access, uint64_t user_sp);

/* Make the space, or the kernel's table alone, this hart's. The caller keeps a reference for as long
 * as the space is active. Takes LOCK_ASID at most. */
void space_activate(struct space *space);
void space_activate_kernel(void);

/* Live spaces, for system_info. */
uint64_t spaces_live(void);

#endif
