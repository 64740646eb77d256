/*
 * Names for addresses in the kernel's text, from the table that tools/ksyms.py links in after
 * a first pass, and a walk along the frame pointers. Called by panics and dumps; reads only.
 */
#ifndef KERNEL_RISCV_BACKTRACE_H
#define KERNEL_RISCV_BACKTRACE_H

#include <stdint.h>

/* Functions in order of address; empty in the first pass of the link. */
struct ksym {
    uint32_t offset; /* from _text */
    uint32_t name;   /* into ksyms_names */
};
extern const uint32_t ksyms_count;
extern const struct ksym ksyms[];
extern const char ksyms_names[];

/* The function that `address` lies in and how far in (*offset); NULL when there is none. */
const char *ksym_find(uint64_t address, uint64_t *offset);

/* Print "  #n address function+offset" for pc (0: leave it out) and for its callers, found from the
 * frame pointer fp (s0), as far as it makes sense. `ra`: the register, where a trap interrupted;
 * 0 elsewhere. Takes no lock. */
void backtrace(uint64_t pc, uint64_t ra, uint64_t fp);

#endif
