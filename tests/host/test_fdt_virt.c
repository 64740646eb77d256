/*
 * lib/common/fdt.c on the device tree that QEMU makes for its virt machine (4 harts, 256 MiB; its path comes
 * in the environment), whole, cut short, and damaged at random.
 */
#include "fdt_questions.h"

static void *virt_blob;
static size_t virt_size;

static struct fdt open_virt(void)
{
    const char *path = getenv("KINGLET_TEST_DTB");
    struct fdt t;
    FILE *file;

    CHECK(path != NULL);
    file = fopen(path, "rb");
    CHECK(file != NULL);
    virt_blob = malloc(1 << 20);
    virt_size = fread(virt_blob, 1, 1 << 20, file);
    fclose(file);
    CHECK_EQUAL(fdt_open(&t, virt_blob, virt_size), 0);
    virt_size = t.size; /* QEMU's file is longer than the tree */
    return t;
}

CASE(memory_and_harts_of_the_virt_machine_are_found)
{
    struct fdt t = open_virt();
    uint64_t base, size;
    int memory = fdt_find_path(&t, "/memory"), harts = 0;

    CHECK_TEXT(fdt_name(&t, memory), "memory@80000000");
    CHECK_TEXT(fdt_property_string(&t, memory, "device_type"), "memory");
    CHECK_EQUAL(fdt_reg(&t, memory, 0, &base, &size), 0);
    CHECK_EQUAL(base, 0x80000000);
    CHECK_EQUAL(size, 256 << 20);
    CHECK_EQUAL(fdt_reg(&t, memory, 1, &base, &size), -ENOENT);

    int cpus = fdt_find_path(&t, "/cpus");

    CHECK(cpus > 0);
    CHECK(fdt_property_u32(&t, cpus, "timebase-frequency", 0) > 0);
    for (int cpu = -1; (cpu = fdt_find_compatible(&t, cpu, "riscv")) >= 0;) {
        CHECK_EQUAL(fdt_parent(&t, cpu), cpus);
        CHECK(fdt_is_enabled(&t, cpu));
        CHECK_EQUAL(fdt_reg(&t, cpu, 0, &base, &size), 0);
        CHECK(base < 4);
        CHECK_EQUAL(size, 0); /* #size-cells of /cpus is 0 */
        harts++;
    }
    CHECK_EQUAL(harts, 4);
    free(virt_blob);
}

CASE(devices_of_the_virt_machine_are_found)
{
    struct fdt t = open_virt();
    uint64_t base, size;
    int uart = fdt_find_compatible(&t, -1, "ns16550a");
    int plic = fdt_find_compatible(&t, -1, "sifive,plic-1.0.0");

    CHECK(uart > 0 && plic > 0);
    CHECK_EQUAL(fdt_reg(&t, uart, 0, &base, &size), 0);
    CHECK_EQUAL(base, 0x10000000);
    CHECK_EQUAL(size, 0x100);
    CHECK_EQUAL(fdt_property_u32(&t, uart, "interrupts", 0), 10);
    CHECK_EQUAL(fdt_find_phandle(&t, fdt_property_u32(&t, uart, "interrupt-parent", 0)), plic);
    CHECK_TEXT(fdt_name(&t, fdt_parent(&t, uart)), "soc");
    CHECK(fdt_is_compatible(&t, fdt_find_path(&t, "/soc"), "simple-bus"));
    CHECK(!fdt_is_compatible(&t, uart, "ns16550"));
    free(virt_blob);
}

CASE(paths_are_followed_with_and_without_unit_addresses)
{
    struct fdt t = open_virt();
    int cpu0 = fdt_find_path(&t, "/cpus/cpu@0");

    CHECK(cpu0 > 0);
    CHECK_EQUAL(fdt_find_path(&t, "/cpus/cpu"), fdt_next_node(&t, fdt_find_path(&t, "/cpus"), NULL));
    CHECK_EQUAL(fdt_find_path(&t, "/cpus/cpu@3/interrupt-controller") >= 0, 1);
    CHECK_EQUAL(fdt_parent(&t, fdt_find_path(&t, "/cpus/cpu@3/interrupt-controller")),
                fdt_find_path(&t, "/cpus/cpu@3"));
    CHECK_TEXT(fdt_name(&t, fdt_find_path(&t, "/")), "");
    CHECK_EQUAL(fdt_find_path(&t, "/cpus/cpu@4"), -ENOENT);
    CHECK_EQUAL(fdt_find_path(&t, "/cpus/cp"), -ENOENT);
    CHECK_EQUAL(fdt_find_path(&t, "/cpus/interrupt-controller"), -ENOENT);
    CHECK_EQUAL(fdt_find_path(&t, "/cpu@0"), -ENOENT);
    CHECK_EQUAL(fdt_find_path(&t, "cpus"), -ENOENT);
    CHECK_EQUAL(fdt_find_path(&t, ""), -ENOENT);
    free(virt_blob);
}

CASE(walking_visits_every_node_with_its_depth)
{
    struct fdt t = open_virt();
    int depth = 99, node = fdt_next_node(&t, -1, &depth);
    int at_depth[FDT_MAX_DEPTH];

    CHECK_EQUAL(depth, 0);
    CHECK_EQUAL(fdt_parent(&t, node), -ENOENT);
    for (; node >= 0; node = fdt_next_node(&t, node, &depth)) {
        CHECK(depth >= 0 && depth < FDT_MAX_DEPTH);
        at_depth[depth] = node;
        if (depth > 0)
            CHECK_EQUAL(fdt_parent(&t, node), at_depth[depth - 1]);
    }
    CHECK_EQUAL(node, -ENOENT);
    free(virt_blob);
}

CASE(a_tree_cut_at_any_byte_is_refused)
{
    struct fdt t = open_virt();
    /* any room behind the last block is no loss */
    size_t end = t.strings + t.strings_size;

    CHECK(end > t.structure + t.structure_size);
    for (size_t size = 0; size < virt_size; size++) {
        uint8_t *cut = exact_copy(virt_blob, size);

        CHECK_EQUAL(try_blob(cut, size), -EINVAL); /* the header tells that there was more */
        if (size >= 8) {
            put_u32(cut + 4, (uint32_t)size); /* now it does not */
            CHECK_EQUAL(try_blob(cut, size), size >= end ? 0 : -EINVAL);
        }
        free(cut);
    }
    free(virt_blob);
}

CASE(random_damage_never_leads_outside_the_tree)
{
    struct fdt t = open_virt();
    size_t used = t.strings + t.strings_size;
    int survived = 0;

    for (int round = 0; round < 2000; round++) {
        uint8_t *copy = exact_copy(virt_blob, used);

        put_u32(copy + 4, (uint32_t)used);
        for (unsigned n = 1 + random_below(3); n > 0; n--) {
            unsigned at = random_below(4) ? random_below((unsigned)used - 4) : 4 * random_below(10);

            if (random_below(2))
                copy[at] = (uint8_t)random_u64();
            else
                put_u32(copy + (at & ~3U),
                        random_below(2) ? 0xfffffff0 + random_below(16) : random_below(64));
        }
        survived += try_blob(copy, used) == 0;
        free(copy);
    }
    CHECK(survived > 100); /* not all was refused at once */
    free(virt_blob);
}
