/* Only so that programs which include it on the way to kernel/file.h (init.c) compile. */
#ifndef XV6_SPINLOCK_H
#define XV6_SPINLOCK_H

struct spinlock;

#endif
