/*
 * Semaphore: a number of permits; acquire takes one, release gives one, whoever does so. BoundedSemaphore: the same,
 * but with never more permits than at first. Like multiprocessing's. One whose holder ends keeps what it took.
 * Memory, timeouts, cost: <mp/lock.h>.
 */
#ifndef MP_SEMAPHORE_H
#define MP_SEMAPHORE_H

#include <mp/lock.h>

#define MP_SEMAPHORE_MAX 0x7fffffffu

struct mp_semaphore {
    mp_word word; /* how many are free */
    uint32_t max; /* and can be */
};

/* A semaphore with so many permits; nobody may be using it. Do not block. 0; -EINVAL: more than MP_SEMAPHORE_MAX. */
int mp_semaphore_init(struct mp_semaphore *semaphore, unsigned value);
int mp_bounded_semaphore_init(struct mp_semaphore *semaphore, unsigned value);

/* Blocks until there is a permit, at most so long, and takes it. 0; -ETIMEDOUT. */
int mp_semaphore_acquire(struct mp_semaphore *semaphore, int timeout_ms);

/* One permit more; wakes one that waits. Does not block. 0; -EOVERFLOW: a bounded one has as many as at first, another
 * MP_SEMAPHORE_MAX. */
int mp_semaphore_release(struct mp_semaphore *semaphore);

/* How many permits there are; may be another number by the time the caller looks at it. Does not block. */
unsigned mp_semaphore_value(const struct mp_semaphore *semaphore);

#endif
