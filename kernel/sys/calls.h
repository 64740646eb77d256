/*
 * The system calls: thin functions that check, copy, and call the room below. Each takes the argument
 * registers a0..a6 and returns what goes into a0: a result or a negative errno.
 */
#ifndef KERNEL_SYS_CALLS_H
#define KERNEL_SYS_CALLS_H

#include "ipc/handle.h"
#include "proc/proc.h"

#include <kinglet/errno.h>
#include <kinglet/syscall.h>


#define SYS_DECLARE(number, name) int64_t sys_##name(const uint64_t a[7]);
KINGLET_SYSCALLS(SYS_DECLARE)
#undef SYS_DECLARE

/* HANDLE_ flags for the O_ flags of a call that makes a handle. */
int handle_flags_of_open(uint64_t flags);

bool system_call_exists(uint64_t number);
/* The call itself, in the name of the current thread: a trap's, or a submitted one. -ENOSYS: there is none. */
int64_t call_by_number(uint64_t number, const uint64_t a[7]);
/* trap_upcalls.system_call */
void system_call(struct trap_frame *frame);

/* The current process's memory. */
static inline int from_user(void *to, uint64_t user, size_t n)
{
    return copy_in(this_proc()->space, to, user_at(user), n);
}

static inline int to_user(uint64_t user, const void *from, size_t n)
{
    return copy_out(this_proc()->space, user_at(user), from, n);
}

#endif
