/*
 * The simulated machine (machine.h), and the books' auditor.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <common/string.h>
#include <kinglet/errno.h>
#include "machine.h"
#include "mem/frame.h"
#include "mem/region.h"
#include "mem/table.h"
#include "riscv/machine.h"
#include "riscv/panic.h"
#include "riscv/sbi.h"
#include "riscv/start.h"
#include "riscv/trace_point.h"

#define TLB_ENTRIES 32
#define FAULTS_MAX  4 /* an access that faults more often than this would fault for ever */

struct hart harts[MAX_HARTS];
unsigned hart_count = MAX_HARTS;
struct machine machine;
char *stub_arena, *stub_text, *stub_kernel_end;
_Thread_local unsigned stub_hart;
unsigned stub_asid_bits = 16;
uint64_t initrd_phys;
unsigned stub_initrd_pages = INITRD_PAGES;
unsigned long user_faults;
pte_t kernel_root[SV39_ENTRIES];
uint64_t kernel_root_phys;

static uint64_t satp[MAX_HARTS];
static struct tlb_entry {
    bool valid;
    uint64_t asid, page;
    pte_t pte;
} tlb[MAX_HARTS][TLB_ENTRIES];
static unsigned tlb_next;

void panic(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("panic: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    abort();
}

/* --- what a spinlock that has to wait asks for: nobody panics elsewhere, and it is never late --- */

struct hart *panic_reporter;

void panic_stop(int where)
{
    panic("stopped at %d, though nobody reports", where);
}

/* The trace is off. */
uint64_t trace_on;

void trace_here(uint64_t what, uint32_t pid, uint32_t arg)
{
    (void)what, (void)pid, (void)arg;
    panic("a record, though the trace is off");
}

uint64_t ns_of_ticks(uint64_t ticks)
{
    return ticks;
}

uint64_t stub_read_time(void)
{
    return 0;
}

uint64_t ticks_of_ns(uint64_t ns)
{
    return ns;
}

/* --- translation --- */

uint64_t stub_read_satp(void)
{
    return satp[stub_hart];
}

void stub_write_satp(uint64_t value)
{
    uint64_t missing = SATP_ASID_MASK & ~((1ul << stub_asid_bits) - 1);
    satp[stub_hart] = value & ~(missing << SATP_ASID_SHIFT);
}

static void flush(unsigned hart, uint64_t start, uint64_t size, uint64_t asid)
{
    for (unsigned i = 0; i < TLB_ENTRIES; i++) {
        struct tlb_entry *entry = &tlb[hart][i];
        if ((asid == SBI_ALL_ASIDS || entry->asid == asid) && entry->page >= start &&
            entry->page - start < size)
            entry->valid = false;
    }
}

void tlb_flush_all(void)
{
    flush(stub_hart, 0, ~0ul, SBI_ALL_ASIDS);
}

void tlb_flush_asid(uint64_t asid)
{
    flush(stub_hart, 0, ~0ul, asid);
}

void tlb_flush_page(uint64_t va, uint64_t asid)
{
    flush(stub_hart, va & ~(uint64_t)PAGE_MASK, PAGE_SIZE, asid);
}

void sbi_remote_sfence_vma(uint64_t mask, uint64_t start, uint64_t size, uint64_t asid)
{
    for (unsigned i = 0; i < MAX_HARTS; i++)
        if (mask >> i & 1)
            flush(i, start & ~(uint64_t)PAGE_MASK, size, asid);
}

static pte_t walk(uint64_t va)
{
    pte_t entry = pte_make((satp[stub_hart] & ((1ul << 44) - 1)) << PAGE_SHIFT, PTE_V);

    for (int level = SV39_LEVELS - 1; level >= 0; level--) {
        if (!(entry & PTE_V) || (entry & (PTE_R | PTE_W | PTE_X)))
            return 0; /* no entry, or a leaf above the last level, which the kernel does not make */
        entry = ((pte_t *)phys_to_virt(pte_phys(entry)))[sv39_index(va, level)];
    }
    return entry;
}

/* The physical address behind a user address, as a hart would find it: through a TLB that may be out of
 * date. Every other access believes a lack of permission found there without a new walk, as some hardware
 * does (QEMU does not). */
static int translate(uint64_t va, pte_t wanted, int access, uint64_t sp, uint64_t *phys)
{
    bool believes = tlb_next++ % 2 == 0;

    for (int faults = 0; faults <= FAULTS_MAX; faults++) {
        uint64_t asid = satp[stub_hart] >> SATP_ASID_SHIFT & SATP_ASID_MASK;
        uint64_t page = va & ~(uint64_t)PAGE_MASK;
        struct tlb_entry *entry = NULL;
        for (unsigned i = 0; i < TLB_ENTRIES; i++)
            if (tlb[stub_hart][i].valid && tlb[stub_hart][i].asid == asid && tlb[stub_hart][i].page == page)
                entry = &tlb[stub_hart][i];
        if (entry == NULL || (!(entry->pte & wanted) && !believes)) {
            pte_t pte = walk(va);
            if ((pte & (PTE_V | PTE_U | PTE_A)) == (PTE_V | PTE_U | PTE_A)) {
                if (entry == NULL)
                    entry = &tlb[stub_hart][tlb_next % TLB_ENTRIES];
                *entry = (struct tlb_entry){true, asid, page, pte};
            }
        }
        if (entry != NULL && (entry->pte & wanted)) {
            *phys = pte_phys(entry->pte) + (va & PAGE_MASK);
            return 0;
        }
        user_faults++;
        int result = space_fault(this_hart()->active_space, va, access, sp);
        if (result < 0)
            return result;
    }
    panic("access %d to %lx faults for ever", access, (unsigned long)va);
}

int user_load(uint64_t va, uint64_t sp, uint64_t *word)
{
    uint64_t phys;
    int result = translate(va, PTE_R, REGION_READ, sp, &phys);

    if (result == 0)
        *word = *(uint64_t *)phys_to_virt(phys);
    return result;
}

int user_store(uint64_t va, uint64_t sp, uint64_t word)
{
    uint64_t phys;
    int result = translate(va, PTE_W, REGION_WRITE, sp, &phys);

    if (result == 0)
        *(uint64_t *)phys_to_virt(phys) = word;
    return result;
}

int user_fetch(uint64_t va)
{
    uint64_t phys;

    return translate(va, PTE_X, REGION_EXEC, USER_END, &phys);
}

/* --- on --- */

static void no_breath(void)
{
}

int64_t stub_paid, stub_pay_limit = INT64_MAX;
unsigned stub_payers_free;

static int charge(void *payer, int64_t pages)
{
    int64_t sum = __atomic_add_fetch(&stub_paid, pages, __ATOMIC_RELAXED);

    ASSERT(payer == &stub_paid && sum >= 0);
    if (pages <= 0 || sum <= stub_pay_limit)
        return 0;
    __atomic_fetch_sub(&stub_paid, pages, __ATOMIC_RELAXED);
    return -ENOMEM;
}

static void freed(void *payer)
{
    ASSERT(payer == &stub_paid);
    __atomic_fetch_add(&stub_payers_free, 1, __ATOMIC_RELAXED);
}

void machine_on(uint64_t bytes)
{
    stub_arena = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stub_arena == MAP_FAILED)
        panic("no arena");
    memset(stub_arena, 0xa5, bytes); /* what RAM holds at power-on is anything */
    for (unsigned i = 0; i < MAX_HARTS; i++)
        harts[i].index = i;
    for (unsigned i = SV39_ENTRIES / 2; i < SV39_ENTRIES; i++)
        kernel_root[i] = i; /* to be found again in each space */

    stub_text = stub_arena + MIB(2);
    stub_kernel_end = stub_text + KIB(300);
    initrd_phys = ARENA_PHYS + MIB(2) + KIB(512);
    for (unsigned i = 0; i < stub_initrd_pages; i++)
        memset(phys_to_virt(initrd_phys + i * PAGE_SIZE), i, PAGE_SIZE);
    machine.memory[0] = (struct memory_range){ARENA_PHYS + MIB(2), bytes - MIB(2)};
    machine.memory_count = 1;
    machine.initrd_start = initrd_phys;
    machine.initrd_end = initrd_phys + stub_initrd_pages * PAGE_SIZE - 100;
    machine.fdt_phys = ARENA_PHYS + bytes - KIB(70) - 8;
    machine.fdt_size = KIB(9);
    mem_upcalls.breathe = no_breath;
    mem_upcalls.segment_charge = charge;
    mem_upcalls.segment_freed = freed;
    frame_init();
}

/* --- the auditor --- */

struct held held_now(void)
{
    return (struct held){frames_available(), frames_free()};
}

void check_held(struct held before)
{
    struct held now = held_now();

    if (now.available != before.available || now.free != before.free)
        panic("leak: available %lu, was %lu; free %lu, was %lu", now.available, before.available, now.free,
              before.free);
}

static uint32_t *counted; /* references found, per frame */

static void count(uint64_t phys)
{
    counted[frame_at(phys) - frame_array]++;
}

/* Does a region that is not lazy touch [start, start + bytes)? */
static bool promised(struct space *space, uint64_t start, uint64_t bytes)
{
    for (struct region *r = region_first(space); r != NULL; r = region_next(space, r))
        if (r->kind != REGION_LAZY && r->start < start + bytes && r->end > start)
            return true;
    return false;
}

/* What the space should be charged, from its regions and, for lazy ones, from what is there; and every reference its tables hold. */
static void audit_space(struct space *space)
{
    uint64_t charge = 1, resident = 0, lazy = 0;
    uint64_t last_small = ~0ul, last_large = ~0ul, end = 0;

    for (struct region *r = region_first(space); r != NULL; r = region_next(space, r)) {
        if (r->start >= r->end || r->start < end)
            panic("regions out of order at %lx", r->start);
        end = r->end;
        charge += region_page_cost(r, r->start, r->end);
        if (r->kind == REGION_LAZY)
            continue;
        for (uint64_t span = r->start >> 21; span <= (r->end - 1) >> 21; span++) {
            charge += span != last_small;
            last_small = span;
            charge += span >> 9 != last_large;
            last_large = span >> 9;
        }
    }
    uint64_t lazy_tables = 0;
    count(virt_to_phys(space->root));
    for (unsigned i = 0; i < SV39_ENTRIES / 2; i++) {
        if (!(space->root[i] & PTE_V))
            continue;
        count(pte_phys(space->root[i]));
        lazy_tables += !promised(space, (uint64_t)i << 30, 1ul << 30);
        pte_t *upper = phys_to_virt(pte_phys(space->root[i]));
        for (unsigned j = 0; j < SV39_ENTRIES; j++) {
            if (!(upper[j] & PTE_V))
                continue;
            count(pte_phys(upper[j]));
            lazy_tables += !promised(space, (uint64_t)i << 30 | (uint64_t)j << 21, 1ul << 21);
            pte_t *table = phys_to_virt(pte_phys(upper[j]));
            for (unsigned k = 0; k < SV39_ENTRIES; k++) {
                uint64_t va = (uint64_t)i << 30 | (uint64_t)j << 21 | (uint64_t)k << 12;
                if (table[k] == 0)
                    continue;
                resident++;
                struct region *r = region_find(space, va);
                if (r == NULL)
                    panic("a page at %lx outside all regions", va);
                lazy += r->kind == REGION_LAZY;
                if ((table[k] | PTE_W | PTE_D) !=
                    (pte_make(pte_phys(table[k]), region_flags(r)) | PTE_W | PTE_D | (table[k] & PTE_DEVICE)))
                    panic("wrong flags in entry %lx at %lx", table[k], va);
                if ((table[k] & PTE_W) && !(r->prot & REGION_WRITE))
                    panic("a writable page at %lx, which is not", va);
                if (!(table[k] & PTE_DEVICE))
                    count(pte_phys(table[k]));
            }
        }
    }
    for (unsigned i = SV39_ENTRIES / 2; i < SV39_ENTRIES; i++)
        if (space->root[i] != kernel_root[i])
            panic("the kernel's half of a space differs");
    if (lazy != space->lazy_pages)
        panic("lazy pages %lu, should be %lu", space->lazy_pages, lazy);
    if (lazy_tables != space->lazy_tables)
        panic("lazy tables %lu, should be %lu", space->lazy_tables, lazy_tables);
    if (charge + lazy + lazy_tables != space->committed)
        panic("committed %lu, should be %lu", space->committed, charge + lazy + lazy_tables);
    if (resident != space->resident)
        panic("resident %lu, should be %lu", space->resident, resident);
}

void check_books(struct space **spaces, unsigned n, unsigned pins)
{
    uint64_t charged = FRAME_RESERVE, used = 0, uncharged = 0, slots = 0, extra = 0;

    counted = calloc(machine.memory[0].size >> PAGE_SHIFT, sizeof(counted[0]));
    for (unsigned i = 0; i < n; i++) {
        audit_space(spaces[i]);
        charged += spaces[i]->committed - 1; /* the root's goes with its frame */
        slots += spaces[i]->committed - 1;
    }
    for (uint64_t i = 0; i < machine.memory[0].size >> PAGE_SHIFT;) {
        struct frame *frame = &frame_array[i];
        uint64_t size = frame->state == FRAME_USED || frame->state == FRAME_FREE ? 1ul << frame->order : 1;
        if (frame->state == FRAME_USED) {
            used += size;
            charged += frame->charged ? size : 0;
            uncharged += frame->charged ? 0 : size;
            if (frame->refs < counted[i] || frame->refs == 0)
                panic("frame %lu has %u references, but %u were found", i, frame->refs, counted[i]);
            if (!frame->charged || counted[i] > 0)
                extra += frame == frame_of_zeroes ? 0 : frame->refs - counted[i];
        } else if (counted[i] > 0) {
            panic("frame %lu is mapped, but free", i);
        }
        i += size;
    }
    free(counted);
    if (used + frames_free() != frames_total())
        panic("used %lu + free %lu is not %lu", used, frames_free(), frames_total());
    if (frames_available() + charged != frames_total())
        panic("available %lu + charged %lu is not %lu", frames_available(), charged, frames_total());
    if (uncharged > slots + pins)
        panic("%lu frames in slots, but only %lu slots", uncharged, slots);
    if (extra > pins)
        panic("%lu references that nobody holds (%u pins)", extra, pins);
}
