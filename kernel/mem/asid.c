/*
 * Address-space identifiers and TLB flushes. Numbers are handed out in order; when they run out a new
 * generation begins, in which every space gets a new number when it is next activated, and every hart
 * flushes its whole TLB before it uses one. Number 0 stays with the kernel's own table.
 * (Privileged specification, "Supervisor Address Translation and Protection (satp) Register".)
 */
#include "mem/table.h"
#include "riscv/hart.h"
#include "riscv/sbi.h"

#define GENERATION_SHIFT 16

static struct spinlock asid_lock = SPINLOCK_INIT("asid", LOCK_ASID);
/* asid_lock: */
static uint64_t generation = 1; /* also read without it */
static uint64_t next_asid = 1;
static uint64_t asid_max; /* highest number the hardware has; known once asid_probed is set */
static bool asid_probed;

/* The bits of the ASID field that stay set are the ones that exist. */
static void probe(void)
{
    uint64_t satp = csr_read(satp);

    csr_write(satp, satp | SATP_ASID_MASK << SATP_ASID_SHIFT);
    asid_max = csr_read(satp) >> SATP_ASID_SHIFT & SATP_ASID_MASK;
    csr_write(satp, satp);
    asid_probed = true;
}

static uint64_t asid_number(uint64_t asid)
{
    return asid & ((1ul << GENERATION_SHIFT) - 1);
}

static void renew(struct space *space)
{
    spin_lock(&asid_lock);
    if (!asid_probed)
        probe();
    if (space->asid >> GENERATION_SHIFT != generation) {
        if (next_asid > asid_max) {
            __atomic_store_n(&generation, generation + 1, __ATOMIC_RELAXED);
            next_asid = 1;
        }
        /* Without ASIDs in the hardware: number 0 and a generation of its own each time. */
        uint64_t asid = generation << GENERATION_SHIFT | (asid_max > 0 ? next_asid++ : 0);
        __atomic_store_n(&space->asid, asid, __ATOMIC_RELAXED);
    }
    spin_unlock(&asid_lock);
}

void space_activate(struct space *space)
{
    struct hart *hart = this_hart();

    if (hart->active_space == space)
        return;
    if (__atomic_load_n(&space->asid, __ATOMIC_RELAXED) >> GENERATION_SHIFT !=
            __atomic_load_n(&generation, __ATOMIC_RELAXED) ||
        asid_max == 0)
        renew(space);

    /* Before the first walk: who changes a table from now on sees the bit, and a change made earlier is
     * seen by the walk. */
    uint32_t bit = 1u << hart->index;
    if (!(__atomic_load_n(&space->harts, __ATOMIC_RELAXED) & bit))
        __atomic_fetch_or(&space->harts, bit, __ATOMIC_SEQ_CST);
    uint64_t asid = __atomic_load_n(&space->asid, __ATOMIC_RELAXED);
    satp_load(virt_to_phys(space->root), asid_number(asid));
    __atomic_store_n(&hart->active_space, (void *)space, __ATOMIC_RELAXED);

    /* Whoever changes a table sets `stale`, then looks whether the space is active here; we say that it is,
     * then look at `stale`. So one of the two flushes. After the switch, or walks through the old table could
     * refill what was flushed. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    uint64_t space_generation = asid >> GENERATION_SHIFT;
    bool stale = __atomic_load_n(&space->stale, __ATOMIC_RELAXED) & bit;
    if (stale)
        __atomic_fetch_and(&space->stale, ~bit, __ATOMIC_SEQ_CST);
    if (hart->asid_generation != space_generation || asid_max == 0) {
        tlb_flush_all();
        hart->asid_generation = space_generation;
    } else if (stale) {
        tlb_flush_asid(asid_number(asid));
    }
}

void space_activate_kernel(void)
{
    struct hart *hart = this_hart();

    if (hart->active_space == NULL)
        return;
    satp_load(kernel_root_phys, 0);
    __atomic_store_n(&hart->active_space, NULL, __ATOMIC_RELAXED);
}

/* Is the space the one that this hart translates with? */
static bool active_here(const struct space *space)
{
    return this_hart()->active_space == space;
}

/* The number that this hart's entries of its active space are tagged with: what satp says, since another hart
 * may have renewed space->asid meanwhile. */
static uint64_t asid_in_use(void)
{
    return csr_read(satp) >> SATP_ASID_SHIFT & SATP_ASID_MASK;
}

/*
 * The tables have changed. Harts that use the space now flush at once, through the firmware, which reaches them
 * even while they spin with interrupts off; the others, this one too if it works for somebody else, flush when
 * they next switch to the space, which costs nobody an interrupt.
 */
static void flush_others(struct space *space, uint64_t start, uint64_t size)
{
    uint32_t here = 1u << this_hart()->index, active = 0;
    uint32_t all = __atomic_load_n(&space->harts, __ATOMIC_SEQ_CST);
    uint32_t others = active_here(space) ? all & ~here : all;

    if (others == 0)
        return;
    __atomic_fetch_or(&space->stale, others, __ATOMIC_SEQ_CST); /* against space_activate: see there */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    for (unsigned i = 0; i < hart_count; i++)
        if ((others & ~here) >> i & 1 &&
            __atomic_load_n(&harts[i].active_space, __ATOMIC_RELAXED) == space)
            active |= 1u << i;
    if (active != 0) /* all ASIDs: they may know the space by an older number */
        sbi_remote_sfence_vma(active, start, size, SBI_ALL_ASIDS);
}

void asid_flush_page(struct space *space, uint64_t va)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* the tables first, then who has them */
    asid_forget_here(space, va);
    flush_others(space, va, PAGE_SIZE);
}

void asid_forget_here(const struct space *space, uint64_t va)
{
    if (active_here(space))
        tlb_flush_page(va, asid_in_use());
}

void asid_flush_space(struct space *space)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (active_here(space))
        tlb_flush_asid(asid_in_use());
    flush_others(space, 0, ~0ul);
}
