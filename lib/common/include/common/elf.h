/*
 * ELF executables: what a program's file may look like, and the check of its header.
 * Used by exec for every program, init included. The checks are all made here, before anything
 * is mapped; it never reads beyond the bytes it was given.
 * Format: System V gABI chapters 4 and 5; RISC-V ELF psABI.
 */
#ifndef COMMON_ELF_H
#define COMMON_ELF_H

#include <stddef.h>
#include <stdint.h>

#define ELF_PAGE 4096
#define ELF_HEADER_BYTES 4096       /* all headers must lie in the first so many bytes of the file */
#define ELF_MAX_PROGRAM_HEADERS 16
#define ELF_MAX_SEGMENTS 8
#define ELF_USER_MIN 0x10000ULL     /* segments lie at or above this ... */
#define ELF_USER_MAX (1ULL << 36)   /* ... and end at or below this */
#define ELF_STACK_MAX (8ULL << 20)  /* a program may have no more stack promised in advance */

#define ELF_MAGIC 0x464c457fU /* "\x7f" "ELF" as a little-endian word */
#define ELF_CLASS_64 2
#define ELF_DATA_LITTLE 1
#define ELF_VERSION 1
#define ELF_TYPE_EXEC 2
#define ELF_MACHINE_RISCV 243

#define ELF_PT_LOAD 1
#define ELF_PT_INTERP 3
#define ELF_PT_GNU_STACK 0x6474e551U

/* a segment's flags, in the file and in struct elf_segment */
#define ELF_EXEC 0x1U
#define ELF_WRITE 0x2U
#define ELF_READ 0x4U

struct elf_header {
    uint32_t magic;
    uint8_t class, data, ident_version, abi, abi_version, pad[7];
    uint16_t type;
    uint16_t machine;
    uint32_t version;
    uint64_t entry;
    uint64_t phoff;
    uint64_t shoff;
    uint32_t flags;
    uint16_t ehsize;
    uint16_t phentsize;
    uint16_t phnum;
    uint16_t shentsize;
    uint16_t shnum;
    uint16_t shstrndx;
};

struct elf_program_header {
    uint32_t type;
    uint32_t flags;
    uint64_t offset;
    uint64_t vaddr;
    uint64_t paddr;
    uint64_t filesz;
    uint64_t memsz;
    uint64_t align;
};

_Static_assert(sizeof(struct elf_header) == 64, "ELF header");
_Static_assert(sizeof(struct elf_program_header) == 56, "ELF program header");

struct elf_segment {
    uint64_t vaddr;  /* congruent to offset modulo the page size */
    uint64_t filesz; /* bytes from the file at offset; the rest up to memsz is zero */
    uint64_t memsz;  /* never 0 */
    uint64_t offset;
    uint32_t flags;  /* ELF_READ always; ELF_WRITE and ELF_EXEC never both */
};

struct elf_program {
    uint64_t entry;
    uint64_t stack_size; /* bytes of stack to promise in advance; 0: not said */
    int segments;
    struct elf_segment segment[ELF_MAX_SEGMENTS]; /* ascending; no two share a page */
    uint64_t end;        /* first byte after all segments, page-rounded: where the heap begins */
};

/*
 * Check the headers of an executable: `header` holds the first `bytes` bytes of a file of `file_size`
 * bytes (give all of it or the first ELF_HEADER_BYTES, at any alignment). Fills `out` and gives 0, or
 * -ENOEXEC for whatever the loader could not map as it stands: another machine or kind of file, headers or
 * segments outside the file or the user's addresses, overlap, wrap, writable and executable memory.
 */
int elf_check_header(const void *header, size_t bytes, uint64_t file_size, struct elf_program *out);

#endif
