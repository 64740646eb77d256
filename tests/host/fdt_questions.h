/*
 * Shared by the device tree's test programs: puts every question to a tree that might be damaged.
 * The address sanitizer sees any look outside it.
 */
#ifndef HOST_FDT_QUESTIONS_H
#define HOST_FDT_QUESTIONS_H

#include <common/fdt.h>
#include <kinglet/errno.h>

#include "check.h"

/* Everything that a kernel might ask of a tree; what it answers does not matter here. */
static inline void ask_everything(const struct fdt *t)
{
    static const char *const properties[] = { "reg", "compatible", "status", "bootargs", "no such" };
    uint64_t base, size;
    int depth = 0;

    for (int node = fdt_next_node(t, -1, &depth); node >= 0; node = fdt_next_node(t, node, &depth)) {
        CHECK(strlen(fdt_name(t, node)) < t->size);
        for (size_t p = 0; p < sizeof(properties) / sizeof(*properties); p++) {
            int length = -1;
            const uint8_t *value = fdt_property(t, node, properties[p], &length);

            CHECK(value == NULL || (value >= t->blob && value + length <= t->blob + t->size));
            fdt_property_u32(t, node, properties[p], 7);
            const char *text = fdt_property_string(t, node, properties[p]);
            CHECK(text == NULL || strlen(text) < (size_t)length);
        }
        fdt_is_compatible(t, node, "riscv");
        fdt_is_enabled(t, node);
    }
    fdt_find_path(t, "/cpus/cpu@1/interrupt-controller");
    fdt_find_phandle(t, 3);
    for (int node = -1; (node = fdt_find_compatible(t, node, "virtio,mmio")) >= 0;)
        for (int i = 0; fdt_reg(t, node, i, &base, &size) == 0; i++)
            ;
    for (int i = 0; fdt_reservation(t, i, &base, &size) == 0; i++)
        ;
    for (int node = -8; node < 200; node++) { /* most of these are no nodes */
        fdt_name(t, node);
        fdt_parent(t, node);
    }
    CHECK(fdt_name(t, (int)t->structure_size) == NULL);
    CHECK(fdt_name(t, INT32_MAX) == NULL);
}

/* Open and question an exact copy. Gives what fdt_open said. */
static inline int try_blob(const void *bytes, size_t size)
{
    void *copy = exact_copy(bytes, size);
    struct fdt t;
    int result = fdt_open(&t, copy, size);

    CHECK(result == 0 || result == -EINVAL);
    if (result == 0)
        ask_everything(&t);
    free(copy);
    return result;
}

static inline void put_u32(void *at, uint32_t value)
{
    uint8_t *b = at;

    b[0] = (uint8_t)(value >> 24), b[1] = (uint8_t)(value >> 16), b[2] = (uint8_t)(value >> 8);
    b[3] = (uint8_t)value;
}

#endif
