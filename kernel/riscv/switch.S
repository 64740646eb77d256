/*
 * context_switch: by the calling convention a C function keeps only ra, sp and s0..s11 across a
 * call, so these are all of a context. tp stays: it belongs to the hart.
 */
#include "riscv/hart.h"

    .macro for_context op, base
    \op ra, 0(\base)
    \op sp, 8(\base)
    .set .Loffset, 16
    .irp r, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11
    \op \r, .Loffset(\base)
    .set .Loffset, .Loffset + 8
    .endr
    .endm

    .text
    .globl context_switch
context_switch: /* a0: save, a1: load */
    li t0, -KSTACK_SIZE
    and t0, t0, sp
    ld t0, 0(t0)
    li t1, KSTACK_CANARY
    bne t0, t1, overflow
    for_context sd, a0
    for_context ld, a1
    ret
overflow:
    ld sp, HART_EMERGENCY_TOP(tp)
    tail trap_stack_overflow
