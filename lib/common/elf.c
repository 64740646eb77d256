/*
 * Check of an executable's headers: see <common/elf.h>. Called by exec with bytes that anyone may have
 * written. Every sum is checked for wrap before it is used; nothing is copied out before all is checked.
 */
#include <common/elf.h>
#include <common/string.h>
#include <kinglet/errno.h>
#include <stdbool.h>

static uint64_t page_down(uint64_t n)
{
    return n & ~(uint64_t)(ELF_PAGE - 1);
}

static uint64_t page_up(uint64_t n)
{
    return page_down(n + ELF_PAGE - 1);
}

static bool header_fits(const struct elf_header *h)
{
    return h->magic == ELF_MAGIC && h->class == ELF_CLASS_64 && h->data == ELF_DATA_LITTLE &&
           h->ident_version == ELF_VERSION && h->version == ELF_VERSION && h->type == ELF_TYPE_EXEC &&
           h->machine == ELF_MACHINE_RISCV && h->ehsize >= sizeof(struct elf_header) &&
           h->phentsize == sizeof(struct elf_program_header) && h->phnum > 0 &&
           h->phnum <= ELF_MAX_PROGRAM_HEADERS;
}

/* Add a PT_LOAD to the program; false when it cannot be one of its segments. */
static bool add_segment(struct elf_program *program, const struct elf_program_header *p, uint64_t file_size)
{
    if (p->filesz > p->memsz)
        return false;
    if (p->memsz == 0)
        return true; /* nothing to map */
    if (program->segments == ELF_MAX_SEGMENTS)
        return false;
    if (p->vaddr < ELF_USER_MIN || p->vaddr > ELF_USER_MAX || p->memsz > ELF_USER_MAX - p->vaddr)
        return false;
    if (p->offset > file_size || p->filesz > file_size - p->offset)
        return false;
    if (p->offset % ELF_PAGE != p->vaddr % ELF_PAGE)
        return false;
    if (page_down(p->vaddr) < program->end) /* end is that of the segments so far, page-rounded */
        return false;

    uint32_t flags = p->flags & (ELF_READ | ELF_WRITE | ELF_EXEC);

    if (flags == 0 || ((flags & ELF_WRITE) && (flags & ELF_EXEC)))
        return false;

    program->segment[program->segments++] = (struct elf_segment){
        .vaddr = p->vaddr,
        .filesz = p->filesz,
        .memsz = p->memsz,
        .offset = p->offset,
        .flags = flags | ELF_READ, /* Sv39 has no pages that can be written but not read */
    };
    program->end = page_up(p->vaddr + p->memsz);
    return true;
}

static bool entry_executable(const struct elf_program *program)
{
    for (int i = 0; i < program->segments; i++) {
        const struct elf_segment *s = &program->segment[i];

        if ((s->flags & ELF_EXEC) && program->entry >= s->vaddr && program->entry - s->vaddr < s->filesz)
            return true;
    }
    return false;
}

int elf_check_header(const void *header, size_t bytes, uint64_t file_size, struct elf_program *out)
{
    struct elf_program program = { 0 };
    struct elf_header h;

    if (bytes > file_size)
        bytes = (size_t)file_size;
    if (bytes > ELF_HEADER_BYTES)
        bytes = ELF_HEADER_BYTES;
    if (bytes < sizeof(h))
        return -ENOEXEC;
    memcpy(&h, header, sizeof(h));
    if (!header_fits(&h))
        return -ENOEXEC;
    if (h.phoff > bytes || h.phnum * sizeof(struct elf_program_header) > bytes - h.phoff)
        return -ENOEXEC;

    for (unsigned i = 0; i < h.phnum; i++) {
        struct elf_program_header p;

        memcpy(&p, (const char *)header + h.phoff + i * sizeof(p), sizeof(p));
        switch (p.type) {
        case ELF_PT_LOAD:
            if (!add_segment(&program, &p, file_size))
                return -ENOEXEC;
            break;
        case ELF_PT_INTERP: /* needs a dynamic linker */
            return -ENOEXEC;
        case ELF_PT_GNU_STACK:
            if ((p.flags & ELF_EXEC) || p.memsz > ELF_STACK_MAX)
                return -ENOEXEC;
            program.stack_size = p.memsz;
            break;
        }
    }

    program.entry = h.entry;
    if (program.entry % 2 != 0 || !entry_executable(&program))
        return -ENOEXEC;
    *out = program;
    return 0;
}
