/*
 * Completion queues: system calls that are submitted now and tell later how they ended (docs/architecture.md,
 * "Submitted calls"). Called by sys/.
 */
#ifndef KERNEL_IPC_COMPLETION_H
#define KERNEL_IPC_COMPLETION_H

#include "ipc/object.h"

#include <kinglet/submission.h>

extern const struct object_ops completion_ops;

/* Paid for by the job of the current process. NULL: out of memory, or the job's limit of pages. */
struct object *completion_create(void);
/* `call` runs with the number and the arguments (a0..a6) on a thread of this process with this name, and what it gives
 * becomes a record. -ENOMEM also the limit of pages of the job that pays for the queue; -EAGAIN the job's limit of
 * processes; -EINTR. On all of them the call is not made and there is no record. Does not block. */
int completion_submit(struct object *o, const struct submission *what, const char *name,
                      int64_t (*call)(uint64_t number, const uint64_t a[7]));
/* Tells all calls under way with this tag to end. -> how many did not know yet; -ENOENT: none is under way. */
int64_t completion_cancel(struct object *o, uint64_t tag);
uint64_t completions_live(void); /* queues and calls */

#endif
