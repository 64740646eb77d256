/* Symbols and the walk along the frame pointers (backtrace.h). */
#include "riscv/backtrace.h"
#include <stddef.h>
#include "riscv/hart.h"
#include "riscv/kprintf.h"
#include "riscv/machine.h"
#include "riscv/start.h"
#include "riscv/sv39.h"

#define DEPTH_MAX 32

static bool is_text(uint64_t address)
{
    return address >= (uint64_t)_text && address < (uint64_t)_etext;
}

const char *ksym_find(uint64_t address, uint64_t *offset)
{
    uint64_t base = (uint64_t)_text;
    if (!is_text(address) || ksyms_count == 0 || address - base < ksyms[0].offset)
        return NULL;
    uint32_t low = 0, high = ksyms_count; /* ksyms[low] is at or below the address, ksyms[high] above */
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (ksyms[middle].offset <= address - base)
            low = middle;
        else
            high = middle;
    }
    *offset = address - base - ksyms[low].offset;
    return ksyms_names + ksyms[low].name;
}

/* `called`: address is where a call returns to; the call itself, just before, names the function. */
static void print_place(int depth, uint64_t address, bool called)
{
    uint64_t offset = 0;
    const char *name = ksym_find(address - called, &offset);
    if (name)
        kprintf("  #%d 0x%lx %s+0x%lx\n", depth, address, name, offset + called);
    else
        kprintf("  #%d 0x%lx\n", depth, address);
}

/* The compilers put a function's return address and its caller's frame pointer right below its
 * own frame pointer, which is the stack pointer at its entry. */
struct frame_record {
    uint64_t fp, ra;
};

/* A frame pointer may be anything: a user's s0, if a trap came between. */
static const struct frame_record *record_at(uint64_t fp)
{
    uint64_t record = fp - sizeof(struct frame_record);
    if (fp % 8 != 0 || fp < KERNEL_BASE ||
        !machine_is_memory(record - KERNEL_BASE, sizeof(struct frame_record)))
        return NULL;
    return (const struct frame_record *)record;
}

/* Whether the trapped function is one that has its return address in ra and not on the stack: ra
 * then leads out of it. In others ra is what some call of theirs left there. */
static bool is_leaf(uint64_t pc, uint64_t ra)
{
    uint64_t offset;
    return is_text(ra) && ksym_find(ra - 1, &offset) != ksym_find(pc, &offset);
}

void backtrace(uint64_t pc, uint64_t ra, uint64_t fp)
{
    int depth = 0;
    if (pc)
        print_place(depth++, pc, false);
    const struct frame_record *record = record_at(fp);
    if (is_leaf(pc, ra) && record && record->ra != ra) {
        print_place(depth++, ra, true);
        if (!is_text(record->ra)) /* it has saved fp alone, in the upper place */
            record = record_at(record->ra);
    }
    while (record && is_text(record->ra) && depth < DEPTH_MAX) {
        print_place(depth++, record->ra, true);
        /* Callers lie above, on one stack. */
        uint64_t here = (uint64_t)record;
        record = record->fp > here && record->fp - here <= KSTACK_SIZE ? record_at(record->fp) : NULL;
    }
}
