/*
 * Access to user memory: the only functions of the kernel that follow a user address. They walk the
 * page table and go through the direct map, faulting pages in as the user's own access would.
 * Used by sys/, ipc/, proc/. They may take the space's lock and allocate, so the caller holds no
 * lock (checked in debug builds); nothing is held during the copying itself.
 *
 * A space that is active on this hart and has one reference is used by the running process alone: no
 * page can go away meanwhile, and copies neither lock nor pin. So whoever uses a space from outside
 * (a server's grant) must take a reference first, and do so while its process is blocked.
 */
#ifndef KERNEL_MEM_USER_COPY_H
#define KERNEL_MEM_USER_COPY_H

#include <stddef.h>
#include <stdint.h>
#include "mem/frame.h"
#include "mem/space.h"

/* A user address: a type that C cannot dereference. */
typedef struct {
    uint64_t v;
} user_addr;

static inline user_addr user_at(uint64_t value)
{
    return (user_addr){value};
}

static inline user_addr user_plus(user_addr address, uint64_t bytes)
{
    return (user_addr){address.v + bytes};
}

/* Errors of all: -EFAULT, or -ENOMEM when the user's stack would have to grow (or, forced, a read-only
 * page would have to be filled) and there is no memory for it. Part may have been copied then. */

/* Between kernel and user memory: 0 or an error. n = 0: always 0. */
int copy_in(struct space *space, void *to, user_addr from, size_t n);
int copy_out(struct space *space, user_addr to, const void *from, size_t n);

/* A string of at most max bytes, its NUL included. Its length without the NUL, an
 * error, or -ENAMETOOLONG: no NUL within max (`to` then holds max bytes and no NUL). */
int64_t copy_string_in(struct space *space, char *to, user_addr from, size_t max);

/* From one space to another (or the same: then the ranges may not overlap). 0 or an error. */
/* COPY_FORCE, the loader's: also into private pages that the user may only read; nobody runs in to_space
 * yet. */
#define COPY_FORCE 1
int64_t copy_between(struct space *to_space, user_addr to, struct space *from_space, user_addr from, size_t n,
                     int flags);

/* A page held in place: p and n are the part of it that was asked for, reachable until user_unpin, also
 * under spinlocks. Whatever happens to the address space, when somebody else has a reference on it; in a
 * space that is the running process's alone nothing can happen to it, and no reference is taken. At most 8
 * per hart, never while asleep or breathing. */
struct user_pin {
    void *p;
    size_t n; /* min(asked for, to the end of the page) */
    struct frame *frame;
};

/* Pin the page at an address. access: REGION_READ or REGION_WRITE, with PIN_FORCE to write into
 * private pages that the user may only read. 0 or an error (-EFAULT for device pages too). With n = 0
 * nothing is looked at or pinned: p is NULL. */
#define PIN_FORCE 8
int user_pin(struct space *space, user_addr address, size_t n, int access, struct user_pin *pin);
void user_unpin(struct user_pin *pin);

#endif
