/*
 * Random numbers (random.c).
 */
#ifndef KERNEL_SYS_RANDOM_H
#define KERNEL_SYS_RANDOM_H

/* Once, at boot: takes the machine's seed, and leaves no copy of it. */
void random_init(void);

#endif
