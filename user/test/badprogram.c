/*
 * exec of what is no program, or a bad one: always a named error, and the caller goes on as it was.
 */
#include "check.h"

#include <common/elf.h>
#include <fcntl.h>
#include <sys/stat.h>

#define PATH "/tmp/program"
#define PAGE 4096u
#define TEXT 0x10000u
#define DATA 0x20000u
#define GOOD_STATUS 77

/* A program of two segments; each test spoils a copy of it. */
struct program {
    struct elf_header header;
    struct elf_program_header segment[16];
    char room[PAGE - sizeof(struct elf_header) - 16 * sizeof(struct elf_program_header)];
    uint32_t text[PAGE / 4];
    char data[PAGE];
};

static struct program good, p;

/* exit(77 + the byte at DATA + 10): the first byte of data that is in the file but not in the segment. */
static const uint32_t code[] = {
    0x000205b7, /* lui a1, 0x20 */
    0x00a5c503, /* lbu a0, 10(a1) */
    0x04d50513, /* addi a0, a0, 77 */
    0x00400893, /* li a7, SYS_exit */
    0x00000073, /* ecall */
};

static void make_good(void)
{
    good.header = (struct elf_header){
        .magic = ELF_MAGIC, .class = ELF_CLASS_64, .data = ELF_DATA_LITTLE, .ident_version = ELF_VERSION,
        .type = ELF_TYPE_EXEC, .machine = ELF_MACHINE_RISCV, .version = ELF_VERSION, .entry = TEXT,
        .phoff = sizeof(struct elf_header), .ehsize = sizeof(struct elf_header),
        .phentsize = sizeof(struct elf_program_header), .phnum = 2,
    };
    good.segment[0] = (struct elf_program_header){
        .type = ELF_PT_LOAD, .flags = ELF_READ | ELF_EXEC, .offset = offsetof(struct program, text), .vaddr = TEXT,
        .filesz = sizeof code, .memsz = sizeof code, .align = PAGE,
    };
    good.segment[1] = (struct elf_program_header){
        .type = ELF_PT_LOAD, .flags = ELF_READ | ELF_WRITE, .offset = offsetof(struct program, data), .vaddr = DATA,
        .filesz = 10, .memsz = 5000, .align = PAGE,
    };
    memcpy(good.text, code, sizeof code);
    memset(good.data, 0x55, sizeof good.data);
}

static void store(const void *content, size_t n)
{
    int file = open(PATH, O_WRONLY | O_CREAT | O_TRUNC, 0777);
    CHECK(file >= 0);
    for (size_t done = 0; done < n;) {
        ssize_t part = write(file, (const char *)content + done, n - done);
        CHECK(part > 0);
        done += (size_t)part;
    }
    close(file);
}

/* Runs a path: the status it ended with (minus a signal), or 1000 + errno when exec failed. Whatever exec
 * does to a caller that goes on would show: memory, handles, place, name. */
static int run_path(const char *path)
{
    int pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        static char memory[3 * PAGE];
        char *const arguments[] = {(char *)"program", NULL}, *const environment[] = {NULL};
        struct proc_info before, after;
        CHECK_EQUAL(fcntl(dup(0), F_SETFD, FD_CLOEXEC), 0);
        memset(memory, 'm', sizeof memory);
        CHECK_EQUAL(process_list(getpid(), &before, 1), 1);
        int error = execve(path, arguments, environment) < 0 ? errno : 0;
        for (unsigned i = 0; i < sizeof memory; i++)
            CHECK(memory[i] == 'm');
        CHECK_EQUAL(fcntl(3, F_GETFD), FD_CLOEXEC);
        CHECK_EQUAL(chdir("test"), 0);
        CHECK_EQUAL(process_list(getpid(), &after, 1), 1);
        CHECK(strcmp(before.name, after.name) == 0 && before.committed == after.committed);
        free(malloc(10000));
        _exit(1000 + error);
    }
    return ending_of(pid);
}

static int run_program(const void *content, size_t n)
{
    store(content, n);
    int result = run_path(PATH);
    CHECK_EQUAL(unlink(PATH), 0);
    return result;
}

static int run(void)
{
    return run_program(&p, sizeof p);
}

#define SPOIL(...) \
    do { \
        p = good; \
        __VA_ARGS__; \
        int spoiled = run(); \
        if (spoiled != 1000 + ENOEXEC) \
            printf("  with %s: %d\n", #__VA_ARGS__, spoiled); \
        CHECK_EQUAL(spoiled, 1000 + ENOEXEC); \
    } while (0)

static void a_good_one_runs(void)
{
    p = good;
    CHECK_EQUAL(run(), GOOD_STATUS); /* and what lies behind data's end is zero, not what the file has there */
    p.segment[1].filesz = 11;
    CHECK_EQUAL(run(), GOOD_STATUS + 0x55);
    CHECK_EQUAL(run_path("/bin/true"), 0);
    CHECK_EQUAL(run_path("/bin/false"), 1);
}

static void what_does_not_exist_is_enoent(void)
{
    CHECK_EQUAL(run_path("/bin/nothing"), 1000 + ENOENT);
    CHECK_EQUAL(run_path("/nothing/true"), 1000 + ENOENT);
    CHECK_EQUAL(run_path("bin/nothing"), 1000 + ENOENT);
    CHECK_EQUAL(run_path(""), 1000 + ENOENT);
    CHECK_EQUAL(run_path("/bin/true/x"), 1000 + ENOTDIR);
}

static void what_is_no_executable_file_is_eacces(void)
{
    CHECK_EQUAL(run_path("/"), 1000 + EACCES);
    CHECK_EQUAL(run_path("/bin"), 1000 + EACCES);
    CHECK_EQUAL(run_path("/dev/console"), 1000 + EACCES);
    CHECK_EQUAL(run_path("/dev/null"), 1000 + EACCES);
    CHECK_EQUAL(run_path("/README"), 1000 + EACCES);
}

static void what_is_no_elf_is_enoexec(void)
{
    static char zeros[2 * PAGE];
    CHECK_EQUAL(run_program("", 0), 1000 + ENOEXEC);
    CHECK_EQUAL(run_program("x", 1), 1000 + ENOEXEC);
    CHECK_EQUAL(run_program("#!/bin/sh\necho hello\n", 21), 1000 + ENOEXEC);
    CHECK_EQUAL(run_program("\177ELF", 4), 1000 + ENOEXEC);
    CHECK_EQUAL(run_program(zeros, sizeof zeros), 1000 + ENOEXEC);
    memset(zeros, 0xff, sizeof zeros);
    CHECK_EQUAL(run_program(zeros, sizeof zeros), 1000 + ENOEXEC);
}

static void cut_short_anywhere_is_enoexec(void)
{
    size_t needed = offsetof(struct program, data) + good.segment[1].filesz;
    for (size_t n = 0; n < needed; n += n < 300 ? 7 : n > needed - 20 || n % PAGE > PAGE - 40 ? 1 : 31)
        CHECK_EQUAL(run_program(&good, n), 1000 + ENOEXEC);
    CHECK_EQUAL(run_program(&good, needed - 1), 1000 + ENOEXEC);
    CHECK_EQUAL(run_program(&good, needed), GOOD_STATUS);
}

static void another_machine_or_kind_is_enoexec(void)
{
    SPOIL(p.header.class = 1);
    SPOIL(p.header.data = 2);
    SPOIL(p.header.type = 1);
    SPOIL(p.header.type = 3);
    SPOIL(p.header.machine = 62);
    SPOIL(p.header.phentsize = 55);
    SPOIL(p.header.phentsize = 0);
    SPOIL(p.header.phentsize = 0xffff);
    SPOIL(p.segment[1].type = ELF_PT_INTERP);
}

static void bad_tables_are_enoexec(void)
{
    SPOIL(p.header.phnum = 0);
    SPOIL(p.header.phnum = 17);
    SPOIL(p.header.phnum = 0xffff);
    SPOIL(p.header.phoff = sizeof p);
    SPOIL(p.header.phoff = UINT64_MAX);
    SPOIL(p.header.phoff = UINT64_MAX - 55);
    SPOIL(p.header.phoff = 1ul << 63);
    SPOIL(p.header.phoff = 4000);
    SPOIL(p.segment[0].type = 0; p.segment[1].type = 0);
}

static void bad_entries_are_enoexec(void)
{
    SPOIL(p.header.entry = 0);
    SPOIL(p.header.entry = TEXT - 2);
    SPOIL(p.header.entry = TEXT + sizeof code);
    SPOIL(p.header.entry = TEXT + 1);
    SPOIL(p.header.entry = DATA);
    SPOIL(p.header.entry = 0xffffffc080200000);
    SPOIL(p.header.entry = UINT64_MAX - 1);
}

static void bad_places_are_enoexec(void)
{
    SPOIL(p.segment[0].vaddr = 0; p.header.entry = 0);
    SPOIL(p.segment[0].vaddr = TEXT - PAGE; p.header.entry = TEXT - PAGE);
    SPOIL(p.segment[1].vaddr = 0xffffffc080200000);
    SPOIL(p.segment[1].vaddr = 0xffffffc000000000);
    SPOIL(p.segment[1].vaddr = 1ul << 36);
    SPOIL(p.segment[1].vaddr = 0x3fffff0000 - PAGE); /* in the stack */
    SPOIL(p.segment[1].vaddr = (1ul << 36) - PAGE); /* runs over the end */
    SPOIL(p.segment[1].vaddr = UINT64_MAX - PAGE + 1);
    SPOIL(p.segment[1].vaddr = DATA + 1); /* not in step with the file */
    SPOIL(p.segment[1].vaddr = TEXT);     /* both on one page */
    SPOIL(p.segment[1].vaddr = TEXT + sizeof code; p.segment[1].offset += sizeof code);
    SPOIL(p.segment[1].vaddr = TEXT - PAGE * 4);
    SPOIL(p.segment[0].memsz = DATA - TEXT + 1); /* the first runs into the second */
    SPOIL(struct elf_program_header x = p.segment[0]; p.segment[0] = p.segment[1]; p.segment[1] = x);
}

static void bad_sizes_are_enoexec(void)
{
    SPOIL(p.segment[1].filesz = 5001);
    SPOIL(p.segment[1].filesz = UINT64_MAX);
    SPOIL(p.segment[1].memsz = 9);
    SPOIL(p.segment[1].memsz = UINT64_MAX);
    SPOIL(p.segment[1].memsz = 0ul - DATA);
    SPOIL(p.segment[1].memsz = 0ul - DATA - 1);
    SPOIL(p.segment[1].memsz = 1ul << 36);
    SPOIL(p.segment[1].offset = UINT64_MAX - PAGE + 1);
    SPOIL(p.segment[1].offset = 1ul << 63);
    SPOIL(p.segment[1].offset = sizeof p);
    SPOIL(p.segment[1].memsz = p.segment[1].filesz = 1ul << 20); /* of a file of 12 KiB */
}

static void writable_and_executable_is_enoexec(void)
{
    SPOIL(p.segment[0].flags = 7);
    SPOIL(p.segment[1].flags = 7);
    SPOIL(p.segment[1].flags = ELF_WRITE | ELF_EXEC);
    SPOIL(p.segment[1].flags = 0);
    SPOIL(p.segment[0].flags = ELF_READ);
    SPOIL(p.segment[0].flags = ELF_READ | ELF_WRITE);
    SPOIL(p.header.phnum = 3; p.segment[2].type = ELF_PT_GNU_STACK; p.segment[2].flags = 7);
    SPOIL(p.header.phnum = 3; p.segment[2].type = ELF_PT_GNU_STACK; p.segment[2].memsz = (8ul << 20) + 1);
    SPOIL(p.header.phnum = 3; p.segment[2].type = ELF_PT_GNU_STACK; p.segment[2].memsz = UINT64_MAX);
}

static void too_many_segments_is_enoexec(void)
{
    p = good;
    for (int i = 1; i < 16; i++) {
        p.segment[i] = good.segment[1];
        p.segment[i].vaddr = DATA + (uint64_t)i * 0x10000 - 0x10000;
    }
    p.header.phnum = ELF_MAX_SEGMENTS;
    CHECK_EQUAL(run(), GOOD_STATUS);
    p.header.phnum = ELF_MAX_SEGMENTS + 1;
    CHECK_EQUAL(run(), 1000 + ENOEXEC);
    p.header.phnum = 16;
    CHECK_EQUAL(run(), 1000 + ENOEXEC);
}

static void more_memory_than_there_is_is_enomem(void)
{
    p = good;
    p.segment[1].memsz = 1ul << 30;
    CHECK_EQUAL(run(), 1000 + ENOMEM);
    p.segment[1].memsz = 60ul << 30;
    CHECK_EQUAL(run(), 1000 + ENOMEM);
    p.segment[1].memsz = 60ul << 30;
    p.segment[1].flags = ELF_READ; /* zeros all of it: nothing but page tables */
    int result = run();
    CHECK(result == GOOD_STATUS || result == 1000 + ENOMEM);
}

static void a_stack_of_the_largest_size_is_had_or_enomem(void)
{
    p = good;
    p.header.phnum = 3;
    p.segment[2].type = ELF_PT_GNU_STACK;
    p.segment[2].flags = ELF_READ | ELF_WRITE;
    p.segment[2].memsz = 8ul << 20;
    CHECK_EQUAL(run(), GOOD_STATUS);
    p.segment[2].memsz = 1;
    CHECK_EQUAL(run(), GOOD_STATUS);
}

/* Random bytes anywhere in the headers: whatever comes of it, the machine stays up and nothing leaks. */
static void headers_full_of_noise_harm_nobody(void)
{
    uint64_t seed = 20240229;
    int ran = 0, refused = 0;
    for (int round = 0; round < 600; round++) {
        p = good;
        int changes = 1 + round % 4;
        for (int i = 0; i < changes; i++) {
            static const uint8_t likely[] = {0, 1, 0x7f, 0x80, 0xff, 0xc0};
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            size_t at = (seed >> 20) % (sizeof p.header + 2 * sizeof p.segment[0]);
            ((uint8_t *)&p)[at] = seed >> 60 < 10 ? likely[(seed >> 50) % 6] : (uint8_t)(seed >> 40);
        }
        int result = run();
        if (result == GOOD_STATUS)
            ran++;
        else
            refused += result == 1000 + ENOEXEC;
    }
    CHECK(ran > 10 && refused > 100);
}

/* A file is not the program any more that was checked: it changes while it is read. */
static void a_file_that_changes_meanwhile_harms_nobody(void)
{
    store(&good, sizeof good);
    int writer = fork();
    if (writer == 0) {
        int file = open(PATH, O_RDWR);
        for (;;) {
            ftruncate(file, 5000);
            ftruncate(file, 0);
            lseek(file, 0, SEEK_SET);
            write(file, &good, sizeof good);
            sleep_ns(20000);
        }
    }
    for (int i = 0; i < 150; i++) {
        int result = run_path(PATH);
        CHECK(result == GOOD_STATUS || result == 1000 + ENOEXEC || result == -SIGILL || result == -SIGSEGV);
    }
    kill(writer, SIGKILL);
    CHECK_EQUAL(ending_of(writer), -SIGKILL);
    CHECK_EQUAL(unlink(PATH), 0);
}

static void an_unlinked_program_runs_on(void)
{
    int file, pid = fork();
    if (pid == 0) {
        execl("/bin/cp", "cp", "/test/badprogram", PATH, NULL);
        _exit(1);
    }
    CHECK_EQUAL(ending_of(pid), 0);
    file = open(PATH, O_RDONLY);
    CHECK(file >= 0);
    pid = fork();
    if (pid == 0) {
        execl(PATH, "badprogram", "--sleep", NULL);
        _exit(1);
    }
    wait_until_blocked(pid, "sleep");
    CHECK_EQUAL(unlink(PATH), 0);
    close(file);
    CHECK_EQUAL(ending_of(pid), 5);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--sleep") == 0) {
        sleep_ns(20 * MS);
        return 5;
    }
    make_good();
    check_start(argc, argv);
    RUN(a_good_one_runs);
    RUN(what_does_not_exist_is_enoent);
    RUN(what_is_no_executable_file_is_eacces);
    RUN(what_is_no_elf_is_enoexec);
    RUN(cut_short_anywhere_is_enoexec);
    RUN(another_machine_or_kind_is_enoexec);
    RUN(bad_tables_are_enoexec);
    RUN(bad_entries_are_enoexec);
    RUN(bad_places_are_enoexec);
    RUN(bad_sizes_are_enoexec);
    RUN(writable_and_executable_is_enoexec);
    RUN(too_many_segments_is_enoexec);
    RUN(more_memory_than_there_is_is_enomem);
    RUN(a_stack_of_the_largest_size_is_had_or_enomem);
    RUN(headers_full_of_noise_harm_nobody);
    RUN(a_file_that_changes_meanwhile_harms_nobody);
    RUN(an_unlinked_program_runs_on);
    return check_end();
}
