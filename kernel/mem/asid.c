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

static uint64_t asid_number(const struct space *space)
{
    return space->asid & ((1ul << GENERATION_SHIFT) - 1);
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
        space->asid = generation << GENERATION_SHIFT | (asid_max > 0 ? next_asid++ : 0);
    }
    spin_unlock(&asid_lock);
}

void space_activate(struct space *space)
{
    struct hart *hart = this_hart();

    if (hart->active_space == space)
        return;
    if (space->asid >> GENERATION_SHIFT != __atomic_load_n(&generation, __ATOMIC_RELAXED) || asid_max == 0)
        renew(space);

    /* Before the first walk: who changes a table from now on sees the bit and flushes here too, and a
     * change made earlier is seen by the walk. */
    __atomic_fetch_or(&space->harts, 1u << hart->index, __ATOMIC_SEQ_CST);
    satp_load(virt_to_phys(space->root), asid_number(space));
    __atomic_store_n(&hart->active_space, (void *)space, __ATOMIC_RELAXED);

    /* After the switch, or walks through the old table could refill what was flushed. */
    uint64_t space_generation = space->asid >> GENERATION_SHIFT;
    if (hart->asid_generation != space_generation || asid_max == 0) {
        tlb_flush_all();
        hart->asid_generation = space_generation;
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

/* The number this hart's entries of the space are tagged with. While the space is active here that
 * is what satp says: another hart may have renewed space->asid meanwhile. */
uint64_t asid_local(const struct space *space)
{
    if (this_hart()->active_space == space)
        return csr_read(satp) >> SATP_ASID_SHIFT & SATP_ASID_MASK;
    return asid_number(space);
}

static void flush_others(struct space *space, uint64_t start, uint64_t size)
{
    uint32_t others = __atomic_load_n(&space->harts, __ATOMIC_SEQ_CST) & ~(1u << this_hart()->index);

    if (others != 0) /* all ASIDs: they may know the space by an older number */
        sbi_remote_sfence_vma(others, start, size, SBI_ALL_ASIDS);
}

void asid_flush_page(struct space *space, uint64_t va)
{
    tlb_flush_page(va, asid_local(space));
    flush_others(space, va, PAGE_SIZE);
}

void asid_flush_space(struct space *space)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* the tables first, then who has them */
    if (space->harts >> this_hart()->index & 1)
        tlb_flush_asid(asid_local(space));
    flush_others(space, 0, ~0ul);
}
