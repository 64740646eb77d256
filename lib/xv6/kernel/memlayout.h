/* The addresses that xv6 programs know by name. A program of its own memory has none of them: they are here
 * because tests try that reading and writing there ends the process. */
#ifndef XV6_MEMLAYOUT_H
#define XV6_MEMLAYOUT_H

#define KERNBASE 0x80000000L
#define PHYSTOP (KERNBASE + 128 * 1024 * 1024)

#define TRAMPOLINE (MAXVA - PGSIZE)
#define TRAPFRAME (TRAMPOLINE - PGSIZE)

#endif
