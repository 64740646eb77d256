/*
 * Where the firmware enters: S-mode, paging and interrupts off, a0 = hart id, a1 = physical
 * address of the device tree (SBI specification; QEMU enters the image's lowest address).
 * Runs at physical addresses up to the switch, so it and start_hello() may use only addresses
 * relative to the pc. Ends in start() in the upper half.
 */
#include "riscv/csr.h"
#include "riscv/hart.h"
#include "riscv/sv39.h"

/*
 * Paging on, with the page table at physical address t0. It maps nothing at the address we run at, so the fetch
 * after the write to satp faults, and the trap vector is the place `there` in the upper half: no identity map.
 * Changes t0, t1, t2.
 */
    .macro paging_on there
    la t1, \there
    li t2, KERNEL_BASE
    add t1, t1, t2
    csrw stvec, t1
    srli t0, t0, PAGE_SHIFT
    li t1, SATP_MODE_SV39
    slli t1, t1, SATP_MODE_SHIFT
    or t0, t0, t1
    sfence.vma
    csrw satp, t0
    .balign 4 /* as stvec demands */
\there:
    .endm

    .option norelax /* so that .balign needs nothing of the linker, as old ones of LLVM demand */
    .section .text.entry, "ax"
    .globl _start
_start:
    csrr s4, time
    csrw sie, zero
    la t0, boot_taken
    li t1, 1
    amoswap.w.aqrl t1, t1, (t0)
    beqz t1, 1f
    tail another_hart /* farther away than a branch reaches */
1:  mv s2, a0
    mv s3, a1

    /* Zero .bss; the linker script aligns both ends to pages. */
    la t0, _bss
    la t1, _ebss
1:  sd zero, 0(t0)
    sd zero, 8(t0)
    sd zero, 16(t0)
    sd zero, 24(t0)
    sd zero, 32(t0)
    sd zero, 40(t0)
    sd zero, 48(t0)
    sd zero, 56(t0)
    addi t0, t0, 64
    bltu t0, t1, 1b

    la sp, idle_stacks + KSTACK_SIZE
    call start_hello /* a0, a1 as we got them */

    la t0, boot_root
    paging_on upper_half

    la sp, idle_stacks + KSTACK_SIZE
    la tp, harts /* the boot hart is harts[0] */
    mv a0, s2
    mv a1, s3
    mv a2, s4
    li s0, 0 /* backtraces end here */
    li ra, 0
    tail start

/*
 * Where the firmware lets the other harts in (HSM, hart_start): the same state, but a1 is the physical
 * address of the hart's struct hart, and the kernel's own page table is there already.
 */
    .text
    .balign 4
    .globl hart_entry
hart_entry:
    csrw sie, zero
    mv s2, a1
    ld t0, kernel_root_phys
    paging_on hart_in_upper_half

    li t0, KERNEL_BASE
    add tp, s2, t0
    ld sp, HART_KERNEL_STACK_TOP(tp) /* its idle stack */
    li s0, 0
    li ra, 0
    tail start_hart

/*
 * A hart comes in where the boot hart did. OpenSBI marks a hart as started before it writes down where to: one
 * that looks in between (on a busy host it happens) goes to the image's entry. Other firmware lets all harts in
 * at once. Running the boot again would wipe the kernel out; so it looks for its struct hart, and goes on as told.
 */
another_hart: /* a0: hart id */
    la t0, harts_called
1:  lw t1, 0(t0)
    beqz t1, 1b /* the boot hart has not read the device tree yet */
    fence r, rw
    la a1, harts
    lw t1, hart_count
2:  beqz t1, 3f
    ld t2, HART_ID(a1)
    beq t2, a0, 4f
    li t2, HART_SIZE
    add a1, a1, t2
    addi t1, t1, -1
    j 2b
3:  wfi /* one too many for this kernel */
    j 3b
4:  tail hart_entry

/* Not in .bss, which the boot hart zeroes while others may already be here. */
    .section .data
    .balign 4
boot_taken:
    .word 0
    .globl harts_called
harts_called: /* 1: harts[] is complete, and the others may come */
    .word 0

/*
 * The first page table: all physical addresses up to 256 GiB at KERNEL_BASE in pages of 1 GiB,
 * everything allowed. It serves until start() has read the device tree and knows what is where.
 */
    .section .data
    .balign PAGE_SIZE
boot_root:
    .fill 256, 8, 0
    .set .Lgib, 0
    .rept 256
    .quad (.Lgib << 28) | 0xef /* page number << 10, and D A G X W R V */
    .set .Lgib, .Lgib + 1
    .endr
