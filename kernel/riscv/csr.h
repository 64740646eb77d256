/*
 * Control and status registers of supervisor mode: access macros and bit names.
 * Names and numbers are those of the RISC-V privileged specification, chapter
 * "Supervisor-Level ISA". Included by C and by assembly; knows nothing of Kinglet.
 */
#ifndef KERNEL_RISCV_CSR_H
#define KERNEL_RISCV_CSR_H

/* sstatus */
#define SSTATUS_SIE 0x2        /* interrupts in S-mode; the kernel keeps this 0 */
#define SSTATUS_SPIE 0x20      /* SIE before the trap */
#define SSTATUS_SPP 0x100      /* the trap came from S-mode */
#define SSTATUS_FS_MASK 0x6000 /* state of the floating-point registers */
#define SSTATUS_FS_OFF 0x0
#define SSTATUS_FS_INITIAL 0x2000
#define SSTATUS_FS_CLEAN 0x4000
#define SSTATUS_FS_DIRTY 0x6000
#define SSTATUS_SUM 0x40000 /* S-mode may touch user pages; never set (docs/architecture.md) */

/* sie and sip */
#define SIE_SSIE 0x2   /* software: inter-processor */
#define SIE_STIE 0x20  /* timer */
#define SIE_SEIE 0x200 /* external: the PLIC */

/* scause, exceptions */
#define CAUSE_FETCH_MISALIGNED 0
#define CAUSE_FETCH_ACCESS 1
#define CAUSE_ILLEGAL_INSTRUCTION 2
#define CAUSE_BREAKPOINT 3
#define CAUSE_LOAD_MISALIGNED 4
#define CAUSE_LOAD_ACCESS 5
#define CAUSE_STORE_MISALIGNED 6
#define CAUSE_STORE_ACCESS 7
#define CAUSE_ECALL_FROM_U 8
#define CAUSE_FETCH_PAGE_FAULT 12
#define CAUSE_LOAD_PAGE_FAULT 13
#define CAUSE_STORE_PAGE_FAULT 15

/* scause, interrupts: this bit and the number of the bit in sie */
#define SCAUSE_INTERRUPT (1ul << 63)

/* satp */
#define SATP_MODE_SV39 8
#define SATP_MODE_SHIFT 60
#define SATP_ASID_SHIFT 44
#define SATP_ASID_MASK 0xfffful

/* scounteren: what user programs may read */
#define SCOUNTEREN_CY 0x1
#define SCOUNTEREN_TM 0x2
#define SCOUNTEREN_IR 0x4

/* By number, since assemblers know the name only with Sstc switched on. */
#define CSR_STIMECMP 0x14d

#ifndef __ASSEMBLER__

#define CSR_TEXT_(name) #name
#define CSR_TEXT(name) CSR_TEXT_(name)

#define csr_read(name) \
    ({ \
        unsigned long value_; \
        __asm__ volatile("csrr %0, " CSR_TEXT(name) : "=r"(value_) : : "memory"); \
        value_; \
    })
#define csr_write(name, value) \
    __asm__ volatile("csrw " CSR_TEXT(name) ", %0" : : "rK"((unsigned long)(value)) : "memory")
#define csr_set(name, bits) \
    __asm__ volatile("csrs " CSR_TEXT(name) ", %0" : : "rK"((unsigned long)(bits)) : "memory")
#define csr_clear(name, bits) \
    __asm__ volatile("csrc " CSR_TEXT(name) ", %0" : : "rK"((unsigned long)(bits)) : "memory")

#endif
#endif
