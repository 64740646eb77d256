/*
 * Reads the device tree (machine.h): once, on boot_root, before there is an allocator. Every
 * lack is one line that says what is missing, and the end of the run. Later only
 * machine_find_device reads the tree again. Bindings: Devicetree Specification 0.4, chapter 3,
 * and the Linux bindings named at each function.
 */
#include "riscv/machine.h"
#include <common/fdt.h>
#include <common/string.h>
#include <kinglet/process.h>
#include <kinglet/syscall.h>
#include <stdarg.h>
#include "riscv/clock.h"
#include "riscv/kprintf.h"
#include "riscv/power.h"
#include "riscv/start.h"
#include "riscv/sv39.h"

#define FDT_MAX_BYTES (2ul << 20) /* more than any tree of QEMU's */
#define MIB (1ul << 20)
#define HART_IDS_MAX 64 /* ids that fit the SBI's hart masks */
#define PLIC_IRQ_SUPERVISOR 9 /* number of the external interrupt in sie */

struct machine machine = {.bootargs = ""};

static struct fdt tree;
static uint32_t hart_intc[MAX_HARTS]; /* phandle of each hart's own interrupt controller */

void machine_unfit(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    kprintf("Kinglet cannot run on this machine: ");
    kvprintf(format, args);
    kprintf("\n");
    power_off(RUN_STATUS_MACHINE);
}

/* ---- memory: a sorted list of ranges ---- */

static void insert_range(uint64_t base, uint64_t end)
{
    base = (base + PAGE_MASK) & ~(uint64_t)PAGE_MASK;
    end &= ~(uint64_t)PAGE_MASK;
    if (base >= end)
        return;
    if (machine.memory_count == MACHINE_MAX_RANGES) {
        kprintf("Kinglet: memory at 0x%lx is left out: more than %d ranges\n", base, MACHINE_MAX_RANGES);
        return;
    }
    unsigned i = machine.memory_count++;
    for (; i > 0 && machine.memory[i - 1].base > base; i--)
        machine.memory[i] = machine.memory[i - 1];
    machine.memory[i] = (struct memory_range){base, end - base};
}

/* Take [base, end) out of what there is, whole pages of it. */
static void remove_range(uint64_t base, uint64_t end)
{
    struct memory_range old[MACHINE_MAX_RANGES];
    unsigned count = machine.memory_count;
    memcpy(old, machine.memory, sizeof old);
    machine.memory_count = 0;
    for (unsigned i = 0; i < count; i++) {
        uint64_t old_base = old[i].base, old_end = old_base + old[i].size;
        if (old_base < base)
            insert_range(old_base, old_end < base ? old_end : base);
        if (old_end > end)
            insert_range(old_base > end ? old_base : end, old_end);
    }
}

bool machine_is_memory(uint64_t phys, uint64_t size)
{
    for (unsigned i = 0; i < machine.memory_count; i++) {
        const struct memory_range *range = &machine.memory[i];
        if (phys >= range->base && phys - range->base < range->size)
            return size <= range->size - (phys - range->base);
    }
    return false;
}

/* device_type "memory"; /reserved-memory; the blob's own reservations. */
static void read_memory(void)
{
    uint64_t total = 0, base, size;
    int node, depth;
    for (node = -1; (node = fdt_next_node(&tree, node, NULL)) >= 0;) {
        const char *type = fdt_property_string(&tree, node, "device_type");
        if (!type || strcmp(type, "memory") != 0 || !fdt_is_enabled(&tree, node))
            continue;
        for (int i = 0; fdt_reg(&tree, node, i, &base, &size) == 0; i++) {
            insert_range(base, base + size);
            total += size;
        }
    }
    if (total == 0)
        machine_unfit("the device tree names no memory");
    if (total < MACHINE_MIN_MEMORY)
        machine_unfit("it has %lu MiB of memory, %lu MiB are needed", total / MIB, MACHINE_MIN_MEMORY / MIB);

    remove_range(0, virt_to_phys(_text)); /* the firmware's */
    remove_range(DIRECT_MAP_BYTES, ~0ul);
    depth = 1; /* that of /reserved-memory; its children are one deeper */
    node = fdt_find_path(&tree, "/reserved-memory");
    while (node >= 0 && (node = fdt_next_node(&tree, node, &depth)) >= 0 && depth > 1)
        for (int i = 0; fdt_reg(&tree, node, i, &base, &size) == 0; i++)
            remove_range(base, base + size);
    for (int i = 0; fdt_reservation(&tree, i, &base, &size) == 0; i++)
        remove_range(base, base + size);

    if (!machine_is_memory(virt_to_phys(_text), (uint64_t)(_kernel_end - _text)))
        machine_unfit("its memory ends within the kernel's image (0x%lx)", virt_to_phys(_kernel_end));
    if (!machine_is_memory(machine.fdt_phys, machine.fdt_size))
        machine_unfit("the device tree at 0x%lx lies outside usable memory", machine.fdt_phys);
}

/* ---- harts ---- */

/* Whether "riscv,isa" (rv64imac_sstc_…) or "riscv,isa-extensions" (a list of strings) names Sstc. */
static bool has_sstc(int cpu)
{
    static const char sstc[] = "sstc";
    for (int which = 0; which < 2; which++) {
        int length = 0;
        const char *text = fdt_property(&tree, cpu, which ? "riscv,isa-extensions" : "riscv,isa", &length);
        for (int i = 1; text && i + 4 < length; i++)
            if (memcmp(text + i, sstc, 4) == 0 && (text[i - 1] == '_' || text[i - 1] == '\0') &&
                (text[i + 4] == '_' || text[i + 4] == '\0'))
                return true;
    }
    return false;
}

/* One hart: its node, and below it that of its own interrupt controller. */
static void read_hart(int cpu, int intc, uint64_t boot_hart_id, bool *boot_hart_seen)
{
    int length = 0;
    const void *reg = fdt_property(&tree, cpu, "reg", &length);
    uint64_t id = reg ? fdt_cells(reg, length / 4) : HART_IDS_MAX;
    if (id >= HART_IDS_MAX)
        return;
    unsigned index = 0;
    if (id == boot_hart_id)
        *boot_hart_seen = true;
    else if (fdt_is_enabled(&tree, cpu) && machine.harts < MAX_HARTS)
        index = machine.harts++;
    else
        return;
    machine.hart_ids[index] = id;
    hart_intc[index] = fdt_property_u32(&tree, intc, "phandle", 0);
    machine.sstc &= has_sstc(cpu);
}

/* /cpus/cpu@n/interrupt-controller (binding riscv,cpus) */
static void read_harts(uint64_t boot_hart_id)
{
    int cpus = fdt_find_path(&tree, "/cpus"), cpu = -1, depth = 1;
    bool boot_hart_seen = false;
    machine.harts = 1; /* [0] is kept for the boot hart */
    machine.sstc = true;
    for (int node = cpus; node >= 0 && (node = fdt_next_node(&tree, node, &depth)) >= 0 && depth > 1;) {
        if (depth == 2)
            cpu = node;
        else if (fdt_is_compatible(&tree, node, "riscv,cpu-intc"))
            read_hart(cpu, node, boot_hart_id, &boot_hart_seen);
    }
    if (!boot_hart_seen)
        machine_unfit("the device tree does not describe hart %lu, which booted", boot_hart_id);

    machine.timebase_hz = fdt_property_u32(&tree, cpus, "timebase-frequency", 0);
    if (machine.timebase_hz == 0)
        machine_unfit("the device tree names no timebase-frequency");
    if (NS_PER_SECOND % machine.timebase_hz == 0)
        machine.ns_per_tick = NS_PER_SECOND / machine.timebase_hz;
}

/* ---- devices of the kernel's own ---- */

/* Binding sifive,plic-1.0.0: "interrupts-extended" has a pair (interrupt controller of a hart,
 * interrupt) for each context, in order. */
static void read_plic(void)
{
    int node = fdt_find_compatible(&tree, -1, "riscv,plic0");
    if (node < 0)
        node = fdt_find_compatible(&tree, -1, "sifive,plic-1.0.0");
    if (node < 0 || fdt_reg(&tree, node, 0, &machine.plic_base, &machine.plic_size) != 0)
        machine_unfit("the device tree names no interrupt controller (riscv,plic0)");
    machine.plic_sources = fdt_property_u32(&tree, node, "riscv,ndev", 0);

    int length = 0;
    const char *pairs = fdt_property(&tree, node, "interrupts-extended", &length);
    for (unsigned hart = 0; hart < machine.harts; hart++) {
        int context = 0;
        while (8 * (context + 1) <= length && (fdt_u32(pairs + 8 * context) != hart_intc[hart] ||
                                               fdt_u32(pairs + 8 * context + 4) != PLIC_IRQ_SUPERVISOR))
            context++;
        if (8 * (context + 1) > length)
            machine_unfit("the interrupt controller does not serve hart %lu", machine.hart_ids[hart]);
        machine.plic_context[hart] = (unsigned)context;
    }
}

static void read_finisher(void)
{
    int node = fdt_find_compatible(&tree, -1, "sifive,test1");
    if (node >= 0)
        fdt_reg(&tree, node, 0, &machine.finisher, NULL);
}

/* ---- /chosen ---- */

static uint64_t chosen_address(int chosen, const char *name)
{
    int length = 0;
    const void *value = chosen < 0 ? NULL : fdt_property(&tree, chosen, name, &length);
    return value ? fdt_cells(value, length / 4) : 0;
}

static bool overlaps(uint64_t a, uint64_t a_end, uint64_t b, uint64_t b_end)
{
    return a < b_end && b < a_end;
}

static void read_initrd(int chosen)
{
    uint64_t start = chosen_address(chosen, "linux,initrd-start");
    uint64_t end = chosen_address(chosen, "linux,initrd-end");
    if (start == 0 || end <= start)
        machine_unfit("no initrd was loaded (QEMU: -initrd file)");
    if (!machine_is_memory(start, end - start))
        machine_unfit("the initrd (0x%lx to 0x%lx) does not fit into memory", start, end);
    if (overlaps(start, end, virt_to_phys(_text), virt_to_phys(_kernel_end)) ||
        overlaps(start, end, machine.fdt_phys, machine.fdt_phys + machine.fdt_size))
        machine_unfit("the initrd (0x%lx to 0x%lx) lies over the kernel or the device tree", start, end);
    machine.initrd_start = start;
    machine.initrd_end = end;
}

void machine_read(uint64_t boot_hart_id, uint64_t fdt_phys)
{
    if (fdt_phys == 0 || fdt_phys % 8 != 0 || fdt_open(&tree, phys_to_virt(fdt_phys), FDT_MAX_BYTES) != 0)
        machine_unfit("there is no device tree at 0x%lx", fdt_phys);
    machine.fdt_phys = fdt_phys;
    machine.fdt_size = tree.size;

    read_finisher(); /* first: the way out for the others */
    int chosen = fdt_find_path(&tree, "/chosen");
    const char *bootargs = chosen < 0 ? NULL : fdt_property_string(&tree, chosen, "bootargs");
    if (bootargs)
        machine.bootargs = bootargs;
    read_harts(boot_hart_id);
    read_memory();
    read_plic();
    read_initrd(chosen);
}

/* Binding: dt-schema's chosen.yaml, rng-seed. It is a secret, and the tree stays in memory. */
uint64_t machine_take_seed(void *to, uint64_t max)
{
    int chosen = fdt_find_path(&tree, "/chosen"), length = 0;
    const void *seed = chosen < 0 ? NULL : fdt_property(&tree, chosen, "rng-seed", &length);
    if (!seed || length <= 0)
        return 0;
    uint64_t n = (uint64_t)length < max ? (uint64_t)length : max;
    memcpy(to, seed, n);
    memset((char *)phys_to_virt(machine.fdt_phys) + ((const uint8_t *)seed - tree.blob), 0, (size_t)length);
    return n;
}

/* ---- devices of user processes ---- */

bool machine_find_device(const char *compatible, unsigned index, struct device_info *out)
{
    int node = -1;
    do
        node = fdt_find_compatible(&tree, node, compatible);
    while (node >= 0 && index-- > 0);
    uint64_t base, size;
    if (node < 0 || !fdt_is_enabled(&tree, node) || fdt_reg(&tree, node, 0, &base, &size) != 0)
        return false;
    if (base == machine.plic_base || base == machine.finisher)
        return false;

    memset(out, 0, sizeof *out);
    strlcpy(out->compatible, compatible, sizeof out->compatible);
    out->base = base;
    out->size = size;
    out->interrupt = fdt_property_u32(&tree, node, "interrupts", 0);
    if (out->interrupt > machine.plic_sources)
        out->interrupt = 0;
    out->clock_hz = fdt_property_u32(&tree, node, "clock-frequency", 0);
    return true;
}
