/*
 * One message of a message pipe: what it is made of, and how it comes from the sender's memory and handles, and goes to
 * the receiver's. Called by message_pipe.c, for messages that nobody else knows of. No lock is held in any of these.
 */
#ifndef KERNEL_IPC_PIPE_MESSAGE_H
#define KERNEL_IPC_PIPE_MESSAGE_H

#include "ipc/message_pipe.h"

#include <common/list.h>

#define PIPE_MESSAGE_OVERHEAD 128 /* bytes of kernel memory for a message without its data, at most */

struct message_piece;

struct pipe_message {
    struct list_node node;  /* the pipe's: its list of messages */
    uint64_t number;        /* likewise: its place there */
    uint64_t bytes;
    struct message_piece *pieces; /* the data, unless they are small: then they are in `area`, behind the objects */
    uint32_t places, count; /* objects it came with, and has still, each with a reference */
    uint32_t receivers;     /* so many of those it came with are receiving ends, and are counted in its pipe */
    uint32_t room;          /* bytes of `area` */
    _Alignas(8) char area[];
};

static inline struct pipe_message *pipe_message_of(struct list_node *node)
{
    return list_entry(node, struct pipe_message, node);
}

/* A message of these parts, at most MESSAGE_HANDLES_MAX of them handles, for this pipe. `spare`, or NULL, is memory for it
 * if it is large enough, and freed if not. 0, or nothing and -EFAULT, -EBADF, -ELOOP (message_pipe_load), -ENOMEM, -EINTR
 * (killed). */
int pipe_message_in(struct message_pipe *pipe, const struct message_parts *parts, struct pipe_message *spare,
                    struct pipe_message **message);
/* Into memory and handles that are large enough, its objects with it: 0. Or it is as it was, and nothing has come that
 * the receiver could name: -EMFILE, -ENOMEM, -EFAULT, -EINTR. */
int pipe_message_out(struct pipe_message *m, const struct message_parts *parts);
/* May it be a spare one? It has come out, and is small. */
static inline bool pipe_message_is_spare(const struct pipe_message *m)
{
    return !m->pieces && !m->count;
}
/* Frees it, and lets go of the objects in it; its pipe may be gone, and is not told. */
void pipe_message_free(struct pipe_message *m);
/* The same for a list of them, in pieces. */
void pipe_messages_drop(struct list *dead);

#endif
