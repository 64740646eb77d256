/*
 * Calls to the firmware (sbi.h). Extension and function numbers: RISC-V SBI specification 2.0,
 * the chapter of each extension. Needs no memory but registers, so it works before paging too.
 */
#include "riscv/sbi.h"
#include "riscv/hart.h"

enum sbi_extension {
    SBI_LEGACY_PUTCHAR = 0x1, /* chapter 5: all that OpenSBI before 1.3 has for text */
    SBI_BASE = 0x10,
    SBI_TIME = 0x54494d45,
    SBI_IPI = 0x735049,
    SBI_HSM = 0x48534d,
    SBI_RFENCE = 0x52464e43,
    SBI_SRST = 0x53525354,
    SBI_DBCN = 0x4442434e,
};

enum sbi_function {
    BASE_PROBE_EXTENSION = 3,
    TIME_SET_TIMER = 0,
    IPI_SEND = 0,
    HSM_HART_START = 0,
    RFENCE_SFENCE_VMA = 1,
    RFENCE_SFENCE_VMA_ASID = 2,
    SRST_SYSTEM_RESET = 0,
    DBCN_WRITE_BYTE = 2,
};

struct sbi_result {
    long error; /* 0: done */
    long value;
};

static struct sbi_result sbi_call(enum sbi_extension extension, enum sbi_function function,
                                  const uint64_t arguments[5])
{
    register uint64_t a0 __asm__("a0") = arguments[0];
    register uint64_t a1 __asm__("a1") = arguments[1];
    register uint64_t a2 __asm__("a2") = arguments[2];
    register uint64_t a3 __asm__("a3") = arguments[3];
    register uint64_t a4 __asm__("a4") = arguments[4];
    register uint64_t a6 __asm__("a6") = function;
    register uint64_t a7 __asm__("a7") = extension;
    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a1)
                     : "r"(a2), "r"(a3), "r"(a4), "r"(a6), "r"(a7)
                     : "memory");
    return (struct sbi_result){(long)a0, (long)a1};
}
#define SBI_CALL(extension, function, ...) sbi_call(extension, function, (const uint64_t[5]){__VA_ARGS__})

void sbi_console_write(const char *text, size_t n)
{
    static enum { UNKNOWN, LEGACY, DBCN } console;
    if (console == UNKNOWN)
        console = SBI_CALL(SBI_BASE, BASE_PROBE_EXTENSION, SBI_DBCN).value ? DBCN : LEGACY;
    for (size_t i = 0; i < n; i++) {
        uint8_t byte = (uint8_t)text[i];
        if (console == DBCN)
            SBI_CALL(SBI_DBCN, DBCN_WRITE_BYTE, byte);
        else
            SBI_CALL(SBI_LEGACY_PUTCHAR, 0, byte);
    }
}

void sbi_set_timer(uint64_t ticks)
{
    SBI_CALL(SBI_TIME, TIME_SET_TIMER, ticks);
}

/* The SBI's own hart masks are of mhartids; machine.c takes no hart whose id is above 63. */
static uint64_t hart_mask(uint64_t indices)
{
    uint64_t mask = 0;
    for (unsigned i = 0; i < hart_count; i++)
        if (indices & 1ul << i)
            mask |= 1ul << harts[i].id;
    return mask;
}

bool sbi_hart_start(uint64_t hart_id, uint64_t entry_phys, uint64_t argument)
{
    return SBI_CALL(SBI_HSM, HSM_HART_START, hart_id, entry_phys, argument).error == 0;
}

void sbi_send_ipi(uint64_t indices)
{
    SBI_CALL(SBI_IPI, IPI_SEND, hart_mask(indices), 0);
}

void sbi_remote_sfence_vma(uint64_t indices, uint64_t start, uint64_t size, uint64_t asid)
{
    uint64_t mask = hart_mask(indices);
    if (!mask) /* the SBI would take it for "none", after a trap to find out */
        return;
    uint64_t *count = &this_hart()->tlb_remote;
    __atomic_store_n(count, *count + (uint64_t)__builtin_popcountl(mask), __ATOMIC_RELAXED);
    if (asid == SBI_ALL_ASIDS)
        SBI_CALL(SBI_RFENCE, RFENCE_SFENCE_VMA, mask, 0, start, size);
    else
        SBI_CALL(SBI_RFENCE, RFENCE_SFENCE_VMA_ASID, mask, 0, start, size, asid);
}

void sbi_system_reset(enum sbi_reset type)
{
    SBI_CALL(SBI_SRST, SRST_SYSTEM_RESET, type, 0);
}
