/*
 * How much stack a program is promised at exec. Growth beyond that, up to the stack's limit, is on demand
 * and can fail when memory is short (SIGBUS); up to it, it cannot.
 */
#ifndef KINGLET_STACK_H
#define KINGLET_STACK_H

/* Once, outside any function, in a program that must not fail for want of stack: STACK_PROMISE(65536); */
#define STACK_PROMISE(bytes) __asm__(".globl __stack_size\n.set __stack_size, " #bytes)

#endif
