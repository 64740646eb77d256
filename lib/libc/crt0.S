/*
 * Where every program starts. The kernel has put argc, argv and envp into a0..a2 (and on the stack,
 * to which sp points, aligned to 16 bytes).
 * Goes on in libc_start, which does not come back.
 */
    .section .text.start, "ax", @progbits
    .globl _start
    .type _start, @function
_start:
    .option push
    .option norelax        /* relaxed, this would become `mv gp, gp` */
    la gp, __global_pointer$
    .option pop
    la tp, __tls_first
    li s0, 0               /* end of the chain of frames, for debuggers */
    li ra, 0
    call libc_start
    ebreak
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
