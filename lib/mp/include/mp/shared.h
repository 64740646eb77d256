/*
 * Memory that processes share, for locks and what they protect. Whoever is forked shares it with its parent, at the same
 * address; a process that got the handle otherwise opens it, perhaps at another address.
 */
#ifndef MP_SHARED_H
#define MP_SHARED_H

#include <stddef.h>

struct mp_shared;

/* New memory for at least so many bytes of what mp_shared_alloc gives; *shared is where it is. Cannot fail later for want
 * of memory. 0; -EINVAL: 0 bytes or more than an object can have; -ENOMEM also for the job's limit; -EMFILE. */
int mp_shared_create(size_t bytes, struct mp_shared **shared);

/* The same memory, in a process that has the handle (mp_shared_handle), which stays the caller's. 0; -EBADF, -EINVAL: no
 * such memory; -ENOMEM. */
int mp_shared_open(int handle, struct mp_shared **shared);

/* So many bytes of it, zeroes, aligned to 16. They are never given back before all of it is. Any process that shares it
 * may ask, at any time. NULL: not so much is left. */
void *mp_shared_alloc(struct mp_shared *shared, size_t bytes);

/* The handle on it, to be sent to others. */
int mp_shared_handle(const struct mp_shared *shared);

/* Where something is, counted from the start, and the other way round: for those who map it elsewhere. */
size_t mp_shared_offset(const struct mp_shared *shared, const void *pointer);
void *mp_shared_at(struct mp_shared *shared, size_t offset);

/* This process is done with it: handle and mapping are gone. The memory goes when all processes are done with it. */
void mp_shared_close(struct mp_shared *shared);

/* None of these blocks. */
#endif
