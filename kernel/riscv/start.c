/*
 * From the first instruction in C to kernel_main: says hello before paging, reads the machine
 * and builds the kernel's page table. entry.S calls start, once, on the boot hart, and start_hart on
 * every other hart that harts_start has asked the firmware for.
 * Text is never writable and nothing else executable, in the direct map either.
 */
#include <stdint.h>
#include "riscv/clock.h"
#include "riscv/hart.h"
#include "riscv/kprintf.h"
#include "riscv/machine.h"
#include "riscv/plic.h"
#include "riscv/sbi.h"
#include "riscv/start.h"
#include "riscv/sv39.h"
#include "riscv/trap.h"

#define DIRECT_FLAGS (PTE_V | PTE_R | PTE_G | PTE_A)
#define DIRECT_RX (DIRECT_FLAGS | PTE_X)
#define DIRECT_R DIRECT_FLAGS
#define DIRECT_RW (DIRECT_FLAGS | PTE_W | PTE_D)

#define TABLES 16 /* below the root; QEMU's virt needs 6: its memory is one range */

pte_t kernel_root[SV39_ENTRIES] __attribute__((aligned(PAGE_SIZE)));
uint64_t kernel_root_phys;
static pte_t tables[TABLES][SV39_ENTRIES] __attribute__((aligned(PAGE_SIZE)));
static unsigned tables_used;

void start_hello(uint64_t hart_id, uint64_t fdt_phys);
void start(uint64_t hart_id, uint64_t fdt_phys, uint64_t entry_ticks);
void start_hart(void);
extern char _start[], hart_entry[];
extern uint32_t harts_called;

static void hello_number(uint64_t value, unsigned base)
{
    char text[20];
    unsigned i = sizeof text;
    do {
        unsigned digit = value % base;
        text[--i] = digit < 10 ? '0' + digit : 'a' + digit - 10;
        value /= base;
    } while (value);
    sbi_console_write(text + i, sizeof text - i);
}

/* One line before paging, so that a hang later is never silent. Runs at physical addresses: no
 * tables of pointers, so no switch statements and no kprintf. */
void start_hello(uint64_t hart_id, uint64_t fdt_phys)
{
    static const char hart[] = "Kinglet: hart ", tree[] = ", device tree at 0x", end[] = "\n";
    sbi_console_write(hart, sizeof hart - 1);
    hello_number(hart_id, 10);
    sbi_console_write(tree, sizeof tree - 1);
    hello_number(fdt_phys, 16);
    sbi_console_write(end, sizeof end - 1);
}

/* The entry of a level for an address in the upper half; makes the tables on the way. */
static pte_t *entry_for(uint64_t va, unsigned level)
{
    pte_t *table = kernel_root;
    for (unsigned l = SV39_LEVELS - 1; l > level; l--) {
        pte_t *entry = &table[sv39_index(va, l)];
        if (!(*entry & PTE_V)) {
            if (tables_used == TABLES)
                machine_unfit("its memory is in too many pieces");
            *entry = pte_make(virt_to_phys(tables[tables_used++]), PTE_V);
        }
        table = phys_to_virt(pte_phys(*entry));
    }
    return &table[sv39_index(va, level)];
}

/* Map [phys, end) into the direct map in the largest pages that fit. */
static void map(uint64_t phys, uint64_t end, pte_t flags)
{
    while (phys < end) {
        unsigned level = SV39_LEVELS - 1;
        while (phys % SV39_SPAN(level) != 0 || end - phys < SV39_SPAN(level))
            level--;
        *entry_for(phys + KERNEL_BASE, level) = pte_make(phys, flags);
        phys += SV39_SPAN(level);
    }
}

static uint64_t page_up(uint64_t address)
{
    return (address + PAGE_MASK) & ~(uint64_t)PAGE_MASK;
}

static void build_kernel_table(void)
{
    uint64_t text = virt_to_phys(_text), data = virt_to_phys(_data);
    map(text, virt_to_phys(_etext), DIRECT_RX);
    map(virt_to_phys(_rodata), virt_to_phys(_erodata), DIRECT_R);

    for (unsigned i = 0; i < machine.memory_count; i++) {
        uint64_t base = machine.memory[i].base, end = base + machine.memory[i].size;
        if (base <= text && text < end) { /* the image's own range: around text and rodata */
            map(base, text, DIRECT_RW);
            base = data;
        }
        map(base, end, DIRECT_RW);
    }
    map(machine.plic_base, page_up(machine.plic_base + machine.plic_size), DIRECT_RW);
    if (machine.finisher)
        map(machine.finisher, machine.finisher + PAGE_SIZE, DIRECT_RW);
}

/* What every hart does for itself before it can be interrupted and woken. */
static void hart_ready(void)
{
    plic_init_hart();
    clock_deadline(CLOCK_NEVER);
    hart_set_online();
}

/* The first C in the upper half, on boot_root, on the boot hart's idle stack. */
void start(uint64_t hart_id, uint64_t fdt_phys, uint64_t entry_ticks)
{
    clock_entry_ticks = entry_ticks;
    harts_init();
    trap_init_hart();
    machine_read(hart_id, fdt_phys);
    hart_count = machine.harts;
    for (unsigned i = 0; i < machine.harts; i++)
        harts[i].id = machine.hart_ids[i];

    build_kernel_table();
    kernel_root_phys = virt_to_phys(kernel_root);
    satp_load(kernel_root_phys, 0);
    tlb_flush_all();

    plic_init();
    hart_ready();
    kernel_main();
}

/* The first C on every other hart, on its idle stack and the kernel's page table. */
void start_hart(void)
{
    trap_init_hart();
    hart_ready();
    sbi_send_ipi(1); /* the boot hart waits for us: harts_start */
    hart_main();
}

/* Long enough for a hart to get through start_hart on a loaded host; all of them together. */
#define START_PATIENCE_NS (2 * NS_PER_SECOND)

void harts_start(bool at_image_entry)
{
    unsigned asked = 1;
    const char *entry = at_image_entry ? _start : hart_entry;
    __atomic_store_n(&harts_called, 1, __ATOMIC_RELEASE);
    for (unsigned i = 1; i < hart_count; i++) {
        if (sbi_hart_start(harts[i].id, virt_to_phys(entry), virt_to_phys(&harts[i])))
            asked++;
        else
            klog(LOG_WARN, "hart %lu: the firmware does not start it; going on without\n", harts[i].id);
    }
    uint64_t until = clock_ticks() + ticks_of_ns(START_PATIENCE_NS);
    clock_deadline(until);
    while (harts_online() < asked && clock_ticks() < until) {
        hart_wait(); /* until one of them says that it is there, or time is up */
        csr_clear(sip, SIE_SSIE);
    }
    clock_deadline(CLOCK_NEVER);
}
