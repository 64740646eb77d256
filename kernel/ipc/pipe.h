/*
 * Pipes: bytes from writers to readers through at most 64 KiB of kernel memory, which a pipe takes
 * frame by frame as it fills and gives back as it empties.
 */
#ifndef KERNEL_IPC_PIPE_H
#define KERNEL_IPC_PIPE_H

#include "ipc/object.h"

/* Both ends, each with one reference. 0 or -ENOMEM. */
int pipe_create(struct object **reader, struct object **writer);
uint64_t pipes_live(void);
bool object_is_pipe(struct object *o);

#endif
