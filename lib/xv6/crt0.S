/*
 * Where an xv6 program starts: argc and argv are in a0 and a1. Goes on in xv6_start, which does not come back.
 */
    .section .text.start, "ax", @progbits
    .globl _start
    .type _start, @function
_start:
    .option push
    .option norelax        /* relaxed, this would become `mv gp, gp` */
    la gp, __global_pointer$
    .option pop
    li s0, 0               /* end of the chain of frames, for debuggers */
    li ra, 0
    call xv6_start
    ebreak
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
