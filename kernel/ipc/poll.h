/*
 * poll: waiting for several objects at once. Sends no messages: pipes, processes and sessions know
 * their own readiness (a session's is set by its server).
 */
#ifndef KERNEL_IPC_POLL_H
#define KERNEL_IPC_POLL_H

#include "ipc/handle.h"

/* `when` in ticks, SCHED_NEVER: for ever. How many have events, 0: none in time; -EFAULT, -EINVAL,
 * -ENOMEM, -EINTR. */
int64_t poll_handles(user_addr fds, uint64_t n, uint64_t when);

#endif
