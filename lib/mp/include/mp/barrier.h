/*
 * Barrier: so many processes wait for one another. Like multiprocessing.Barrier: it serves again and again; when one
 * of them waits in vain it is broken for all, until it is reset. One that is killed while it waits still counts; so does one
 * killed on its way in, and who waits without a timeout then may wait until somebody comes. Memory, timeouts: <mp/lock.h>.
 */
#ifndef MP_BARRIER_H
#define MP_BARRIER_H

#include <mp/lock.h>

struct mp_barrier {
    struct mp_lock lock; /* robust; protects the rest */
    mp_word turn;        /* one more whenever those who wait are let go, together or broken */
    mp_word failures;    /* bit i: of the last 32 turns that ended, the one whose number ends in i was broken or reset */
    uint32_t parties;
    uint32_t waiting;
    uint32_t broken;
};

/* For so many, up to 0x7fffffff. Nobody may be using it. Does not block. 0; -EINVAL: none, or more. */
int mp_barrier_init(struct mp_barrier *barrier, unsigned parties);

/* Blocks until all are there, at most so long. 0 to parties - 1: they are; each gets another number, the last one to come
 * the highest. -ETIMEDOUT: the time was up, and the barrier is broken now. -ECANCELED: it is broken, or was broken or
 * reset while the caller waited. */
int mp_barrier_wait(struct mp_barrier *barrier, int timeout_ms);

/* The same, but the last one to come first calls action(argument), while the others still wait; so all should pass the
 * same. If it gives a negative number, that is what its caller gets, and the barrier is broken. It must not use the
 * barrier; and it is not interrupted: timeouts of the others, reset and abort wait for it. (It is given to wait, not
 * kept in the barrier as in Python: a function has no address that all processes share.) */
int mp_barrier_wait_action(struct mp_barrier *barrier, int (*action)(void *argument), void *argument, int timeout_ms);

/* Whoever waits gets -ECANCELED, and the barrier is whole again. Blocks only while others are inside these calls. */
void mp_barrier_reset(struct mp_barrier *barrier);
/* Breaks it: whoever waits, and whoever comes, gets -ECANCELED until it is reset. Blocks as reset does. */
void mp_barrier_abort(struct mp_barrier *barrier);

/* How many wait; 1: it is broken, or 0. Do not block. */
unsigned mp_barrier_waiting(const struct mp_barrier *barrier);
int mp_barrier_is_broken(const struct mp_barrier *barrier);

#endif
