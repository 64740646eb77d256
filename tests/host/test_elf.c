/*
 * lib/common/elf.c: what the loader accepts, and each way in which a file can ask for what it may not have.
 */
#include <common/elf.h>
#include <kinglet/errno.h>

#include "check.h"

#define FILE_SIZE 0x5000

struct image {
    struct elf_header header;
    struct elf_program_header program[ELF_MAX_PROGRAM_HEADERS + 1];
};

/* As the linker makes them: text, rodata, data with bss, and the stack's size. */
static struct image good(void)
{
    return (struct image){
        .header = {
            .magic = ELF_MAGIC,
            .class = ELF_CLASS_64,
            .data = ELF_DATA_LITTLE,
            .ident_version = ELF_VERSION,
            .type = ELF_TYPE_EXEC,
            .machine = ELF_MACHINE_RISCV,
            .version = ELF_VERSION,
            .entry = 0x10010,
            .phoff = 64,
            .ehsize = 64,
            .phentsize = 56,
            .phnum = 4,
        },
        .program = {
            { ELF_PT_LOAD, ELF_READ | ELF_EXEC, 0x1000, 0x10000, 0x10000, 0x1800, 0x1800, 0x1000 },
            { ELF_PT_LOAD, ELF_READ, 0x3000, 0x12000, 0x12000, 0x200, 0x200, 0x1000 },
            { ELF_PT_LOAD, ELF_READ | ELF_WRITE, 0x3200, 0x13200, 0x13200, 0x100, 0x3000, 0x1000 },
            { ELF_PT_GNU_STACK, ELF_READ | ELF_WRITE, 0, 0, 0, 0, 0x2345, 16 },
        },
    };
}

static int check_bytes(const struct image *image, size_t bytes, uint64_t file_size, struct elf_program *out)
{
    void *copy = exact_copy(image, bytes);
    int result = elf_check_header(copy, bytes, file_size, out);

    CHECK(result == 0 || result == -ENOEXEC);
    free(copy);
    return result;
}

static int check(struct image image)
{
    struct elf_program program;

    return check_bytes(&image, sizeof(image), FILE_SIZE, &program);
}

/* The good image after `change` is refused; and it was `change` that made the difference. */
#define REFUSED(change) \
    do { \
        struct image i = good(); \
        CHECK_EQUAL(check(i), 0); \
        change; \
        CHECK_EQUAL(check(i), -ENOEXEC); \
    } while (0)

#define ACCEPTED(change) \
    do { \
        struct image i = good(); \
        change; \
        CHECK_EQUAL(check(i), 0); \
    } while (0)

CASE(a_good_program_is_described_in_full)
{
    struct image image = good();
    struct elf_program p;

    CHECK_EQUAL(check_bytes(&image, sizeof(image), FILE_SIZE, &p), 0);
    CHECK_EQUAL(p.entry, 0x10010);
    CHECK_EQUAL(p.segments, 3);
    CHECK_EQUAL(p.stack_size, 0x2345);
    CHECK_EQUAL(p.end, 0x17000);
    CHECK_EQUAL(p.segment[0].vaddr, 0x10000);
    CHECK_EQUAL(p.segment[0].flags, ELF_READ | ELF_EXEC);
    CHECK_EQUAL(p.segment[1].flags, ELF_READ);
    CHECK_EQUAL(p.segment[2].vaddr, 0x13200);
    CHECK_EQUAL(p.segment[2].offset, 0x3200);
    CHECK_EQUAL(p.segment[2].filesz, 0x100);
    CHECK_EQUAL(p.segment[2].memsz, 0x3000);
    CHECK_EQUAL(p.segment[2].flags, ELF_READ | ELF_WRITE);
}

CASE(the_first_page_of_the_file_is_enough)
{
    struct image image = good();
    struct elf_program p;

    CHECK_EQUAL(check_bytes(&image, 64 + 4 * 56, FILE_SIZE, &p), 0);
}

CASE(what_is_no_riscv_executable_is_refused)
{
    REFUSED(i.header.magic = 0x464c457e);
    REFUSED(i.header.class = 1);
    REFUSED(i.header.data = 2);
    REFUSED(i.header.ident_version = 0);
    REFUSED(i.header.version = 2);
    REFUSED(i.header.type = 1);
    REFUSED(i.header.type = 3); /* position-independent */
    REFUSED(i.header.machine = 62);
    REFUSED(i.header.ehsize = 52);
    REFUSED(i.header.phentsize = 32);
    REFUSED(i.header.phentsize = 64);
    REFUSED(i.program[1].type = ELF_PT_INTERP);
}

CASE(a_file_cut_short_is_refused_at_every_byte)
{
    struct image image = good();
    struct elf_program p;

    for (size_t bytes = 0; bytes < 64 + 4 * 56; bytes++)
        CHECK_EQUAL(check_bytes(&image, bytes, bytes, &p), -ENOEXEC);
    /* all headers there, but not all contents */
    for (uint64_t size = sizeof(image); size < 0x3300; size += 0x10)
        CHECK_EQUAL(check_bytes(&image, sizeof(image), size, &p), -ENOEXEC);
    CHECK_EQUAL(check_bytes(&image, sizeof(image), 0x3300, &p), 0);
    /* more given than the file has */
    CHECK_EQUAL(check_bytes(&image, sizeof(image), 100, &p), -ENOEXEC);
}

CASE(program_headers_outside_the_first_page_are_refused)
{
    struct elf_program p;
    struct image *image = calloc(1, 16384);

    *image = good();
    for (int delta = -1; delta <= 1; delta++) {
        uint64_t at = ELF_HEADER_BYTES - 4 * 56 + (uint64_t)delta;
        char *copy = exact_copy(image, 16384);
        struct elf_header *header = (struct elf_header *)copy;

        memcpy(copy + at, image->program, 4 * 56);
        header->phoff = at;
        CHECK_EQUAL(elf_check_header(copy, 16384, FILE_SIZE, &p), delta <= 0 ? 0 : -ENOEXEC);
        free(copy);
    }
    free(image);
    REFUSED(i.header.phoff = UINT64_MAX);
    REFUSED(i.header.phoff = UINT64_MAX - 4 * 56 + 1);
    REFUSED(i.header.phoff = 1ULL << 63);
    REFUSED(i.header.phnum = 0);
    REFUSED(i.header.phnum = 17);
    REFUSED(i.header.phnum = 0xffff);
}

CASE(writable_and_executable_memory_is_refused)
{
    REFUSED(i.program[0].flags = ELF_READ | ELF_WRITE | ELF_EXEC);
    REFUSED(i.program[2].flags = ELF_WRITE | ELF_EXEC);
    REFUSED(i.program[3].flags = ELF_READ | ELF_WRITE | ELF_EXEC); /* an executable stack */
}

CASE(segments_that_overlap_or_share_a_page_are_refused)
{
    REFUSED(i.program[1].vaddr = 0x11000);
    REFUSED(i.program[1].vaddr = 0x10000);
    REFUSED(i.program[2].vaddr = 0x12200);  /* same page as rodata, other bytes */
    REFUSED(i.program[1].memsz = 0x1001);   /* reaches into data's page */
    REFUSED(struct elf_program_header swap = i.program[0]; i.program[0] = i.program[1];
            i.program[1] = swap); /* not ascending */
}

CASE(addresses_outside_the_users_are_refused)
{
    REFUSED(i.program[0].vaddr = 0xf000; i.header.entry = 0xf010);
    REFUSED(i.program[0].vaddr = 0; i.header.entry = 0x10);
    REFUSED(i.program[2].vaddr = ELF_USER_MAX + 0x200);
    REFUSED(i.program[2].vaddr = ELF_USER_MAX - 0x1000 + 0x200);
    REFUSED(i.program[2].vaddr = 0xffffffc080000200);
    ACCEPTED(i.program[2].vaddr = ELF_USER_MAX - 0x4000 + 0x200);
}

CASE(sizes_that_wrap_or_exceed_everything_are_refused)
{
    REFUSED(i.program[2].memsz = UINT64_MAX);
    REFUSED(i.program[2].memsz = UINT64_MAX - 0x13200 + 1);
    REFUSED(i.program[2].memsz = ELF_USER_MAX);
    REFUSED(i.program[2].vaddr = UINT64_MAX - 0xfff + 0x200);
    REFUSED(i.program[2].filesz = 0x3001); /* more from the file than there is memory */
    REFUSED(i.program[2].filesz = UINT64_MAX; i.program[2].memsz = UINT64_MAX);
    REFUSED(i.program[1].offset = UINT64_MAX - 0xfff);
    REFUSED(i.program[1].offset = FILE_SIZE);
    REFUSED(i.program[1].filesz = 0x2001; i.program[1].memsz = 0x2001);
    REFUSED(i.program[3].memsz = UINT64_MAX);
    REFUSED(i.program[3].memsz = ELF_STACK_MAX + 1);
    ACCEPTED(i.program[3].memsz = ELF_STACK_MAX);
    ACCEPTED(i.program[2].memsz = 1ULL << 30); /* a big bss is the memory's affair */
}

CASE(a_segment_must_lie_in_a_page_as_in_the_file)
{
    REFUSED(i.program[1].offset = 0x3008);
    REFUSED(i.program[2].vaddr = 0x13000);
}

CASE(a_segment_without_rights_is_refused_and_writing_means_reading)
{
    struct image image = good();
    struct elf_program p;

    REFUSED(i.program[1].flags = 0);
    image.program[2].flags = ELF_WRITE;
    CHECK_EQUAL(check_bytes(&image, sizeof(image), FILE_SIZE, &p), 0);
    CHECK_EQUAL(p.segment[2].flags, ELF_READ | ELF_WRITE);
}

CASE(the_entry_must_be_code_of_the_file)
{
    REFUSED(i.header.entry = 0);
    REFUSED(i.header.entry = 0xfffe);
    REFUSED(i.header.entry = 0x11800); /* just behind the text */
    REFUSED(i.header.entry = 0x12000); /* rodata */
    REFUSED(i.header.entry = 0x13200);
    REFUSED(i.header.entry = 0x10011);
    REFUSED(i.header.entry = UINT64_MAX - 1);
    REFUSED(i.program[0].memsz = 0x1900; i.header.entry = 0x11880); /* zeros behind the text */
    ACCEPTED(i.header.entry = 0x10000);
    ACCEPTED(i.header.entry = 0x117fe);
}

CASE(empty_segments_are_left_out)
{
    struct image image = good();
    struct elf_program p;

    image.program[1] = (struct elf_program_header){ .type = ELF_PT_LOAD, .flags = ELF_READ };
    CHECK_EQUAL(check_bytes(&image, sizeof(image), FILE_SIZE, &p), 0);
    CHECK_EQUAL(p.segments, 2);
    REFUSED(i.header.phnum = 1; i.program[0].memsz = 0; i.program[0].filesz = 0); /* nothing to run */
}

CASE(more_segments_than_the_loader_keeps_are_refused)
{
    for (int n = ELF_MAX_SEGMENTS; n <= ELF_MAX_SEGMENTS + 1; n++) {
        struct image image = good();

        image.header.phnum = (uint16_t)n;
        for (int s = 1; s < n; s++)
            image.program[s] = (struct elf_program_header){ ELF_PT_LOAD, ELF_READ, 0x3000,
                                                            0x20000 + 0x1000ULL * s, 0, 8, 8, 0x1000 };
        CHECK_EQUAL(check(image), n == ELF_MAX_SEGMENTS ? 0 : -ENOEXEC);
    }
}

/* Whatever was accepted keeps every promise of <common/elf.h>. */
static void check_promises(const struct elf_program *p, uint64_t file_size)
{
    uint64_t end = ELF_USER_MIN;
    bool entry_found = false;

    CHECK(p->segments >= 1 && p->segments <= ELF_MAX_SEGMENTS);
    for (int i = 0; i < p->segments; i++) {
        const struct elf_segment *s = &p->segment[i];

        CHECK(s->memsz > 0 && s->filesz <= s->memsz);
        CHECK((s->vaddr & ~0xfffULL) >= end);
        CHECK(s->vaddr < ELF_USER_MAX && s->memsz <= ELF_USER_MAX - s->vaddr);
        CHECK(s->offset <= file_size && s->filesz <= file_size - s->offset);
        CHECK((s->vaddr - s->offset) % ELF_PAGE == 0);
        CHECK((s->flags & ELF_READ) && !((s->flags & ELF_WRITE) && (s->flags & ELF_EXEC)));
        end = (s->vaddr + s->memsz + 0xfff) & ~0xfffULL;
        entry_found |= (s->flags & ELF_EXEC) && p->entry >= s->vaddr && p->entry < s->vaddr + s->filesz;
    }
    CHECK_EQUAL(p->end, end);
    CHECK(entry_found);
    CHECK(p->stack_size <= ELF_STACK_MAX);
}

CASE(whatever_random_damage_leaves_acceptable_keeps_the_promises)
{
    int accepted = 0;

    for (int round = 0; round < 200000; round++) {
        static const uint64_t odd[] = { 0, 1, 0x1000, 0xfff, 0x10000, 1ULL << 36, 1ULL << 63, UINT64_MAX };
        struct image image = good();
        struct elf_program p;
        uint64_t value = random_below(2) ? random_u64() >> random_below(64) : odd[random_below(8)];
        size_t at = 8 * random_below((64 + 4 * 56) / 8);
        size_t n = 1U << random_below(4);

        memcpy((char *)&image + at + (8 - n) * random_below(2), &value, n);
        if (elf_check_header(&image, sizeof(image), FILE_SIZE, &p) == 0) {
            check_promises(&p, FILE_SIZE);
            accepted++;
        }
    }
    CHECK(accepted > 1000); /* the damage was not always fatal: the promises were put to the test */
}
