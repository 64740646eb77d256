/*
 * What the kernel and programs share about futexes (docs/system-calls.md, "Futexes").
 */
#ifndef KINGLET_FUTEX_H
#define KINGLET_FUTEX_H

/* This bit of a word is set by who is about to wait, and cleared by futex_change when nobody waits any more. */
#define FUTEX_WAITERS 0x80000000u

/* futex_wait */
#define FUTEX_ROBUST 1  /* -EOWNERDEAD when the owner, a thread, has ended, or ends */
#define FUTEX_RELEASE_ALL 4 /* the release wakes up to FUTEX_RELEASED, not one: each is to look who holds the lock now */
#define FUTEX_RELEASED 64
#define FUTEX_HAND_ON 2 /* should I be woken and end before I wait for a word again, wake the next one of this word */

#endif
