/*
 * The trap vector and the way back to user mode. In user mode sscratch holds this hart's struct
 * hart, in the kernel 0: that tells the two kinds of trap apart. The kernel keeps sstatus.SIE and
 * SPIE at 0, so nothing here can be interrupted. What the traps mean: trap.c.
 */
#include "riscv/csr.h"
#include "riscv/hart.h"
#include "riscv/trap.h"

#define UPCALL_SYSTEM_CALL 0 /* offsets in struct trap_upcalls */
#define UPCALL_BEFORE_USER 40

    /* Registers that a C function may change: all of them but sp and tp, and s0..s11 below. */
    .macro for_scratch_registers op
    .irp n, 1, 3, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 28, 29, 30, 31
    \op x\n, FRAME_X(\n)(sp)
    .endr
    .endm

    .macro for_saved_registers op /* s0..s11: C functions give them back unchanged */
    .irp n, 8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27
    \op x\n, FRAME_X(\n)(sp)
    .endr
    .endm

    .option norelax /* so that .balign needs nothing of the linker, as old ones of LLVM demand */
    .text
    .balign 4
    .globl trap_entry
trap_entry:
    csrrw tp, sscratch, tp
    beqz tp, trap_in_kernel

    /* 1. From user mode: to the top of the process's kernel stack, and save everything. */
    sd sp, HART_SCRATCH(tp)
    ld sp, HART_KERNEL_STACK_TOP(tp)
    addi sp, sp, -FRAME_SIZE
    for_scratch_registers sd
    for_saved_registers sd
    ld t0, HART_SCRATCH(tp)
    csrrw t1, sscratch, zero /* the user's tp; from here on a trap is one in the kernel */
    csrr t2, sstatus
    sd t0, FRAME_X(2)(sp)
    sd t1, FRAME_X(4)(sp)
    sd t2, FRAME_SSTATUS(sp)

    /* 2. System calls have the short way. */
    csrr a1, scause
    csrr t0, sepc
    li t1, CAUSE_ECALL_FROM_U
    mv a0, sp
    bne a1, t1, not_a_system_call
    addi t0, t0, 4 /* go on after the ecall */
    sd t0, FRAME_PC(sp)
    ld t1, trap_upcalls + UPCALL_SYSTEM_CALL
    jalr t1
    lw t0, HART_WORK(tp)
    beqz t0, restore_scratch /* s0..s11 are as the user left them */

    /* 3. Something to do first: another process's turn, an end, a fence. */
before_user:
    mv a0, sp
    ld t1, trap_upcalls + UPCALL_BEFORE_USER
    jalr t1

    /* 4. Back to user mode with the frame at sp. */
    .globl trap_return
trap_return:
    lw t0, HART_WORK(tp)
    bnez t0, before_user
    for_saved_registers ld
restore_scratch:
    li t0, -KSTACK_SIZE
    and t0, t0, sp
    ld t0, 0(t0)
    li t1, KSTACK_CANARY
    bne t0, t1, overflow
    ld t0, FRAME_PC(sp)
    ld t1, FRAME_SSTATUS(sp)
    csrw sepc, t0
    csrw sstatus, t1
    csrw sscratch, tp
    for_scratch_registers ld
    ld tp, FRAME_X(4)(sp)
    ld sp, FRAME_X(2)(sp)
    sret

not_a_system_call: /* a0: frame, a1: scause */
    sd t0, FRAME_PC(sp)
    call trap_user
    j trap_return

    .globl trap_leave
trap_leave:
    mv sp, a0
    j trap_return

    /* The stack overflowed some time ago. Report it from another one. */
overflow:
    ld sp, HART_EMERGENCY_TOP(tp)
    tail trap_stack_overflow

    /* A trap in the kernel is a bug: save all for the report, on the emergency stack, since the
     * bug may be a stack that ran out. */
trap_in_kernel:
    csrrw tp, sscratch, tp /* back: tp = this hart, sscratch = 0 */
    sd sp, HART_SCRATCH(tp)
    ld sp, HART_EMERGENCY_TOP(tp)
    addi sp, sp, -FRAME_SIZE
    for_scratch_registers sd
    for_saved_registers sd
    ld t0, HART_SCRATCH(tp)
    csrr t1, sepc
    csrr t2, sstatus
    sd t0, FRAME_X(2)(sp)
    sd tp, FRAME_X(4)(sp)
    sd t1, FRAME_PC(sp)
    sd t2, FRAME_SSTATUS(sp)
    mv a0, sp
    csrr a1, scause
    csrr a2, stval
    tail panic_trap
