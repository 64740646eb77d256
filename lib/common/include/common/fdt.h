/*
 * Reader of the flattened device tree that the firmware hands over. Used by the kernel at boot.
 * Allocates nothing; fdt_open checks the whole tree once, and every later read is checked again.
 * A node is named by its offset in the structure block; negative: no node.
 * Format: Devicetree Specification 0.4, chapter 5 (blob) and 2.3 (standard properties).
 */
#ifndef COMMON_FDT_H
#define COMMON_FDT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FDT_MAX_DEPTH 32 /* of nodes, root included; a deeper tree is refused */

struct fdt {
    const uint8_t *blob;
    uint32_t size;                  /* bytes of the whole blob */
    uint32_t reservations;          /* offset of the memory reservation block */
    uint32_t structure;             /* offset of the structure block ... */
    uint32_t structure_size;        /* ... and its bytes */
    uint32_t strings, strings_size; /* the same of the strings block */
    uint32_t boot_hart;             /* boot_cpuid_phys of the header */
};

/* Check the tree at `blob`, of which at most `max` bytes may be read. 0, or -EINVAL. */
int fdt_open(struct fdt *t, const void *blob, size_t max);

/* The node after `node` in the order of the blob (a parent comes before its children), -1 to start with the
 * root. Negative at the end. *depth, where not NULL, is set to 0 for the root and counted from then on. */
int fdt_next_node(const struct fdt *t, int node, int *depth);

/* Name with its unit address ("serial@10000000"; the root: ""), or NULL for what is not a node. */
const char *fdt_name(const struct fdt *t, int node);

/* A property's value and, where `length` is not NULL, its bytes; NULL when the node has none of that name.
 * Values are big-endian: read them with the functions below. */
const void *fdt_property(const struct fdt *t, int node, const char *name, int *length);

/* A property of one 32-bit cell, or `otherwise` when there is none or it is shorter. */
uint32_t fdt_property_u32(const struct fdt *t, int node, const char *name, uint32_t otherwise);

/* A property that is a NUL-terminated string, or NULL when there is none or no NUL ends it. */
const char *fdt_property_string(const struct fdt *t, int node, const char *name);

uint32_t fdt_u32(const void *cell);            /* one 32-bit cell, at any alignment */
uint64_t fdt_cells(const void *cells, int n);  /* n cells; of more than two the last two count */

int fdt_parent(const struct fdt *t, int node); /* negative for the root */

/* "/cpus/cpu@0", of which "@…" may be left out (the first such node is meant then); or -ENOENT. */
int fdt_find_path(const struct fdt *t, const char *path);
int fdt_find_phandle(const struct fdt *t, uint32_t phandle); /* or -ENOENT */

/* Whether `string` is one of the node's "compatible" strings. */
bool fdt_is_compatible(const struct fdt *t, int node, const char *string);

/* The first node after `node` (-1: from the root on) with that compatible string, or -ENOENT. */
int fdt_find_compatible(const struct fdt *t, int node, const char *string);

/* Whether its "status" lets the node be used: "okay", "ok", or not given. */
bool fdt_is_enabled(const struct fdt *t, int node);

/* Entry `index` of the node's "reg", read with the parent's #address-cells and #size-cells, not translated
 * by any "ranges". 0, or -ENOENT when there is no such entry. `size` may be NULL. */
int fdt_reg(const struct fdt *t, int node, int index, uint64_t *base, uint64_t *size);

/* Entry `index` of the memory reservation block. 0, or -ENOENT past its end. */
int fdt_reservation(const struct fdt *t, int index, uint64_t *base, uint64_t *size);

#endif
