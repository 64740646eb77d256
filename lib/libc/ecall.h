/*
 * The one place where a program enters the kernel: number in a7, arguments in a0..a5, result in a0,
 * all other registers kept. Used by the functions of libc that are system calls; programs call those.
 * Pointers go through as they are: only the kernel may find out whether they can be followed.
 */
#ifndef LIBC_ECALL_H
#define LIBC_ECALL_H

#include <kinglet/syscall.h>

/* Arguments of any integer or pointer type become register values. */
#define ARGUMENT(value) ((long)(value))

static inline long ecall0(long number)
{
    register long a0 __asm__("a0");
    register long a7 __asm__("a7") = number;
    __asm__ volatile("ecall" : "=r"(a0) : "r"(a7) : "memory");
    return a0;
}

static inline long ecall1(long number, long first)
{
    register long a0 __asm__("a0") = first;
    register long a7 __asm__("a7") = number;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7) : "memory");
    return a0;
}

static inline long ecall2(long number, long first, long second)
{
    register long a0 __asm__("a0") = first;
    register long a1 __asm__("a1") = second;
    register long a7 __asm__("a7") = number;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a7) : "memory");
    return a0;
}

static inline long ecall3(long number, long first, long second, long third)
{
    register long a0 __asm__("a0") = first;
    register long a1 __asm__("a1") = second;
    register long a2 __asm__("a2") = third;
    register long a7 __asm__("a7") = number;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a7) : "memory");
    return a0;
}

static inline long ecall6(long number, long first, long second, long third, long fourth, long fifth,
                          long sixth)
{
    register long a0 __asm__("a0") = first;
    register long a1 __asm__("a1") = second;
    register long a2 __asm__("a2") = third;
    register long a3 __asm__("a3") = fourth;
    register long a4 __asm__("a4") = fifth;
    register long a5 __asm__("a5") = sixth;
    register long a7 __asm__("a7") = number;
    __asm__ volatile("ecall"
                     : "+r"(a0)
                     : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7)
                     : "memory");
    return a0;
}

#endif
