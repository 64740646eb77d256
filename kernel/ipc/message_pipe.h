/*
 * Message pipes: messages from senders to receivers, each whole or not at all, and handles with them.
 * Called through their system calls, and by read, write and poll.
 */
#ifndef KERNEL_IPC_MESSAGE_PIPE_H
#define KERNEL_IPC_MESSAGE_PIPE_H

#include "ipc/object.h"

#include <kinglet/message_pipe.h>

extern const struct object_ops message_receiver_ops, message_sender_ops;

/* Both ends, each with one reference. Capacities (0: the usual ones) in bytes and in messages.
 * -EINVAL: too large; -ENOMEM: no memory, or the limit of the current process's job, which pays. */
int message_pipe_create(uint64_t bytes, uint64_t messages, struct object **receiver, struct object **sender);

/* What a message is made of: the current process's memory and handles. `handles` has int `count`. */
struct message_parts {
    user_addr data, handles;
    uint64_t bytes, count;
};

/* The message goes in whole: 0. Else nothing has: -EMSGSIZE (it never fits), -EINVAL (too many handles), -EFAULT,
 * -EBADF (a handle), -ELOOP (a receiving end that may not go this way), -EPIPE (no receiver), -ENOMEM, -EINTR (killed),
 * -EAGAIN (`when` is 0, or O_NONBLOCK) or -ETIMEDOUT (not by `when`, ticks): no room. */
int64_t message_send(struct object *sender, const struct message_parts *parts, uint64_t when);

/* Takes the next message, and gives its bytes; unused places of `handles` become -1. Else the message stays
 * where it was: -EMSGSIZE (more bytes or handles than there is room for), -EMFILE, -EFAULT, -ENOMEM, -EINTR; or there is
 * none: -ENODATA (and no sender), -EAGAIN, -ETIMEDOUT as above. */
int64_t message_receive(struct object *receiver, const struct message_parts *parts, uint64_t when);

/* Of either end; -EBADF: another kind of object. */
int message_pipe_state(struct object *o, struct message_state *state);

struct message_pipe;

/* The object is about to travel through the pipe. 1: it is a receiving end, and counts as lying there from now on; 0: it is
 * something else; -ELOOP: the pipes might come to lie in a circle. */
int message_pipe_load(struct message_pipe *pipe, struct object *o);
/* So many receiving ends lie in it no more. */
void message_pipe_unload(struct message_pipe *pipe, uint32_t receivers);

uint64_t message_pipes_live(void);

#endif
