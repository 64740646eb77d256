/* Only so that programs which include it on the way to kernel/file.h (init.c) compile. */
#ifndef XV6_SLEEPLOCK_H
#define XV6_SLEEPLOCK_H

struct sleeplock;

#endif
